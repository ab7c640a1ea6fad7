/** What tells one version of a resource from another (RFC 9110, section 8.8). */
export interface Validator {
  /** The ETag, weak ones too. */
  readonly etag: string | undefined;
  readonly lastModified: string | undefined;
  /** What to send as `If-Range`; `undefined` when nothing is strong enough for that. */
  readonly ifRange: string | undefined;
}

/**
 * How much older than the response a date has to be, in ms, to be a strong validator (RFC 9110, section 8.8.2.2): it
 * has a resolution of a second, in which something else may have been written.
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

/** Whether a response, whole or in part, is of the version that is known. What it doesn't say can't differ. */
export function contradicts(known: Validator, {etag, lastModified}: Validator): boolean {
  if (known.etag !== undefined && etag !== undefined) return known.etag !== etag;
  return (
    known.lastModified !== undefined && lastModified !== undefined && known.lastModified !== lastModified
  );
}

/** Whether a whole response is of the version that is known, for certain. */
export function isSame(known: Validator, {ifRange}: Validator): boolean {
  return known.ifRange !== undefined && known.ifRange === ifRange;
}
