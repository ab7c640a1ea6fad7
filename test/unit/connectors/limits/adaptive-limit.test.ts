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

/** One request after the other, each of which takes that long and has so many beside it. */
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
  ] as const)('with %o begins at %i', (options, initial) => {
    expect(adaptiveLimit(options).hosts().of('a').limit).toBe(initial);
  });

  it('never leaves its bounds, and stays a whole number, whatever is observed', () => {
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

  it.each([8, 16, 32])('comes to what a host with a capacity of %i bears, and a short queue', (capacity) => {
    const world = simulate({capacity, service: randomTimes(50, capacity)}, {max: 1_000});
    world.run(20_000);
    world.run(100_000);
    // As many as can be answered are.
    expect(world.answered).toBeGreaterThan(0.93 * ((capacity * 100_000) / 50));
    expect(median(world.limits)).toBeGreaterThan(0.9 * capacity);
    expect(median(world.limits)).toBeLessThan(2.5 * capacity);
  });

  it('comes to it where every request takes just the same time, too', () => {
    const world = simulate({capacity: 16, service: () => 50});
    world.run(10_000);
    world.run(300_000);
    expect(world.answered).toBeGreaterThan(0.97 * ((16 * 300_000) / 50));
    expect(Math.max(...world.limits)).toBeLessThan(3 * 16);
  });

  it('goes up to the most where nothing becomes slower, and for very unlike requests as well', () => {
    const random = createRandom(5);
    const alike = simulate({capacity: Infinity}, {max: 64});
    const unlike = simulate({capacity: Infinity, service: () => (random() < 0.5 ? 2 : 200)}, {max: 64});
    for (const world of [alike, unlike]) {
      world.run(20_000);
      world.run(60_000);
      expect(median(world.limits)).toBeGreaterThan(60);
    }
  });

  it('is low where even few requests queue', () => {
    const world = simulate({capacity: 1});
    world.run(120_000);
    world.run(60_000);
    expect(median(world.limits)).toBeLessThan(12);
    expect(world.answered).toBeGreaterThan(0.9 * (60_000 / 50));
  });

  it('goes down when the host becomes less able, and up when it is as able as before', () => {
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

  it('is as high as before when the host has become slower for all, however few they are', () => {
    const world = simulate({capacity: 32, service: randomTimes(50)});
    world.run(30_000);
    world.host.service = randomTimes(200);
    world.run(120_000);
    world.run(60_000);
    expect(world.answered).toBeGreaterThan(0.8 * ((32 * 60_000) / 200));
  });
});

describe('a host that has become slower', () => {
  /** So many rounds of as many at once as there may be; the limit after each. */
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

  it('whatever is sent, is tried with half as many, and then gets as many as before: the time is what is usual', () => {
    const limit = adaptiveLimit({initial: 64, max: 64}).hosts().of('a');
    const [before, now] = rounds(limit, 30, 20, performance.now());
    expect(before.at(-1)).toBe(64);
    const [after] = rounds(limit, 20, 200, now);
    const back = after.indexOf(64);
    expect(Math.min(...after.slice(0, back))).toBeLessThanOrEqual(32);
    expect(back).toBeLessThanOrEqual(3);
    expect(new Set(after.slice(back))).toEqual(new Set([64]));
  });

  it('because of what is sent, keeps less', () => {
    const limit = adaptiveLimit({initial: 64, max: 64}).hosts().of('a');
    const [, now] = rounds(limit, 30, 20, performance.now());
    const [slow, later] = rounds(limit, 2, 200, now);
    const [after] = rounds(limit, 20, 100, later);
    expect(Math.max(...after)).toBeLessThan(slow.at(-1) as number);
  });

  it('and refuses besides, gets no more of it', () => {
    const limit = adaptiveLimit({initial: 64, max: 64}).hosts().of('a');
    const [, now] = rounds(limit, 30, 20, performance.now());
    const [slow, later] = rounds(limit, 2, 200, now);
    const refused = observe(limit, 1, {outcome: overloaded, from: later});
    const [after] = rounds(limit, 3, 200, refused);
    expect(Math.max(...after)).toBeLessThan(slow.at(-1) as number);
  });
});

describe('refusals', () => {
  it('bring it down, by a third for each round and not for each of them', () => {
    const limit = adaptiveLimit({initial: 50}).hosts().of('a');
    const now = performance.now() + 100;
    for (let index = 0; index < 50; index++) {
      limit.observe({...overloaded, sentAt: now - 50, now: now + index / 100, active: 50});
    }
    expect(limit.limit).toBe(35);
  });

  it('bring it to its least when there is nothing else, and it recovers when they stop', () => {
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

  it('are few where a host says how many it bears', () => {
    const world = simulate({capacity: 32, refusesBeyond: 32, service: randomTimes(50, 3)}, {max: 200});
    world.run(10_000);
    world.run(60_000);
    expect(world.refused).toBeLessThan(0.01 * world.answered);
    expect(world.answered).toBeGreaterThan(0.7 * ((32 * 60_000) / 50));
  });

  it('are remembered for half a minute: as long it grows by one at a time', () => {
    const limit = adaptiveLimit({initial: 20}).hosts().of('a');
    let now = observe(limit, 1, {outcome: overloaded});
    expect(limit.limit).toBe(14);
    now = observe(limit, 15, {from: now});
    expect(limit.limit).toBe(15);
    // By then it is time to measure what is usual, with little load.
    now = observe(limit, 15, {from: now + 31_000});
    expect(limit.limit).toBe(3);
    now = observe(limit, 10, {from: now});
    expect(limit.limit).toBe(15);
    now = observe(limit, 15, {from: now});
    expect(limit.limit).toBe(15 + Math.floor(Math.sqrt(15)));
  });
});

describe('what is a sign of too much load', () => {
  const failed = (error: unknown): Outcome => ({status: undefined, error});
  const connection = (phase: Phase) => failed(new ConnectionError('It broke', phase));

  it.each([429, 503])('an answer of %i is, at once', (status) => {
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
  ])('%s is, by its share of a round', (_name, outcome) => {
    const limit = adaptiveLimit().hosts().of('a');
    let now = observe(limit, 9, {outcome});
    expect(limit.limit).toBe(10);
    now = observe(limit, 1, {outcome, from: now});
    expect(limit.limit).toBe(5);
    now = observe(limit, 8, {from: now});
    now = observe(limit, 2, {outcome, from: now});
    expect(limit.limit).toBe(Math.floor(4.5 + Math.sqrt(4.5)));
  });

  it('connections that break now and then, whatever the load, don’t keep it down', () => {
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
  ])('%s is not', (_name, outcome) => {
    const limit = adaptiveLimit().hosts().of('a');
    observe(limit, 1, {outcome});
    expect(limit.limit).toBe(10);
  });

  it('aborts show nothing at all: neither do they count as answers', () => {
    const limit = adaptiveLimit().hosts().of('a');
    observe(limit, 1_000, {outcome: failed(new DOMException('stop', 'AbortError'))});
    expect(limit.limit).toBe(10);
  });
});

describe('what is no sign', () => {
  it('a limit that is not reached does not grow, however long it goes on', () => {
    for (const demand of [1, 5, 9]) {
      const world = simulate({capacity: Infinity, demand, service: () => 50});
      world.run(600_000);
      expect(Math.max(...world.limits)).toBe(10);
      expect(world.answered).toBeGreaterThan(0.95 * ((demand * 600_000) / 50));
    }
  });

  it('answers to what was sent before it moved', () => {
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

  it('a total time that was up before an answer could have come; later than that it is one that took as long', () => {
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

  it('times below what clocks tell apart', () => {
    const limit = adaptiveLimit({initial: 10}).hosts().of('a');
    let now = observe(limit, 10, {latency: 0.01});
    for (let round = 0; round < 20; round++) now = observe(limit, 200, {latency: 0.9, from: now});
    expect(limit.limit).toBeGreaterThan(10);
  });
});

describe('what is usual', () => {
  it('is measured again every half minute, with the root of the limit', () => {
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

  it('needs no measuring while half of the limit is in use', () => {
    const world = simulate({capacity: 1_000, service: () => 50, demand: 24}, {initial: 49, max: 49});
    world.run(300_000);
    expect(new Set(world.limits)).toEqual(new Set([49]));
  });
});

describe('a host that rests', () => {
  it('is remembered for a minute, then forgotten', async () => {
    const limits = adaptiveLimit().hosts();
    observe(limits.of('a'), 1, {outcome: overloaded});
    expect(limits.stats()).toEqual({a: {active: 0, queued: 0, idle: 0, limit: 7}});
    await pass(59_000);
    expect(limits.of('a').limit).toBe(7);
    await pass(2_000);
    expect(limits.stats()).toEqual({});
    expect(limits.of('a').limit).toBe(10);
  });

  it('begins anew after that even while it still holds on to its limit', () => {
    const limit = adaptiveLimit().hosts().of('a');
    const now = observe(limit, 1, {outcome: overloaded});
    observe(limit, 1, {from: now + 61_000});
    expect(limit.limit).toBe(10);
  });

  it('is not remembered for ever among many', async () => {
    const limits = adaptiveLimit().hosts();
    for (let index = 0; index < 5_000; index++) {
      observe(limits.of(`https://${index}.test`), 1);
      await pass(100);
    }
    expect(Object.keys(limits.stats()).length).toBeLessThanOrEqual(610);
  });

  it('costs no timer', () => {
    const world = simulate({});
    world.run(1_000);
    expect(vi.getTimerCount()).toBe(0);
  });
});

describe('options', () => {
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
  ])('%s is refused in %o', (name, options) => {
    expect(() => adaptiveLimit(options)).toThrow(InvalidOptionError);
    expect(() => adaptiveLimit(options)).toThrow(`adaptiveLimit.${name}`);
  });

  it('an option that is not known is refused', () => {
    const make = () => adaptiveLimit({maximum: 5} as AdaptiveLimitOptions);
    expect(make).toThrow(UnsupportedOptionError);
    expect(make).toThrow('Unknown option "maximum" of adaptiveLimit');
  });

  it.each([null, 5, 'max'])('%o are none', (options) => {
    expect(() => adaptiveLimit(options as never)).toThrow(InvalidOptionError);
  });
});
