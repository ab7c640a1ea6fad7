/**
 * Public bug reports about the cookie jars of other clients. Each report is a case for the jar of this package.
 *
 * @module
 */
import {describe, expect, it} from 'vitest';
import {cookieJar, fromNetscape} from '../../../../src/policies/cookies/index.ts';
import {mockSession} from '../../../support/mock-session.ts';

/** Sends a request to each URL in turn, answered with the lines of `answers`. Gives the Cookie headers. */
async function visit(urls: readonly string[], answers: Readonly<Record<string, readonly string[]>>) {
  const {session, calls} = mockSession(
    ({url}) =>
      new Response(null, {
        headers: (answers[url] ?? []).map((line) => ['set-cookie', line] as [string, string]),
      }),
    {cookies: cookieJar()},
  );
  for (const url of urls) await session.get(url);
  return calls.map(({headers}) => headers.get('cookie'));
}

describe('reports about aiohttp', () => {
  it('#1183, #968: a host that is an IP address has cookies', async () => {
    const url = 'http://192.0.2.7:8080/';
    expect(await visit([url, url], {[url]: ['test=ok']})).toEqual([null, 'test=ok']);
  });

  it('#7478, #802, #1453: a value is sent as it came, and no quotation marks are added', async () => {
    const url = 'https://a.test/';
    const value = 'currencyid=2&topcatid=9057/[{(@*-_)}],:<>';
    expect(await visit([url, url], {[url]: [`asos=${value}`, 'quoted="a b"']})).toEqual([
      null,
      `asos=${value}; quoted="a b"`,
    ]);
  });

  it('#2683, #7993: a name with characters that no token has is a name', async () => {
    const url = 'https://a.test/';
    expect(await visit([url, url], {[url]: ['ISAWPLB{A7F52349}=1', 'a:b[c]@d=2', 'a,b=3']})).toEqual([
      null,
      'ISAWPLB{A7F52349}=1; a:b[c]@d=2; a,b=3',
    ]);
  });

  it('#5397, #4493: one cookie that is nonsense leaves those beside it alone', async () => {
    const url = 'https://a.test/';
    expect(
      await visit([url, url], {[url]: ['a=1', 'bad=\x7f', '=', 'b=2; Expires=; Path=; Domain=;;', 'c=3']}),
    ).toEqual([null, 'a=1; b=2; c=3']);
  });

  it('#1758: of two cookies of one name, the removal for one domain leaves that of the other', async () => {
    const url = 'https://web2.qq.test/';
    const past = 'EXPIRES=Fri, 02-Jan-1970 00:00:00 GMT';
    const lines = ['k=1; PATH=/; DOMAIN=web2.qq.test; ;', `k=; ${past}; PATH=/; DOMAIN=qq.test;`];
    expect(await visit([url, url], {[url]: lines})).toEqual([null, 'k=1']);
  });

  it('#13653: a site cannot plant a cookie for all sites of its public suffix', async () => {
    const evil = 'https://attacker.com/';
    const other = 'https://victim.com/';
    expect(await visit([evil, other], {[evil]: ['sid=evil; Domain=.com', 'sid=evil; Domain=com.']})).toEqual([
      null,
      null,
    ]);
  });
});

describe('reports about got', () => {
  it('#58, #566: the login of a redirect is there at its target, and only at its own host', async () => {
    const {session, calls} = mockSession(
      ({url}) =>
        url === 'https://a.test/1'
          ? new Response(null, {
              status: 303,
              headers: {location: 'https://b.test/2', 'set-cookie': 'a=1; Path=/'},
            })
          : url === 'https://b.test/2'
            ? new Response(null, {
                status: 307,
                headers: {location: 'https://a.test/3', 'set-cookie': 'b=1; Path=/'},
              })
            : {},
      {cookies: cookieJar()},
    );
    await session.post('https://a.test/1');
    expect(calls.map(({headers}) => headers.get('cookie'))).toEqual([null, null, 'a=1']);
  });

  it('#1793: the cookies of a 303 can be seen, followed or not', async () => {
    for (const redirect of ['follow', 'manual'] as const) {
      const cookies = cookieJar();
      const {session} = mockSession(
        ({url}) =>
          url.endsWith('/end')
            ? {}
            : new Response(null, {status: 303, headers: {location: '/end', 'set-cookie': 'a=1'}}),
        {baseUrl: 'https://a.test/', cookies},
      );
      await session.fetch('', {redirect});
      expect(await cookies.list()).toMatchObject([{name: 'a'}]);
    }
  });
});

describe('reports about axios with a jar', () => {
  it.each([
    [301, 'POST', 'GET'],
    [302, 'POST', 'GET'],
    [303, 'PUT', 'GET'],
    [307, 'POST', 'POST'],
    [308, 'POST', 'POST'],
    [301, 'DELETE', 'DELETE'],
  ])(
    'axios-cookiejar-support #380: with a jar, a %i turns %s into %s as it does without one',
    async (status, method, expected) => {
      for (const options of [{}, {cookies: cookieJar()}]) {
        const {session, calls} = mockSession(
          ({url}) => (url.endsWith('/end') ? {} : new Response(null, {status, headers: {location: '/end'}})),
          {baseUrl: 'https://a.test/', ...options},
        );
        await session.fetch('', {method, ...(method === 'DELETE' ? {} : {body: 'x'})});
        expect(calls.map((call) => call.method)).toEqual([method, expected]);
      }
    },
  );

  it('axios-cookiejar-support #93: a relative redirect under a baseUrl keeps host and port', async () => {
    const {session, calls} = mockSession(
      ({url}) =>
        url.endsWith('/bar')
          ? {}
          : new Response(null, {status: 302, headers: {location: '/bar', 'set-cookie': 'a=1'}}),
      {baseUrl: 'http://127.0.0.1:8123/', cookies: cookieJar()},
    );
    await session.get('foo');
    expect(calls[1]?.url).toBe('http://127.0.0.1:8123/bar');
    expect(calls[1]?.headers.get('cookie')).toBe('a=1');
  });
});

describe('reports about tough-cookie, undici and parsers', () => {
  it('tough-cookie #154: each Set-Cookie with Max-Age begins the time anew', async () => {
    const jar = cookieJar();
    await jar.set('a=1; Max-Age=60', 'https://a.test/');
    const [first] = await jar.list();
    await jar.set('a=2; Max-Age=600', 'https://a.test/');
    const [second] = await jar.list();
    expect(second?.created).toBe(first?.created);
    expect(second?.expires).toBeGreaterThan((first?.expires ?? Infinity) + 500_000);
  });

  it('undici #5488: an Expires that is no date is ignored, and no Invalid Date comes of it', async () => {
    const jar = cookieJar();
    await jar.set('id=a3fWa; Expires=not-a-date', 'https://a.test/');
    expect(await jar.list()).toMatchObject([{name: 'id'}]);
    expect((await jar.list())[0]).not.toHaveProperty('expires');
  });

  it('set-cookie-parser #66, #73: several Set-Cookie with commas in their dates are several cookies', async () => {
    const url = 'https://a.test/';
    const lines = [
      '.AspNet.ExternalCookie=; path=/; expires=Thu, 01-Jan-1970 00:00:00 GMT; secure; HttpOnly',
      'b=1; expires=Fri, 11 Dec 2099 14:37:02 GMT; Secure',
    ];
    expect(await visit([url, url], {[url]: lines})).toEqual([null, 'b=1']);
  });

  it('names of the prototype are names like any other', async () => {
    const url = 'https://a.test/';
    const jar = cookieJar();
    await jar.set('__proto__=1; Path=/__proto__', url);
    await jar.set('constructor=2; Path=/', url);
    await jar.set('x=1; Domain=__proto__', 'https://__proto__/').catch(() => undefined);
    expect((await jar.get('https://a.test/__proto__')).map(({name}) => name)).toEqual([
      '__proto__',
      'constructor',
    ]);
    expect(({} as Record<string, unknown>)['x']).toBeUndefined();
    expect(fromNetscape('__proto__\tTRUE\t/\tFALSE\t0\tpolluted\t1')).toHaveLength(1);
  });
});
