const whole = new Intl.NumberFormat('en', {maximumFractionDigits: 0});
const tenths = new Intl.NumberFormat('en', {maximumFractionDigits: 1, minimumFractionDigits: 1});

/** The text for a missing value. */
export const nothing = '–';

export function formatCount(count: number): string {
  return whole.format(count);
}

/** A time given in ms, shown in s from ten seconds on. */
export function formatTime(time: number | undefined): string {
  if (time === undefined) return nothing;
  if (time >= 10_000) return `${tenths.format(time / 1_000)} s`;
  return `${time < 10 ? tenths.format(time) : whole.format(time)} ms`;
}

export function formatBytes(bytes: number): string {
  if (bytes < 1_000) return `${bytes} B`;
  return bytes < 1_000_000 ? `${tenths.format(bytes / 1_000)} kB` : `${tenths.format(bytes / 1_000_000)} MB`;
}

/** An origin without its scheme. */
export function formatHost(origin: string): string {
  return origin.replace(/^https?:\/\//, '');
}
