import type {Connector} from '../../core/connector.ts';
import type {PolicyContext} from '../../core/policy.ts';
import {lifetimeOf} from '../../core/request.ts';
import {InvalidOptionError, UnsupportedOptionError} from '../../errors/index.ts';
import {assertOption, checkKnown, checkNumber, isObject} from '../../utils/check-options.ts';
import {cookiesCallOption} from './call-option.ts';
import {CookieStoreError} from './error.ts';
import {isCookie} from './is-cookie.ts';
import type {HopCookies} from './send-with-cookies.ts';
import {sendWithCookies} from './send-with-cookies.ts';
import type {Candidate} from './set-cookie.ts';
import {isCookieText, parseSetCookie} from './set-cookie.ts';
import {createStorage} from './storage.ts';
import type {Cookie, CookieJar, CookieStore, NewCookie} from './types.ts';

/** Options of {@link cookieJar}. */
export interface CookieJarOptions {
  /**
   * The cookies that the jar begins with: those of `toJSON`, of `list` or of `fromNetscape`. Not together with `store`, which
   * has cookies of its own.
   *
   * @default none
   */
  readonly cookies?: readonly Cookie[] | undefined;
  /**
   * Where the cookies are kept. The jar reads the store before each request, and updates it after a response that sets
   * cookies.
   *
   * @default the jar's memory
   */
  readonly store?: CookieStore | undefined;
  /**
   * The most cookies. Beyond that, the jar forgets the one that has been unused for longest.
   *
   * @default 3_000
   */
  readonly maxCookies?: number | undefined;
  /**
   * The most cookies of one site, which is a domain that can be registered, with all hosts in it.
   *
   * @default 180
   */
  readonly maxCookiesPerSite?: number | undefined;
}

/**
 * Makes a jar of cookies: a policy that sends and stores the cookies of all requests of a session, as browsers do (RFC
 * 6265bis, with the list of public suffixes). It does so for each request of a redirect, for each attempt, and in whatever
 * place it has in the list of policies. A call with `cookies: false` sends and stores none.
 *
 * SameSite decides nothing, because a program has no site of its own. A cookie with Secure goes to loopback hosts over HTTP
 * too, as in browsers. Pages can't use a jar: the browser has its own, and the `credentials` of a call decide on it.
 *
 * @throws InvalidOptionError; UnsupportedOptionError for an unknown option. `createSession` throws an UnsupportedOptionError
 * for a jar on a connector that hides redirects, as that of browsers does
 *
 * @example
 * ```ts
 * import {createSession} from 'aiofetch';
 * import {cookieJar} from 'aiofetch/cookies';
 *
 * const cookies = cookieJar();
 * await using session = createSession({baseUrl: 'https://shop.example.com/', cookies});
 * await session.post('login', {body: new URLSearchParams({user: 'ada', password: 'secret'})});
 * const orders = await session.get('orders').json();
 * console.log(await cookies.get('https://shop.example.com/orders'));
 * ```
 */
export function cookieJar(options: CookieJarOptions = {}): CookieJar {
  checkKnown('cookieJar', options, ['cookies', 'store', 'maxCookies', 'maxCookiesPerSite']);
  const {store, cookies} = options;
  checkStore(store, cookies);
  const storage = createStorage({
    maxCookies: checkNumber('cookieJar.maxCookies', options.maxCookies, 3_000, {min: 1}),
    maxCookiesPerSite: checkNumber('cookieJar.maxCookiesPerSite', options.maxCookiesPerSite, 180, {min: 1}),
  });
  if (cookies) storage.load(cookies);
  /** What the storage was loaded from. */
  let loaded: readonly Cookie[] | undefined;

  /** Brings the storage up to date. Returns a promise only if there is a store. */
  function refresh(): Promise<void> | undefined {
    return store && attempt('read', async () => load(await store.read()));
  }

  function load(saved: readonly Cookie[] | undefined): void {
    if (saved === loaded && saved !== undefined) return;
    if (saved !== undefined && !(Array.isArray(saved) && saved.every(isCookie))) {
      throw new TypeError('The store has something else than a list of cookies');
    }
    storage.load(saved ?? []);
    loaded = saved;
  }

  /** Changes the storage, and saves it if there is a store. Returns a promise only in that case. */
  function change(make: () => void): Promise<void> | undefined {
    if (!store) {
      make();
      return undefined;
    }
    return attempt('save', () =>
      store.update((saved) => {
        load(saved);
        make();
        // The jar's own changes are not in `saved`.
        loaded = undefined;
        return storage.list(Date.now());
      }),
    );
  }

  const hops: HopCookies = {
    cookiesFor(url) {
      const ready = refresh();
      return ready ? ready.then(() => storage.matching(url, Date.now())) : storage.matching(url, Date.now());
    },
    take(lines, url) {
      return change(() => {
        const now = Date.now();
        for (const line of lines) {
          const candidate = parseSetCookie(line, now);
          if (candidate) storage.put(candidate, url, now);
        }
      });
    },
  };

  return {
    name: 'cookies',
    callOptions: cookiesCallOption,
    rejectsOnAbort: store === undefined,
    isShareable: true,
    wrap(next, {connector}: PolicyContext) {
      checkConnector(connector);
      const sender = sendWithCookies(hops, connector);
      return (request) => {
        lifetimeOf(request).sender = request.options['cookies'] === false ? undefined : sender;
        return next(request);
      };
    },
    async get(url) {
      const target = checkUrl(url);
      await refresh();
      return storage.matching(target, Date.now()).map((cookie) => ({...cookie}));
    },
    async set(cookie, url) {
      const target = checkUrl(url);
      const now = Date.now();
      const candidate = typeof cookie === 'string' ? parseSetCookie(cookie, now) : toCandidate(cookie);
      assertOption(candidate !== undefined, 'cookie', cookie, 'the value of a Set-Cookie header');
      let refused: string | undefined;
      await change(() => {
        refused = storage.put(candidate, target, now);
      });
      if (refused !== undefined)
        throw new InvalidOptionError('cookie', new Error(refused), 'what the URL may set');
    },
    async clear(url) {
      const target = url === undefined ? undefined : checkUrl(url);
      await change(() => {
        if (!target) storage.clear();
        else for (const cookie of storage.matching(target, Date.now())) storage.remove(cookie);
      });
    },
    async list() {
      await refresh();
      return storage.list(Date.now());
    },
    toJSON: () => storage.list(Date.now()),
  };
}

async function attempt(what: 'read' | 'save', run: () => Promise<void>): Promise<void> {
  try {
    await run();
  } catch (cause) {
    throw new CookieStoreError(`The store of the cookies failed to ${what} them`, {cause});
  }
}

function checkStore(store: CookieStore | undefined, cookies: readonly Cookie[] | undefined): void {
  assertOption(
    store === undefined ||
      (isObject(store) && typeof store.read === 'function' && typeof store.update === 'function'),
    'cookieJar.store',
    store,
    'an object with read() and update()',
  );
  assertOption(
    cookies === undefined || (Array.isArray(cookies) && cookies.every(isCookie)),
    'cookieJar.cookies',
    cookies,
    'a list of cookies, as toJSON() returns it',
  );
  assertOption(
    cookies === undefined || store === undefined,
    'cookieJar.cookies',
    cookies,
    'no value beside store, which has cookies of its own',
  );
}

/** @throws UnsupportedOptionError for a connector that hides redirects, which also hides cookies */
function checkConnector({name, capabilities}: Connector): void {
  if (capabilities.manualRedirect) return;
  throw new UnsupportedOptionError(
    'cookies',
    `the ${name} connector`,
    'browsers keep the cookies themselves; the option credentials of a call decides whether they are sent',
  );
}

function checkUrl(url: string | URL): URL {
  const parsed = URL.parse(String(url));
  // The URL isn't shown: it may contain a secret.
  assertOption(
    parsed?.protocol === 'http:' || parsed?.protocol === 'https:',
    'url',
    undefined,
    'an absolute http: or https: URL',
  );
  return parsed as URL;
}

const newCookieMembers = ['name', 'value', 'domain', 'path', 'secure', 'httpOnly', 'sameSite', 'expires'];

/** @throws InvalidOptionError, UnsupportedOptionError */
function toCandidate(cookie: NewCookie): Candidate {
  checkKnown('cookie', cookie, newCookieMembers);
  const {name, value, domain, path, secure = false, httpOnly = false, sameSite, expires} = cookie;
  // The errors show no value.
  const check = (isAllowed: boolean, member: string, allowed: string) =>
    assertOption(isAllowed, `cookie.${member}`, undefined, allowed);
  check(
    isCookieText(name) && !/[;=]|^[ \t]|[ \t]$/.test(name),
    'name',
    'a text of bytes without ";", "=" and control characters',
  );
  check(
    isCookieText(value) && !/;|^[ \t]|[ \t]$/.test(value),
    'value',
    'a text of bytes without ";" and control characters',
  );
  check(domain === undefined || isCookieText(domain), 'domain', 'a domain');
  check(
    path === undefined || (isCookieText(path) && /^\/[^;]*$/.test(path)),
    'path',
    'a path that begins with "/"',
  );
  check(typeof secure === 'boolean', 'secure', 'true or false');
  check(typeof httpOnly === 'boolean', 'httpOnly', 'true or false');
  check([undefined, 'strict', 'lax', 'none'].includes(sameSite), 'sameSite', 'strict, lax or none');
  const time = expires === undefined ? undefined : Number(expires);
  check(time === undefined || !Number.isNaN(time), 'expires', 'a date, or ms since 1970');
  return {
    name,
    value,
    domain: domain?.replace(/^\./, '') || undefined,
    path,
    secure,
    httpOnly,
    sameSite,
    expires: time,
  };
}
