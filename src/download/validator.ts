/** Distinguishes versions of a resource (RFC 9110, section 8.8). */
export interface Validator {
  /** The ETag, weak or strong. */
  readonly etag: string | undefined;
  readonly lastModified: string | undefined;
  /** The value to send as `If-Range`; `undefined` if no validator is strong. */
  readonly ifRange: string | undefined;
}

/**
 * The time in ms by which `Last-Modified` has to be older than the response to be a strong validator (RFC 9110, section
 * 8.8.2.2). Dates have a resolution of one second, and the content may change twice in it.
 */
const strongAge = 1_000;

export function validatorOf(headers: Headers): Validator {
  const etag = headers.get('etag') ?? undefined;
  const lastModified = headers.get('last-modified') ?? undefined;
  const isStrong = etag !== undefined && /^"[^"]*"$/.test(etag);
  // With an ETag, a date must not be used, even when the ETag is weak (RFC 9110, section 13.1.5).
  const isOld =
    etag === undefined &&
    lastModified !== undefined &&
    Date.parse(headers.get('date') ?? '') - Date.parse(lastModified) >= strongAge;
  return {etag, lastModified, ifRange: isStrong ? etag : isOld ? lastModified : undefined};
}

/** Whether a response, whole or partial, is of another version than the known one. A missing validator contradicts nothing. */
export function contradicts(known: Validator, {etag, lastModified}: Validator): boolean {
  if (known.etag !== undefined && etag !== undefined) return known.etag !== etag;
  return (
    known.lastModified !== undefined && lastModified !== undefined && known.lastModified !== lastModified
  );
}

/** Whether a whole response is certainly of the known version. */
export function isSame(known: Validator, {ifRange}: Validator): boolean {
  return known.ifRange !== undefined && known.ifRange === ifRange;
}
