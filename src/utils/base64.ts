/**
 * Returns a string with one character for each byte (Infra, "isomorphic decode"). Headers outside ASCII and `btoa` take
 * such a string.
 */
export function isomorphicDecode(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) text += String.fromCharCode(byte);
  return text;
}

export function encodeBase64(bytes: Uint8Array): string {
  return btoa(isomorphicDecode(bytes));
}

/** @throws DOMException if the text is not base64 */
export function decodeBase64(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
}
