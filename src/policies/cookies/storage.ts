import {canonicalDomain, defaultPath, getPublicSuffix, pathMatch} from 'tough-cookie';
import type {Candidate} from './set-cookie.ts';
import type {Cookie} from './types.ts';

/** A cookie in the memory of a jar, whose time of use changes. */
type StoredCookie = Cookie & {used: number};

/** How many cookies a jar keeps. */
export interface StorageLimits {
  readonly maxCookies: number;
  readonly maxCookiesPerSite: number;
}

/** The cookies of a jar in memory. All times are in ms since 1970. */
export interface CookieStorage {
  /** The cookies for a request, in the order in which they are sent (RFC 6265bis, section 5.8.3). */
  matching(url: URL, now: number): readonly Cookie[];
  /**
   * Stores a cookie, or removes one (RFC 6265bis, section 5.7).
   *
   * @returns why the URL may not set the cookie; `undefined` when it may
   */
  put(candidate: Candidate, url: URL, now: number): string | undefined;
  remove(cookie: Cookie): void;
  clear(): void;
  list(now: number): Cookie[];
  /** Replaces all cookies. */
  load(cookies: readonly Cookie[]): void;
}

/** RFC 6265bis, section 5.6: the most bytes of name and value together. */
const largestCookie = 4096;

/** RFC 6265bis, section 5.5: the latest expiry, from now, in ms. */
const longestLife = 400 * 24 * 60 * 60 * 1_000;

/** Makes an empty storage. */
export function createStorage({maxCookies, maxCookiesPerSite}: StorageLimits): CookieStorage {
  const sites = new Map<string, StoredCookie[]>();
  let size = 0;

  function remove(cookie: Cookie): void {
    const site = siteOf(cookie.domain);
    const cookies = sites.get(site);
    const index = cookies?.findIndex((one) => isSame(one, cookie)) ?? -1;
    if (!cookies || index < 0) return;
    cookies.splice(index, 1);
    size--;
    if (cookies.length === 0) sites.delete(site);
  }

  function add(cookie: Cookie, now: number): void {
    const site = siteOf(cookie.domain);
    const cookies = sites.get(site) ?? [];
    sites.set(site, cookies);
    const index = cookies.findIndex((one) => isSame(one, cookie));
    const old = cookies[index];
    if (old) {
      cookies[index] = {...cookie, created: old.created};
      return;
    }
    cookies.push({...cookie});
    size++;
    if (cookies.length > maxCookiesPerSite) forget(cookies, now);
    if (size > maxCookies) forget([...sites.values()].flat(), now);
  }

  /** Removes the expired cookies. If there are none, removes the one that has been unused for longest. */
  function forget(cookies: readonly StoredCookie[], now: number): void {
    const expired = cookies.filter((cookie) => isExpired(cookie, now));
    const [first, ...others] = cookies;
    if (expired.length > 0 || !first) for (const cookie of expired) remove(cookie);
    else remove(others.reduce((oldest, cookie) => (cookie.used < oldest.used ? cookie : oldest), first));
  }

  function put(candidate: Candidate, url: URL, now: number): string | undefined {
    const cookie = toCookie(candidate, url, now);
    if (typeof cookie === 'string') return cookie;
    if (!isSecureChannel(url) && !cookie.secure && hidesSecure(cookie)) {
      return 'a cookie that was set over HTTPS with Secure has that name';
    }
    if (isExpired(cookie, now)) remove(cookie);
    else add(cookie, now);
    return undefined;
  }

  /** Whether the cookie would replace or hide one with Secure (RFC 6265bis, section 5.7, "leave secure cookies alone"). */
  function hidesSecure({name, domain, path}: Cookie): boolean {
    return (sites.get(siteOf(domain)) ?? []).some(
      (one) =>
        one.secure &&
        one.name === name &&
        (isWithin(domain, one.domain) || isWithin(one.domain, domain)) &&
        pathMatch(path, one.path),
    );
  }

  function matching(url: URL, now: number): readonly Cookie[] {
    const host = hostOf(url);
    const cookies = sites.get(siteOf(host));
    if (!cookies) return [];
    const isTrusted = isSecureChannel(url);
    const found = cookies.filter(
      (cookie) =>
        (cookie.hostOnly ? cookie.domain === host : isWithin(host, cookie.domain)) &&
        pathMatch(url.pathname, cookie.path) &&
        (isTrusted || !cookie.secure) &&
        !isExpired(cookie, now),
    );
    for (const cookie of found) cookie.used = now;
    return found.sort((a, b) => b.path.length - a.path.length || a.created - b.created);
  }

  function clear(): void {
    sites.clear();
    size = 0;
  }

  return {
    matching,
    put,
    remove,
    clear,
    list: (now) =>
      [...sites.values()]
        .flat()
        .filter((cookie) => !isExpired(cookie, now))
        .map((cookie) => ({...cookie})),
    load(cookies) {
      clear();
      const now = Date.now();
      for (const cookie of cookies) if (!isExpired(cookie, now)) add(cookie, now);
    },
  };
}

/** Makes the cookie of a candidate, or tells why the URL may not set it. */
function toCookie(candidate: Candidate, url: URL, now: number): Cookie | string {
  const {name, value, secure, httpOnly, sameSite} = candidate;
  if (name === '' && value === '') return 'a cookie needs a name or a value';
  if (name.length + value.length > largestCookie) {
    return `name and value have more than ${largestCookie} bytes together`;
  }
  const host = hostOf(url);
  let domain = candidate.domain === undefined ? undefined : asciiDomain(candidate.domain);
  if (domain === '') return 'Domain is not a domain';
  if (domain !== undefined && (isSuffix(domain) || isAddress(domain))) {
    if (domain !== host) return 'Domain is a public suffix or the address of another host';
    domain = undefined;
  }
  if (domain !== undefined && !isWithin(host, domain)) return 'Domain does not contain the host of the URL';
  if (secure && !isSecureChannel(url)) return 'Secure needs HTTPS or a loopback host';
  if (sameSite === 'none' && !secure) return 'SameSite=None needs Secure';
  const path = candidate.path?.startsWith('/') ? candidate.path : defaultPath(url.pathname);
  // A server that reads names without regard to case must not be deceived either.
  const prefix = /^__(?:secure|host)-/i.exec(name || value)?.[0].toLowerCase();
  if (prefix !== undefined) {
    if (name === '') return 'a cookie without a name may not imitate a prefix';
    if (!secure) return 'the prefix of the name needs Secure';
    if (prefix === '__host-' && (domain !== undefined || candidate.path !== '/')) {
      return 'the prefix __Host- needs Path=/ and no Domain';
    }
  }
  return {
    name,
    value,
    domain: domain ?? host,
    hostOnly: domain === undefined,
    path,
    secure,
    httpOnly,
    ...(sameSite && {sameSite}),
    ...(candidate.expires !== undefined && {expires: Math.min(candidate.expires, now + longestLife)}),
    created: now,
    used: now,
  };
}

/** The host of a URL, without the brackets of an IPv6 address. */
function hostOf({hostname}: URL): string {
  return hostname.replace(/^\[|\]$/g, '');
}

/** The domain in lower case and in ASCII (UTS 46); empty if it is none. */
function asciiDomain(domain: string): string {
  // One dot was taken away before, and `canonicalDomain` would take another one and spaces away.
  if (/^[.\s]/.test(domain)) return '';
  try {
    return canonicalDomain(domain) ?? '';
  } catch {
    return '';
  }
}

function isAddress(host: string): boolean {
  return host.includes(':') || /^\d+(?:\.\d+){3}$/.test(host);
}

/** Whether no one can register the domain, or it has one label, such as the host names of a local network. */
function isSuffix(domain: string): boolean {
  return !domain.includes('.') || registrableDomain(domain) === undefined;
}

function registrableDomain(domain: string): string | undefined {
  return getPublicSuffix(domain, {allowSpecialUseDomain: true, ignoreError: true}) ?? undefined;
}

/** The domain that was registered, whose hosts share one limit; the host itself if it has none. */
function siteOf(host: string): string {
  return registrableDomain(host) ?? host;
}

/** RFC 6265bis, section 5.1.3: domain matching. Nothing contains an address but the address itself. */
function isWithin(host: string, domain: string): boolean {
  return host === domain || (host.endsWith(`.${domain}`) && !isAddress(host));
}

/** Whether nobody between client and server can read what is sent (Secure Contexts, "potentially trustworthy origin"). */
function isSecureChannel(url: URL): boolean {
  return url.protocol === 'https:' || /^(?:(?:.+\.)?localhost|127(?:\.\d+){3}|\[::1\])$/.test(url.hostname);
}

function isExpired({expires}: Cookie, now: number): boolean {
  return expires !== undefined && expires <= now;
}

function isSame(a: Cookie, b: Cookie): boolean {
  return a.name === b.name && a.domain === b.domain && a.path === b.path && a.hostOnly === b.hostOnly;
}
