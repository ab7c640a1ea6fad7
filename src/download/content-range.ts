/** What `Content-Range` says (RFC 9110, section 14.4), for bytes. */
export interface ContentRange {
  /** First byte, and the one after the last; `undefined` of a 416. */
  readonly start: number | undefined;
  readonly end: number | undefined;
  /** Of the whole; `undefined` when the server doesn't know. */
  readonly size: number | undefined;
}

/** `undefined` for what can't be understood, or can't be. */
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
