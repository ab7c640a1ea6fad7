import {describe, expect, it, vi} from 'vitest';
import {WindowCounts} from '../../../src/policies/window-counts.ts';
import {useFakeClock} from './support.ts';

useFakeClock();

describe('counts over a window', () => {
  it('counts drop what is older than the window, and keep what is younger than half of it', () => {
    const counts = new WindowCounts(1_000);
    const at = (ms: number) => {
      vi.advanceTimersByTime(ms);
      counts.forget(performance.now());
      return [counts.all, counts.marked];
    };
    counts.add(4, 1);
    expect(at(499)).toEqual([4, 1]);
    counts.add(2, 2);
    expect(at(1)).toEqual([6, 3]);
    counts.add(1, 0);
    expect(at(499)).toEqual([7, 3]);
    expect(at(1)).toEqual([1, 0]);
    expect(at(500)).toEqual([0, 0]);
  });

  it.each([1_000, 5_000])('all counts are dropped after %i ms without use', (rest) => {
    const counts = new WindowCounts(1_000);
    counts.add(4, 1);
    vi.advanceTimersByTime(rest);
    counts.forget(performance.now());
    expect([counts.all, counts.marked]).toEqual([0, 0]);
  });

  it('clear() drops the counts of both halves of the window', () => {
    const counts = new WindowCounts(1_000);
    counts.add(4, 1);
    vi.advanceTimersByTime(500);
    counts.forget(performance.now());
    counts.add(2, 1);
    counts.clear();
    expect([counts.all, counts.marked]).toEqual([0, 0]);
  });

  it('counts are idle when they have not been used for a window', () => {
    const counts = new WindowCounts(1_000);
    vi.advanceTimersByTime(999);
    expect(counts.isIdle(performance.now())).toBe(false);
    vi.advanceTimersByTime(1);
    expect(counts.isIdle(performance.now())).toBe(true);
    counts.forget(performance.now());
    expect(counts.isIdle(performance.now())).toBe(false);
  });
});
