// RFC 6838, section 4.2, and "*", which ranges of media types have.
const mediaType = /^\s*([\w!#$&^.+*-]+\/[\w!#$&^.+*-]+)\s*(?:;|$)/;

/** The media type of a `Content-Type`, in lower case and without parameters; `''` when there is none, or it's malformed. */
export function bareMediaType(contentType: string | null): string {
  return mediaType.exec(contentType ?? '')?.[1]?.toLowerCase() ?? '';
}
