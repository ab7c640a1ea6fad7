import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import {InvalidOptionError, iterLines, iterNdjson, LineError, SchemaError} from '../../../src/index.ts';
import {splitLines} from '../../../src/streams/split-lines.ts';
import {heapUsed} from '../../support/heap.ts';
import {rejection} from '../../support/mock-session.ts';
import {chunked, collect, collectToFailure, cutAt, cuts, encode} from './support.ts';

/** Text with line ends of every kind, empty lines, and characters of one to four bytes. */
const text = fc
  .array(fc.constantFrom('a', 'b', '\n', '\r\n', '\r', 'é', '€', '🌍', '\u2028'), {maxLength: 40})
  .map((parts) => parts.join(''));

const linesOf = (body: string): string[] => {
  const lines = body.split(/\r?\n/);
  if (lines.at(-1) === '') lines.pop();
  return lines;
};

describe('iterLines', () => {
  it.each([
    ['', []],
    ['a', ['a']],
    ['a\n', ['a']],
    ['a\r\nb', ['a', 'b']],
    ['\n\n', ['', '']],
    ['a\rb\r', ['a\rb\r']],
    ['\ufeffa\nb', ['a', 'b']],
    ['a\n\r\nb', ['a', '', 'b']],
  ])('the body %j has its lines', async (body, lines) => {
    expect(await collect(iterLines(new Response(body)))).toEqual(lines);
  });

  it('the lines are the same however the bytes are split', async () => {
    const property = fc.asyncProperty(text, cuts, async (body, places) => {
      const {response} = chunked(cutAt(encode(body), places));
      expect(await collect(iterLines(response))).toEqual(linesOf(body));
    });
    await fc.assert(property, {numRuns: 500});
  });

  it('a line that arrives byte by byte takes memory in proportion to its length', () => {
    const split = splitLines('iterLines', {});
    const byte = encode('a');
    const before = heapUsed();
    for (let index = 0; index < 2_000_000; index++)
      for (const _ of split(byte)) throw new Error('No line has ended');
    // A string that is appended to takes 32 bytes for each piece.
    expect(heapUsed() - before).toBeLessThan(32_000_000);
    const [line] = split(encode('b\n'));
    expect(line).toHaveLength(2_000_001);
    expect([...split(encode('c\n'))]).toEqual(['c']);
  });

  it('a line is too long, or not, however the bytes are split', async () => {
    const property = fc.asyncProperty(text, cuts, fc.integer({min: 1, max: 8}), async (body, places, max) => {
      const lines = linesOf(body);
      const bad = lines.findIndex((line) => line.length > max);
      const {response} = chunked(cutAt(encode(body), places));
      const {all, error} = await collectToFailure(iterLines(response, {maxLength: max}));
      expect(all).toEqual(bad === -1 ? lines : lines.slice(0, bad));
      if (bad === -1) expect(error).toBeUndefined();
      else expect(error).toMatchObject({name: 'LineError', code: 'ERR_LINE_TOO_LONG', line: bad + 1});
    });
    await fc.assert(property, {numRuns: 500});
  });

  it('a line without an end fails at maxLength, and the body is cancelled', async () => {
    const {response, state} = chunked(Array.from({length: 100}, () => encode('x'.repeat(100))));
    const error = await rejection(iterLines(response, {maxLength: 1_000}).next());
    expect(error).toBeInstanceOf(LineError);
    expect(error.message).toBe('Line 1 of the response is longer than 1000 characters');
    expect(state).toMatchObject({taken: 11, cancelled: error});
  });

  it('the option charset decodes other encodings', async () => {
    const latin = chunked([Uint8Array.of(0xe9, 10, 0xe8)]).response;
    expect(await collect(iterLines(latin, {charset: 'iso-8859-1'}))).toEqual(['é', 'è']);
    const wide = Uint8Array.from([...'é\r\nb'].flatMap((char) => [char.charCodeAt(0), 0]));
    const cut = Array.from(wide, (byte) => Uint8Array.of(byte));
    expect(await collect(iterLines(chunked(cut).response, {charset: 'utf-16le'}))).toEqual(['é', 'b']);
    expect(await collect(iterLines(chunked([Uint8Array.of(0xff, 10)]).response))).toEqual(['\ufffd']);
    expect(await collect(iterLines(chunked([Uint8Array.of(0xe2, 0x82)]).response))).toEqual(['\ufffd']);
  });

  it.each([
    [{maxLength: 0}, 'maxLength'],
    [{maxLength: Number.NaN}, 'maxLength'],
    [{maxLength: '9' as never}, 'maxLength'],
    [{charset: 'no-such'}, 'charset'],
  ])('the options %j are refused', async (options, option) => {
    const error = await rejection(iterLines(new Response('a'), options).next());
    expect(error).toBeInstanceOf(InvalidOptionError);
    expect(error).toMatchObject({option});
  });
});

describe('iterNdjson', () => {
  it('the values are the same however the bytes are split', async () => {
    const end = fc.constantFrom('\n', '\r\n', '\n\n', '\r\n \t\n');
    const lines = fc.array(fc.tuple(fc.jsonValue(), end), {maxLength: 8});
    const property = fc.asyncProperty(lines, cuts, async (values, places) => {
      const body = values.map(([value, ending]) => JSON.stringify(value) + ending).join('');
      const {response} = chunked(cutAt(encode(body), places));
      const expected = values.map(([value]) => JSON.parse(JSON.stringify(value)));
      expect(await collect(iterNdjson(response))).toEqual(expected);
    });
    await fc.assert(property, {numRuns: 300});
  });

  it('the error of a line that is not JSON names the line and shows nothing of it', async () => {
    const {response, state} = chunked([encode('1\n\n{"token": secret}\n2\n')]);
    const {all, error} = await collectToFailure(iterNdjson(response));
    expect(all).toEqual([1]);
    expect(error).toBeInstanceOf(LineError);
    expect(error).toMatchObject({
      code: 'ERR_LINE_JSON',
      line: 3,
      message: 'Line 3 of the response is not JSON',
    });
    expect((error as Error).cause).toBeUndefined();
    expect(`${(error as Error).stack}${JSON.stringify(error)}`).not.toContain('secret');
    expect(state.cancelled).toBe(error);
  });

  it('a line that the body breaks off in is not JSON', async () => {
    const {all, error} = await collectToFailure(iterNdjson(new Response('1\n{"a":')));
    expect({all, line: (error as LineError).line}).toEqual({all: [1], line: 2});
  });

  const even = (isAsync: boolean) => ({
    '~standard': {
      version: 1 as const,
      vendor: 'test',
      validate(value: unknown) {
        const result =
          Number(value) % 2 === 0 ? {value: `even ${value}`} : {issues: [{message: `Odd: ${value}`}]};
        return isAsync ? Promise.resolve(result) : result;
      },
    },
  });

  it.each([false, true])(
    'the loop gets the output of the schema for each value (asynchronous: %s)',
    async (isAsync) => {
      const good = iterNdjson(new Response('2\n4\n'), even(isAsync));
      expect(await collect(good)).toEqual(['even 2', 'even 4']);
      const {response, state} = chunked([encode('2\n\n3\n4\n'), encode('6\n')]);
      const {all, error} = await collectToFailure(iterNdjson(response, even(isAsync)));
      expect(all).toEqual(['even 2']);
      expect(error).toBeInstanceOf(SchemaError);
      expect(error).toMatchObject({line: 3, message: 'Line 3 does not fit its schema: 1 issue'});
      expect(state).toMatchObject({taken: 1, cancelled: error});
    },
  );

  it('concurrent calls of next() keep their order with an asynchronous schema', async () => {
    const values = iterNdjson(new Response('2\n4\n6\n'), even(true));
    const steps = await Promise.all([values.next(), values.next(), values.next(), values.next()]);
    expect(steps.map(({value}) => value)).toEqual(['even 2', 'even 4', 'even 6', undefined]);
  });

  it('iterNdjson refuses a line longer than maxLength', async () => {
    const error = await rejection(iterNdjson(new Response('123456'), undefined, {maxLength: 5}).next());
    expect(error).toMatchObject({code: 'ERR_LINE_TOO_LONG', line: 1});
  });
});

describe('a line without an end', () => {
  it.each([
    ['iterLines', (response: Response) => iterLines(response)],
    ['iterNdjson', (response: Response) => iterNdjson(response)],
  ])('%s keeps 16 MiB of a line by default', async (_name, iter) => {
    const {response, state} = chunked(Array.from({length: 40}, () => new Uint8Array(1_048_576).fill(0x31)));
    expect(await rejection(iter(response).next())).toMatchObject({code: 'ERR_LINE_TOO_LONG', line: 1});
    expect(state.taken).toBeLessThan(20);
  });

  it('a line of 17 MiB arrives with maxLength: Infinity', async () => {
    const {response} = chunked(Array.from({length: 17}, () => new Uint8Array(1_048_576).fill(0x31)));
    const [line] = await collect(iterLines(response, {maxLength: Infinity}));
    expect(line).toHaveLength(17 * 1_048_576);
  });
});

describe('a value that is not a response', () => {
  it.each(['https://example.com/', {}, undefined])(
    'as %j is refused, rather than empty',
    async (mistaken) => {
      await expect(iterLines(mistaken as never).next()).rejects.toThrow(
        new TypeError('The value to read is not a Response'),
      );
    },
  );
});

describe('options', () => {
  it('an unknown option of iterLines is refused', async () => {
    const lines = iterLines(new Response('a'), {maxlength: 5} as never);
    await expect(lines.next()).rejects.toThrow(
      'Unknown option "maxlength" of iterLines. Known options: maxLength, charset',
    );
  });

  it('options in the place of the schema are refused', async () => {
    const values = iterNdjson(new Response('1'), {maxLength: 5} as never);
    await expect(values.next()).rejects.toThrow(
      'Option "schema" is an object; allowed: a Standard Schema, or undefined',
    );
  });
});
