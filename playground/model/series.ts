import {percentilesOf} from './percentiles.ts';
import type {Run} from './run.ts';

/** Figures over time, interval by interval. Times are in s, as charts have them; latencies in ms. */
export interface Series {
  /** The end of each interval. */
  readonly times: readonly number[];
  /** Calls settled per second. */
  readonly throughput: readonly number[];
  /** Calls failed per second. */
  readonly failures: readonly number[];
  /** `null` where no call succeeded in the interval. */
  readonly p50: ReadonlyArray<number | null>;
  readonly p95: ReadonlyArray<number | null>;
  readonly p99: ReadonlyArray<number | null>;
}

/** The length of an interval, in ms: a round number that gives about 15 to 40 intervals. */
export function stretchFor(duration: number): number {
  const steps = [10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 30_000];
  return steps.find((step) => duration / step <= 40) ?? 60_000;
}

export function seriesOf({settled}: Run, duration: number, stretch = stretchFor(duration)): Series {
  const count = Math.max(1, Math.ceil(duration / stretch));
  const latencies: number[][] = Array.from({length: count}, () => []);
  const failed = new Array<number>(count).fill(0);
  const all = new Array<number>(count).fill(0);
  for (const {start, end = 0, state} of settled) {
    const index = Math.min(count - 1, Math.floor(end / stretch));
    all[index] = (all[index] ?? 0) + 1;
    if (state === 'failed') failed[index] = (failed[index] ?? 0) + 1;
    else latencies[index]?.push(end - start);
  }
  const percentiles = latencies.map(percentilesOf);
  const perSecond = 1_000 / stretch;
  return {
    times: all.map((_, index) => ((index + 1) * stretch) / 1_000),
    throughput: all.map((calls) => calls * perSecond),
    failures: failed.map((calls) => calls * perSecond),
    p50: percentiles.map(({p50}) => p50 ?? null),
    p95: percentiles.map(({p95}) => p95 ?? null),
    p99: percentiles.map(({p99}) => p99 ?? null),
  };
}
