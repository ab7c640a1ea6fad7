import {describe, expect, it} from 'vitest';
import {drawFate} from '../../playground/model/fate.ts';
import {createServerLog} from '../../playground/model/server-log.ts';
import {defaultSettings, readSettings} from '../../playground/model/settings.ts';

const calm = {...defaultSettings, failures: 0};

function fates(settings: typeof defaultSettings, count = 2_000) {
  return Array.from({length: count}, (_, key) => drawFate(settings, key, 0));
}

describe("a request's fate", () => {
  it('a fate is the same for the same seed, path and visit, and differs for others', () => {
    const settings = {...defaultSettings, failures: 30, resets: 20};
    expect(fates(settings)).toEqual(fates(settings));
    expect(fates({...settings, seed: 2})).not.toEqual(fates(settings));
    expect(drawFate(settings, 1, 1)).not.toEqual(drawFate(settings, 1, 0));
  });

  it('fates have the configured shares', () => {
    const drawn = fates({...defaultSettings, failures: 10, throttled: 20, resets: 15, cuts: 5}, 10_000);
    const share = (test: (fate: (typeof drawn)[number]) => boolean) => drawn.filter(test).length / 100;
    expect(share(({status}) => status === 503)).toBeCloseTo(10, -0.5);
    expect(share(({status}) => status === 429)).toBeCloseTo(20, -0.5);
    expect(share(({kind}) => kind === 'reset')).toBeCloseTo(15, -0.5);
    expect(share(({kind}) => kind === 'cut')).toBeCloseTo(5, -0.5);
  });

  it.each(['fixed', 'uniform', 'log-normal'] as const)(
    'has latencies around the median when they are %s',
    (latencyShape) => {
      const delays = fates({...calm, latencyShape})
        .map(({delay}) => delay)
        .sort((one, other) => one - other);
      expect(delays[1_000]).toBeGreaterThan(50);
      expect(delays[1_000]).toBeLessThan(70);
      expect(Math.min(...delays)).toBeGreaterThanOrEqual(0);
      expect(new Set(delays).size === 1).toBe(latencyShape === 'fixed');
    },
  );

  it('latencies with two peaks have a second peak of slow requests', () => {
    const slow = fates({...calm, latencyShape: 'two-peaks', latencySpread: 100}).filter(
      ({delay}) => delay > 500,
    );
    expect(slow.length / 2_000).toBeCloseTo(1 / 12, 1);
  });
});

describe("the server's log", () => {
  it('the log counts requests that arrived, that are active, and how they ended', () => {
    const log = createServerLog(calm, 2);
    const [first, second, third] = [log.arrive(0, 0, 0), log.arrive(0, 1, 0), log.arrive(1, 2, 0)];
    first.ended('answered');
    first.ended('left');
    second.ended('left');
    expect(log.summary()).toEqual({
      arrived: 3,
      active: 1,
      outcomes: {answered: 1, reset: 0, cut: 0, left: 1},
      statuses: {200: 1},
      peak: 3,
      hosts: [
        {arrived: 2, peak: 2},
        {arrived: 1, peak: 1},
      ],
    });
    third.ended('reset');
    expect(log.summary().active).toBe(0);
  });

  it('the log answers 429 over the quota of a host, until the next second', () => {
    const log = createServerLog({...calm, quota: 2, retryAfter: 3}, 2);
    const statuses = [0, 1, 2].map((key) => log.arrive(0, key, 0).fate.status);
    expect(statuses).toEqual([200, 200, 429]);
    expect(log.arrive(1, 3, 0).fate.status).toBe(200);
    expect(log.arrive(0, 4, 10).fate).toMatchObject({status: 429, retryAfter: 3});
    expect(log.arrive(0, 5, 1_000).fate.status).toBe(200);
  });
});

it('a host beyond its capacity slows down in proportion to the excess', () => {
  const log = createServerLog({...calm, latencyShape: 'fixed', latency: 10, capacity: 2}, 1);
  const delays = [0, 1, 2, 3].map((key) => log.arrive(0, key, 0).fate.delay);
  expect(delays).toEqual([10, 10, 15, 20]);
});

describe('settings from elsewhere', () => {
  it('settings of the right type are used, and defaults replace the others', () => {
    const read = readSettings({
      limit: 7,
      retries: -1,
      size: 'large',
      hasHedging: true,
      other: 1,
      rateScope: 'world',
      latencyShape: 'fixed',
    });
    expect(read).toEqual({...defaultSettings, limit: 7, hasHedging: true, latencyShape: 'fixed'});
    expect(readSettings(null)).toEqual(defaultSettings);
  });

  it('settings stay within the bounds of the server', () => {
    expect(readSettings({hosts: 99, requests: 1e9})).toMatchObject({hosts: 4, requests: 20_000});
    expect(readSettings({hosts: 0, requests: 0})).toMatchObject({hosts: 1, requests: 1});
  });
});
