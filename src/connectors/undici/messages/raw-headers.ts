// Response headers as undici reports them: names and values in turn, as bytes. Most are never read, and never become strings.

/** Whether `raw` equals the lower-case `name`, ignoring the case of `raw`. The caller has compared the lengths. */
function isNamed(raw: Buffer, name: string): boolean {
  for (let index = 0; index < name.length; index++) {
    // Setting bit 5 lower-cases letters and leaves '-' as it is.
    if (((raw[index] as number) | 0x20) !== name.charCodeAt(index)) return false;
  }
  return true;
}

/** The values of the headers with a lower-case name, joined by commas; `undefined` when there is none. */
export function headerValue(rawHeaders: readonly Buffer[], name: string): string | undefined {
  let found: string | undefined;
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const raw = rawHeaders[index] as Buffer;
    if (raw.length !== name.length || !isNamed(raw, name)) continue;
    const value = (rawHeaders[index + 1] as Buffer).toString('latin1');
    found = found === undefined ? value : `${found},${value}`;
  }
  return found;
}

/** The first Location header. Each byte is one character, as in `Headers`. */
export function locationOf(rawHeaders: readonly Buffer[]): string | undefined {
  return firstOf(rawHeaders, 'location')?.toString('latin1');
}

/** The first Content-Length header; 0 when there is none. */
export function contentLengthOf(rawHeaders: readonly Buffer[]): number {
  return Number(firstOf(rawHeaders, 'content-length')?.toString('latin1') ?? 0);
}

function firstOf(rawHeaders: readonly Buffer[], name: string): Buffer | undefined {
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const raw = rawHeaders[index] as Buffer;
    if (raw.length === name.length && isNamed(raw, name)) return rawHeaders[index + 1];
  }
  return undefined;
}

// RFC 9110, section 7.6.1: the value of Connection is a list of options.
const closeOption = /(?:^|,)[\t ]*close[\t ]*(?:,|$)/i;

/** Whether Connection announces that the server closes the connection after the response. */
export function announcesClose(rawHeaders: readonly Buffer[]): boolean {
  const connection = headerValue(rawHeaders, 'connection');
  return connection !== undefined && closeOption.test(connection);
}
