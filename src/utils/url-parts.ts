/** The parts of a URL that a request needs. */
export interface UrlParts {
  readonly origin: string;
  readonly path: string;
}

/** The address that a URL leads to. */
export interface UrlAddress {
  /** The host name; an IPv6 address is without its brackets. */
  readonly hostname: string;
  /** The port; the default port of the scheme if the URL has none. */
  readonly port: number;
}

export function addressOf({hostname, port, protocol}: URL): UrlAddress {
  return {
    hostname: withoutBrackets(hostname),
    port: port === '' ? (protocol === 'https:' ? 443 : 80) : Number(port),
  };
}

/** Returns the host of a URL without the brackets of an IPv6 address. */
export function withoutBrackets(host: string): string {
  return host.replace(/^\[|\]$/g, '');
}

const cacheSize = 500;
const cache = new Map<string, UrlParts>();

/**
 * Returns the parts of an absolute http: or https: URL. The parts are cached, because applications request the same URLs
 * again and again.
 *
 * @throws TypeError for any other scheme
 */
export function urlParts(url: string): UrlParts {
  const known = cache.get(url);
  if (known) return known;
  const {href, origin, protocol} = new URL(url);
  if (protocol !== 'http:' && protocol !== 'https:') {
    throw new TypeError(`Scheme ${protocol} can't be fetched; http: and https: can`);
  }
  // The path is cut out of `href`, because `search` is '' for an empty query as well as for none.
  const [whole = href] = href.split('#', 1);
  const parts = {origin, path: whole.slice(whole.indexOf('/', protocol.length + 2))};
  if (cache.size >= cacheSize) cache.clear();
  cache.set(url, parts);
  return parts;
}
