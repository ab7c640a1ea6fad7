import fc from 'fast-check';
import {describe, expect, it, vi} from 'vitest';
import {UnsupportedOptionError} from '../../../src/errors/index.ts';
import {createBudget} from '../../../src/policies/budget.ts';
import {useFakeClock} from './support.ts';

useFakeClock();

const base = {ratio: 0.2, minimum: 10, window: 10_000};

describe('a budget', () => {
  it('a budget is a minimum plus a share of the calls, for each host', () => {
    const budget = createBudget('budget', {}, base);
    for (let index = 0; index < 50; index++) budget.count('a');
    const takes = (host: string) => {
      let taken = 0;
      while (budget.take(host)) taken++;
      return taken;
    };
    expect(takes('a')).toBe(20);
    expect(takes('b')).toBe(10);
  });

  it('a budget is available again when its window has passed', () => {
    const budget = createBudget('budget', {minimum: 1, ratio: 0}, base);
    expect([budget.take('a'), budget.take('a')]).toEqual([true, false]);
    vi.advanceTimersByTime(9_999);
    expect(budget.take('a')).toBe(false);
    vi.advanceTimersByTime(10_000);
    expect([budget.take('a'), budget.take('a')]).toEqual([true, false]);
  });

  it('a budget refuses unknown options', () => {
    expect(() => createBudget('budget', {minimun: 1} as never, base)).toThrow(UnsupportedOptionError);
  });

  it('a budget is never overdrawn, in any schedule of calls', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(3_000), fc.boolean()), {maxLength: 300}),
        fc.constantFrom(0, 0.1, 0.5, 1),
        fc.nat(5),
        (steps, ratio, minimum) => {
          const budget = createBudget('budget', {ratio, minimum, window: 1_000}, base);
          const start = performance.now();
          let calls = 0;
          let taken = 0;
          for (const [ms, isCall] of steps) {
            vi.advanceTimersByTime(ms);
            if (isCall) {
              budget.count('a');
              calls++;
            } else if (budget.take('a')) taken++;
            const halves = Math.floor((performance.now() - start) / 500) + 1;
            expect(taken).toBeLessThanOrEqual(minimum * halves + 2 * ratio * calls);
          }
        },
      ),
      {numRuns: 3_000},
    );
  });
});
