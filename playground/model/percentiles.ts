/** The percentile at a share (0 to 1) of sorted values, by nearest rank; `undefined` without values. */
export function percentile(sorted: ArrayLike<number>, share: number): number | undefined {
  const {length} = sorted;
  if (length === 0) return undefined;
  return sorted[Math.min(length - 1, Math.max(0, Math.ceil(share * length) - 1))];
}

export interface Percentiles {
  readonly p50: number | undefined;
  readonly p95: number | undefined;
  readonly p99: number | undefined;
}

export function percentilesOf(values: Iterable<number>): Percentiles {
  const sorted = Float64Array.from(values).sort();
  return {p50: percentile(sorted, 0.5), p95: percentile(sorted, 0.95), p99: percentile(sorted, 0.99)};
}
