import pRetry from 'p-retry';
import {isReplayable} from '../core/body.ts';
import type {CallLifetime} from '../core/call-lifetime.ts';
import type {HeaderList} from '../core/header-list.ts';
import type {Handler, PolicyDefinition} from '../core/policy.ts';
import type {ConnectorRequest} from '../core/request.ts';
import {isIdempotent, lifetimeOf} from '../core/request.ts';
import type {RedactedRequest} from '../errors/index.ts';
import {ConnectionError, TimeoutError} from '../errors/index.ts';
import {redactUrl} from '../errors/redact-url.ts';
import {checkFunction, checkKnown, checkNumber, checkStatuses, longestDelay} from '../utils/check-options.ts';
import {urlParts} from '../utils/url-parts.ts';
import type {Budget, BudgetOptions} from './budget.ts';
import {createBudget} from './budget.ts';
import {retryAfter} from './retry-after.ts';

/** What is known when an attempt has failed. */
export interface RetryContext {
  /** Safe to log. */
  readonly request: RedactedRequest;
  /** How many attempts were made, from 1. */
  readonly attempt: number;
  /** How many more may follow. */
  readonly retriesLeft: number;
  /** How long it is to be until the next, in ms. */
  readonly delay: number;
  /** What the attempt ended with, this or an error. In `shouldRetry`, read a `clone()` only; in `onRetry` its body is gone. */
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
   * The longest wait a server may ask for, in ms, with `Retry-After` or its quota's reset: if it asks for more, its
   * answer is returned.
   *
   * @default 60_000
   */
  readonly maxRetryAfter?: number | undefined;
  /** Extra load that retries may put on a host; `false`: any. */
  readonly budget?: BudgetOptions | false | undefined;
  /**
   * Asked when an attempt has failed, by an error or a status from 400, and there is another to be had: `true` or `false`
   * decides, `undefined` leaves it to the rules. It isn't asked for bodies that can't be sent again, nor for waits that
   * are too long. What it throws ends the call.
   */
  readonly shouldRetry?:
    | ((context: RetryContext) => boolean | undefined | Promise<boolean | undefined>)
    | undefined;
  /** Called before the wait, and waited for. What it throws ends the call. */
  readonly onRetry?: ((context: RetryContext) => void | Promise<void>) | undefined;
}

/** As the option comes: a number is `retries`, `false` is none. */
export type Retry = number | false | RetryOptions;

/** Retry options, checked and complete. */
export interface RetrySettings {
  readonly retries: number;
  readonly statuses: readonly number[];
  readonly minDelay: number;
  readonly maxDelay: number;
  readonly maxRetryAfter: number;
  readonly budget: Budget | undefined;
  readonly shouldRetry: RetryOptions['shouldRetry'];
  readonly onRetry: RetryOptions['onRetry'];
}

const knownOptions = [
  'retries',
  'statuses',
  'minDelay',
  'maxDelay',
  'maxRetryAfter',
  'budget',
  'shouldRetry',
  'onRetry',
];

/** Statuses that may be others the next time. */
export const retriedStatuses: readonly number[] = [408, 429, 500, 502, 503, 504];

const defaultBudget = {ratio: 0.2, minimum: 100, window: 10_000};

const noRetry: RetrySettings = {
  retries: 0,
  statuses: retriedStatuses,
  minDelay: 500,
  maxDelay: 30_000,
  maxRetryAfter: 60_000,
  budget: undefined,
  shouldRetry: undefined,
  onRetry: undefined,
};

/** The default settings, with a budget of their own. */
export function defaultRetry(): RetrySettings {
  return {...noRetry, retries: 2, budget: createBudget('', {}, defaultBudget)};
}

/**
 * @throws InvalidOptionError
 */
function checkRetry(retry: Retry): Retry {
  mergeRetry(noRetry, retry);
  return retry;
}

/**
 * Merges the retry option of a session or call into the settings that hold without it.
 *
 * @throws InvalidOptionError
 */
export function mergeRetry(base: RetrySettings, retry: Retry | undefined): RetrySettings {
  if (retry === undefined) return base;
  const options = typeof retry === 'object' ? retry : {retries: retry || 0};
  checkKnown('retry', options, knownOptions);
  const ms = (name: 'minDelay' | 'maxDelay' | 'maxRetryAfter') =>
    checkNumber(`retry.${name}`, options[name], base[name]);
  const {retries, statuses, budget, shouldRetry, onRetry} = options as RetryOptions;
  return {
    retries: checkNumber('retry.retries', retries, base.retries, {whole: true}),
    statuses: checkStatuses('retry.statuses', statuses, base.statuses),
    minDelay: ms('minDelay'),
    maxDelay: ms('maxDelay'),
    maxRetryAfter: ms('maxRetryAfter'),
    budget:
      budget === undefined
        ? base.budget
        : budget === false
          ? undefined
          : createBudget('retry.budget', budget, defaultBudget),
    shouldRetry: checkFunction('retry.shouldRetry', shouldRetry) ?? base.shouldRetry,
    onRetry: checkFunction('retry.onRetry', onRetry) ?? base.onRetry,
  };
}

/**
 * Makes another attempt after a failed one where a repetition is harmless: idempotent methods, requests with an
 * `Idempotency-Key`, and requests that never left. The caller gets the outcome of the last attempt. Calls give `retry`
 * over these options. `createSession` of `aiofetch` has this policy, by its `retry` option.
 *
 * @throws InvalidOptionError
 *
 * @example
 * ```ts
 * import {createSession, retryPolicy} from 'aiofetch';
 *
 * await using session = createSession({
 *   retry: false,
 *   policies: [retryPolicy({retries: 5, onRetry: ({attempt, delay}) => console.log(attempt, delay)})],
 * });
 * ```
 */
export function retryPolicy(retry: Retry = {}): PolicyDefinition<{readonly retry?: Retry | undefined}> {
  return retryWith(mergeRetry(defaultRetry(), retry));
}

/** The same with complete settings. An attempt that succeeds costs no more than a look at its status. */
export function retryWith(own: RetrySettings): PolicyDefinition<{readonly retry?: Retry | undefined}> {
  return {
    name: 'retry',
    callOptions: {retry: checkRetry},
    rejectsOnAbort: true,
    wrap: (next) => (request) => {
      const settings = mergeRetry(own, request.options['retry'] as Retry | undefined);
      if (settings.retries === 0) return next(request);
      settings.budget?.count(urlParts(request.url).origin);
      // Policies further in may set headers in place. The next attempt must not start with them.
      const headers = request.headers.copy();
      return next(request).then(
        (response) =>
          isFailure(settings, response)
            ? retry(next, request, headers, settings, new FailedAttempt(response, undefined))
            : response,
        (error) => retry(next, request, headers, settings, new FailedAttempt(undefined, error)),
      );
    },
  };
}

/** How an attempt failed. An error of its own, since p-retry takes a `TypeError` for a bug and gives up on it. */
class FailedAttempt extends Error {
  readonly response: Response | undefined;
  readonly error: unknown;

  constructor(response: Response | undefined, error: unknown) {
    super();
    this.response = response;
    this.error = error;
  }
}

function isFailure({statuses, shouldRetry}: RetrySettings, {status}: Response): boolean {
  return statuses.includes(status) || (shouldRetry !== undefined && status >= 400);
}

async function retry(
  next: Handler,
  request: ConnectorRequest,
  headers: HeaderList,
  settings: RetrySettings,
  first: FailedAttempt,
): Promise<Response> {
  // Each attempt gets its own; this one keeps what the caller's was.
  const original = request.with({headers});
  const attemptAt = async (attempt: number): Promise<Response> => {
    if (attempt === 1) throw first;
    const again = original.with({headers: headers.copy()});
    again.attempt = attempt;
    let response: Response;
    try {
      response = await next(again);
    } catch (error) {
      throw new FailedAttempt(undefined, error);
    }
    if (isFailure(settings, response)) throw new FailedAttempt(response, undefined);
    return response;
  };
  try {
    return await pRetry(attemptAt, {
      retries: settings.retries,
      // The waiting is done here, where a server's wish and an abort can have their way with it.
      minTimeout: 0,
      onFailedAttempt: ({error, attemptNumber, retriesLeft}) =>
        beforeRetry(original, settings, error as FailedAttempt, attemptNumber, retriesLeft),
    });
  } catch (error) {
    if (!(error instanceof FailedAttempt)) throw error;
    if (error.response) return error.response;
    throw error.error;
  }
}

/** Waits for the next attempt, or throws what the last one ended with when there is to be none. */
async function beforeRetry(
  request: ConnectorRequest,
  settings: RetrySettings,
  failed: FailedAttempt,
  attempt: number,
  retriesLeft: number,
): Promise<void> {
  const {lifetime, method, url, body} = request;
  const {response, error} = failed;
  if (lifetime.isAborted) {
    lifetime.discard(response);
    throw lifetime.reason;
  }
  const delay = delayOf(settings, response, attempt);
  if (retriesLeft === 0 || !isReplayable(body) || delay >= lifetime.timeLeft()) throw failed;
  const context: RetryContext = {
    request: {method, url: redactUrl(url)},
    attempt,
    retriesLeft,
    delay,
    ...(response ? {response} : {error}),
  };
  let isWanted: boolean;
  try {
    isWanted = (await settings.shouldRetry?.(context)) ?? isWorthIt(request, settings, failed);
  } catch (thrown) {
    lifetime.discard(response);
    throw thrown;
  }
  if (!isWanted || settings.budget?.take(urlParts(url).origin) === false) throw failed;
  // Before the wait, because an unread body would keep its slot for as long.
  lifetime.discard(response);
  request.attempt = lifetimeOf(request).attempts;
  lifetime.trace?.emit('retryScheduled', request, {
    delay,
    ...(response ? {status: response.status} : {error}),
  });
  await settings.onRetry?.(context);
  await sleep(delay, lifetime);
}

/** How long to wait, in ms; `Infinity` when the server wants more than it may. */
function delayOf(settings: RetrySettings, response: Response | undefined, attempt: number): number {
  const asked = response && retryAfter(response);
  if (asked !== undefined) return asked <= settings.maxRetryAfter ? asked : Infinity;
  // Nothing times infinity is no number.
  const doubled = settings.minDelay * 2 ** Math.min(attempt - 1, 1_000);
  return Math.random() * Math.min(settings.maxDelay, doubled);
}

function isWorthIt(
  request: ConnectorRequest,
  {statuses}: RetrySettings,
  {response, error}: FailedAttempt,
): boolean {
  if (response) return statuses.includes(response.status) && isIdempotent(request);
  if (!(error instanceof ConnectionError || error instanceof TimeoutError)) return false;
  const {phase, request: last} = error;
  // It never left, so whatever it is, it hasn't been done; unless it was answered, and with a redirect.
  const isFirstHop = !last || (last.method === request.method && last.url === redactUrl(request.url));
  if (isFirstHop && (phase === 'dns' || phase === 'connect' || phase === 'tls')) return true;
  // A wait for a slot that took too long doesn't become shorter by another, and when the total is up, it is.
  return phase !== 'pool' && phase !== 'total' && isIdempotent(request);
}

function sleep(delay: number, lifetime: CallLifetime): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(
      () => {
        lifetime.offAbort(listener);
        resolve();
      },
      Math.min(delay, longestDelay),
    );
    const listener = {
      aborted(reason: unknown) {
        clearTimeout(timer);
        reject(reason);
      },
    };
    // Aborted while somebody was asked: the listener would never hear of it.
    if (lifetime.isAborted) listener.aborted(lifetime.reason);
    else lifetime.onAbort(listener);
  });
}
