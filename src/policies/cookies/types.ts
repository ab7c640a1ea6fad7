import type {PolicyDefinition} from '../../core/policy.ts';

/** The value of the attribute SameSite. It is kept and exported, and decides nothing: a program has no site of its own. */
export type SameSite = 'strict' | 'lax' | 'none';

/** A cookie of a jar (RFC 6265bis, section 5.7). It can be written as JSON. */
export interface Cookie {
  /** Empty for a cookie without a name, which a server sets by `Set-Cookie: value`. */
  readonly name: string;
  /** As the server sent it, quotation marks included. */
  readonly value: string;
  /** The host or domain, in lower case and without a leading dot. */
  readonly domain: string;
  /** Whether the cookie is for `domain` alone, and not for the hosts under it. */
  readonly hostOnly: boolean;
  readonly path: string;
  /** Whether the cookie is sent over HTTPS and to loopback hosts only. */
  readonly secure: boolean;
  /** Whether scripts of a page could not read the cookie. A program may. */
  readonly httpOnly: boolean;
  readonly sameSite?: SameSite | undefined;
  /** When the cookie expires, in ms since 1970. `undefined` for a cookie of the session, which ends with the jar. */
  readonly expires?: number | undefined;
  /** When the cookie was first set, in ms since 1970. */
  readonly created: number;
  /** When the cookie was last set or sent, in ms since 1970. */
  readonly used: number;
}

/** A cookie that a program sets. The members that are missing have the defaults of `Set-Cookie`. */
export interface NewCookie {
  readonly name: string;
  readonly value: string;
  /**
   * The domain whose hosts get the cookie.
   *
   * @default the host of the URL alone
   */
  readonly domain?: string | undefined;
  /** @default the directory of the URL's path */
  readonly path?: string | undefined;
  /** @default false */
  readonly secure?: boolean | undefined;
  /** @default false */
  readonly httpOnly?: boolean | undefined;
  readonly sameSite?: SameSite | undefined;
  /**
   * When the cookie expires: a date, or ms since 1970.
   *
   * @default the end of the session
   */
  readonly expires?: number | Date | undefined;
}

/**
 * Where a jar keeps its cookies, so that they survive the process or are shared by several. `cookieFile` of `aiofetch/node`
 * and `keyvStore` make one.
 *
 * @example
 * ```ts
 * import type {Cookie, CookieStore} from 'aiofetch/cookies';
 * import {cookieJar} from 'aiofetch/cookies';
 *
 * let saved: readonly Cookie[] | undefined;
 * const store: CookieStore = {
 *   read: async () => saved,
 *   update: async (change) => {
 *     saved = change(saved);
 *   },
 * };
 * const jar = cookieJar({store});
 * ```
 */
export interface CookieStore {
  /**
   * Returns the cookies that were saved; `undefined` if none were. The jar calls it before each request. The same array as
   * before means that nothing has changed since.
   */
  read(): Promise<readonly Cookie[] | undefined>;
  /**
   * Reads the cookies, calls `change` with them, and saves what it returns. Where several processes share the store, no other
   * update may come in between.
   */
  update(change: (saved: readonly Cookie[] | undefined) => readonly Cookie[]): Promise<void>;
}

/**
 * A jar of cookies. It is a policy, which sends and stores the cookies of every request, each request of a redirect included.
 * Pass it as the option `cookies` or in the list `policies` of a session. Several sessions may share a jar.
 */
export interface CookieJar extends PolicyDefinition<{cookies?: false | undefined}> {
  /**
   * Returns the cookies that a request to the URL would carry, in the order in which they would be sent.
   *
   * @throws InvalidOptionError for a value that is not an http: or https: URL; CookieStoreError
   */
  get(url: string | URL): Promise<Cookie[]>;
  /**
   * Sets a cookie, as a response from the URL would do it. A string has the form of `Set-Cookie`. A date in the past removes
   * the cookie.
   *
   * @throws InvalidOptionError when the URL may not set that cookie, with the reason and without the value; CookieStoreError
   */
  set(cookie: string | NewCookie, url: string | URL): Promise<void>;
  /**
   * Removes all cookies, or those that a request to the URL would carry.
   *
   * @throws InvalidOptionError for a value that is not an http: or https: URL; CookieStoreError
   */
  clear(url?: string | URL): Promise<void>;
  /**
   * Returns all cookies that have not expired.
   *
   * @throws CookieStoreError
   */
  list(): Promise<Cookie[]>;
  /** Returns the cookies that the jar has in memory, for `JSON.stringify`. The option `cookies` of `cookieJar` takes them. */
  toJSON(): Cookie[];
}
