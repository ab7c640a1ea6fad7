import {describe, expect, it} from 'vitest';
import {InvalidOptionError, UnsupportedOptionError} from '../../../src/errors/index.ts';
import {checkKnown} from '../../../src/utils/check-options.ts';
import {thrown} from '../../support/mock-session.ts';

const known = ['timeout', 'retry', 'baseUrl'];

describe('checkKnown', () => {
  it.each([['a list', known] as const, ['a set', new Set(known)] as const])(
    'an option that is in %s of known options is accepted',
    (_what, names) => {
      expect(() => checkKnown('createSession', {timeout: 1, retry: 2}, names)).not.toThrow();
    },
  );

  it('an unknown option whose value is undefined counts as absent', () => {
    expect(() => checkKnown('createSession', {other: undefined}, known)).not.toThrow();
  });

  it('the error names the option, what takes it and all known options', () => {
    const error = thrown(() => checkKnown('createSession', {colour: 1}, known, ''));
    expect(error).toBeInstanceOf(UnsupportedOptionError);
    expect(error).toMatchObject({
      option: 'colour',
      where: 'createSession',
      message: 'Unknown option "colour" of createSession. Known options: timeout, retry, baseUrl',
    });
  });

  it('the error’s option has the path of what the option is part of', () => {
    expect(thrown(() => checkKnown('retry', {colour: 1}, known))).toMatchObject({
      option: 'retry.colour',
      where: 'retry',
    });
    expect(
      thrown(() => checkKnown('the deno connector’s tls', {pin: 1}, [], 'connector.tls.')),
    ).toMatchObject({
      option: 'connector.tls.pin',
      where: 'the deno connector’s tls',
    });
  });

  it.each([null, 5, 'text'])('options that are %j instead of an object are refused', (options) => {
    const error = thrown(() => checkKnown('retry', options as never, known));
    expect(error).toBeInstanceOf(InvalidOptionError);
    expect(error).toMatchObject({option: 'retry'});
    expect(thrown(() => checkKnown('gather', options as never, known, ''))).toMatchObject({
      option: 'options',
    });
  });
});
