const escapeSequence = /%[\dA-Fa-f]{2}/g;
// RFC 3986, section 2.3: what never needs escaping.
const unreserved = /[\w.~-]/;

/**
 * The one spelling of a page's address, so that a page is asked for once however it is linked: absolute, without
 * fragment, userinfo or empty query, escapes as RFC 3986, section 6.2.2, has them. Undefined for what is no http(s) URL.
 */
export function normalizeUrl(href: string, base?: string): string | undefined {
  const url = URL.parse(href, base);
  if (!url || (url.protocol !== 'http:' && url.protocol !== 'https:')) return undefined;
  url.hash = '';
  url.username = '';
  url.password = '';
  url.pathname = normalizeEscapes(url.pathname);
  // An empty query is taken away by this too.
  url.search = normalizeEscapes(url.search);
  return url.href;
}

function normalizeEscapes(text: string): string {
  return text.replace(escapeSequence, (code) => {
    const character = String.fromCharCode(Number.parseInt(code.slice(1), 16));
    return unreserved.test(character) ? character : code.toUpperCase();
  });
}
