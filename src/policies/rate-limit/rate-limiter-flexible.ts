import {InvalidOptionError} from '../../errors/index.ts';
import type {RateLimitStore} from './index.ts';

/**
 * The members that the store uses of a limiter of `rate-limiter-flexible`: `RateLimiterRedis`, `RateLimiterValkey`,
 * `RateLimiterMemory`, …
 */
export interface FlexibleLimiter {
  /** Resolves when a point was taken. Rejects with `msBeforeNext` when no point was left, or with an error. */
  consume(key: string): Promise<unknown>;
  readonly points?: number;
  /** The length of a window, in seconds. */
  readonly duration?: number;
}

/**
 * Keeps a rate limit's count in a limiter of `rate-limiter-flexible`, so that several processes share one quota. Those
 * limiters count by fixed windows: a window begins with the first request after the last window, and all its requests
 * may be sent at once. A point that was taken for an aborted request isn't given back, because it might go to another
 * window.
 *
 * @param limiter - its `points` are the limit's `requests`, and its `duration` is the limit's `per` in whole seconds
 * @throws InvalidOptionError, thrown by the policy that uses the store, when the limit differs from the limiter's
 *
 * @example
 * ```ts
 * import {createSession} from 'aiofetch';
 * import {rateLimiterFlexibleStore} from 'aiofetch/rate-limiter-flexible';
 * import {RateLimiterMemory} from 'rate-limiter-flexible';
 *
 * // Among several processes: new RateLimiterRedis({storeClient, keyPrefix: 'github', points: 10, duration: 1})
 * const store = rateLimiterFlexibleStore(new RateLimiterMemory({points: 10, duration: 1}));
 * await using session = createSession({rateLimit: {requests: 10, per: 1_000, store}});
 * ```
 */
export function rateLimiterFlexibleStore(limiter: FlexibleLimiter): RateLimitStore {
  return {
    async take(key) {
      try {
        await limiter.consume(key);
        return 0;
      } catch (refusal) {
        const {msBeforeNext} = refusal as {readonly msBeforeNext?: unknown};
        if (typeof msBeforeNext !== 'number') throw refusal;
        // A window that ends in this ms has 0 ms left, but 0 would mean that a point was taken.
        return Math.max(1, msBeforeNext);
      }
    },
    check({requests, per, burst}) {
      const {points = requests, duration = per / 1_000} = limiter;
      const must = (name: string, value: number, is: boolean, allowed: string) => {
        if (!is) throw new InvalidOptionError(`rateLimit.${name}`, value, allowed);
      };
      must('requests', requests, requests === points, `${points}, the limiter's points`);
      must('per', per, per === duration * 1_000, `${duration * 1_000}, the limiter's duration`);
      must('per', per, per % 1_000 === 0, 'whole seconds, with this store');
      must('burst', burst, burst === requests, 'as many as requests, with this store');
    },
  };
}
