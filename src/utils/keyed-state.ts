import type {Linked} from './linked-list.ts';
import {LinkedList} from './linked-list.ts';

/** What is kept for one key. */
export interface KeyedEntry extends Linked {
  readonly key: string;
  /** Whether one made anew would be just the same, so that this one may go. */
  isIdle(now: number): boolean;
}

/**
 * One state for each key (mostly a host), made when it is first asked for. For each new one, two old ones are looked at
 * and those that are idle are forgotten: a crawl over a million hosts remembers those of the last moments.
 */
export class KeyedState<T extends KeyedEntry> {
  readonly #byKey = new Map<string, T>();
  readonly all = new LinkedList<T>();
  readonly #create: (key: string) => T;

  constructor(create: (key: string) => T) {
    this.#create = create;
  }

  get size(): number {
    return this.all.size;
  }

  get(key: string): T {
    return this.#byKey.get(key) ?? this.#add(key);
  }

  #add(key: string): T {
    const now = performance.now();
    for (let looks = 0; looks < 2; looks++) {
      const oldest = this.all.shift();
      if (!oldest) break;
      if (oldest.isIdle(now)) this.#byKey.delete(oldest.key);
      else this.all.append(oldest);
    }
    const made = this.#create(key);
    this.#byKey.set(key, made);
    this.all.append(made);
    return made;
  }
}
