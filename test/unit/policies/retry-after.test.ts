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
  ])('Retry-After in seconds is read: %s', (value, ms) => {
    expect(wait({'retry-after': value})).toBe(ms);
  });

  it('Retry-After is read as a date in each of the three formats of HTTP', () => {
    expect(wait({'retry-after': 'Thu, 01 Jan 2026 00:00:07 GMT'})).toBe(7_000);
    expect(wait({'retry-after': 'Thursday, 01-Jan-26 00:00:07 GMT'})).toBe(7_000);
    expect(wait({'retry-after': 'Thu Jan  1 00:00:07 2026'})).toBe(7_000);
  });

  it('a Retry-After date in the past asks for no wait', () => {
    expect(wait({'retry-after': inSeconds(-5).toUTCString()})).toBe(0);
  });

  it("a Retry-After date is measured from the server's own Date", () => {
    // The server's clock is an hour behind.
    expect(
      wait({date: inSeconds(-3_600).toUTCString(), 'retry-after': inSeconds(-3_590).toUTCString()}),
    ).toBe(10_000);
  });

  it('Retry-After-Ms is read in ms, and goes before Retry-After, unless it is no number', () => {
    expect(wait({'retry-after-ms': '1500.5', 'retry-after': '9'})).toBe(1_500.5);
    expect(wait({'retry-after-ms': '0'}, 503)).toBe(0);
    for (const value of ['', '-1', 'soon']) {
      expect(wait({'retry-after-ms': value, 'retry-after': '9'}), value).toBe(9_000);
    }
  });

  it.each(['', '-5', 'soon', 'abc 12', '5, 10', 'NaN', '12:34:xx'])(
    "a Retry-After that can't be parsed is ignored: %j",
    (value) => {
      expect(wait({'retry-after': value})).toBeUndefined();
    },
  );

  it('Retry-After goes before the reset of a quota, with any status', () => {
    expect(wait({'retry-after': '3', 'ratelimit-reset': '50', 'ratelimit-remaining': '0'})).toBe(3_000);
    expect(wait({'retry-after': '3'}, 503)).toBe(3_000);
    expect(wait({}, 503)).toBeUndefined();
  });
});

describe('the reset of a quota', () => {
  it('the reset is read in seconds, as a timestamp in seconds or ms, or as a date', () => {
    const at = Math.floor(inSeconds(20).getTime() / 1_000);
    expect(wait({'ratelimit-reset': '20'})).toBe(20_000);
    expect(wait({'x-ratelimit-reset': '20'})).toBe(20_000);
    expect(wait({'x-ratelimit-reset': String(at)})).toBe(20_000);
    expect(wait({'x-ratelimit-reset': String(at * 1_000)})).toBe(20_000);
    expect(wait({'x-ratelimit-reset': inSeconds(20).toISOString()})).toBe(20_000);
  });

  it('the reset is waited for when the quota is used up, or after a 429 without a remaining count', () => {
    expect(wait({'ratelimit-reset': '20', 'ratelimit-remaining': '0'}, 503)).toBe(20_000);
    expect(wait({'ratelimit-reset': '20'}, 429)).toBe(20_000);
  });

  it('the reset is not waited for when requests are left', () => {
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
  ])('a quota is read from %j', (headers) => {
    expect(quota(headers as Record<string, string>)).toEqual({limit: 100, remaining: 42, reset: 7_000});
  });

  it('a quota is read from the structured RateLimit field, which has no limit', () => {
    expect(quota({ratelimit: '"default";r=42;t=7'})).toEqual({limit: undefined, remaining: 42, reset: 7_000});
    expect(quota({ratelimit: '"burst";pk=:cHsdsRa894==:;r=0;t=3'})).toMatchObject({
      remaining: 0,
      reset: 3_000,
    });
  });

  it('a quota is unknown without such headers', () => {
    expect(quota({})).toEqual({limit: undefined, remaining: undefined, reset: undefined});
    expect(quota({'ratelimit-limit': 'lots'})).toMatchObject({limit: undefined});
  });
});
