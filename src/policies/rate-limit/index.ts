import type {Handler, PolicyDefinition} from '../../core/policy.ts';
import type {ConnectorRequest} from '../../core/request.ts';
import {urlParts} from '../../utils/url-parts.ts';
import {quotaOf, retryAfter} from '../retry-after.ts';
import type {RateLimit} from './options.ts';
import {checkLimit} from './options.ts';
import type {Bucket} from './queue.ts';
import {drain, pauseUntil, putBack, refusal, Waiter, WaitQueue, waitFor, withBuckets} from './queue.ts';

export type {RateLimit, RateLimitQuota, RateLimitStore} from './options.ts';

const noQuota = {limit: undefined, remaining: undefined, reset: undefined};

/**
 * Sends no more requests than a limit allows, or several; the others wait their turn, and leave at once when they are
 * aborted. A 429 or 503 that says `Retry-After` pauses everybody in the scope (the session's only where no limit has a
 * narrower one). Turns go by arrival among requests with the same keys, and in rotation among those with different ones.
 * A session has one of these by its `rateLimit` option.
 *
 * @throws InvalidOptionError for what can't be; for a request RateLimitError, when it would wait longer than `maxWait`
 * or the store fails
 *
 * @example
 * ```ts
 * import {createSession, rateLimitPolicy} from 'aiofetch';
 *
 * const limits = rateLimitPolicy([
 *   {requests: 10, per: 1_000, scope: 'host'},
 *   {requests: 1_000, per: 3_600_000, maxWait: 60_000},
 * ]);
 * await using session = createSession({policies: [limits]});
 * ```
 */
export function rateLimitPolicy(options: RateLimit | readonly RateLimit[]): PolicyDefinition {
  const limits = [options].flat().map(checkLimit).map(withBuckets);
  const maxWait = Math.min(...limits.map((limit) => limit.maxWait));
  const learns = limits.some((limit) => limit.learn);
  const asks = limits.some((limit) => limit.store);
  // What one host says is nothing to the others, where they are told apart.
  const sessionPauses = limits.every((limit) => limit.scope === 'session');
  const queues = new Map<string, WaitQueue>();

  function bucketsOf(request: ConnectorRequest): Bucket[] {
    const found: Bucket[] = [];
    for (const {scope, buckets} of limits) {
      const key =
        scope === 'session' ? scope : scope === 'host' ? urlParts(request.url).origin : scope(request);
      if (key !== undefined) found.push(buckets.get(key));
    }
    return found;
  }

  function takeNow(buckets: readonly Bucket[]): boolean {
    const now = performance.now();
    for (const bucket of buckets) if (bucket.queues.size > 0 || bucket.readyAt(now) > now) return false;
    for (const bucket of buckets) {
      bucket.take(now);
      bucket.inFlight++;
    }
    return true;
  }

  function wait(request: ConnectorRequest, buckets: readonly Bucket[]): Promise<void> {
    return new Promise((resolve, reject) => {
      const now = performance.now();
      const delay = Math.max(...buckets.map((bucket) => bucket.readyAt(now, bucket.queued))) - now;
      if (request.lifetime.isAborted) throw request.lifetime.reason;
      if (delay > maxWait) throw refusal(delay, request);
      // By limit and key, since not every limit has to be for every request.
      const key = JSON.stringify(buckets.map((bucket) => [limits.indexOf(bucket.limit), bucket.key]));
      let queue = queues.get(key);
      if (!queue) {
        queue = new WaitQueue(buckets, () => queues.delete(key));
        queues.set(key, queue);
      }
      new Waiter(queue, request, now + maxWait, resolve, reject);
      if (queue.list) return;
      const busy = buckets.find((bucket) => bucket.queues.size > 0);
      if (busy) waitFor(queue, busy, now);
      else drain(queue, now);
    });
  }

  async function send(
    next: Handler,
    request: ConnectorRequest,
    buckets: readonly Bucket[],
  ): Promise<Response> {
    try {
      const response = await next(request);
      if (learns || response.status === 429 || response.status === 503)
        applyFeedback(request, response, buckets);
      return response;
    } finally {
      for (const bucket of buckets) bucket.inFlight--;
    }
  }

  function applyFeedback(request: ConnectorRequest, response: Response, buckets: readonly Bucket[]): void {
    const now = performance.now();
    const asked = response.status === 429 || response.status === 503 ? retryAfter(response) : undefined;
    const {limit = Infinity, remaining, reset = 0} = learns ? quotaOf(response.headers) : noQuota;
    let longest = 0;
    for (const bucket of buckets) {
      const {scope, learn, maxPause} = bucket.limit;
      let pause = scope !== 'session' || sessionPauses ? (asked ?? 0) : 0;
      if (learn && remaining !== undefined) {
        bucket.lower(now, limit, remaining);
        if (remaining === 0) pause = Math.max(pause, reset);
      }
      pause = Math.min(pause, maxPause);
      if (pause > 0) pauseUntil(bucket, now + pause);
      longest = Math.max(longest, pause);
    }
    if (longest > 0) request.lifetime.trace?.emit('rateLimitPaused', request, {delay: longest});
  }

  const wrap =
    (next: Handler): Handler =>
    (request) => {
      const buckets = bucketsOf(request);
      if (buckets.length === 0) return next(request);
      if (!asks && takeNow(buckets)) return send(next, request, buckets);
      return wait(request, buckets).then(() => {
        const {isAborted, reason} = request.lifetime;
        if (!isAborted) return send(next, request, buckets);
        // In the moment between: its turn is another's.
        for (const bucket of buckets) bucket.inFlight--;
        putBack(buckets, buckets);
        throw reason;
      });
    };
  return {name: 'rateLimit', rejectsOnAbort: true, wrap};
}
