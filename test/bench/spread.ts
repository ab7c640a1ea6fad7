/**
 * The median of some rounds, and how far the rounds lie apart.
 *
 * @module
 */

/** The middle of some values, and the quartiles, between which half of the values lie. */
export interface Spread {
  readonly low: number;
  readonly median: number;
  readonly high: number;
  /** How many values there are. */
  readonly count: number;
}

/** From how many rounds on the quartiles say something. */
const fewestRounds = 3;

/** The spread of the values that are numbers: a runtime may not tell its CPU time. */
export function spreadOf(values: readonly number[]): Spread {
  const sorted = values.filter(Number.isFinite).sort((a, b) => a - b);
  return {
    low: quantile(sorted, 0.25),
    median: quantile(sorted, 0.5),
    high: quantile(sorted, 0.75),
    count: sorted.length,
  };
}

export function median(values: readonly number[]): number {
  return spreadOf(values).median;
}

/** The value below which a share of the sorted values lies, interpolated between the two nearest; NaN when there is none. */
function quantile(sorted: readonly number[], share: number): number {
  const position = (sorted.length - 1) * share;
  const below = sorted[Math.floor(position)] ?? Number.NaN;
  const above = sorted[Math.ceil(position)] ?? Number.NaN;
  return below + (above - below) * (position % 1);
}

/** Whether a value lies inside the spread, so that the rounds don't tell on which side of it the figure is. */
export function isBetween(value: number, {low, high, count}: Spread): boolean {
  return count >= fewestRounds && low <= value && high >= value;
}

/** Whether ratios lie on both sides of 1. */
export function isSame(ratio: Spread): boolean {
  return isBetween(1, ratio);
}

/** A median with its quartiles; without them where there are too few rounds. */
export function formatSpread(spread: Spread, format: (value: number) => string, between = '–'): string {
  const {low, median: middle, high, count} = spread;
  if (count === 0) return '–';
  return count < fewestRounds
    ? format(middle)
    : `${format(middle)} (${format(low)}${between}${format(high)})`;
}

/** A ratio without its quartiles: `1.25x`, or `same` when the difference lies inside the spread. */
export function formatRatio(spread: Spread): string {
  if (!Number.isFinite(spread.median)) return '–';
  return isSame(spread) ? 'same' : `${spread.median.toFixed(2)}x`;
}

/** A ratio with its quartiles: `1.25x (1.20–1.31)`, or `same (0.97–1.02)`. */
export function formatRatioSpread(spread: Spread): string {
  const {low, high, count} = spread;
  const ratio = formatRatio(spread);
  return count < fewestRounds || !Number.isFinite(spread.median)
    ? ratio
    : `${ratio} (${low.toFixed(2)}–${high.toFixed(2)})`;
}
