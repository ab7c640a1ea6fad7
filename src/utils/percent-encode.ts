/**
 * Percent-encodes all characters but the unreserved ones of RFC 3986, in UTF-8. `encodeURIComponent` leaves `!'()*` as well.
 *
 * @throws URIError for a lone surrogate
 */
export function percentEncode(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}
