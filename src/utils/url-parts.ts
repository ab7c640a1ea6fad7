/** What of a URL a request needs. */
export interface UrlParts {
  readonly origin: string;
  readonly path: string;
}

/** Where a URL leads to. */
export interface UrlAddress {
  /** Of an IPv6 address, without its brackets. */
  readonly hostname: string;
  /** The scheme's own where the URL names none. */
  readonly port: number;
}

export function addressOf({hostname, port, protocol}: URL): UrlAddress {
  return {
    hostname: withoutBrackets(hostname),
    port: port === '' ? (protocol === 'https:' ? 443 : 80) : Number(port),
  };
}

/** A host as URLs have it, without the brackets of an IPv6 address. */
export function withoutBrackets(host: string): string {
  return host.replace(/^\[|\]$/g, '');
}

const cacheSize = 500;
const cache = new Map<string, UrlParts>();

/**
 * The parts of an absolute http: or https: URL, remembered: the same few URLs are asked for again and again.
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
  // Cut out rather than put together: `search` doesn't tell an empty query from none.
  const [whole = href] = href.split('#', 1);
  const parts = {origin, path: whole.slice(whole.indexOf('/', protocol.length + 2))};
  if (cache.size >= cacheSize) cache.clear();
  cache.set(url, parts);
  return parts;
}
