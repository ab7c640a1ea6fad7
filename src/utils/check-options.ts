import {InvalidOptionError, UnsupportedOptionError} from '../errors/index.ts';

/** Throws unless the value is one that is allowed. */
export function assertOption(
  isAllowed: boolean,
  option: string,
  value: unknown,
  allowed: string,
): asserts isAllowed {
  if (!isAllowed) throw new InvalidOptionError(option, value, allowed);
}

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
  const isInRange = typeof value === 'number' && value >= min && value <= max;
  assertOption(
    isInRange && (!whole || value === Infinity || Number.isInteger(value)),
    option,
    value,
    `a ${whole ? 'whole ' : ''}number from ${min} to ${max}`,
  );
  return value as number;
}

/** A positive integer, or 0 or Infinity for "no limit". */
export function checkLimit(option: string, value: number | undefined, fallback: number): number {
  return checkNumber(option, value, fallback, {whole: true});
}

/** The same, or a limit that moves. */
export function checkLimitPerHost<T extends object>(value: number | T | undefined): number | T {
  const option = 'connector.limitPerHost';
  if (!isObject(value)) return checkLimit(option, value, 0);
  assertOption('hosts' in value, option, value, 'a number or adaptiveLimit()');
  return value;
}

/** A list of statuses. */
export function checkStatuses(
  option: string,
  value: readonly number[] | undefined,
  fallback: readonly number[],
): readonly number[] {
  const statuses = value ?? fallback;
  const isList = Array.isArray(statuses) && statuses.every(Number.isInteger);
  assertOption(isList, option, statuses, 'an array of statuses');
  return statuses;
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
  assertOption(
    typeof value === 'number' && value > 0 && value <= longestDelay,
    option,
    value,
    `a number of ms from 0 (none) to ${longestDelay}, Infinity or false`,
  );
  return value;
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

/** The same for the options of a policy: refuses what is no object, and names that are not known. */
export function checkNames(where: string, options: object, known: readonly string[]): void {
  assertOption(isObject(options), where, options, 'an object');
  for (const name of Object.keys(options)) {
    assertOption(known.includes(name), `${where}.${name}`, 'unknown', known.join(', '));
  }
}

/** A function, or `undefined`. */
export function checkFunction<T>(option: string, value: T): T {
  assertOption(value === undefined || typeof value === 'function', option, value, 'a function');
  return value;
}

export function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}
