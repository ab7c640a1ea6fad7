import {checkKnown, checkNumber} from '../utils/check-options.ts';
import type {KeyedEntry} from '../utils/keyed-state.ts';
import {checkMaxKeys, KeyedState} from '../utils/keyed-state.ts';
import type {Linked, LinkedList} from '../utils/linked-list.ts';

/** Bounds the extra load that retries or hedged requests put on a host. */
export interface BudgetOptions {
  /**
   * Extra requests allowed, as a share of the calls in the window (0.2 is one for five calls).
   *
   * @default 0.2 for retries, 0.1 for hedges
   */
  readonly ratio?: number | undefined;
  /**
   * Extra requests allowed in a window even if it has few calls.
   *
   * @default 100 for retries, 10 for hedges
   */
  readonly minimum?: number | undefined;
  /**
   * The length of the sliding window, in ms.
   *
   * @default 10_000
   */
  readonly window?: number | undefined;
  /**
   * How many hosts are counted. Beyond that, the host that has had no call for longest is forgotten: its window begins anew
   * with its next call.
   *
   * @default 10_000
   */
  readonly maxKeys?: number | undefined;
}

/** Decides whether a retry or a hedged request may put extra load on a host. */
export interface Budget {
  /** Counts a call. */
  count(host: string): void;
  /** Takes one extra request out of the budget. Returns `false` when none is left. */
  take(host: string): boolean;
}

/**
 * Counts events over a sliding window. The window is kept as two halves, so that the counts cover the last half window
 * at least and the last whole window at most.
 */
export class WindowCounts implements KeyedEntry {
  previous: Linked | undefined = undefined;
  next: Linked | undefined = undefined;
  list: LinkedList<Linked> | undefined = undefined;

  readonly key: string;
  readonly #window: number;
  #since: number;
  #all = 0;
  #marked = 0;
  #allBefore = 0;
  #markedBefore = 0;

  constructor(key: string, window: number) {
    this.key = key;
    this.#window = window;
    this.#since = performance.now();
  }

  get all(): number {
    return this.#all + this.#allBefore;
  }

  /** How many of the events were marked: the extra requests of a budget, the failures of a circuit. */
  get marked(): number {
    return this.#marked + this.#markedBefore;
  }

  add(all: number, marked: number): void {
    this.#all += all;
    this.#marked += marked;
  }

  /** Drops counts that are older than the window. To be called before each use. */
  forget(now: number): void {
    const age = now - this.#since;
    if (age < this.#window / 2) return;
    const isRecent = age < this.#window;
    this.#allBefore = isRecent ? this.#all : 0;
    this.#markedBefore = isRecent ? this.#marked : 0;
    this.#all = 0;
    this.#marked = 0;
    this.#since = now;
  }

  clear(): void {
    this.#all = 0;
    this.#marked = 0;
    this.#allBefore = 0;
    this.#markedBefore = 0;
  }

  isIdle(now: number): boolean {
    return now - this.#since >= this.#window;
  }
}

/**
 * Counts calls and extra requests for each host. When a host is down, its load grows by the factor `1 + ratio` at most,
 * instead of by the number of attempts that each call may make.
 *
 * @throws InvalidOptionError; UnsupportedOptionError for an unknown option
 */
export function createBudget(where: string, options: BudgetOptions, base: BudgetOptions): Budget {
  checkKnown(where, options, ['ratio', 'minimum', 'window', 'maxKeys']);
  const ratio = checkNumber(`${where}.ratio`, options.ratio, base.ratio);
  const minimum = checkNumber(`${where}.minimum`, options.minimum, base.minimum);
  const window = checkNumber(`${where}.window`, options.window, base.window, {min: 1});
  const hosts = new KeyedState((key) => new WindowCounts(key, window), checkMaxKeys(where, options));

  function countsOf(host: string): WindowCounts {
    const counts = hosts.get(host);
    counts.forget(performance.now());
    return counts;
  }

  return {
    count(host) {
      countsOf(host).add(1, 0);
    },
    take(host) {
      const counts = countsOf(host);
      if (counts.marked + 1 > minimum + ratio * counts.all) return false;
      counts.add(0, 1);
      return true;
    },
  };
}
