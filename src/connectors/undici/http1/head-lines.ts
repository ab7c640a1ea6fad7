const space = 0x20;
const tab = 0x09;
const carriageReturn = 0x0d;
const lineFeed = 0x0a;
const colon = 0x3a;
/** The first byte of "HTTP/1.1 200". */
const firstByte = 0x48;
/** Where the first digit of the status is in "HTTP/1.1 200". */
const statusIndex = 9;
const informational = 0x31;
const zero = 0x30;
const two = 0x32;

/**
 * Writes the heads of responses as undici's strict parser reads them: a value that is folded over several lines becomes one
 * line (RFC 9112, section 5.2, asks that of a user agent), and white space around a value is removed (section 5.1; the parser
 * takes `chunked` with a tab behind it for another coding). A 100 (Continue) that no request asked for becomes a 102
 * (Processing): undici destroys the connection for a 100, which a user agent ignores (RFC 9110, section 15.2), and counts a
 * 102 with the other informational heads. All other bytes, valid or not, are left to the parser.
 */
export class HeadLines {
  /** Whether a head is arriving. Set before each request. */
  isReading = false;

  readonly #maxSize: number;
  readonly #keepsContinue: boolean;
  /** The last header line of what has arrived. Whether it goes on shows in the first byte of the next line. */
  #held: Buffer | undefined = undefined;
  #isFirstLine = true;
  /** How many bytes of the start-line the parser has. */
  #passed = 0;
  #isInformational = false;
  /** Whether all digits of the status that have arrived are those of 100. */
  #isContinue = false;

  /**
   * @param maxSize - how many bytes of one line are kept; the parser refuses a longer head
   * @param keepsContinue - whether a 100 (Continue) stays one
   */
  constructor(maxSize: number, keepsContinue = false) {
    this.#maxSize = maxSize;
    this.#keepsContinue = keepsContinue;
  }

  /** Begins the head of a new response. */
  begin(): void {
    this.isReading = true;
    this.#held = undefined;
    this.#isFirstLine = true;
    this.#isInformational = false;
    this.#isContinue = false;
    this.#passed = 0;
  }

  /** Returns what the parser gets of a chunk; `null` when it has to wait for the next chunk. */
  take(chunk: Buffer): Buffer | null {
    if (this.#isFirstLine && this.#passed === 0 && isPlainHead(chunk)) {
      this.isReading = false;
      return chunk;
    }
    return this.#rewrite(this.#held ? Buffer.concat([this.#held, chunk]) : chunk);
  }

  #rewrite(bytes: Buffer): Buffer | null {
    this.#held = undefined;
    const parts: Buffer[] = [];
    let start = 0;
    while (this.isReading && start < bytes.length) {
      const isStartLine = this.#isFirstLine;
      const end = isStartLine ? this.#passStartLine(bytes, start) : endOfLine(bytes, start);
      if (end === -1) break;
      const line = bytes.subarray(start, end);
      parts.push(isStartLine ? line : rewriteLine(line));
      if (!isStartLine && isEmptyLine(line, 0, line.length)) this.#endHead();
      start = end;
    }
    const rest = bytes.subarray(start);
    if (this.isReading && rest.length <= this.#maxSize) {
      if (rest.length > 0) this.#held = rest;
    } else {
      this.isReading = false;
      parts.push(rest);
    }
    const rewritten = parts.length === 1 ? (parts[0] as Buffer) : Buffer.concat(parts);
    return rewritten.length === 0 ? null : rewritten;
  }

  // The start-line isn't held: its first byte shows that the server has answered. The parser skips empty lines before it.
  #passStartLine(bytes: Buffer, start: number): number {
    if (this.#passed === 0 && (bytes[start] === carriageReturn || bytes[start] === lineFeed))
      return start + 1;
    const next = bytes.indexOf(lineFeed, start) + 1;
    const end = next === 0 ? bytes.length : next;
    const status = start + statusIndex - this.#passed;
    if (status >= start && status < end) {
      this.#isInformational = bytes[status] === informational;
      this.#isContinue = this.#isInformational && !this.#keepsContinue;
    }
    if (this.#isContinue) this.#passContinue(bytes, start, end, status);
    this.#isFirstLine = next === 0;
    this.#passed += end - start;
    return end;
  }

  #passContinue(bytes: Buffer, start: number, end: number, status: number): void {
    for (const place of [status + 1, status + 2]) {
      if (place >= start && place < end && bytes[place] !== zero) this.#isContinue = false;
    }
    const last = status + 2;
    if (this.#isContinue && last >= start && last < end) bytes[last] = two;
  }

  // The head of the response itself follows a head that is informational.
  #endHead(): void {
    if (this.#isInformational) this.begin();
    else this.isReading = false;
  }
}

/** Where the line that begins at `start` ends, with all lines that continue it; -1 if that isn't known yet. */
function endOfLine(bytes: Buffer, start: number): number {
  for (let end = bytes.indexOf(lineFeed, start) + 1; end > 0; end = bytes.indexOf(lineFeed, end) + 1) {
    if (isEmptyLine(bytes, start, end)) return end;
    if (end === bytes.length) return -1;
    if (bytes[end] !== space && bytes[end] !== tab) return end;
  }
  return -1;
}

function rewriteLine(line: Buffer): Buffer {
  if (!line.includes(tab) && line.indexOf(lineFeed) === line.length - 1) return line;
  const nameEnd = line.indexOf(colon) + 1;
  // A line that begins with white space follows the start-line, and the parser refuses it.
  if (nameEnd === 0 || line[0] === space || line[0] === tab) return line;
  const lineEnd = line.at(-2) === carriageReturn ? '\r\n' : '\n';
  const parts = line.toString('latin1', nameEnd, line.length - lineEnd.length).split('\n');
  const unfolded = trim(parts.map((part) => trim(part.endsWith('\r') ? part.slice(0, -1) : part)).join(' '));
  return Buffer.concat([line.subarray(0, nameEnd), Buffer.from(` ${unfolded}${lineEnd}`, 'latin1')]);
}

// Not `String.trim`, which removes other characters too. A regular expression would take quadratic time.
function trim(text: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && (text[start] === ' ' || text[start] === '\t')) start++;
  while (end > start && (text[end - 1] === ' ' || text[end - 1] === '\t')) end--;
  return text.slice(start, end);
}

function isEmptyLine(bytes: Buffer, start: number, end: number): boolean {
  return end - start === 1 || (end - start === 2 && bytes[start] === carriageReturn);
}

/** Whether a chunk begins with a whole head that needs no change. One pass, because every response takes it. */
function isPlainHead(chunk: Buffer): boolean {
  if (chunk[0] !== firstByte || chunk[statusIndex] === informational) return false;
  for (let index = 0; index < chunk.length; index++) {
    const byte = chunk[index] as number;
    if (byte > lineFeed) continue;
    if (byte === tab) return false;
    if (byte !== lineFeed) continue;
    const next = chunk[index + 1];
    if (next === carriageReturn || next === lineFeed) return true;
    if (next === space) return false;
  }
  return false;
}
