import type {Progress} from './options.ts';

/** Counts the workers that have settled, and calls the listener. Returns what it returns, and throws what it throws. */
export type ReportProgress = (isFulfilled: boolean, active: number) => unknown;

/** Creates the reporter of a run that begins now. */
export function createProgressReporter(
  inputs: object,
  listener: (progress: Progress) => void,
): ReportProgress {
  const openedAt = performance.now();
  let done = 0;
  let failed = 0;
  return (isFulfilled, active) => {
    done++;
    if (!isFulfilled) failed++;
    const elapsed = performance.now() - openedAt;
    const rate = elapsed > 0 ? (done / elapsed) * 1000 : 0;
    // Read each time, because inputs may be added to an array or a Set during the run.
    const total = count(inputs);
    return listener({
      done,
      failed,
      active,
      rate,
      ...(total !== undefined && {
        total,
        ...(rate > 0 && {eta: (Math.max(0, total - done) / rate) * 1000}),
      }),
    });
  };
}

function count(inputs: object): number | undefined {
  const {length, size} = inputs as {readonly length?: unknown; readonly size?: unknown};
  if (typeof length === 'number') return length;
  return typeof size === 'number' ? size : undefined;
}
