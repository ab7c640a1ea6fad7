import {assertOption} from '../utils/check-options.ts';

/** How many characters of one line or one event are kept by default. */
const defaultMaxLength = 16 * 1024 * 1024;

/** @throws InvalidOptionError */
export function checkMaxLength(value: number = defaultMaxLength): number {
  assertOption(typeof value === 'number' && value >= 1, 'maxLength', value, 'a number from 1, or Infinity');
  return value;
}
