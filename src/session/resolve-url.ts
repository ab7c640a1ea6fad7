/** The most URLs in the cache. */
const cacheSize = 500;

/**
 * Makes a function that resolves URLs on a base, or else on the page's address, and removes their fragments. The results
 * for strings are cached, because most sessions use few URLs.
 *
 * @returns a function that throws a TypeError for a URL that can't be resolved and for a URL with credentials. The error
 * doesn't show the URL.
 */
export function urlResolver(base: URL | undefined): (input: string | URL) => string {
  const cache = new Map<string, string>();

  // The runtime's own error would show the input, which may contain credentials.
  function parse(input: string): URL {
    try {
      return new URL(input, base ?? globalThis.location?.href);
    } catch {
      throw new TypeError(`The URL is not ${base ? 'valid' : 'absolute; set baseUrl'}`);
    }
  }

  return (input) => {
    if (typeof input !== 'string') return bareHref(input);
    let url = cache.get(input);
    if (url === undefined) {
      url = bareHref(parse(input));
      // A result that depends on the page's address isn't cached, because that address changes. A `data:` URL may have
      // any length.
      if ((!base && globalThis.location) || input.length > 4e3) return url;
      if (cache.size >= cacheSize) cache.clear();
      cache.set(input, url);
    }
    return url;
  };
}

function bareHref(url: URL): string {
  if (url.username || url.password) {
    throw new TypeError('The URL has credentials; use the auth option');
  }
  return url.href.replace(/#.*/, '');
}
