import {longestUrl} from './bounds.ts';

const escapeSequence = /%[\dA-Fa-f]{2}/g;
// RFC 3986, section 2.3: the characters that never need escaping.
const unreserved = /[\w.~-]/;

/**
 * One spelling for each address, so that a page is requested once however it is linked: absolute, without fragment,
 * userinfo or empty query, with the escapes of RFC 3986, section 6.2.2. Undefined if it isn't an http(s) URL, or too long.
 */
export function normalizeUrl(href: string, base?: string): string | undefined {
  if (href.length > longestUrl) return undefined;
  const url = URL.parse(href, base);
  if (!url || (url.protocol !== 'http:' && url.protocol !== 'https:')) return undefined;
  url.hash = '';
  url.username = '';
  url.password = '';
  url.pathname = normalizeEscapes(url.pathname);
  // This also removes an empty query.
  url.search = normalizeEscapes(url.search);
  return url.href.length > longestUrl ? undefined : url.href;
}

/** Gives escapes one spelling, and removes those that are not needed. */
export function normalizeEscapes(text: string): string {
  return text.replace(escapeSequence, (code) => {
    const character = String.fromCharCode(Number.parseInt(code.slice(1), 16));
    return unreserved.test(character) ? character : code.toUpperCase();
  });
}
