/** The value of a `Content-Range` of bytes (RFC 9110, section 14.4). */
export interface ContentRange {
  /** The position of the first byte; `undefined` for a 416. */
  readonly start: number | undefined;
  /** The position after the last byte; `undefined` for a 416. */
  readonly end: number | undefined;
  /** The size of the whole content; `undefined` if the server doesn't know it. */
  readonly size: number | undefined;
}

/** Returns `undefined` for a value that is malformed or contradicts itself. */
export function parseContentRange(value: string | null): ContentRange | undefined {
  const match = /^bytes (?:(\d{1,15})-(\d{1,15})|\*)\/(\d{1,15}|\*)$/i.exec(value?.trim() ?? '');
  if (!match) return undefined;
  const [, first, last, complete] = match;
  const size = complete === '*' ? undefined : Number(complete);
  if (first === undefined) return size === undefined ? undefined : {start: undefined, end: undefined, size};
  const start = Number(first);
  const end = Number(last) + 1;
  if (end <= start || (size !== undefined && end > size)) return undefined;
  return {start, end, size};
}
