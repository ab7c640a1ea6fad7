import {describe, expect, it} from 'vitest';
import {quotaOf, retryAfter} from '../../../src/policies/retry-after.ts';
import {useFakeClock} from './support.ts';

useFakeClock();

const inSeconds = (seconds: number) => new Date(Date.now() + seconds * 1_000);

function wait(headers: Record<string, string>, status = 429): number | undefined {
  return retryAfter(new Response(null, {status, headers}));
}

describe('Retry-After', () => {
  it.each([
    ['0', 0],
    ['5', 5_000],
    ['1.5', 1_500],
    ['86400', 86_400_000],
  ])('in seconds: %s', (value, ms) => {
    expect(wait({'retry-after': value})).toBe(ms);
  });

  it('as a date, in each of the three forms of HTTP', () => {
    expect(wait({'retry-after': 'Thu, 01 Jan 2026 00:00:07 GMT'})).toBe(7_000);
    expect(wait({'retry-after': 'Thursday, 01-Jan-26 00:00:07 GMT'})).toBe(7_000);
    expect(wait({'retry-after': 'Thu Jan  1 00:00:07 2026'})).toBe(7_000);
  });

  it('as a date that has passed is no wait', () => {
    expect(wait({'retry-after': inSeconds(-5).toUTCString()})).toBe(0);
  });

  it('as a date is on the clock of the server that tells it', () => {
    // Its clock is an hour behind.
    expect(
      wait({date: inSeconds(-3_600).toUTCString(), 'retry-after': inSeconds(-3_590).toUTCString()}),
    ).toBe(10_000);
  });

  it.each(['', '-5', 'soon', 'abc 12', '5, 10', 'NaN', '12:34:xx'])(
    'that is nothing is none: %j',
    (value) => {
      expect(wait({'retry-after': value})).toBeUndefined();
    },
  );

  it('goes before a quota, and counts with any status', () => {
    expect(wait({'retry-after': '3', 'ratelimit-reset': '50', 'ratelimit-remaining': '0'})).toBe(3_000);
    expect(wait({'retry-after': '3'}, 503)).toBe(3_000);
    expect(wait({}, 503)).toBeUndefined();
  });
});

describe('the reset of a quota', () => {
  it('is in seconds, or a time in seconds or ms, or a date', () => {
    const at = Math.floor(inSeconds(20).getTime() / 1_000);
    expect(wait({'ratelimit-reset': '20'})).toBe(20_000);
    expect(wait({'x-ratelimit-reset': '20'})).toBe(20_000);
    expect(wait({'x-ratelimit-reset': String(at)})).toBe(20_000);
    expect(wait({'x-ratelimit-reset': String(at * 1_000)})).toBe(20_000);
    expect(wait({'x-ratelimit-reset': inSeconds(20).toISOString()})).toBe(20_000);
  });

  it('is waited for when the quota is used up, or when that is what a 429 must mean', () => {
    expect(wait({'ratelimit-reset': '20', 'ratelimit-remaining': '0'}, 503)).toBe(20_000);
    expect(wait({'ratelimit-reset': '20'}, 429)).toBe(20_000);
  });

  it('is not waited for when an API tells it with an error that has nothing to do with it', () => {
    expect(wait({'x-ratelimit-reset': '3600', 'x-ratelimit-remaining': '4999'}, 502)).toBeUndefined();
    expect(wait({'x-ratelimit-reset': '3600'}, 502)).toBeUndefined();
    expect(wait({'x-ratelimit-reset': '3600', 'x-ratelimit-remaining': '12'}, 429)).toBeUndefined();
  });
});

describe('a quota', () => {
  const quota = (headers: Record<string, string>) => quotaOf(new Headers(headers));

  it.each([
    [{'ratelimit-limit': '100', 'ratelimit-remaining': '42', 'ratelimit-reset': '7'}],
    [{'ratelimit-limit': '100, 100;w=60', 'ratelimit-remaining': '42', 'ratelimit-reset': '7'}],
    [{'x-ratelimit-limit': '100', 'x-ratelimit-remaining': '42', 'x-ratelimit-reset': '7'}],
    [{ratelimit: 'limit=100, remaining=42, reset=7'}],
  ])('is told by %j', (headers) => {
    expect(quota(headers as Record<string, string>)).toEqual({limit: 100, remaining: 42, reset: 7_000});
  });

  it('is told by the structured RateLimit field, without its limit', () => {
    expect(quota({ratelimit: '"default";r=42;t=7'})).toEqual({limit: undefined, remaining: 42, reset: 7_000});
    expect(quota({ratelimit: '"burst";pk=:cHsdsRa894==:;r=0;t=3'})).toMatchObject({
      remaining: 0,
      reset: 3_000,
    });
  });

  it('is unknown where nothing is told', () => {
    expect(quota({})).toEqual({limit: undefined, remaining: undefined, reset: undefined});
    expect(quota({'ratelimit-limit': 'lots'})).toMatchObject({limit: undefined});
  });
});
