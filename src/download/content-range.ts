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

/**
 * Whether a response with the status 200 may hold a part of the content, by its `Content-Range`. The header has no meaning
 * beside that status (RFC 9110, section 14.4), so that such a response is the whole. Some servers send the requested part
 * with a wrong status.
 *
 * @param field - the header
 * @param range - the parsed header
 * @param length - the `Content-Length`
 * @param hasRange - whether a range was requested
 */
export function isUnlikeWhole(
  field: string | null,
  range: ContentRange | undefined,
  length: string | null,
  hasRange: boolean,
): boolean {
  if (field === null || !/^\s*bytes\b/i.test(field)) return false;
  const {start, end, size} = range ?? {};
  // Without a request of a range, there is no reason to doubt a response that doesn't contradict itself.
  if (size === undefined) return hasRange;
  if (length !== null) return Number(length) !== size;
  return start === undefined ? hasRange : start !== 0 || end !== size;
}
