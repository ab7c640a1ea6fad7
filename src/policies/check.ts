import {InvalidOptionError} from '../errors.ts';

/** What {@link checkNumber} allows; a `min` of 0 and no upper bound unless said otherwise. */
interface Range {
  readonly min?: number;
  readonly max?: number;
  /** No fractions; `Infinity` is whole. */
  readonly whole?: boolean;
}

/** A number in a range, or the fallback for `undefined`; without one it's required. */
export function checkNumber(
  option: string,
  value: number | undefined,
  fallback: number | undefined,
  {min = 0, max = Infinity, whole = false}: Range = {},
): number {
  if (value === undefined && fallback !== undefined) return fallback;
  if (
    typeof value === 'number' &&
    value >= min &&
    value <= max &&
    (!whole || value === Infinity || Number.isInteger(value))
  )
    return value;
  throw new InvalidOptionError(option, value, `a ${whole ? 'whole ' : ''}number from ${min} to ${max}`);
}

/** Refuses what is no object, and names that are not known: nothing is silently ignored. */
export function checkNames(where: string, options: object, known: readonly string[]): void {
  if (typeof options !== 'object' || options === null)
    throw new InvalidOptionError(where, options, 'an object');
  for (const name of Object.keys(options)) {
    if (!known.includes(name)) throw new InvalidOptionError(`${where}.${name}`, 'unknown', known.join(', '));
  }
}

/** A function, or `undefined`. */
export function checkFunction<T>(option: string, value: T): T {
  if (value === undefined || typeof value === 'function') return value;
  throw new InvalidOptionError(option, value, 'a function');
}
