/** How many URLs are remembered. */
const cacheSize = 500;

/**
 * Makes what resolves URLs on a base, or else on the page's address, and takes their fragments away. What comes of a
 * string is remembered: the same few are asked for again and again.
 *
 * @returns a function that throws a TypeError, which doesn't show the URL, for one that can't be resolved, and for one with
 * credentials in it
 */
export function urlResolver(base: URL | undefined): (input: string | URL) => string {
  const cache = new Map<string, string>();

  // The runtime's own error would show the input, with whatever credentials are in it.
  function parse(input: string): URL {
    try {
      return new URL(input, base ?? globalThis.location?.href);
    } catch {
      const isRelative = !/^\s*[a-z][a-z\d+.-]*:/i.test(input);
      throw new TypeError(
        isRelative && !base ? 'That is not an absolute URL, and there is no baseUrl' : 'That is not a URL',
      );
    }
  }

  return (input) => {
    if (typeof input !== 'string') return bareHref(input);
    let url = cache.get(input);
    if (url === undefined) {
      url = bareHref(parse(input));
      // Not what a page's address may be part of: that changes.
      if (!base && globalThis.location) return url;
      if (cache.size >= cacheSize) cache.clear();
      cache.set(input, url);
    }
    return url;
  };
}

function bareHref(url: URL): string {
  if (url.username || url.password) {
    throw new TypeError('A URL with credentials in it is not fetched; use the auth option');
  }
  if (url.hash === '' && !url.href.endsWith('#')) return url.href;
  return url.href.slice(0, url.href.indexOf('#'));
}
