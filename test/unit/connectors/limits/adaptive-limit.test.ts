import fc from 'fast-check';
import {describe, expect, it, vi} from 'vitest';
import type {AdaptiveLimitOptions} from '../../../../src/connectors/limits/adaptive-limit.ts';
import {adaptiveLimit} from '../../../../src/connectors/limits/adaptive-limit.ts';
import type {HostLimit, LimitSample} from '../../../../src/core/host-limit.ts';
import type {Phase} from '../../../../src/errors/index.ts';
import {
  ConnectionError,
  InvalidOptionError,
  TimeoutError,
  UnsupportedOptionError,
} from '../../../../src/errors/index.ts';
import {createRandom} from '../../../support/random.ts';
import {pass, useFakeClock} from '../../policies/support.ts';
import {randomTimes, simulate} from './support/simulated-host.ts';

useFakeClock();

type Outcome = Pick<LimitSample, 'status' | 'error'>;

const answered: Outcome = {status: 200, error: undefined};
const overloaded: Outcome = {status: 503, error: undefined};
const cut: Outcome = {status: undefined, error: new TimeoutError('total', 100)};

const median = (values: readonly number[]) => values.toSorted((a, b) => a - b)[values.length >> 1] as number;

/** Observes requests one after the other, with the same latency and the same number of slots in use. */
function observe(
  limit: HostLimit,
  count: number,
  {outcome = answered, latency = 20, active = limit.limit, from = performance.now()} = {} as Partial<{
    outcome: Outcome;
    latency: number;
    active: number;
    from: number;
  }>,
): number {
  let now = from;
  for (let index = 0; index < count; index++) {
    const sentAt = now + 1;
    now = sentAt + latency;
    limit.observe({...outcome, sentAt, now, active});
  }
  return now;
}

describe('the limit of a host', () => {
  it.each([
    [{}, 10],
    [{initial: 3}, 3],
    [{min: 20}, 20],
    [{max: 4}, 4],
    [{min: 200}, 200],
  ] as const)('with the options %o the limit begins at %i', (options, initial) => {
    expect(adaptiveLimit(options).hosts().of('a').limit).toBe(initial);
  });

  it('the limit never leaves its bounds and stays a whole number, whatever is observed', () => {
    const bounds = fc
      .tuple(fc.integer({min: 1, max: 20}), fc.nat(50), fc.double({min: 0, max: 1, noNaN: true}))
      .map(([min, more, share]) => ({min, max: min + more, initial: min + Math.floor(more * share)}));
    const sample = fc.record({
      outcome: fc.constantFrom(answered, answered, answered, overloaded, cut, {
        status: undefined,
        error: 'abort',
      }),
      sent: fc.double({min: -200, max: 0, noNaN: true}),
      pause: fc.oneof(fc.double({min: 0, max: 100, noNaN: true}), fc.constantFrom(0, 1_000, 31_000, 61_000)),
      active: fc.integer({min: 1, max: 80}),
    });
    fc.assert(
      fc.property(bounds, fc.array(sample, {maxLength: 400}), (options, samples) => {
        const limit = adaptiveLimit(options).hosts().of('a');
        let now = performance.now();
        for (const {outcome, sent, pause, active} of samples) {
          now += pause;
          limit.observe({...outcome, sentAt: now + sent, now, active});
          expect(limit.limit).toBeGreaterThanOrEqual(options.min);
          expect(limit.limit).toBeLessThanOrEqual(options.max);
          expect(Number.isInteger(limit.limit)).toBe(true);
        }
      }),
      {numRuns: 2_000},
    );
  });

  it.each([8, 16, 32])(
    'the limit settles at the capacity of %i of a host, plus a short queue',
    (capacity) => {
      const world = simulate({capacity, service: randomTimes(50, capacity)}, {max: 1_000});
      world.run(20_000);
      world.run(100_000);
      // The host is used to its capacity.
      expect(world.answered).toBeGreaterThan(0.93 * ((capacity * 100_000) / 50));
      expect(median(world.limits)).toBeGreaterThan(0.9 * capacity);
      expect(median(world.limits)).toBeLessThan(2.5 * capacity);
    },
  );

  it('the limit settles at the capacity of a host whose requests all take the same time', () => {
    const world = simulate({capacity: 16, service: () => 50});
    world.run(10_000);
    world.run(300_000);
    expect(world.answered).toBeGreaterThan(0.97 * ((16 * 300_000) / 50));
    expect(Math.max(...world.limits)).toBeLessThan(3 * 16);
  });

  it('the limit grows to the maximum while nothing becomes slower, even for very different requests', () => {
    const random = createRandom(5);
    const alike = simulate({capacity: Infinity}, {max: 64});
    const unlike = simulate({capacity: Infinity, service: () => (random() < 0.5 ? 2 : 200)}, {max: 64});
    for (const world of [alike, unlike]) {
      world.run(20_000);
      world.run(60_000);
      expect(median(world.limits)).toBeGreaterThan(60);
    }
  });

  it('the limit is low for a host where even few requests queue', () => {
    const world = simulate({capacity: 1});
    world.run(120_000);
    world.run(60_000);
    expect(median(world.limits)).toBeLessThan(12);
    expect(world.answered).toBeGreaterThan(0.9 * (60_000 / 50));
  });

  it('the limit decreases with the capacity of the host, and grows with it again', () => {
    const world = simulate({capacity: 32});
    world.run(30_000);
    world.host.capacity = 4;
    world.run(60_000);
    world.run(30_000);
    expect(median(world.limits)).toBeLessThan(32);
    world.host.capacity = 32;
    world.run(120_000);
    world.run(60_000);
    expect(world.answered).toBeGreaterThan(0.85 * ((32 * 60_000) / 50));
  });

  it('the limit is restored when the host has become slower for any number of requests', () => {
    const world = simulate({capacity: 32, service: randomTimes(50)});
    world.run(30_000);
    world.host.service = randomTimes(200);
    world.run(120_000);
    world.run(60_000);
    expect(world.answered).toBeGreaterThan(0.8 * ((32 * 60_000) / 200));
  });
});

describe('a host that has become slower', () => {
  /** Observes `count` rounds with as many requests at once as the limit allows. Returns the limit after each round, and the time. */
  function rounds(limit: HostLimit, count: number, latency: number, from: number): [number[], number] {
    const limits: number[] = [];
    let now = from;
    for (let index = 0; index < count; index++) {
      const sentAt = now + 1;
      now = sentAt + latency;
      const active = limit.limit;
      for (let left = active; left > 0; left--) limit.observe({...answered, sentAt, now, active});
      limits.push(limit.limit);
    }
    return [limits, now];
  }

  it('a host that is slow under any load is tried with half the limit, then gets its limit back, and the new latency becomes usual', () => {
    const limit = adaptiveLimit({initial: 64, max: 64}).hosts().of('a');
    const [before, now] = rounds(limit, 30, 20, performance.now());
    expect(before.at(-1)).toBe(64);
    const [after] = rounds(limit, 20, 200, now);
    const back = after.indexOf(64);
    expect(Math.min(...after.slice(0, back))).toBeLessThanOrEqual(32);
    expect(back).toBeLessThanOrEqual(3);
    expect(new Set(after.slice(back))).toEqual(new Set([64]));
  });

  it('a host that is slow because of the load keeps a lower limit', () => {
    const limit = adaptiveLimit({initial: 64, max: 64}).hosts().of('a');
    const [, now] = rounds(limit, 30, 20, performance.now());
    const [slow, later] = rounds(limit, 2, 200, now);
    const [after] = rounds(limit, 20, 100, later);
    expect(Math.max(...after)).toBeLessThan(slow.at(-1) as number);
  });

  it('a host that is slow under any load and also refuses requests does not get its limit back', () => {
    const limit = adaptiveLimit({initial: 64, max: 64}).hosts().of('a');
    const [, now] = rounds(limit, 30, 20, performance.now());
    const [slow, later] = rounds(limit, 2, 200, now);
    const refused = observe(limit, 1, {outcome: overloaded, from: later});
    const [after] = rounds(limit, 3, 200, refused);
    expect(Math.max(...after)).toBeLessThan(slow.at(-1) as number);
  });
});

describe('refusals', () => {
  it('refusals reduce the limit by a third once for each round, not for each refusal', () => {
    const limit = adaptiveLimit({initial: 50}).hosts().of('a');
    const now = performance.now() + 100;
    for (let index = 0; index < 50; index++) {
      limit.observe({...overloaded, sentAt: now - 50, now: now + index / 100, active: 50});
    }
    expect(limit.limit).toBe(35);
  });

  it('refusals alone reduce the limit to the minimum, and the limit recovers when they stop', () => {
    const world = simulate({capacity: 32}, {min: 2});
    world.run(20_000);
    world.host.refusesBeyond = 0;
    world.run(10_000);
    expect(world.limit.limit).toBe(2);
    expect(world.answered).toBeLessThan(70);
    world.host.refusesBeyond = Infinity;
    world.run(30_000);
    world.run(60_000);
    expect(world.answered).toBeGreaterThan(0.9 * ((32 * 60_000) / 50));
  });

  it('refusals are rare from a host that refuses requests beyond its capacity', () => {
    const world = simulate({capacity: 32, refusesBeyond: 32, service: randomTimes(50, 3)}, {max: 200});
    world.run(10_000);
    world.run(60_000);
    expect(world.refused).toBeLessThan(0.01 * world.answered);
    expect(world.answered).toBeGreaterThan(0.7 * ((32 * 60_000) / 50));
  });

  it('the limit grows by one a round for half a minute after a refusal', () => {
    const limit = adaptiveLimit({initial: 20}).hosts().of('a');
    let now = observe(limit, 1, {outcome: overloaded});
    expect(limit.limit).toBe(14);
    now = observe(limit, 15, {from: now});
    expect(limit.limit).toBe(15);
    // The next probe of the usual latency, with little load, is due by then.
    now = observe(limit, 15, {from: now + 31_000});
    expect(limit.limit).toBe(3);
    now = observe(limit, 10, {from: now});
    expect(limit.limit).toBe(15);
    now = observe(limit, 15, {from: now});
    expect(limit.limit).toBe(15 + Math.floor(Math.sqrt(15)));
  });
});

describe('signs of too much load', () => {
  const failed = (error: unknown): Outcome => ({status: undefined, error});
  const connection = (phase: Phase) => failed(new ConnectionError('It broke', phase));

  it.each([429, 503])('a response with the status %i reduces the limit at once', (status) => {
    const limit = adaptiveLimit().hosts().of('a');
    observe(limit, 1, {outcome: {status, error: undefined}});
    expect(limit.limit).toBe(7);
  });

  it.each<[string, Outcome]>([
    ['a refused connection', connection('connect')],
    ['a connection that breaks while the request is sent', connection('send')],
    ['a connection that breaks before the answer', connection('receive')],
    ['a connection that does not come about in time', failed(new TimeoutError('connect', 100))],
    ['silence', failed(new TimeoutError('read', 100))],
    ['an attempt that takes too long', failed(new TimeoutError('attempt', 100))],
  ])('%s reduces the limit by its share of a round', (_name, outcome) => {
    const limit = adaptiveLimit().hosts().of('a');
    let now = observe(limit, 9, {outcome});
    expect(limit.limit).toBe(10);
    now = observe(limit, 1, {outcome, from: now});
    expect(limit.limit).toBe(5);
    now = observe(limit, 8, {from: now});
    now = observe(limit, 2, {outcome, from: now});
    expect(limit.limit).toBe(Math.floor(4.5 + Math.sqrt(4.5)));
  });

  it('connections that break now and then under any load do not keep the limit low', () => {
    const random = createRandom(7);
    const limit = adaptiveLimit({max: 64}).hosts().of('a');
    const broken = connection('receive');
    let now = performance.now();
    for (let index = 0; index < 5_000; index++) {
      now = observe(limit, 1, {outcome: random() < 0.05 ? broken : answered, from: now});
    }
    expect(limit.limit).toBeGreaterThan(40);
  });

  it.each<[string, Outcome]>([
    ['any other answer', {status: 500, error: undefined}],
    ['an answer that shows no status', {status: 0, error: undefined}],
    ['an abort', failed(new DOMException('stop', 'AbortError'))],
    ['an abort without a reason', failed(undefined)],
    ['a name that does not resolve', connection('dns')],
    ['a certificate that does not convince', connection('tls')],
    ['a total time that is up', cut],
  ])('%s does not reduce the limit', (_name, outcome) => {
    const limit = adaptiveLimit().hosts().of('a');
    observe(limit, 1, {outcome});
    expect(limit.limit).toBe(10);
  });

  it('aborts have no effect at all: they do not count as responses either', () => {
    const limit = adaptiveLimit().hosts().of('a');
    observe(limit, 1_000, {outcome: failed(new DOMException('stop', 'AbortError'))});
    expect(limit.limit).toBe(10);
  });
});

describe('outcomes that say nothing about the load', () => {
  it('a limit that is not reached does not grow, however long the requests go on', () => {
    for (const demand of [1, 5, 9]) {
      const world = simulate({capacity: Infinity, demand, service: () => 50});
      world.run(600_000);
      expect(Math.max(...world.limits)).toBe(10);
      expect(world.answered).toBeGreaterThan(0.95 * ((demand * 600_000) / 50));
    }
  });

  it('responses to requests that were sent before the limit changed do not count', () => {
    const limit = adaptiveLimit({initial: 50}).hosts().of('a');
    const before = performance.now();
    const now = observe(limit, 1, {outcome: overloaded});
    expect(limit.limit).toBe(35);
    for (let index = 0; index < 1_000; index++) {
      limit.observe({...overloaded, sentAt: before, now: now + 500, active: 50});
      limit.observe({...answered, sentAt: before, now: now + 500, active: 50});
    }
    expect(limit.limit).toBe(35);
  });

  it('a total timeout that ended before the usual latency does not count; a later one counts as a response that took as long', () => {
    const limits = adaptiveLimit().hosts();
    const latencies = [10, 5_000] as const;
    const [soon, late] = latencies.map((latency) => {
      const limit = limits.of(String(latency));
      let now = observe(limit, 10, {latency: 100});
      expect(limit.limit).toBe(13);
      now = observe(limit, 13, {outcome: cut, latency, from: now});
      return limit.limit;
    });
    expect(soon).toBe(13);
    expect(late).toBeLessThan(13);
  });

  it('latencies below 1 ms count as equal', () => {
    const limit = adaptiveLimit({initial: 10}).hosts().of('a');
    let now = observe(limit, 10, {latency: 0.01});
    for (let round = 0; round < 20; round++) now = observe(limit, 200, {latency: 0.9, from: now});
    expect(limit.limit).toBeGreaterThan(10);
  });
});

describe('the usual latency', () => {
  it('the usual latency is measured again every half minute, with the root of the limit', () => {
    const world = simulate({capacity: 1_000, service: () => 50}, {initial: 49, max: 49});
    world.run(2_500);
    expect(world.limits).not.toContain(7);
    world.run(1_500);
    expect(world.limits).toContain(7);
    world.run(28_000);
    expect(new Set(world.limits)).toEqual(new Set([49]));
    world.run(3_000);
    expect(new Set(world.limits)).toEqual(new Set([49, 7]));
  });

  it('the usual latency needs no probe while half of the limit or less is in use', () => {
    const world = simulate({capacity: 1_000, service: () => 50, demand: 24}, {initial: 49, max: 49});
    world.run(300_000);
    expect(new Set(world.limits)).toEqual(new Set([49]));
  });
});

describe('a host without requests', () => {
  it('the limit of a host is kept for a minute without requests, and then forgotten', async () => {
    const limits = adaptiveLimit().hosts();
    observe(limits.of('a'), 1, {outcome: overloaded});
    expect(limits.stats()).toEqual({a: {active: 0, queued: 0, idle: 0, limit: 7}});
    await pass(59_000);
    expect(limits.of('a').limit).toBe(7);
    await pass(2_000);
    expect(limits.stats()).toEqual({});
    expect(limits.of('a').limit).toBe(10);
  });

  it('the limit of a host begins anew after a minute even for a connector that still holds the limit', () => {
    const limit = adaptiveLimit().hosts().of('a');
    const now = observe(limit, 1, {outcome: overloaded});
    observe(limit, 1, {from: now + 61_000});
    expect(limit.limit).toBe(10);
  });

  it('the limits of many hosts are not kept for ever', async () => {
    const limits = adaptiveLimit().hosts();
    for (let index = 0; index < 5_000; index++) {
      observe(limits.of(`https://${index}.test`), 1);
      await pass(100);
    }
    expect(Object.keys(limits.stats()).length).toBeLessThanOrEqual(610);
  });

  it('a host without requests needs no timer', () => {
    const world = simulate({});
    world.run(1_000);
    expect(vi.getTimerCount()).toBe(0);
  });
});

describe('options of adaptiveLimit', () => {
  it.each<[string, AdaptiveLimitOptions]>([
    ['min', {min: 0}],
    ['min', {min: 1.5}],
    ['max', {max: 0}],
    ['max', {min: 5, max: 4}],
    ['max', {max: Infinity}],
    ['initial', {min: 2, initial: 1}],
    ['initial', {max: 5, initial: 6}],
    ['initial', {initial: Number.NaN}],
    ['tolerance', {tolerance: 0.9}],
  ])('the option %s is refused in %o', (name, options) => {
    expect(() => adaptiveLimit(options)).toThrow(InvalidOptionError);
    expect(() => adaptiveLimit(options)).toThrow(`adaptiveLimit.${name}`);
  });

  it('an unknown option is refused', () => {
    const make = () => adaptiveLimit({maximum: 5} as AdaptiveLimitOptions);
    expect(make).toThrow(UnsupportedOptionError);
    expect(make).toThrow('Unknown option "maximum" of adaptiveLimit');
  });

  it.each([null, 5, 'max'])('%o is refused as options', (options) => {
    expect(() => adaptiveLimit(options as never)).toThrow(InvalidOptionError);
  });
});
