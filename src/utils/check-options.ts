import {InvalidOptionError, UnsupportedOptionError} from '../errors/index.ts';

/** @throws InvalidOptionError if the value is not allowed */
export function assertOption(
  isAllowed: boolean,
  option: string,
  value: unknown,
  allowed: string,
): asserts isAllowed {
  if (!isAllowed) throw new InvalidOptionError(option, value, allowed);
}

/** The numbers that {@link checkNumber} allows. By default `min` is 0 and there is no maximum. */
interface Range {
  readonly min?: number;
  readonly max?: number;
  /** Whether fractions are refused. `Infinity` counts as whole. */
  readonly whole?: boolean;
}

/** Returns the number, which has to be in the range, or the fallback for `undefined`. Without a fallback, the option is required. */
export function checkNumber(
  option: string,
  value: number | undefined,
  fallback?: number,
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

/** Returns the limit, which has to be a whole number; 0 and `Infinity` mean no limit. */
export function checkLimit(option: string, value: number | undefined, fallback?: number): number {
  return checkNumber(option, value, fallback, {whole: true});
}

/** Returns the limit, which has to be a whole number or an adaptive limit. */
export function checkLimitPerHost<T extends object>(value: number | T | undefined): number | T {
  const option = 'connector.limitPerHost';
  if (!isObject(value)) return checkLimit(option, value, 0);
  assertOption('hosts' in value, option, value, 'a number or adaptiveLimit()');
  return value;
}

/** Returns the statuses, which have to be a list of whole numbers. */
export function checkStatuses(
  option: string,
  value: readonly number[] | undefined,
  fallback?: readonly number[],
): readonly number[] {
  const statuses = value ?? fallback;
  const isList = Array.isArray(statuses) && statuses.every(Number.isInteger);
  assertOption(isList, option, statuses, 'an array of statuses');
  return statuses;
}

/** The longest delay of a timer, in ms: 31 bits. In every runtime, a timer with a longer delay fires at once. */
export const longestDelay = 2 ** 31 - 1;

/** Returns the duration in ms, or `undefined` for `Infinity`, `0` and `false`, which mean none. */
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

/**
 * Refuses options that are not known, so that none is silently ignored. An option that is `undefined` counts as absent.
 *
 * @param where - what takes the options, as the message names it: a function, an option or a connector
 * @param path - what stands before each name in the error's `option`
 * @throws UnsupportedOptionError for an option that is not known; InvalidOptionError when `options` is not an object
 */
export function checkKnown(
  where: string,
  options: object,
  known: readonly string[] | ReadonlySet<string>,
  path = `${where}.`,
): void {
  assertOption(isObject(options), path.slice(0, -1) || 'options', options, 'an object');
  for (const name in options) {
    if ('has' in known ? known.has(name) : known.includes(name)) continue;
    if (options[name as keyof object] === undefined) continue;
    // Another text may be a secret in the wrong place.
    const shown = /^[a-z_-]+\d?$/i.test(name) ? name : '…';
    throw new UnsupportedOptionError(
      path + shown,
      where,
      '',
      `Unknown option "${shown}" of ${where}. Known options: ${[...known].join(', ')}`,
    );
  }
}

/** Returns the value, which has to be a function or `undefined`. */
export function checkFunction<T>(option: string, value: T): T {
  assertOption(value === undefined || typeof value === 'function', option, value, 'a function');
  return value;
}

export function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}
