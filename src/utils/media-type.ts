// RFC 6838, section 4.2, and "*", which media ranges contain.
const mediaType = /^\s*([\w!#$&^.+*-]+\/[\w!#$&^.+*-]+)\s*(?:;|$)/;

/** Returns the media type of a `Content-Type`, in lower case and without parameters; `''` if it is missing or malformed. */
export function bareMediaType(contentType: string | null): string {
  return mediaType.exec(contentType ?? '')?.[1]?.toLowerCase() ?? '';
}
