import {InvalidOptionError, UnsupportedOptionError} from './errors.ts';

/** A positive integer, or 0 or Infinity for "no limit". */
export function checkLimit(option: string, value: number | undefined, fallback: number): number {
  if (value === undefined) return fallback;
  const isLimit =
    typeof value === 'number' && (value === Infinity || (Number.isInteger(value) && value >= 0));
  if (!isLimit) throw new InvalidOptionError(option, value, 'a whole number from 0 (no limit), or Infinity');
  return value;
}

/** Timers of every runtime hold 31 bits of ms; past that they fire at once. */
export const longestDelay = 2 ** 31 - 1;

/** A duration in ms; `Infinity`, `0` and `false` mean none and come back as `undefined`. */
export function checkDuration(
  option: string,
  value: number | false | undefined,
  fallback?: number,
): number | undefined {
  if (value === undefined) return fallback;
  if (value === false || value === 0 || value === Infinity) return undefined;
  if (typeof value === 'number' && value > 0 && value <= longestDelay) return value;
  throw new InvalidOptionError(
    option,
    value,
    `a number of ms from 0 (none) to ${longestDelay}, Infinity or false`,
  );
}

/** Refuses options that are not known, so that none is silently ignored. */
export function checkKnown(
  where: string,
  connector: string,
  options: object,
  known: ReadonlySet<string>,
): void {
  for (const name of Object.keys(options)) {
    if (known.has(name)) continue;
    throw new UnsupportedOptionError(
      where ? `${where}.${name}` : name,
      connector,
      `known are ${[...known].join(', ')}`,
    );
  }
}

export function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}
