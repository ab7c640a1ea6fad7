import {InvalidOptionError, LineError} from '../errors/index.ts';
import {checkKnown} from '../utils/check-options.ts';
import type {Parser} from './iterate.ts';
import {checkMaxLength} from './max-length.ts';

/** Options of the functions that read lines. */
export interface LineOptions {
  /**
   * The maximal length of a line, in characters (UTF-16 code units), without its line end. A longer line is a LineError. No
   * more than this of a line is kept in memory.
   *
   * @default 16_777_216
   */
  readonly maxLength?: number | undefined;
  /**
   * The name of the encoding, as `TextDecoder` takes it. Malformed bytes are replaced, as `response.text()` does.
   *
   * @default 'utf-8', as for `response.text()`: the headers are not asked
   */
  readonly charset?: string | undefined;
}

/** After how many pieces the beginning of a line is joined. */
const mostPieces = 1_024;

/**
 * Creates a parser of lines. A line ends with LF or CRLF; a CR alone is part of the line. The last line may have no line
 * end, and a line end at the end of the body starts no empty line.
 *
 * @param where - the function that takes the options, for errors
 * @throws InvalidOptionError, UnsupportedOptionError
 */
export function splitLines(where: string, options: LineOptions): Parser<string> {
  checkKnown(where, options, ['maxLength', 'charset'], '');
  const {charset = 'utf-8'} = options;
  const maxLength = checkMaxLength(options.maxLength);
  const decoder = decoderOf(charset);
  // The beginning of a line: what was joined, and the pieces after it. To append each piece takes 32 bytes more than its text,
  // and a server may send a character at a time.
  let begun = '';
  let pieces: string[] = [];
  let length = 0;
  let line = 1;

  function join(): string {
    begun += pieces.join('');
    pieces = [];
    return begun;
  }

  const tooLong = () =>
    new LineError('ERR_LINE_TOO_LONG', line, `of the response is longer than ${maxLength} characters`);

  return function* split(chunk) {
    const text = decoder.decode(chunk, {stream: chunk !== undefined});
    let start = 0;
    for (let end = text.indexOf('\n'); end !== -1; end = text.indexOf('\n', start)) {
      let whole = join() + text.slice(start, end);
      if (whole.endsWith('\r')) whole = whole.slice(0, -1);
      if (whole.length > maxLength) throw tooLong();
      begun = '';
      length = 0;
      start = end + 1;
      yield whole;
      line++;
    }
    length += text.length - start;
    if (pieces.push(text.slice(start)) === mostPieces) join();
    // A CR at the end of the text so far may be the first character of the line end.
    if (length > maxLength && (!chunk || length > maxLength + 1 || !join().endsWith('\r'))) throw tooLong();
    if (!chunk && length > 0) yield join();
  };
}

function decoderOf(charset: string): TextDecoder {
  try {
    return new TextDecoder(charset);
  } catch {
    throw new InvalidOptionError('charset', charset, 'the name of an encoding that TextDecoder knows');
  }
}
