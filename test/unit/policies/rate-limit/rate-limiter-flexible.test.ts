import {BurstyRateLimiter, RateLimiterMemory} from 'rate-limiter-flexible';
import {describe, expect, it} from 'vitest';
import {InvalidOptionError, RateLimitError} from '../../../../src/errors/index.ts';
import type {RateLimit} from '../../../../src/policies/rate-limit/index.ts';
import {rateLimitPolicy} from '../../../../src/policies/rate-limit/index.ts';
import {rateLimiterFlexibleStore} from '../../../../src/policies/rate-limit/rate-limiter-flexible.ts';
import {requestTo, wrapped} from '../support.ts';

// On the real clock, because the package uses it.

const quota = {requests: 3, per: 1_000};

function policyOn(limiter: Parameters<typeof rateLimiterFlexibleStore>[0], options: Partial<RateLimit> = {}) {
  const times: number[] = [];
  const policy = wrapped(
    rateLimitPolicy({...quota, store: rateLimiterFlexibleStore(limiter), ...options}),
    async () => {
      times.push(performance.now());
      return new Response();
    },
  );
  return {times, send: () => policy(requestTo())};
}

describe('a limiter of rate-limiter-flexible', () => {
  it('sessions that share a limiter keep to its quota together', async () => {
    const limiter = new RateLimiterMemory({points: 3, duration: 1});
    const fleet = [policyOn(limiter), policyOn(limiter), policyOn(limiter)];
    const start = performance.now();
    await Promise.all(fleet.flatMap(({send}) => [send(), send(), send()]));
    const times = fleet.flatMap((one) => one.times).toSorted((a, b) => a - b);
    for (const [index, windowStart] of [0, 1_000, 2_000].entries()) {
      const inWindow = times.slice(index * 3, index * 3 + 3).map((time) => time - start);
      expect(Math.min(...inWindow)).toBeGreaterThanOrEqual(windowStart - 5);
    }
  });

  it('a request waits while the limiter has no points, or is refused by maxWait', async () => {
    const {send} = policyOn(new RateLimiterMemory({points: 3, duration: 1}), {maxWait: 100});
    const [refused, ...rest] = (await Promise.allSettled([send(), send(), send(), send()])).toReversed();
    expect(rest.map(({status}) => status)).toEqual(Array(3).fill('fulfilled'));
    const {reason} = refused as PromiseRejectedResult;
    expect(reason).toBeInstanceOf(RateLimitError);
    expect(reason.retryAfter).toBeGreaterThan(100);
    // The wait is a difference of two times, so its last digits are rounded.
    expect(Math.round(reason.retryAfter)).toBeLessThanOrEqual(1_000);
  });

  it('a limiter may have a burst of its own', async () => {
    const limiter = new BurstyRateLimiter(
      new RateLimiterMemory({points: 3, duration: 1}),
      new RateLimiterMemory({keyPrefix: 'burst', points: 2, duration: 60}),
    );
    const {send} = policyOn(limiter, {maxWait: 1});
    const outcomes = await Promise.allSettled(Array.from({length: 6}, send));
    expect(outcomes.map(({status}) => status)).toEqual([...Array(5).fill('fulfilled'), 'rejected']);
  });

  it('a limiter that fails counts as a store that fails', async () => {
    const failing = {consume: () => Promise.reject(new Error('Redis connection is not ready'))};
    await expect(policyOn(failing).send()).rejects.toMatchObject({
      name: 'RateLimitError',
      cause: expect.objectContaining({message: 'Redis connection is not ready'}),
    });
    expect((await policyOn(failing, {whenStoreFails: 'open'}).send()).ok).toBe(true);
  });

  it('a limiter that refuses with 0 ms left still refuses', async () => {
    const store = rateLimiterFlexibleStore({consume: () => Promise.reject({msBeforeNext: 0})});
    expect(await store.take('key', {...quota, burst: 3})).toBe(1);
  });

  it.each([
    [{points: 4, duration: 1}, {}, 'rateLimit.requests'],
    [{points: 3, duration: 2}, {}, 'rateLimit.per'],
    [{points: 3, duration: 1.5}, {per: 1_500}, 'rateLimit.per'],
    [{points: 3, duration: 1}, {burst: 5}, 'rateLimit.burst'],
  ])("a limiter whose quota differs from the limit's is refused: %j", (options, changes, option) => {
    const make = () => policyOn(new RateLimiterMemory(options), changes);
    expect(make).toThrow(InvalidOptionError);
    expect(make).toThrow(expect.objectContaining({option}) as Error);
  });
});
