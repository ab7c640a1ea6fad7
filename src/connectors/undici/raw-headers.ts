// Headers as they came: names and values in turn, as bytes. Most are never asked for, and never become strings.

/** Whether `raw` spells the lower-case `name`, in whatever case. The lengths are known to be the same. */
export function isNamed(raw: Buffer, name: string): boolean {
  for (let index = 0; index < name.length; index++) {
    // Setting bit 5 lower-cases letters and leaves '-' as it is.
    if (((raw[index] as number) | 0x20) !== name.charCodeAt(index)) return false;
  }
  return true;
}

/** The Content-Length; 0 when there is none. */
export function contentLengthOf(rawHeaders: readonly Buffer[]): number {
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index] as Buffer;
    if (name.length === 14 && isNamed(name, 'content-length'))
      return Number((rawHeaders[index + 1] as Buffer).toString('latin1'));
  }
  return 0;
}
