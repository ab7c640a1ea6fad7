import {describe, expect, it, vi} from 'vitest';
import {mockConnector} from '../../../src/connectors/mock.ts';
import {
  ConnectionError,
  createSession,
  InvalidOptionError,
  RedirectError,
  SessionClosedError,
} from '../../../src/index.ts';
import {mockSession, rejection} from '../../support/mock-session.ts';

const url = 'https://api.test/users?page=2';

describe('the value that a handler returns', () => {
  it.each<[string, () => unknown, number, string, string | null]>([
    ['a Response', () => new Response('made', {status: 418}), 418, 'made', 'text/plain;charset=UTF-8'],
    ['an object', () => ({a: 1}), 200, '{"a":1}', 'application/json'],
    ['an array', () => [1, 2], 200, '[1,2]', 'application/json'],
    ['a string', () => 'x', 200, '"x"', 'application/json'],
    ['null', () => null, 200, 'null', 'application/json'],
    ['undefined', () => undefined, 204, '', null],
    ['a promise', async () => ({a: 1}), 200, '{"a":1}', 'application/json'],
  ])('a mock answers when its handler returns %s', async (_, handler, status, text, type) => {
    const {session} = mockSession(handler);
    const response = await session.fetch(url);
    expect(response.status).toBe(status);
    expect(response.headers.get('content-type')).toBe(type);
    expect(await response.text()).toBe(text);
  });

  it('the response of a mock has a URL and a streaming body, as that of fetch', async () => {
    for (const handler of [() => 'x', () => undefined, () => new Response(null, {status: 304})]) {
      const {session} = mockSession(handler);
      const response = await session.fetch(url);
      expect(response).toBeInstanceOf(Response);
      expect(response).toMatchObject({url, redirected: false, type: 'basic'});
    }
  });

  it.each<[string, () => unknown]>([
    [
      'throws',
      () => {
        throw new Error('mine');
      },
    ],
    ['rejects with', () => Promise.reject(new Error('mine'))],
  ])('a call rejects with the error that the handler %s, as it is', async (_, handler) => {
    const {session} = mockSession(handler);
    await expect(session.fetch(url)).rejects.toThrow('mine');
    await expect(session.get(url)).rejects.toThrow('mine');
  });

  it.each<[string, () => unknown]>([
    ['a TypeError, as fetch’s', () => Promise.reject(new TypeError('fetch failed'))],
    ['Response.error()', () => Response.error()],
  ])('a handler that returns %s causes a failure of the network', async (_, handler) => {
    const {session} = mockSession(handler);
    const error = await rejection(session.fetch(url));
    expect(error).toBeInstanceOf(ConnectionError);
    expect(error).toMatchObject({request: {url: 'https://api.test/users?page=…'}});
  });

  it.each<[string, (response: Response) => unknown]>([
    ['was read', (response) => response.text()],
    ['is being read', (response) => response.body?.getReader()],
  ])('a Response that %s is refused, and its slot is free', async (_, spoil) => {
    const response = new Response('x');
    await spoil(response);
    const {session} = mockSession(() => response);
    const error = await rejection(session.fetch(url));
    expect(error).toBeInstanceOf(TypeError);
    expect(error.message).toMatch(/a read Response/);
    expect(session.stats().active).toBe(0);
  });
});

describe('the requests of a mock', () => {
  it('a request is given to the handler, and recorded in order', async () => {
    const seen: unknown[] = [];
    const {session, calls} = mockSession((call) => void seen.push(call));
    await session.fetch(url, {method: 'POST', headers: {'X-A': '1'}, body: '{"a":1}'});
    await session.fetch('https://api.test/');
    expect(calls).toEqual(seen);
    expect(calls[0]).toMatchObject({url, method: 'POST', attempt: 1});
    expect(calls[0]?.headers.get('x-a')).toBe('1');
    expect(calls[1]).toMatchObject({url: 'https://api.test/', method: 'GET'});
  });

  it('the body of a request can be read as text, JSON and bytes, any number of times', async () => {
    const {session, calls} = mockSession();
    await session.fetch(url, {method: 'POST', body: new Blob(['{"a":"é"}']).stream()});
    const [call] = calls;
    expect(await call?.text()).toBe('{"a":"é"}');
    expect(await call?.json()).toEqual({a: 'é'});
    expect(await call?.bytes()).toEqual(new TextEncoder().encode('{"a":"é"}'));
    expect(await call?.text()).toBe('{"a":"é"}');
  });

  it('a request without a body has an empty text', async () => {
    const {session, calls} = mockSession();
    await session.fetch(url);
    expect(await calls[0]?.text()).toBe('');
    expect(await calls[0]?.bytes()).toHaveLength(0);
    await expect(calls[0]?.json()).rejects.toThrow(SyntaxError);
  });

  it('a request has the number of its attempt', async () => {
    const {session, calls} = mockSession(() => ({}), {
      policies: [(next) => async (request) => next(request).then(() => next(request))],
    });
    await session.fetch(url);
    expect(calls.map(({attempt}) => attempt)).toEqual([1, 2]);
  });

  it('clear() removes the recorded requests', async () => {
    const {session, connector, calls} = mockSession();
    await session.fetch(url);
    connector.clear();
    expect(calls).toHaveLength(0);
    await session.fetch(url);
    expect(calls).toHaveLength(1);
  });

  it('a request that was never sent is not recorded', async () => {
    const {session, calls} = mockSession(() => new Promise(() => {}), {}, {limit: 1});
    const [running, queued] = [session.fetch(url), session.fetch(url)].map(rejection);
    expect(calls).toHaveLength(1);
    await session.destroy();
    await Promise.all([running, queued]);
    expect(calls).toHaveLength(1);
  });
});

describe('a mock is a connector like any other', () => {
  it('a request whose handler never answers can be aborted', async () => {
    const controller = new AbortController();
    const {session, calls} = mockSession(() => new Promise(() => {}));
    const call = session.fetch(url, {signal: controller.signal});
    controller.abort('stop');
    await expect(call).rejects.toBe('stop');
    expect(calls[0]?.signal.aborted).toBe(true);
    expect(session.stats().active).toBe(0);
  });

  it('the body of a response that comes after the abort is cancelled', async () => {
    let answer = (_response: Response) => {};
    let cancelled: unknown;
    const controller = new AbortController();
    const {session} = mockSession(
      () =>
        new Promise((resolve) => {
          answer = resolve;
        }),
    );
    const call = session.fetch(url, {signal: controller.signal});
    controller.abort('stop');
    await expect(call).rejects.toBe('stop');
    answer(
      new Response(
        new ReadableStream({
          cancel() {
            cancelled = true;
          },
        }),
      ),
    );
    await vi.waitFor(() => expect(cancelled).toBe(true));
  });

  it('a mock keeps to its limits, to the end of bodies', async () => {
    let running = 0;
    let peak = 0;
    const {session} = mockSession(
      () => {
        peak = Math.max(peak, ++running);
        return new Response(
          new ReadableStream({
            async pull(controller) {
              await new Promise((resolve) => setImmediate(resolve));
              running--;
              controller.close();
            },
          }),
        );
      },
      {},
      {limit: 3, limitPerHost: 2},
    );
    const hosts = ['a', 'a', 'a', 'b', 'b', 'c'];
    await Promise.all([...hosts, ...hosts].map((host) => session.get(`https://${host}.test/`).text()));
    expect(peak).toBe(3);
    expect(session.stats()).toMatchObject({limit: 3, limitPerHost: 2, active: 0, totals: {sent: 12}});
  });

  it('a mock waits as long as its handler', async () => {
    vi.useFakeTimers();
    try {
      const {session} = mockSession(() => new Promise((resolve) => setTimeout(resolve, 500, 'later')));
      const call = session.get(url).json();
      await vi.advanceTimersByTimeAsync(500);
      expect(await call).toBe('later');
    } finally {
      vi.useRealTimers();
    }
  });

  it('a mock can be closed and destroyed without a session', async () => {
    const connector = mockConnector(() => new Promise(() => {}));
    const session = createSession({connector});
    const call = rejection(session.fetch(url));
    const closing = connector.close();
    await expect(session.fetch(url)).rejects.toMatchObject({
      message: expect.stringMatching(/^Connector is closed/),
    });
    await connector.destroy('mine');
    await closing;
    expect(await call).toBe('mine');
    const other = mockConnector(() => new Promise(() => {}));
    const last = rejection(createSession({connector: other}).fetch(url));
    await other.destroy();
    expect(await last).toBeInstanceOf(SessionClosedError);
    await using disposed = mockConnector(() => {});
    expect(disposed.name).toBe('mock');
  });

  it('a handler that is not a function is refused', () => {
    expect(() => mockConnector({} as () => void)).toThrow(InvalidOptionError);
    expect(() => mockConnector(undefined as unknown as () => void)).toThrow(
      /"handler" is undefined; allowed: a function/,
    );
    expect(() => mockConnector(() => {}, {limit: -1})).toThrow(InvalidOptionError);
  });
});

describe('redirects of a mock, as in the Fetch standard', () => {
  const redirect = (location: string, status = 302) => new Response('moved', {status, headers: {location}});

  it('each redirect that is followed is a call of its own', async () => {
    const {session, calls} = mockSession(({url}) => (url.endsWith('/b') ? 'here' : redirect('/b')));
    const response = await session.fetch('https://api.test/a');
    expect(response).toMatchObject({url: 'https://api.test/b', redirected: true});
    expect(await response.json()).toBe('here');
    expect(calls.map((call) => call.url)).toEqual(['https://api.test/a', 'https://api.test/b']);
  });

  it.each([
    [303, 'GET', ''],
    [302, 'GET', ''],
    [307, 'POST', 'x'],
    [308, 'POST', 'x'],
  ])('a POST that gets a %d is sent again as %s', async (status, method, text) => {
    const {session, calls} = mockSession(({url}) => (url.endsWith('/b') ? {} : redirect('/b', status)));
    await session.fetch('https://api.test/a', {method: 'POST', body: 'x'});
    expect(calls[1]?.method).toBe(method);
    expect(await calls[1]?.text()).toBe(text);
  });

  it('redirect: manual returns a redirect, and redirect: error refuses it', async () => {
    const {session} = mockSession(() => redirect('/b'));
    const response = await session.fetch('https://api.test/a', {redirect: 'manual'});
    expect([response.status, response.headers.get('location')]).toEqual([302, '/b']);
    await expect(session.fetch('https://api.test/a', {redirect: 'error'})).rejects.toBeInstanceOf(
      RedirectError,
    );
  });

  it('a redirect is not followed once the call is aborted', async () => {
    let answer = (_response: Response) => {};
    const controller = new AbortController();
    const {session, calls} = mockSession(
      () =>
        new Promise((resolve) => {
          answer = resolve;
        }),
    );
    const call = session.fetch('https://api.test/a', {signal: controller.signal});
    controller.abort('stop');
    await expect(call).rejects.toBe('stop');
    answer(redirect('/b'));
    await new Promise((resolve) => setImmediate(resolve));
    expect(calls).toHaveLength(1);
  });

  it('the bodies of redirects are cancelled', async () => {
    const cancelled: unknown[] = [];
    const {session} = mockSession(({url}) => {
      if (url.endsWith('/c')) return 'here';
      const body = new ReadableStream({cancel: () => void cancelled.push(url)});
      return new Response(body, {status: 302, headers: {location: url.endsWith('/b') ? '/c' : '/b'}});
    });
    expect(await session.get('https://api.test/a').json()).toBe('here');
    expect(cancelled).toEqual(['https://api.test/a', 'https://api.test/b']);
  });

  it('a mock follows at most twenty redirects', async () => {
    const {session, calls} = mockSession(({url}) => redirect(`${url}x`));
    await expect(session.fetch('https://api.test/')).rejects.toBeInstanceOf(RedirectError);
    expect(calls).toHaveLength(21);
  });

  it('a redirect without a Location is not followed', async () => {
    const {session} = mockSession(() => new Response('x', {status: 302}));
    expect((await session.fetch('https://api.test/')).status).toBe(302);
  });
});

it('a mock tests a client without a server', async () => {
  async function nameOf(session: ReturnType<typeof createSession>, id: number) {
    const {name} = await session.get(`users/${id}`).json<{name: string}>();
    return name;
  }
  const connector = mockConnector(({url}) =>
    url.endsWith('/users/1') ? {name: 'Ada'} : new Response(null, {status: 404}),
  );
  await using session = createSession({baseUrl: 'https://api.test/v1/', connector});
  expect(await nameOf(session, 1)).toBe('Ada');
  await expect(nameOf(session, 2)).rejects.toMatchObject({status: 404});
  expect(connector.calls.map((call) => call.url)).toEqual([
    'https://api.test/v1/users/1',
    'https://api.test/v1/users/2',
  ]);
});
