import type {Linked} from './linked-list.ts';
import {LinkedList} from './linked-list.ts';

/** The state of one key. */
export interface KeyedEntry extends Linked {
  readonly key: string;
  /** Whether a new state would be equal to this one, so that this one can be forgotten. */
  isIdle(now: number): boolean;
}

/**
 * Keeps one state for each key (mostly a host), which is created when it is first needed. With each new state, the two
 * oldest states are checked and forgotten if they are idle, so that a crawl over a million hosts keeps few states.
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
