import {afterEach, beforeEach, describe, expect, it, vi} from 'vitest';
import {startInterval, startTimer, watchWork} from '../../../src/utils/worker-timers.ts';

/** Work that a request of a worker has begun. */
function begin() {
  const work = {over: false, abandoned: 0};
  watchWork({
    isOver: () => work.over,
    abandon() {
      work.abandoned++;
    },
  });
  return work;
}

/** Calls `begin` in a request that then ends: workerd fires its timers no more. */
function inEndedRequest<T>(begin: () => T): T {
  const timers = vi.spyOn(globalThis, 'setTimeout').mockReturnValue(0 as never);
  const intervals = vi.spyOn(globalThis, 'setInterval').mockReturnValue(0 as never);
  try {
    return begin();
  } finally {
    timers.mockRestore();
    intervals.mockRestore();
  }
}

describe('the timers of a worker that serves several requests', () => {
  const works: Array<ReturnType<typeof begin>> = [];

  beforeEach(() => {
    vi.useFakeTimers();
  });

  afterEach(() => {
    for (const work of works.splice(0)) work.over = true;
    vi.advanceTimersByTime(10_000);
    expect(vi.getTimerCount()).toBe(0);
    vi.useRealTimers();
  });

  function running() {
    const work = begin();
    works.push(work);
    return work;
  }

  it('work whose request has ended is abandoned once, in the course of another request', () => {
    const left = inEndedRequest(begin);
    running();
    vi.advanceTimersByTime(1_900);
    expect(left.abandoned).toBe(0);
    vi.advanceTimersByTime(600);
    expect(left.abandoned).toBe(1);
    vi.advanceTimersByTime(10_000);
    expect(left.abandoned).toBe(1);
  });

  it('work that is running or over is never abandoned', () => {
    const over = inEndedRequest(begin);
    over.over = true;
    const first = running();
    const second = running();
    vi.advanceTimersByTime(60_000);
    expect([over.abandoned, first.abandoned, second.abandoned]).toEqual([0, 0, 0]);
  });

  it('a watch that is ended leaves no timer', () => {
    const stop = watchWork({isOver: () => false, abandon: () => expect.unreachable()});
    expect(vi.getTimerCount()).toBe(1);
    stop();
    expect(vi.getTimerCount()).toBe(0);
  });

  it('a worker that calculates for long abandons nothing, because all timers fire late', () => {
    const first = running();
    const second = running();
    vi.advanceTimersByTime(1_000);
    vi.spyOn(performance, 'now').mockReturnValue(performance.now() + 30_000);
    // The next thing that runs is a new request, before any of the timers.
    const third = running();
    vi.advanceTimersByTime(100);
    vi.mocked(performance.now).mockRestore();
    expect([first.abandoned, second.abandoned, third.abandoned]).toEqual([0, 0, 0]);
  });

  it('an error of abandoned work keeps no other work from being abandoned', () => {
    inEndedRequest(() =>
      watchWork({
        isOver: () => false,
        abandon() {
          throw new Error('an object of another request');
        },
      }),
    );
    const left = inEndedRequest(begin);
    running();
    vi.advanceTimersByTime(3_000);
    expect(left.abandoned).toBe(1);
  });

  it('a timer fires once, on time while its request runs', () => {
    const run = vi.fn();
    startTimer(run, 250);
    vi.advanceTimersByTime(249);
    expect(run).not.toHaveBeenCalled();
    vi.advanceTimersByTime(1);
    running();
    vi.advanceTimersByTime(1_000);
    expect(run).toHaveBeenCalledOnce();
  });

  it('a timer whose request has ended fires in the course of another request', () => {
    const run = vi.fn();
    inEndedRequest(() => startTimer(run, 250));
    running();
    vi.advanceTimersByTime(300);
    expect(run).toHaveBeenCalledOnce();
  });

  it('a timer that was stopped doesn’t fire', () => {
    const run = vi.fn();
    startTimer(run, 250)();
    inEndedRequest(() => startTimer(run, 250))();
    running();
    vi.advanceTimersByTime(1_000);
    expect(run).not.toHaveBeenCalled();
  });

  it('an interval goes on after its request has ended, until it is stopped', () => {
    const run = vi.fn();
    const stop = inEndedRequest(() => startInterval(run, 500));
    running();
    vi.advanceTimersByTime(1_700);
    expect(run).toHaveBeenCalledTimes(3);
    stop();
    vi.advanceTimersByTime(5_000);
    expect(run).toHaveBeenCalledTimes(3);
  });

  it('an interval fires on its own while nothing else runs, and finds what was left', () => {
    const left = inEndedRequest(begin);
    const run = vi.fn();
    const stop = startInterval(run, 500);
    vi.advanceTimersByTime(2_600);
    expect(run).toHaveBeenCalledTimes(5);
    expect(left.abandoned).toBe(1);
    stop();
  });
});
