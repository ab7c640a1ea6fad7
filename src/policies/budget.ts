import {checkNumber} from '../utils/check-options.ts';
import type {OptionChecks} from '../utils/merge-options.ts';
import {mergeOptions} from '../utils/merge-options.ts';

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

type Settings = {readonly [Name in keyof BudgetOptions]-?: number};

/** Decides whether a retry or a hedged request may put extra load on a host. */
export interface Budget {
  /** Counts a call. */
  count(host: string): void;
  /** Takes one extra request out of the budget. Returns `false` when none is left. */
  take(host: string): boolean;
}

const checks: OptionChecks<Settings> = {
  ratio: checkNumber,
  minimum: checkNumber,
  window: (option, value: number) => checkNumber(option, value, undefined, {min: 1}),
  maxKeys: (option, value: number) => checkNumber(option, value, undefined, {min: 1, whole: true}),
};

/**
 * Counts calls and extra requests for each host. When a host is down, its load grows by the factor `1 + ratio` at most,
 * instead of by the number of attempts that each call may make.
 *
 * @throws InvalidOptionError; UnsupportedOptionError for an unknown option
 */
export function createBudget(where: string, options: BudgetOptions, base: Omit<Settings, 'maxKeys'>): Budget {
  const settings = {maxKeys: 10_000, ...base};
  const {ratio, minimum, window, maxKeys} = mergeOptions<Settings>(where, settings, options, checks);
  // For each host: the shares that its calls have added, less the extra requests that were taken. One map is for the half of the
  // window that is running, and one for the half before it.
  let sums = new Map<string, {sum: number}>();
  let before = new Map<string, {sum: number}>();
  let since = performance.now();

  function countsOf(host: string): {sum: number} {
    const age = performance.now() - since;
    if (age >= window / 2) {
      before = age < window ? sums : new Map();
      sums = new Map();
      since += age;
    }
    const counts = sums.get(host) ?? {sum: 0};
    // Moves the host to the end, where the order may soon matter.
    if (sums.size > maxKeys / 2) sums.delete(host);
    sums.set(host, counts);
    if (sums.size > maxKeys) {
      const [longestUnused = ''] = sums.keys();
      sums.delete(longestUnused);
      before.delete(longestUnused);
    }
    return counts;
  }

  return {
    count(host) {
      countsOf(host).sum += ratio;
    },
    take(host) {
      const counts = countsOf(host);
      // Many fractions add up to a whole number only within the precision of a number.
      if (minimum + counts.sum + (before.get(host)?.sum ?? 0) < 1 - 1e-6) return false;
      counts.sum--;
      return true;
    },
  };
}
