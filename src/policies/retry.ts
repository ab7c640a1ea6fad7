import pRetry from 'p-retry';
import {isReplayable} from '../body.ts';
import type {RedactedRequest} from '../errors.ts';
import {ConnectionError, InvalidOptionError, TimeoutError} from '../errors.ts';
import type {Lifetime} from '../lifetime.ts';
import {checkDuration} from '../options.ts';
import type {ConnectorRequest, Handler, Policy} from '../request.ts';
import {isIdempotent} from '../request.ts';
import {urlParts} from '../url-parts.ts';
import {retryAfter} from './retry-after.ts';
import type {RetryBudget, RetryBudgetOptions, RetryBudgetSettings} from './retry-budget.ts';
import {createRetryBudget} from './retry-budget.ts';

/** What is known when an attempt has failed. */
export interface RetryContext {
  readonly request: RedactedRequest;
  /** How many attempts were made, from 1. */
  readonly attempt: number;
  /** How many more may follow. */
  readonly retriesLeft: number;
  /** How long it is to be until the next, in ms. */
  readonly delay: number;
  /** What the attempt ended with: one of these. */
  readonly response?: Response;
  readonly error?: unknown;
}

/** When a failed attempt is followed by another. */
export interface RetryOptions {
  /**
   * How many attempts may follow the first; 0: none.
   *
   * @default 2
   */
  readonly retries?: number | undefined;
  /**
   * Statuses that are worth another attempt.
   *
   * @default [408, 429, 500, 502, 503, 504]
   */
  readonly statuses?: readonly number[] | undefined;
  /**
   * The first retry waits up to this, in ms; each further up to twice as much as the one before. How much of it is
   * drawn by lot ("full jitter").
   *
   * @default 500
   */
  readonly minDelay?: number | undefined;
  /**
   * No wait is longer than this, in ms, unless the server asks for it.
   *
   * @default 30_000
   */
  readonly maxDelay?: number | undefined;
  /**
   * The longest wait a server may ask for, in ms, with `Retry-After` or its quota's reset: if it asks for more, its answer is returned.
   *
   * @default 60_000
   */
  readonly maxRetryAfter?: number | undefined;
  /** Extra load that retries may put on a host; `false`: any. */
  readonly budget?: RetryBudgetOptions | false | undefined;
  /** `true` or `false` decides, `undefined` leaves it to the rules. A body that can't be sent again is never retried. */
  readonly shouldRetry?:
    | ((context: RetryContext) => boolean | undefined | Promise<boolean | undefined>)
    | undefined;
  /** Called before the wait. */
  readonly onRetry?: ((context: RetryContext) => void | Promise<void>) | undefined;
}

/** As the option comes: a number is `retries`, `false` is none. */
export type Retry = number | false | RetryOptions;

/** Retry options, checked and complete. */
export interface RetrySettings {
  readonly retries: number;
  readonly statuses: ReadonlySet<number>;
  readonly minDelay: number;
  readonly maxDelay: number;
  readonly maxRetryAfter: number;
  readonly budget: RetryBudget | undefined;
  readonly shouldRetry: RetryOptions['shouldRetry'];
  readonly onRetry: RetryOptions['onRetry'];
}

const defaultBudget = {ratio: 0.2, minimum: 100, window: 10_000};

/** What holds where nothing else is said. */
export function defaultRetry(): RetrySettings {
  return {
    retries: 2,
    statuses: new Set([408, 429, 500, 502, 503, 504]),
    minDelay: 500,
    maxDelay: 30_000,
    maxRetryAfter: 60_000,
    budget: createRetryBudget(defaultBudget),
    shouldRetry: undefined,
    onRetry: undefined,
  };
}

const knownOptions = new Set([
  'retries',
  'statuses',
  'minDelay',
  'maxDelay',
  'maxRetryAfter',
  'budget',
  'shouldRetry',
  'onRetry',
]);

/**
 * Lays the retry option of a session or call over the settings it begins with.
 *
 * @throws InvalidOptionError for what can't be
 */
export function mergeRetry(base: RetrySettings, retry: Retry | undefined): RetrySettings {
  if (retry === undefined) return base;
  if (retry === false) return {...base, retries: 0};
  if (typeof retry === 'number') return {...base, retries: checkRetries(retry)};
  for (const name of Object.keys(retry)) {
    if (!knownOptions.has(name))
      throw new InvalidOptionError(`retry.${name}`, 'no option', [...knownOptions].join(', '));
  }
  const {retries, statuses, minDelay, maxDelay, maxRetryAfter, budget, shouldRetry, onRetry} = retry;
  return {
    retries: retries === undefined ? base.retries : checkRetries(retries),
    statuses: statuses === undefined ? base.statuses : new Set(statuses),
    minDelay: minDelay === 0 ? 0 : (checkDuration('retry.minDelay', minDelay) ?? base.minDelay),
    maxDelay: maxDelay === 0 ? 0 : (checkDuration('retry.maxDelay', maxDelay) ?? base.maxDelay),
    maxRetryAfter:
      maxRetryAfter === 0 ? 0 : (checkDuration('retry.maxRetryAfter', maxRetryAfter) ?? base.maxRetryAfter),
    budget:
      budget === undefined
        ? base.budget
        : budget === false
          ? undefined
          : createRetryBudget({...defaultBudget, ...budget} as RetryBudgetSettings),
    shouldRetry: shouldRetry ?? base.shouldRetry,
    onRetry: onRetry ?? base.onRetry,
  };
}

function checkRetries(value: number): number {
  if (Number.isInteger(value) && value >= 0) return value;
  throw new InvalidOptionError('retry.retries', value, 'a whole number from 0');
}

/** How an attempt failed. An error of its own, since p-retry takes a `TypeError` for a bug and gives up on it. */
class FailedAttempt extends Error {
  readonly response: Response | undefined;
  readonly error: unknown;

  constructor(response: Response | undefined, error: unknown) {
    super('Attempt failed');
    this.response = response;
    this.error = error;
  }
}

/**
 * Makes another attempt where one has failed and it can do no harm: idempotent methods, requests with an
 * `Idempotency-Key`, and whatever never left. An attempt that succeeds costs no more than a look at its status.
 */
export function retryPolicy(settingsOf: (request: ConnectorRequest) => RetrySettings): Policy {
  return (next) => (request) => {
    const settings = settingsOf(request);
    if (settings.retries === 0) return next(request);
    settings.budget?.request(urlParts(request.url).origin);
    // Policies further in may set headers, which must not be there already the next time.
    const first = request.with({headers: request.headers.copy()});
    return next(first).then(
      (response) => {
        if (!settings.statuses.has(response.status) && !settings.shouldRetry) return response;
        return retry(next, request, settings, new FailedAttempt(response, undefined));
      },
      (error) => retry(next, request, settings, new FailedAttempt(undefined, error)),
    );
  };
}

async function retry(
  next: Handler,
  request: ConnectorRequest,
  settings: RetrySettings,
  failed: FailedAttempt,
): Promise<Response> {
  try {
    return await pRetry(
      (attempt) => {
        if (attempt === 1) throw failed;
        return tryAgain(next, request, settings, attempt);
      },
      {
        retries: settings.retries,
        // The waiting is done below, where a server's wish and an abort can have their way with it.
        minTimeout: 0,
        onFailedAttempt: ({error, attemptNumber, retriesLeft}) =>
          beforeRetry(request, settings, error as FailedAttempt, attemptNumber, retriesLeft),
      },
    );
  } catch (error) {
    if (!(error instanceof FailedAttempt)) throw error;
    if (error.response) return error.response;
    throw error.error;
  }
}

async function tryAgain(
  next: Handler,
  request: ConnectorRequest,
  settings: RetrySettings,
  attempt: number,
): Promise<Response> {
  const again = request.with({headers: request.headers.copy()});
  again.attempt = attempt;
  request.attempt = attempt;
  let response: Response;
  try {
    response = await next(again);
  } catch (error) {
    throw new FailedAttempt(undefined, error);
  }
  if (settings.statuses.has(response.status) || settings.shouldRetry)
    throw new FailedAttempt(response, undefined);
  return response;
}

/** Waits for the next attempt, or throws what the last one ended with when there is to be none. */
async function beforeRetry(
  request: ConnectorRequest,
  settings: RetrySettings,
  failed: FailedAttempt,
  attempt: number,
  retriesLeft: number,
): Promise<void> {
  const {lifetime} = request;
  if (retriesLeft === 0 || lifetime.isAborted || !isReplayable(request.body)) throw failed;
  const delay = delayOf(settings, failed, attempt);
  const context: RetryContext = {
    request: {method: request.method, url: request.url},
    attempt,
    retriesLeft,
    delay: delay ?? 0,
    ...(failed.response ? {response: failed.response} : {error: failed.error}),
  };
  const decided = await settings.shouldRetry?.(context);
  if (!(decided ?? isWorthIt(request, settings, failed))) throw failed;
  if (delay === undefined || delay > lifetime.timeLeft()) throw failed;
  if (settings.budget && !settings.budget.retry(urlParts(request.url).origin)) throw failed;
  // Before the wait: a body left unread would keep its slot for as long.
  failed.response?.body?.cancel().catch(() => undefined);
  await settings.onRetry?.(context);
  await sleep(delay, lifetime);
}

/** How long to wait, in ms; `undefined` when the server wants more than it may. */
function delayOf(settings: RetrySettings, {response}: FailedAttempt, attempt: number): number | undefined {
  const asked = response && retryAfter(response.headers, Date.now());
  if (asked !== undefined) return asked <= settings.maxRetryAfter ? asked : undefined;
  return Math.random() * Math.min(settings.maxDelay, settings.minDelay * 2 ** (attempt - 1));
}

function isWorthIt(
  request: ConnectorRequest,
  settings: RetrySettings,
  {response, error}: FailedAttempt,
): boolean {
  if (response) return settings.statuses.has(response.status) && isIdempotent(request);
  if (error instanceof TimeoutError) {
    return (
      error.phase === 'connect' ||
      (isIdempotent(request) && (error.phase === 'read' || error.phase === 'attempt'))
    );
  }
  return error instanceof ConnectionError && (neverLeft(error) || isIdempotent(request));
}

function neverLeft({phase}: ConnectionError): boolean {
  return phase === 'dns' || phase === 'connect' || phase === 'tls';
}

function sleep(delay: number, lifetime: Lifetime): Promise<void> {
  return new Promise((resolve, reject) => {
    const listener = {
      aborted(reason: unknown) {
        clearTimeout(timer);
        reject(reason);
      },
    };
    const timer = setTimeout(() => {
      lifetime.offAbort(listener);
      resolve();
    }, delay);
    lifetime.onAbort(listener);
  });
}
