import {describe, expect, it} from 'vitest';
import {InvalidOptionError, UnsupportedOptionError} from '../../../src/errors/index.ts';
import {checkFunction, checkNumber} from '../../../src/utils/check-options.ts';
import {mergeOptions} from '../../../src/utils/merge-options.ts';

interface Settings {
  readonly size: number;
  readonly notify: (() => void) | undefined;
}

const base: Settings = {size: 1, notify: undefined};

const merge = (given: object) =>
  mergeOptions<Settings>('policy', base, given, {
    size: (option, value: number) => checkNumber(option, value) * 2,
    notify: checkFunction,
  });

describe('mergeOptions', () => {
  it('an option replaces the setting by the value that its check returns', () => {
    const notify = () => {};
    expect(merge({size: 3, notify})).toEqual({size: 6, notify});
  });

  it('a setting stays without its option, and with an option that is undefined', () => {
    expect(merge({})).toEqual(base);
    expect(merge({size: undefined})).toEqual(base);
    expect(base).toEqual({size: 1, notify: undefined});
  });

  it('an option with a value that is not allowed, null too, is refused by its full name', () => {
    expect(() => merge({size: 'large'})).toThrow(InvalidOptionError);
    expect(() => merge({size: null})).toThrow('"policy.size" is null');
  });

  it('an unknown option is refused', () => {
    expect(() => merge({colour: 1})).toThrow(UnsupportedOptionError);
  });
});
