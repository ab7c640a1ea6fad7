import {InvalidOptionError, LineError} from '../errors/index.ts';
import {assertOption, checkKnown} from '../utils/check-options.ts';
import type {Parser} from './iterate.ts';

/** How lines are told apart. */
export interface LineOptions {
  /**
   * The longest that a line may be, in characters (UTF-16 code units), its end not counted. No more of it than that is
   * kept in memory; a longer one is a LineError.
   *
   * @default none
   */
  readonly maxLength?: number | undefined;
  /**
   * The encoding, by a name that `TextDecoder` knows. What is malformed is replaced, as by `response.text()`.
   *
   * @default 'utf-8', as of `response.text()`, whatever the headers say
   */
  readonly charset?: string | undefined;
}

/**
 * Lines end with LF or CRLF; a CR alone is part of the line. The last one may have no end; after the last end comes no
 * empty line.
 *
 * @param where - the function that takes the options, for errors
 * @throws InvalidOptionError, UnsupportedOptionError
 */
export function splitLines(where: string, options: LineOptions): Parser<string> {
  checkKnown(where, options, ['maxLength', 'charset'], '');
  const {maxLength = Infinity, charset = 'utf-8'} = options;
  const isLength = typeof maxLength === 'number' && maxLength >= 1;
  assertOption(isLength, 'maxLength', maxLength, 'a number from 1, or Infinity');
  const decoder = decoderOf(charset);
  let begun = '';
  let line = 1;

  const tooLong = () =>
    new LineError('ERR_LINE_TOO_LONG', line, `of the response is longer than ${maxLength} characters`);

  return function* split(chunk) {
    const text = decoder.decode(chunk, {stream: chunk !== undefined});
    let start = 0;
    for (let end = text.indexOf('\n'); end !== -1; end = text.indexOf('\n', start)) {
      let whole = begun + text.slice(start, end);
      if (whole.endsWith('\r')) whole = whole.slice(0, -1);
      if (whole.length > maxLength) throw tooLong();
      begun = '';
      start = end + 1;
      yield whole;
      line++;
    }
    begun += text.slice(start);
    // A CR that ends it so far may belong to its end.
    if (begun.length > maxLength && (!chunk || begun.length > maxLength + 1 || !begun.endsWith('\r')))
      throw tooLong();
    if (!chunk && begun !== '') yield begun;
  };
}

function decoderOf(charset: string): TextDecoder {
  try {
    return new TextDecoder(charset);
  } catch {
    throw new InvalidOptionError('charset', charset, 'the name of an encoding that TextDecoder knows');
  }
}
