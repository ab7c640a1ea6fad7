import {describe, expect, it} from 'vitest';
import {readOptions, UsageError} from './options.ts';

const refusalOf = (...args: readonly string[]) => {
  try {
    readOptions(args);
  } catch (error) {
    return error instanceof UsageError ? error.message : error;
  }
  return undefined;
};

describe('readOptions', () => {
  it('without options, all cases of all clients run and no page is written', () => {
    expect(readOptions([])).toEqual({
      mode: 'peers',
      cases: undefined,
      peers: undefined,
      rounds: undefined,
      quick: false,
      json: false,
      markdown: false,
      check: false,
    });
  });

  it('names can be separated by commas, or given one by one', () => {
    expect(readOptions(['--case', 'get-1,tls', '--case', 'post', '--peer', 'fetch, ky'])).toMatchObject({
      cases: ['get-1', 'tls', 'post'],
      peers: new Set(['fetch', 'ky']),
    });
  });

  it('the name of a client may have commas of its own', () => {
    expect(readOptions(['--peer', 'session.fetch, timings', '--peer', 'fetch,ky'])).toHaveProperty(
      'peers',
      new Set(['session.fetch, timings', 'fetch', 'ky']),
    );
  });

  it('--against takes a git ref, cases of its own, rounds and requests', () => {
    const args = ['--against', 'main', '--case', 'fetch', '--rounds', '3', '--requests', '100', '--quick'];
    expect(readOptions(args)).toEqual({
      mode: 'against',
      ref: 'main',
      cases: ['fetch'],
      rounds: 3,
      requests: 100,
      quick: true,
      json: false,
    });
  });

  it('--runtimes takes parts of names of runtimes', () => {
    expect(readOptions(['--runtimes', 'deno', 'BUN', '--quick'])).toEqual({
      mode: 'runtimes',
      runtimes: ['Deno', 'Bun'],
      rounds: undefined,
      quick: true,
      json: false,
      markdown: false,
    });
    expect(readOptions(['--runtimes'])).toHaveProperty('runtimes', undefined);
  });

  it('--help names every case', () => {
    const options = readOptions(['--help']);
    expect(options).toHaveProperty('usage', expect.stringContaining('sized-chunks'));
    expect(options).toHaveProperty('usage', expect.stringContaining('under-openapi-fetch'));
  });

  it.each([
    [['--case', 'nothing'], 'There is no case named "nothing"'],
    [['--against', 'main', '--case', 'get-64'], 'There is no case named "get-64"'],
    [['--peer', 'nobody'], 'There is no client named "nobody"'],
    [['--rounds', '0'], '--rounds is "0"; it must be a whole number from 1'],
    [['--requests', '10'], '--requests has no effect on a comparison with other clients'],
    [['--against', 'main', '--check'], '--check has no effect on --against'],
    [['--runtimes', '--case', 'get-1'], '--case has no effect on --runtimes'],
    [['--runtimes', 'Netscape'], 'There is no runtime named "Netscape"'],
    [
      ['--runtimes', 'Deno', '--markdown'],
      '--markdown writes a whole run: leave out --quick and the names of runtimes',
    ],
    [['get-1'], '"get-1" is not an option'],
    [['--markdown', '--quick'], '--markdown writes a whole run: leave out --case, --peer and --quick'],
  ])('%j is refused with the reason', (args, message) => {
    expect(refusalOf(...args)).toBe(message);
  });

  it('an unknown option is refused with its name', () => {
    expect(refusalOf('--fast')).toContain("'--fast'");
  });
});
