import {describe, expect, it} from 'vitest';
import type {Cookie, CookieStore} from '../../../../src/policies/cookies/index.ts';
import {cookieJar, keyvStore} from '../../../../src/policies/cookies/index.ts';
import {mockSession, rejection, thrown} from '../../../support/mock-session.ts';

const baseUrl = 'https://shop.test/';

/** A store in memory that counts its calls. */
function memoryStore(saved?: readonly Cookie[]) {
  const store = {
    saved,
    reads: 0,
    updates: 0,
    async read() {
      store.reads++;
      return store.saved;
    },
    async update(change: (cookies: readonly Cookie[] | undefined) => readonly Cookie[]) {
      store.updates++;
      store.saved = change(store.saved);
    },
  };
  return store satisfies CookieStore & {reads: number};
}

const setting = (line: string) => new Response(null, {headers: {'set-cookie': line}});

describe('memory', () => {
  it('toJSON() gives the cookies that another jar begins with', async () => {
    const first = cookieJar();
    await first.set('a=1; Path=/; Domain=shop.test; HttpOnly; SameSite=Lax; Max-Age=3600', baseUrl);
    await first.set('b=2', baseUrl);
    const second = cookieJar({cookies: JSON.parse(JSON.stringify(first))});
    expect(await second.list()).toEqual(await first.list());
    expect(await second.get(baseUrl)).toMatchObject([{name: 'a'}, {name: 'b'}]);
  });

  it.each([
    ['no list', {}],
    ['no cookies', [1]],
    ['a member of another type', [{name: 'a'}]],
    [
      'a control character',
      JSON.parse(
        '[{"name":"a","value":"s3cret\\r\\n","domain":"a.test","hostOnly":true,"path":"/","secure":false,"httpOnly":false,"created":1,"used":1}]',
      ),
    ],
  ])('the option cookies refuses %s, without a value', (_, cookies) => {
    const error = thrown(() => cookieJar({cookies}));
    expect(error).toMatchObject({name: 'InvalidOptionError', option: 'cookieJar.cookies'});
    expect(error.message).not.toContain('s3cret');
  });

  it('what a caller does to the cookies that it got changes nothing in the jar', async () => {
    const jar = cookieJar();
    await jar.set('a=1', baseUrl);
    for (const cookies of [await jar.get(baseUrl), await jar.list(), jar.toJSON()]) {
      Object.assign(cookies[0] as object, {value: 'changed'});
    }
    expect(await jar.list()).toMatchObject([{value: '1'}]);
  });
});

describe('the methods of a jar', () => {
  it('set() takes an object, and a date in the past removes the cookie', async () => {
    const jar = cookieJar();
    const expires = new Date(Date.now() + 60_000);
    await jar.set(
      {
        name: 'a',
        value: '1',
        domain: '.shop.test',
        path: '/x',
        secure: true,
        httpOnly: true,
        sameSite: 'lax',
        expires,
      },
      'https://www.shop.test/',
    );
    expect(await jar.list()).toMatchObject([
      {
        name: 'a',
        value: '1',
        domain: 'shop.test',
        hostOnly: false,
        path: '/x',
        secure: true,
        httpOnly: true,
        sameSite: 'lax',
        expires: expires.getTime(),
      },
    ]);
    await jar.set({name: 'a', value: '', domain: 'shop.test', path: '/x', expires: 0}, baseUrl);
    expect(await jar.list()).toEqual([]);
  });

  it.each([
    ['cookie.name', {name: 'a;b', value: ''}],
    ['cookie.name', {name: 'a=b', value: ''}],
    ['cookie.value', {name: 'a', value: 's3cret;'}],
    ['cookie.value', {name: 'a', value: 's3cret\n'}],
    ['cookie.value', {name: 'a', value: 's3cret €'}],
    ['cookie.value', {name: 'a', value: 1}],
    ['cookie.path', {name: 'a', value: '', path: 'x'}],
    ['cookie.expires', {name: 'a', value: '', expires: new Date('no')}],
    ['cookie.sameSite', {name: 'a', value: '', sameSite: 'Lax'}],
    ['cookie.secure', {name: 'a', value: '', secure: 1}],
    ['cookie.what', {name: 'a', value: '', what: 1}],
  ])('set() refuses what no cookie can have: %s', async (option, cookie) => {
    const error = await rejection(cookieJar().set(cookie as never, baseUrl));
    expect(error).toMatchObject({option});
    expect(error.message).not.toContain('s3cret');
  });

  it.each(['/relative', 'ftp://shop.test/', 'data:,x', ''])(
    'get(), set() and clear() refuse the URL %j',
    async (url) => {
      const jar = cookieJar();
      for (const run of [() => jar.get(url), () => jar.set('a=1', url), () => jar.clear(url)]) {
        expect(await rejection(run())).toMatchObject({name: 'InvalidOptionError', option: 'url'});
      }
    },
  );

  it('clear() removes all cookies, or those for a URL', async () => {
    const jar = cookieJar();
    await jar.set('a=1; Path=/', baseUrl);
    await jar.set('b=1; Path=/x', baseUrl);
    await jar.set('c=1', 'https://other.test/');
    await jar.clear(baseUrl);
    expect((await jar.list()).map(({name}) => name)).toEqual(['b', 'c']);
    await jar.clear();
    expect(await jar.list()).toEqual([]);
  });

  it.each([
    ['cookieJar.maxCookies', {maxCookies: 0}],
    ['cookieJar.maxCookiesPerSite', {maxCookiesPerSite: -1}],
    ['cookieJar.store', {store: {read() {}}}],
    ['cookieJar.cookies', {cookies: [], store: memoryStore()}],
    ['cookieJar.what', {what: 1}],
  ])('cookieJar refuses %s', (option, options) => {
    expect(thrown(() => cookieJar(options as never))).toMatchObject({option});
  });
});

describe('a store', () => {
  it('cookies of a store are sent, and those of responses are saved before the call resolves', async () => {
    const store = memoryStore();
    await cookieJar({store}).set('a=1', baseUrl);
    const {session, calls} = mockSession(() => setting('b=2'), {baseUrl, cookies: cookieJar({store})});
    await session.get('');
    expect(calls[0]?.headers.get('cookie')).toBe('a=1');
    expect(store.saved?.map(({name}) => name)).toEqual(['a', 'b']);
  });

  it('two jars see each other’s cookies, and lose none', async () => {
    const store = memoryStore();
    const one = cookieJar({store});
    const other = cookieJar({store});
    await Promise.all([one.set('a=1', baseUrl), other.set('b=2', baseUrl)]);
    await one.set('c=3', baseUrl);
    expect((await other.get(baseUrl)).map(({name}) => name)).toEqual(['a', 'b', 'c']);
    await other.clear(baseUrl);
    expect(await one.list()).toEqual([]);
  });

  it('a response without Set-Cookie updates nothing', async () => {
    const store = memoryStore();
    const {session} = mockSession(() => ({}), {baseUrl, cookies: cookieJar({store})});
    await session.get('').json();
    expect(store).toMatchObject({reads: 1, updates: 0});
  });

  it.each(['read', 'update'] as const)(
    'a store that fails in %s() fails the call with a CookieStoreError',
    async (method) => {
      const cause = new Error('no connection');
      const store = {...memoryStore(), [method]: () => Promise.reject(cause)};
      const {session, calls} = mockSession(() => setting('a=1'), {baseUrl, cookies: cookieJar({store})});
      const error = await rejection(session.get('').text());
      expect(error).toMatchObject({name: 'CookieStoreError', code: 'ERR_COOKIE_STORE', cause});
      expect(calls).toHaveLength(method === 'read' ? 0 : 1);
      expect(session.stats()).toMatchObject({active: 0, queued: 0});
    },
  );

  it('a store with something else than cookies fails the call', async () => {
    const store = memoryStore([{name: 'a'}] as never);
    expect(await rejection(cookieJar({store}).list())).toMatchObject({code: 'ERR_COOKIE_STORE'});
  });

  it('a call that is aborted while its store is read rejects at once, and nothing is sent', async () => {
    const store = {...memoryStore(), read: () => new Promise<undefined>(() => {})};
    const {session, calls} = mockSession(() => ({}), {baseUrl, cookies: cookieJar({store})});
    const controller = new AbortController();
    const call = session.fetch('', {signal: controller.signal});
    controller.abort(new Error('enough'));
    await expect(call).rejects.toThrow('enough');
    expect(calls).toHaveLength(0);
  });
});

describe('keyvStore', () => {
  it('keeps the cookies under one key of anything with get() and set()', async () => {
    const map = new Map<string, unknown>();
    await cookieJar({store: keyvStore(map, {key: 'shop'})}).set('a=1', baseUrl);
    // As an adapter does that writes JSON.
    map.set('shop', JSON.parse(JSON.stringify(map.get('shop'))));
    expect([...map.keys()]).toEqual(['shop']);
    expect(await cookieJar({store: keyvStore(map, {key: 'shop'})}).list()).toMatchObject([{name: 'a'}]);
  });

  it('updates of one process wait for each other', async () => {
    const map = new Map<string, unknown>();
    const slow = {
      get: async (key: string) => map.get(key),
      set: async (key: string, value: unknown) => {
        await Promise.resolve();
        map.set(key, value);
      },
    };
    const jar = cookieJar({store: keyvStore(slow)});
    await Promise.all([1, 2, 3].map((index) => jar.set(`c${index}=1`, baseUrl)));
    expect(await jar.list()).toHaveLength(3);
  });

  it('a Keyv that returns false, and a value of somebody else, are failures', async () => {
    const refusing = cookieJar({store: keyvStore({get: () => undefined, set: async () => false})});
    expect(await rejection(refusing.set('a=1', baseUrl))).toMatchObject({code: 'ERR_COOKIE_STORE'});
    const foreign = cookieJar({store: keyvStore(new Map([['aiofetch-cookies', 'text']]))});
    expect(await rejection(foreign.list())).toMatchObject({code: 'ERR_COOKIE_STORE'});
  });

  it.each([null, {}, {get() {}}])('refuses %j', (keyv) => {
    expect(thrown(() => keyvStore(keyv as never))).toMatchObject({option: 'keyv'});
  });
});
