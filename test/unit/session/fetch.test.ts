import ky from 'ky';
import {describe, expect, it, onTestFinished, vi} from 'vitest';
import type {FetchInit, Session} from '../../../src/index.ts';
import {ConnectionError, createSession} from '../../../src/index.ts';
import {mockSession, rejection} from '../../support/mock-session.ts';

const url = 'https://api.test/';

describe('session.fetch like the standard fetch', () => {
  it.each<[string, string | URL | Request]>([
    ['a string', url],
    ['a URL', new URL(url)],
    ['a Request', new Request(url)],
  ])('session.fetch takes %s', async (_, input) => {
    const {session, calls} = mockSession(() => 'hello');
    const response = await session.fetch(input);
    expect(response).toBeInstanceOf(Response);
    expect(await response.json()).toBe('hello');
    expect(calls[0]).toMatchObject({url, method: 'GET'});
  });

  it('session.fetch and the verbs work without their session as this', async () => {
    const {session} = mockSession(() => 'hello');
    const {fetch, get, post, extend, stats} = session;
    expect(await (await fetch(url)).json()).toBe('hello');
    expect(await get(url).json()).toBe('hello');
    expect(await post(url).json()).toBe('hello');
    expect(stats().totals.requests).toBe(3);
    expect(await extend({}).get(url).json()).toBe('hello');
  });

  it('session.fetch takes null as init', async () => {
    const {session, calls} = mockSession();
    await session.fetch(url, null as unknown as FetchInit);
    await session.fetch(new Request(url, {method: 'POST'}), null as unknown as FetchInit);
    expect(calls.map(({method}) => method)).toEqual(['GET', 'POST']);
  });

  it('session.fetch resolves for any status', async () => {
    const {session} = mockSession(() => new Response('gone', {status: 410, statusText: 'Gone'}));
    const response = await session.fetch(url);
    expect(response).toMatchObject({status: 410, statusText: 'Gone', ok: false, url});
    expect(await response.text()).toBe('gone');
  });

  it('session.fetch never throws: it rejects', async () => {
    const {session} = mockSession();
    const throwing = {
      get method(): string {
        throw new Error('a getter');
      },
    };
    await expect(session.fetch(url, throwing)).rejects.toThrow('a getter');
    await expect(session.fetch(Symbol('s') as unknown as string)).rejects.toThrow(TypeError);
  });
});

describe('the method of session.fetch', () => {
  it.each([
    ['get', 'GET'],
    ['Post', 'POST'],
    ['pUt', 'PUT'],
    ['delete', 'DELETE'],
    ['head', 'HEAD'],
    ['options', 'OPTIONS'],
    ['patch', 'patch'],
    ['PATCH', 'PATCH'],
    ['query', 'query'],
    ['PROPFIND', 'PROPFIND'],
    [undefined, 'GET'],
  ])('the method %s is sent as %s (Fetch, "normalize a method")', async (given, sent) => {
    const {session, calls} = mockSession();
    await session.fetch(url, {method: given} as FetchInit);
    expect(calls[0]?.method).toBe(sent);
  });

  it.each(['CONNECT', 'trace', 'TRACK', 'a b', '', 'ü', 'GET\r\n'])(
    'the method %o is refused',
    async (method) => {
      const {session, calls} = mockSession();
      await expect(session.fetch(url, {method})).rejects.toThrow(TypeError);
      expect(calls).toHaveLength(0);
    },
  );
});

describe('the body of session.fetch', () => {
  it.each<[string, NonNullable<FetchInit['body']>, string, string | null]>([
    ['a string', 'hé', 'hé', 'text/plain;charset=UTF-8'],
    ['an empty string', '', '', 'text/plain;charset=UTF-8'],
    ['bytes', new TextEncoder().encode('hé'), 'hé', null],
    ['part of a buffer', new Uint8Array(new TextEncoder().encode('xhéx').buffer, 1, 3), 'hé', null],
    ['an ArrayBuffer', new TextEncoder().encode('hé').buffer, 'hé', null],
    ['a DataView', new DataView(new TextEncoder().encode('hé').buffer), 'hé', null],
    ['a Blob', new Blob(['hé'], {type: 'text/x'}), 'hé', 'text/x'],
    ['a Blob without a type', new Blob(['hé']), 'hé', null],
    [
      'URLSearchParams',
      new URLSearchParams({a: 'hé'}),
      'a=h%C3%A9',
      'application/x-www-form-urlencoded;charset=UTF-8',
    ],
    ['a stream', new Blob(['hé']).stream(), 'hé', null],
    ['a function', () => 'hé', 'hé', 'text/plain;charset=UTF-8'],
    [
      'an async iterable',
      (async function* () {
        yield 'h';
        yield new TextEncoder().encode('é');
      })(),
      'hé',
      null,
    ],
  ])('a body can be %s', async (_, body, text, type) => {
    const {session, calls} = mockSession();
    await session.fetch(url, {method: 'POST', body});
    expect(await calls[0]?.text()).toBe(text);
    expect(calls[0]?.headers.get('content-type')).toBe(type);
  });

  it('the content type of a FormData body has its boundary', async () => {
    const {session, calls} = mockSession();
    const body = new FormData();
    body.set('a', 'hé');
    await session.fetch(url, {method: 'POST', body});
    const type = calls[0]?.headers.get('content-type') ?? '';
    const [, boundary] = /^multipart\/form-data; boundary=(\S+)$/.exec(type) ?? [];
    expect(await calls[0]?.text()).toMatch(
      new RegExp(`^--${boundary}\r\n[^]*\r\nhé\r\n--${boundary}--\r\n$`),
    );
  });

  it('a FormData body has the same boundary each time it is sent', async () => {
    const {session, calls} = mockSession(({url}) =>
      url.endsWith('/end') ? {} : new Response(null, {status: 307, headers: {location: '/end'}}),
    );
    const body = new FormData();
    body.set('a', '1');
    await session.fetch(url, {method: 'POST', body});
    await session.post(url, {body});
    const [first, second, third, fourth] = await Promise.all(calls.map((call) => call.text()));
    expect(second).toBe(first);
    expect(fourth).toBe(third);
  });

  it('a FormData body can be sent from a page of http:, which has no crypto.randomUUID', async () => {
    vi.stubGlobal('crypto', {getRandomValues: crypto.getRandomValues.bind(crypto)});
    onTestFinished(() => void vi.unstubAllGlobals());
    const {session, calls} = mockSession();
    const body = new FormData();
    body.set('a', 'b');
    await session.fetch(url, {method: 'POST', body});
    expect(await calls[0]?.text()).toContain('name="a"');
  });

  it('a body does not change a content type that the caller set', async () => {
    const {session, calls} = mockSession();
    await session.fetch(url, {method: 'POST', body: '{}', headers: {'Content-Type': 'application/json'}});
    expect(calls[0]?.headers.get('content-type')).toBe('application/json');
  });

  it.each(['GET', 'HEAD', undefined, 'get'])('a body with the method %s is refused', async (method) => {
    const {session, calls} = mockSession();
    await expect(session.fetch(url, {method, body: 'x'} as FetchInit)).rejects.toThrow(TypeError);
    await expect(session.fetch(url, {method, body: ''} as FetchInit)).rejects.toThrow(TypeError);
    await session.fetch(url, {method, body: null} as FetchInit);
    expect(calls).toHaveLength(1);
  });

  it('the body of init replaces that of the Request', async () => {
    const {session, calls} = mockSession();
    const request = () => new Request(url, {method: 'POST', body: 'request'});
    await session.fetch(request());
    await session.fetch(request(), {body: 'init'});
    await session.fetch(request(), {body: null});
    expect(await Promise.all(calls.map((call) => call.text()))).toEqual(['request', 'init', 'request']);
  });

  it('a body that is locked by a reader is refused, and this is no failure of the network', async () => {
    const {session, calls} = mockSession();
    const body = new Blob(['x']).stream();
    body.getReader();
    for (const call of [session.fetch(url, {method: 'POST', body}), session.post(url, {body})]) {
      const error = await rejection(call);
      expect(error).toBeInstanceOf(TypeError);
      expect(error).not.toBeInstanceOf(ConnectionError);
    }
    expect(calls).toHaveLength(0);
    await session.close();
  });

  it('the body of a Request can be sent once', async () => {
    const {session} = mockSession(({text}) => text());
    const request = new Request(url, {method: 'POST', body: 'once'});
    expect(await (await session.fetch(request)).json()).toBe('once');
    expect(request.bodyUsed).toBe(true);
    await expect(session.fetch(request)).rejects.toThrow(TypeError);
    await expect(session.post(request)).rejects.toThrow('The body is locked or has been read');
  });

  it('a Request whose body is read right after the call rejects it, and nothing stays behind', async () => {
    const {session, calls} = mockSession();
    const request = new Request(url, {method: 'POST', body: 'mine'});
    const call = session.post(request);
    expect(await request.text()).toBe('mine');
    await expect(call).rejects.toThrow(TypeError);
    expect(calls).toHaveLength(0);
    await session.close();
  });

  it('a Request with a body can not be sent with GET', async () => {
    const {session} = mockSession();
    const request = new Request(url, {method: 'POST', body: 'x'});
    await expect(session.fetch(request, {method: 'GET'})).rejects.toThrow(TypeError);
  });
});

describe('reading init', () => {
  it('a Request can be an init', async () => {
    const {session, calls} = mockSession();
    const init = new Request('https://other.test/', {
      method: 'PUT',
      headers: {x: '1'},
      body: 'text',
      redirect: 'manual',
    });
    await session.fetch(url, init as FetchInit);
    const [call] = calls;
    expect(call).toMatchObject({url, method: 'PUT'});
    expect(call?.headers.get('x')).toBe('1');
    expect(await call?.text()).toBe('text');
  });

  it('members of init can be inherited, or getters', async () => {
    const {session, calls} = mockSession();
    await session.fetch(url, Object.create({method: 'PUT', headers: {x: '1'}}));
    expect(calls[0]?.method).toBe('PUT');
    expect(calls[0]?.headers.get('x')).toBe('1');
  });

  it('each member of init is read once', async () => {
    const read: string[] = [];
    const init = new Proxy({} as FetchInit, {
      get(_target, name) {
        if (typeof name === 'string') read.push(name);
        return undefined;
      },
    });
    const {session} = mockSession();
    await session.fetch(url, init);
    expect([...new Set(read)].sort()).toEqual(read.sort());
  });

  it('the members of init replace those of the Request', async () => {
    const {session, calls} = mockSession();
    const request = new Request(url, {method: 'PUT', body: 'a', headers: {x: '1', y: '2'}});
    await session.fetch(request, {method: 'POST', headers: {x: '3'}});
    expect(calls[0]?.method).toBe('POST');
    expect(calls[0]?.headers.get('x')).toBe('3');
    expect(calls[0]?.headers.get('y')).toBeNull();
  });
});

describe('redirect', () => {
  const redirecting = () =>
    mockSession(({url}) => (url.endsWith('/end') ? {} : Response.redirect(`${url}end`)));

  it('redirects are followed, unless init or the Request says otherwise', async () => {
    const {session} = redirecting();
    expect((await session.fetch(url)).redirected).toBe(true);
    expect((await session.fetch(url, {redirect: 'manual'})).status).toBe(302);
    expect((await session.fetch(new Request(url, {redirect: 'manual'}))).status).toBe(302);
    expect((await session.fetch(new Request(url, {redirect: 'manual'}), {redirect: 'follow'})).status).toBe(
      200,
    );
    await expect(session.fetch(url, {redirect: 'error'})).rejects.toThrow(TypeError);
  });

  it('an unknown redirect mode is refused', async () => {
    const {session, calls} = redirecting();
    const error = await rejection(session.fetch(url, {redirect: 'folow' as 'follow'}));
    expect(error).toBeInstanceOf(TypeError);
    expect(error.message).toMatch(/redirect.*"folow".*follow, manual, error/);
    await expect(session.get(url, {redirect: 'folow' as 'follow'})).rejects.toThrow(TypeError);
    expect(calls).toHaveLength(0);
  });
});

describe('signal', () => {
  it('the signal of init can be null', async () => {
    const {session} = mockSession();
    await session.fetch(url, {signal: null});
    await session.get(url, {signal: null});
  });

  it('the signal null in init replaces that of a Request', async () => {
    const controller = new AbortController();
    const {session} = mockSession();
    const request = new Request(url, {signal: controller.signal});
    controller.abort();
    await session.fetch(request, {signal: null});
    await session.get(request, {signal: null});
  });

  it('the signal of a Request aborts the call', async () => {
    const {session, calls} = mockSession();
    const request = new Request(url, {signal: AbortSignal.abort('stop')});
    await expect(session.fetch(request)).rejects.toBe('stop');
    await expect(session.get(request)).rejects.toBe('stop');
    expect(calls).toHaveLength(0);
  });

  it('a signal that is not an AbortSignal is refused, and nothing stays behind', async () => {
    const {session} = mockSession();
    for (const call of [session.fetch, session.get])
      await expect(call(url, {signal: {} as AbortSignal})).rejects.toThrow(TypeError);
    expect(session.stats().totals.requests).toBe(0);
    await session.close();
  });
});

describe('session.fetch as the fetch of other libraries', () => {
  it('ky can use session.fetch', async () => {
    const {session, calls} = mockSession(({json}) => json(), {headers: {x: '1'}});
    const api = ky.create({fetch: session.fetch as typeof fetch, prefix: 'https://api.test/v1'});
    expect(await api.post('users', {json: {a: 1}}).json()).toEqual({a: 1});
    expect(calls[0]).toMatchObject({url: 'https://api.test/v1/users', method: 'POST'});
    expect(calls[0]?.headers.get('x')).toBe('1');
    expect(calls[0]?.headers.get('content-type')).toBe('application/json');
  });

  it('a client like openapi-fetch can make a Request and call session.fetch(request, extra)', async () => {
    const {session, calls} = mockSession(({json}) => json());
    async function client(fetch: (input: Request) => Promise<Response>) {
      const request = new Request('https://api.test/pets?limit=1', {
        method: 'POST',
        body: JSON.stringify({name: 'Rex'}),
        headers: {'content-type': 'application/json'},
        redirect: 'follow',
      });
      return (await fetch(request)).json();
    }
    expect(await client(session.fetch)).toEqual({name: 'Rex'});
    expect(calls[0]?.url).toBe('https://api.test/pets?limit=1');
  });

  it('session.fetch can be called with any this', async () => {
    const {session} = mockSession(() => 'hello');
    expect(await (await session.fetch.call(undefined, url)).json()).toBe('hello');
    expect(await (await Reflect.apply(session.fetch, {}, [url])).json()).toBe('hello');
  });

  it('session.fetch has the type of fetch', () => {
    const takes = (_fetch: (input: string | URL | Request, init?: RequestInit) => Promise<Response>) => {};
    takes((undefined as unknown as Session | undefined)?.fetch ?? fetch);
  });
});

describe('native members', () => {
  /** The init that the global fetch gets. */
  async function handed(run: (session: Session) => Promise<unknown>): Promise<RequestInit> {
    const inits: RequestInit[] = [];
    const {fetchConnector} = await import('../../../src/connectors/native/fetch.ts');
    vi.stubGlobal('fetch', async (_url: string, init: RequestInit) => {
      inits.push(init);
      return new Response();
    });
    onTestFinished(() => void vi.unstubAllGlobals());
    const session = createSession({connector: fetchConnector()});
    await run(session);
    return inits[0] ?? {};
  }

  it('native members of init, of verbs and of a Request are passed to a native fetch', async () => {
    const members = {
      credentials: 'include',
      cache: 'no-store',
      referrerPolicy: 'origin',
      keepalive: true,
    } as const;
    expect(await handed(({fetch}) => fetch(url, members))).toMatchObject(members);
    expect(await handed(({get}) => get(url, members))).toMatchObject(members);
    expect(await handed(({fetch}) => fetch(new Request(url, members)))).toMatchObject(members);
    expect(await handed(({get}) => get(new Request(url, members)))).toMatchObject(members);
    expect(await handed(({fetch}) => fetch(new Request(url, members), {cache: 'default'}))).toMatchObject({
      credentials: 'include',
    });
  });

  it('native members with their default value are left out, because some runtimes refuse them', async () => {
    const init = await handed(({fetch}) => fetch(new Request(url)));
    expect(Object.keys(init).sort()).toEqual(['headers', 'method', 'redirect', 'signal']);
  });

  it('native members of init replace those of the Request, even with the default value', async () => {
    const request = new Request(url, {credentials: 'include'});
    const init = await handed(({fetch}) => fetch(request, {credentials: 'same-origin'}));
    expect(init.credentials).toBeUndefined();
  });
});
