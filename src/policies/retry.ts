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
import {checkFunction, checkNumber, checkStatuses, longestDelay} from '../utils/check-options.ts';
import type {OptionChecks} from '../utils/merge-options.ts';
import {mergeOptions} from '../utils/merge-options.ts';
import {urlOrigin} from '../utils/url-parts.ts';
import type {Budget, BudgetOptions} from './budget.ts';
import {createBudget} from './budget.ts';
import {retryAfter} from './retry-after.ts';

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

const checkWhole = (option: string, value: number) => checkNumber(option, value, undefined, {whole: true});

const checks: OptionChecks<RetrySettings> = {
  retries: checkWhole,
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
  if (retry === undefined || retry === true) return base;
  return mergeOptions('retry', base, typeof retry === 'object' ? retry : {retries: retry || 0}, checks);
}

/**
 * Makes another attempt after a failed one where a repetition is harmless: idempotent methods, requests with an
 * `Idempotency-Key`, and requests that were never sent. The caller gets the outcome of the last attempt. Calls give `retry`
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

/**
 * A {@link retryPolicy} with complete settings. p-retry's loop begins only after the first attempt has failed, so that a
 * call that succeeds doesn't pay for it.
 *
 * @param isDefault - whether nobody asked for these retries. They are then for verbs, and for calls that give `retry`: SDKs
 * and other clients that call `session.fetch` retry by themselves, and both would multiply.
 */
export function retryWith(
  own: RetrySettings,
  isDefault = false,
): PolicyDefinition<{readonly retry?: Retry | undefined}> {
  return {
    name: 'retry',
    isShareable: true,
    callOptions: {retry: checkRetry},
    rejectsOnAbort: true,
    wrap: (next) => (request) => {
      const asked = request.options['retry'] as Retry | undefined;
      const settings = mergeRetry(own, asked);
      if (settings.retries === 0 || (isDefault && !asked && !lifetimeOf(request).isOfVerb))
        return next(request);
      settings.budget?.count(urlOrigin(request.url));
      // Policies further in may set headers in place. The next attempt must not start with them.
      const headers = request.headers.copy();
      return next(request).then(
        (response) =>
          isFailure(settings, {response}) ? retry(next, request, headers, settings, {response}) : response,
        (error) => retry(next, request, headers, settings, {error}),
      );
    },
  };
}

/** The outcome of an attempt. */
interface Outcome {
  readonly response?: Response;
  /** The error that the attempt ended with, if it got no response. */
  readonly error?: unknown;
}

/** What p-retry is thrown for a failed attempt, instead of its error: p-retry takes a `TypeError` for a bug. */
const failed = /* @__PURE__ */ new Error();

/** What OpenAI, Anthropic and others say about a retry: `true` or `false`. */
const shouldRetryHeader = 'x-should-retry';

function isFailure({statuses, shouldRetry}: RetrySettings, {response}: Outcome): boolean {
  return (
    !response ||
    statuses.includes(response.status) ||
    (response.status >= 400 && (shouldRetry !== undefined || response.headers.has(shouldRetryHeader)))
  );
}

async function retry(
  next: Handler,
  request: ConnectorRequest,
  headers: HeaderList,
  settings: RetrySettings,
  first: Outcome,
): Promise<Response> {
  // Keeps the headers that the caller set: each attempt gets a copy of them.
  const original = request.with({headers});
  let outcome = first;
  const attemptAt = async (attempt: number): Promise<void> => {
    if (attempt > 1) {
      const again = original.with({headers: headers.copy()});
      again.attempt = attempt;
      try {
        outcome = {response: await next(again)};
      } catch (error) {
        outcome = {error};
      }
    }
    if (isFailure(settings, outcome)) throw failed;
  };
  try {
    await pRetry(attemptAt, {
      retries: settings.retries,
      // `beforeRetry` waits instead of p-retry: the server may ask for another delay, and an abort ends the wait.
      minTimeout: 0,
      onFailedAttempt: ({attemptNumber, retriesLeft}) =>
        beforeRetry(original, settings, outcome, attemptNumber, retriesLeft),
    });
  } catch (error) {
    if (error !== failed) {
      request.lifetime.discard(outcome.response);
      throw error;
    }
  }
  if (outcome.response) return outcome.response;
  throw outcome.error;
}

/**
 * Decides whether another attempt follows, and waits until it is due.
 *
 * @throws {@link failed} when no attempt follows; the reason of an abort; what a callback throws
 */
async function beforeRetry(
  request: ConnectorRequest,
  settings: RetrySettings,
  outcome: Outcome,
  attempt: number,
  retriesLeft: number,
): Promise<void> {
  const {lifetime, method, url, body} = request;
  const {response} = outcome;
  if (lifetime.isAborted) throw lifetime.reason;
  const delay = delayOf(settings, response, attempt);
  if (retriesLeft === 0 || !isReplayable(body) || delay >= lifetime.timeLeft()) throw failed;
  const shown = {method, url: redactUrl(url)};
  const context: RetryContext = {request: shown, attempt, retriesLeft, delay, ...outcome};
  const isWanted = (await settings.shouldRetry?.(context)) ?? isRetryable(request, shown, settings, outcome);
  if (!isWanted || settings.budget?.take(urlOrigin(url)) === false) throw failed;
  // Discard the response before the wait: an unread body would keep its slot until the wait ends.
  lifetime.discard(response);
  request.attempt = lifetimeOf(request).attempts;
  lifetime.trace?.emit('retryScheduled', request, {
    delay,
    ...(response ? {status: response.status} : outcome),
  });
  await settings.onRetry?.(context);
  await sleep(delay, lifetime);
}

/** The wait before the next attempt, in ms; `Infinity` when the server asks for more than `maxRetryAfter`. */
function delayOf(settings: RetrySettings, response: Response | undefined, attempt: number): number {
  const asked = response && retryAfter(response);
  if (asked !== undefined) return asked <= settings.maxRetryAfter ? asked : Infinity;
  // The exponent is bounded, because a `minDelay` of 0 times Infinity would be NaN.
  const doubled = settings.minDelay * 2 ** Math.min(attempt - 1, 1_000);
  return Math.random() * Math.min(settings.maxDelay, doubled);
}

/** The policy's own rules, for failures about which `shouldRetry` doesn't decide. */
function isRetryable(
  request: ConnectorRequest,
  {method, url}: RedactedRequest,
  {statuses}: RetrySettings,
  {response, error}: Outcome,
): boolean {
  if (response) {
    // A server that asks for a retry knows that a repetition does no harm, whatever the method and the status.
    const advice = response.headers.get(shouldRetryHeader);
    return advice ? advice === 'true' : statuses.includes(response.status) && isIdempotent(request);
  }
  if (!(error instanceof ConnectionError || error instanceof TimeoutError)) return false;
  const {phase, request: last} = error;
  // A request that couldn't connect was never sent, so that any method may be repeated. After a redirect, a server has
  // already processed the request once.
  const isFirstHop = !last || (last.method === method && last.url === url);
  if (isFirstHop && (phase === 'dns' || phase === 'connect' || phase === 'tls')) return true;
  // After a timeout of `pool`, another wait for a slot would be as long; after one of `total`, no time is left.
  return phase !== 'pool' && phase !== 'total' && isIdempotent(request);
}

/** Waits for `delay` ms, or rejects when the call is aborted before. */
function sleep(delay: number, lifetime: CallLifetime): Promise<void> {
  return new Promise((resolve, reject) => {
    // The call may have been aborted during `shouldRetry` or `onRetry`. A listener added after that isn't notified.
    if (lifetime.isAborted) throw lifetime.reason;
    const end = () => {
      lifetime.offAbort(listener);
      resolve();
    };
    const timer = setTimeout(end, Math.min(delay, longestDelay));
    const listener = {
      aborted(reason: unknown) {
        clearTimeout(timer);
        reject(reason);
      },
    };
    lifetime.onAbort(listener);
  });
}
