/**
 * Everything but RFC 3986's unreserved characters percent-encoded, in UTF-8: `encodeURIComponent` leaves more as it is.
 *
 * @throws URIError for half of a surrogate pair
 */
export function percentEncode(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}
