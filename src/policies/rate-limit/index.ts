import type {Handler, PolicyDefinition} from '../../core/policy.ts';
import type {ConnectorRequest} from '../../core/request.ts';
import {urlOrigin} from '../../utils/url-parts.ts';
import type {Quota} from '../retry-after.ts';
import {quotaOf, retryAfter} from '../retry-after.ts';
import type {RateLimit} from './options.ts';
import {checkLimit} from './options.ts';
import type {Bucket} from './queue.ts';
import {
  drain,
  pauseUntil,
  rateLimitError,
  returnTokens,
  Waiter,
  WaitQueue,
  waitFor,
  withBuckets,
} from './queue.ts';

export type {RateLimit, RateLimitQuota, RateLimitStore} from './options.ts';

/**
 * Sends no more requests than one or several limits allow. The other requests wait; a request that is aborted leaves the
 * queue at once. A 429 or 503 with `Retry-After` pauses all requests of the scope; it pauses the scope `session` only if
 * no limit has a narrower scope. Requests with the same keys go in the order of their arrival, requests with different
 * keys in rotation. `createSession` of `aiofetch` has this policy when its `rateLimit` option is set.
 *
 * @throws InvalidOptionError; UnsupportedOptionError for an unknown option; a request rejects with RateLimitError when it
 * would wait longer than `maxWait` or when the store fails
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
  // One function, because its steps share the limits and the queues.
  const limits = [options].flat().map(checkLimit).map(withBuckets);
  const maxWait = Math.min(...limits.map((limit) => limit.maxWait));
  const learns = limits.some((limit) => limit.learn);
  const hasStore = limits.some((limit) => limit.store);
  // If a limit has a narrower scope, a pause that one host asks for must not stop the requests to other hosts.
  const sessionPauses = limits.every((limit) => limit.scope === 'session');
  const queues = new Map<string, WaitQueue>();

  function bucketsOf(request: ConnectorRequest): Bucket[] {
    const found: Bucket[] = [];
    for (const {scope, buckets} of limits) {
      const key = scope === 'session' ? scope : scope === 'host' ? urlOrigin(request.url) : scope(request);
      if (key !== undefined) found.push(buckets.get(key));
    }
    return found;
  }

  /** Takes a token of each bucket if all have one and no other request waits for one. */
  function takeNow(buckets: readonly Bucket[]): boolean {
    const now = performance.now();
    for (const bucket of buckets) if (bucket.queues.size > 0 || bucket.readyAt(now) > now) return false;
    for (const bucket of buckets) {
      bucket.take(now);
      bucket.inFlight++;
    }
    return true;
  }

  async function waitAndSend(
    next: Handler,
    request: ConnectorRequest,
    buckets: readonly Bucket[],
  ): Promise<Response> {
    const now = performance.now();
    const delay = Math.max(...buckets.map((bucket) => bucket.readyAt(now, bucket.queued))) - now;
    const {lifetime} = request;
    if (lifetime.isAborted) throw lifetime.reason;
    if (delay > maxWait) throw rateLimitError(delay, request);
    // The key names the limits too, because a request needn't be counted by every limit.
    const key = JSON.stringify(buckets.map((bucket) => [limits.indexOf(bucket.limit), bucket.key]));
    const queue = queues.get(key) ?? new WaitQueue(buckets, () => queues.delete(key));
    queues.set(key, queue);
    await new Promise<void>((resolve, reject) => {
      new Waiter(queue, request, now + maxWait, resolve, reject);
      lifetime.trace?.emit('rateLimitWaitStart', request);
      if (queue.list) return;
      const busy = buckets.find((bucket) => bucket.queues.size > 0);
      if (busy) waitFor(queue, busy, now);
      else drain(queue, now);
      // In the async context of the call, which the promise restores.
    }).finally(() => lifetime.trace?.emit('rateLimitWaitEnd', request));
    if (!lifetime.isAborted) return sendCounted(next, request, buckets);
    // The call was aborted after it was let go and before it was sent: its tokens are for the next request.
    for (const bucket of buckets) bucket.inFlight--;
    returnTokens(buckets, buckets);
    throw lifetime.reason;
  }

  async function sendCounted(
    next: Handler,
    request: ConnectorRequest,
    buckets: readonly Bucket[],
  ): Promise<Response> {
    try {
      const response = await next(request);
      const asked = response.status === 429 || response.status === 503 ? retryAfter(response) : undefined;
      const quota = learns ? quotaOf(response.headers) : undefined;
      if (asked ?? quota) applyFeedback(request, buckets, sessionPauses, asked, quota);
      return response;
    } finally {
      for (const bucket of buckets) bucket.inFlight--;
    }
  }

  const wrap =
    (next: Handler): Handler =>
    (request) => {
      const buckets = bucketsOf(request);
      if (buckets.length === 0) return next(request);
      if (!hasStore && takeNow(buckets)) return sendCounted(next, request, buckets);
      return waitAndSend(next, request, buckets);
    };
  return {name: 'rateLimit', rejectsOnAbort: true, isShareable: true, wrap};
}

/** Pauses or lowers the limits of a request as its response asks. */
function applyFeedback(
  request: ConnectorRequest,
  buckets: readonly Bucket[],
  sessionPauses: boolean,
  asked = 0,
  {limit = Infinity, remaining, reset = 0}: Partial<Quota> = {},
): void {
  const now = performance.now();
  let longest = 0;
  for (const bucket of buckets) {
    const {scope, learn, maxPause} = bucket.limit;
    let pause = scope !== 'session' || sessionPauses ? asked : 0;
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
