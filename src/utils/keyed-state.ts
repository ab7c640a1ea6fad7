import {checkNumber} from './check-options.ts';
import type {Linked} from './linked-list.ts';
import {LinkedList} from './linked-list.ts';

/** The state of one key. */
export interface KeyedEntry extends Linked {
  readonly key: string;
  /** Whether requests of the key are under way or waiting, so that this state can't be forgotten yet. */
  readonly isInUse?: boolean;
  /** Whether a new state would be equal to this one, which isn't in use, so that this one can be forgotten. */
  isIdle(now: number): boolean;
}

/**
 * Keeps one state for each key (mostly a host), which is created when it is first needed. With each new state, the two
 * states that have not been used for longest are looked at and forgotten if they are idle, so that a crawl over a million
 * hosts keeps few states. When there are `maxKeys` states, they are forgotten even if they are not idle, unless requests
 * use them.
 */
export class KeyedState<T extends KeyedEntry> {
  readonly #byKey = new Map<string, T>();
  /** In the order of their last use. */
  readonly all = new LinkedList<T>();
  readonly #create: (key: string) => T;
  readonly #maxKeys: number;

  /** @param maxKeys - how many states are kept; more only while requests use all of them */
  constructor(create: (key: string) => T, maxKeys: number) {
    this.#create = create;
    this.#maxKeys = maxKeys;
  }

  get size(): number {
    return this.all.size;
  }

  get(key: string): T {
    const known = this.#byKey.get(key);
    if (!known) return this.#add(key);
    this.#used(known);
    return known;
  }

  #used(entry: T): void {
    const {all} = this;
    if (entry === all.last) return;
    all.remove(entry);
    all.append(entry);
  }

  #add(key: string): T {
    const {all} = this;
    const now = performance.now();
    for (let looks = 0; looks < 2; looks++) {
      const oldest = all.first;
      if (!oldest) break;
      if (oldest.isInUse) this.#used(oldest);
      else if (all.size >= this.#maxKeys || oldest.isIdle(now)) {
        all.remove(oldest);
        this.#byKey.delete(oldest.key);
      } else break;
    }
    const made = this.#create(key);
    this.#byKey.set(key, made);
    all.append(made);
    return made;
  }
}

/** @throws InvalidOptionError */
export function checkMaxKeys(where: string, {maxKeys}: {readonly maxKeys?: number | undefined}): number {
  return checkNumber(`${where}.maxKeys`, maxKeys, 10_000, {min: 1, whole: true});
}
