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

interface KnownUrl {
  readonly href: string;
  readonly origin: string;
  /** Set when it is first needed. */
  path?: string;
}

const cacheSize = 500;
const cache = new Map<string, KnownUrl>();

// The parts are cached, because applications request the same URLs again and again.
function parse(url: string): KnownUrl {
  let known = cache.get(url);
  if (!known) {
    const {href, origin} = new URL(url);
    known = {href, origin};
    if (cache.size >= cacheSize) cache.clear();
    // A `data:` URL may have any length.
    if (url.length <= 4e3) cache.set(url, known);
  }
  return known;
}

/** Returns the origin of an absolute URL. */
export function urlOrigin(url: string): string {
  return parse(url).origin;
}

/**
 * Returns the parts of an absolute http: or https: URL.
 *
 * @throws TypeError for any other scheme
 */
export function urlParts(url: string): UrlParts {
  const known = parse(url);
  known.path ??= pathOf(known.href);
  return known as UrlParts;
}

function pathOf(href: string): string {
  const [scheme = ''] = href.split('//', 1);
  if (scheme !== 'http:' && scheme !== 'https:') {
    throw new TypeError(`Scheme ${new URL(href).protocol} can't be fetched; http: and https: can`);
  }
  // The path is cut out of `href`, because `search` is '' for an empty query as well as for none.
  const [whole = href] = href.split('#', 1);
  return whole.slice(whole.indexOf('/', scheme.length + 2));
}
