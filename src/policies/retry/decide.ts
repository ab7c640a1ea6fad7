import type {ConnectorRequest} from '../../core/request.ts';
import {isIdempotent} from '../../core/request.ts';
import type {RedactedRequest} from '../../errors/index.ts';
import {ConnectionError, TimeoutError} from '../../errors/index.ts';
import {retryAfter} from '../retry-after.ts';
import type {RetrySettings} from './options.ts';

/** The outcome of an attempt. */
export interface Outcome {
  readonly response?: Response;
  /** The error that the attempt ended with, if it got no response. */
  readonly error?: unknown;
}

/** What OpenAI, Anthropic and others say about a retry: `true` or `false`. */
const shouldRetryHeader = 'x-should-retry';

export function isFailure({statuses, shouldRetry}: RetrySettings, {response}: Outcome): boolean {
  return (
    !response ||
    statuses.includes(response.status) ||
    (response.status >= 400 && (!!shouldRetry || response.headers.has(shouldRetryHeader)))
  );
}

/** The wait before the next attempt, in ms; `Infinity` when the server asks for more than `maxRetryAfter`. */
export function delayOf(settings: RetrySettings, response: Response | undefined, attempt: number): number {
  const asked = response && retryAfter(response);
  if (asked !== undefined) return asked <= settings.maxRetryAfter ? asked : Infinity;
  // The exponent is bounded, because a `minDelay` of 0 times Infinity would be NaN.
  const doubled = settings.minDelay * 2 ** Math.min(attempt - 1, 1_000);
  return Math.random() * Math.min(settings.maxDelay, doubled);
}

/** The policy's own rules, for failures about which `shouldRetry` doesn't decide. */
export function isRetryable(
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
  if (isFirstHop && /^(?:dns|connect|tls)$/.test(phase as string)) return true;
  // After a timeout of `pool`, another wait for a slot would be as long; after one of `total`, no time is left.
  return phase !== 'pool' && phase !== 'total' && isIdempotent(request);
}
