import pRetry from 'p-retry';
import {isReplayable} from '../../core/body.ts';
import type {CallLifetime} from '../../core/call-lifetime.ts';
import type {HeaderList} from '../../core/header-list.ts';
import type {Handler} from '../../core/policy.ts';
import type {ConnectorRequest} from '../../core/request.ts';
import {lifetimeOf} from '../../core/request.ts';
import {redactUrl} from '../../errors/redact-url.ts';
import {longestDelay} from '../../utils/check-options.ts';
import {urlOrigin} from '../../utils/url-parts.ts';
import type {Outcome} from './decide.ts';
import {delayOf, isFailure, isRetryable} from './decide.ts';
import type {RetryContext, RetrySettings} from './options.ts';

/** What p-retry is thrown for a failed attempt, instead of its error: p-retry takes a `TypeError` for a bug. */
const failed = /* @__PURE__ */ new Error();

/** Makes further attempts after the first one, in the loop of p-retry. Returns or throws the outcome of the last one. */
export async function retry(
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
