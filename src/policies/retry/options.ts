import type {RedactedRequest} from '../../errors/index.ts';
import {checkFunction, checkLimit, checkNumber, checkStatuses} from '../../utils/check-options.ts';
import type {OptionChecks} from '../../utils/merge-options.ts';
import {mergeOptions} from '../../utils/merge-options.ts';
import type {Budget, BudgetOptions} from '../budget.ts';
import {createBudget} from '../budget.ts';

/** What `shouldRetry` and `onRetry` are given about a failed attempt. */
export interface RetryContext {
  /** Safe to log. */
  readonly request: RedactedRequest;
  /** The number of the failed attempt, from 1. */
  readonly attempt: number;
  /** How many more attempts may follow. */
  readonly retriesLeft: number;
  /** The wait before the next attempt, in ms. */
  readonly delay: number;
  /**
   * The response that the attempt ended with. `shouldRetry` may only read the body of a `clone()`; when `onRetry` is
   * called, the body is discarded.
   */
  readonly response?: Response;
  /** The error that the attempt ended with, if it got no response. */
  readonly error?: unknown;
}

/** Options of {@link retryPolicy}: which failed attempts are repeated, how often and when. */
export interface RetryOptions {
  /**
   * How many attempts may follow the first; 0 for none.
   *
   * @default 2
   */
  readonly retries?: number | undefined;
  /**
   * The statuses after which another attempt is made.
   *
   * @default [408, 429, 500, 502, 503, 504]
   */
  readonly statuses?: readonly number[] | undefined;
  /**
   * The longest wait before the first retry, in ms. Before each further retry it is twice as long. The actual wait is
   * a random time from 0 to that ("full jitter").
   *
   * @default 500
   */
  readonly minDelay?: number | undefined;
  /**
   * The longest wait before any retry, in ms, unless the server asks for a longer one.
   *
   * @default 30_000
   */
  readonly maxDelay?: number | undefined;
  /**
   * The longest wait that a server may ask for, in ms, by `Retry-After` or by the reset of its quota. If the server asks
   * for more, the call ends with that response.
   *
   * @default 60_000
   */
  readonly maxRetryAfter?: number | undefined;
  /** Bounds the extra load that retries put on a host; `false` for no bound. */
  readonly budget?: BudgetOptions | false | undefined;
  /**
   * Called when an attempt has failed, by an error or a status from 400, and more retries are left. `true` or `false`
   * decides; `undefined` leaves the decision to the policy's rules. Not called when the body can't be sent again or the
   * wait would be too long. An error that it throws ends the call.
   */
  readonly shouldRetry?:
    | ((context: RetryContext) => boolean | undefined | Promise<boolean | undefined>)
    | undefined;
  /** Called before the wait; the policy waits for the returned promise. An error that it throws ends the call. */
  readonly onRetry?: ((context: RetryContext) => void | Promise<void>) | undefined;
}

/** The `retry` option: a number stands for `retries`, `false` for no retries, `true` for the settings that hold without it. */
export type Retry = number | boolean | RetryOptions;

/** Retry options, checked and complete. */
export interface RetrySettings {
  readonly retries: number;
  readonly statuses: readonly number[];
  readonly minDelay: number;
  readonly maxDelay: number;
  readonly maxRetryAfter: number;
  readonly budget?: Budget | undefined;
  readonly shouldRetry?: RetryOptions['shouldRetry'];
  readonly onRetry?: RetryOptions['onRetry'];
}

/** Statuses of failures that may be temporary. */
export const retriedStatuses: readonly number[] = [408, 429, 500, 502, 503, 504];

const defaultBudget = {ratio: 0.2, minimum: 100, window: 10_000};

const noRetry: RetrySettings = {
  retries: 0,
  statuses: retriedStatuses,
  minDelay: 500,
  maxDelay: 30_000,
  maxRetryAfter: 60_000,
};

const checks: OptionChecks<RetrySettings> = {
  retries: checkLimit,
  statuses: checkStatuses,
  minDelay: checkNumber,
  maxDelay: checkNumber,
  maxRetryAfter: checkNumber,
  budget: (option, value: BudgetOptions | false) =>
    value === false ? undefined : createBudget(option, value, defaultBudget),
  shouldRetry: checkFunction,
  onRetry: checkFunction,
};

/** The default settings, with a budget of their own. */
export function defaultRetry(): RetrySettings {
  return {...noRetry, retries: 2, budget: createBudget('', {}, defaultBudget)};
}

/**
 * @throws InvalidOptionError
 */
export function checkRetry(retry: Retry): Retry {
  mergeRetry(noRetry, retry);
  return retry;
}

/**
 * Merges the retry option of a session or call into the settings that hold without it.
 *
 * @throws InvalidOptionError
 */
export function mergeRetry(base: RetrySettings, retry: Retry | undefined): RetrySettings {
  if (retry === undefined || retry === true) return base;
  return mergeOptions('retry', base, typeof retry === 'object' ? retry : {retries: retry || 0}, checks);
}
