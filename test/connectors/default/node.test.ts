import {describe, expect, it, onTestFinished, vi} from 'vitest';
import type {UndiciConnectorOptions} from '../../../src/connectors/undici/index.ts';
import {undiciConnector} from '../../../src/connectors/undici/index.ts';
import type {ConnectorOptions, Session, SessionOptions} from '../../../src/index.ts';
import {
  ConnectionError,
  createSession,
  HTTPError,
  SessionClosedError,
  TimeoutError,
  UnsupportedOptionError,
} from '../../../src/index.ts';
import type {HttpServer} from '../../support/http-server.ts';
import {startServer} from '../../support/http-server.ts';
import {noHosts} from '../../support/no-hosts.ts';
import {waitFor} from '../../support/wait-for.ts';

type Fetch = typeof globalThis.fetch;

/** A session with the default connector. The test closes it, and restores the global fetch. */
function defaultSession(options: SessionOptions = {}): Session {
  const session = createSession({retry: false, ...options});
  onTestFinished(async () => {
    vi.unstubAllGlobals();
    await session.destroy();
    expect(session.stats()).toMatchObject({active: 0, queued: 0, idle: 0, hosts: noHosts});
  });
  return session;
}

function replaceFetch(fetch: Fetch) {
  const replacement = vi.fn(fetch);
  vi.stubGlobal('fetch', replacement);
  return replacement;
}

async function startReal(): Promise<HttpServer> {
  return startServer((_request, response) => response.end('real'));
}

describe('the default connector while the global fetch is not replaced', () => {
  it('the default connector sends requests through its pool', async () => {
    const server = await startReal();
    const session = defaultSession();
    for (let i = 0; i < 3; i++) expect(await session.get(server.origin).text()).toBe('real');
    expect(session.stats()).toMatchObject({connector: 'undici', totals: {sent: 3, opened: 1, reused: 2}});
  });

  it('a session with a connector of its own uses it even when the global fetch is replaced', async () => {
    const server = await startReal();
    const replacement = replaceFetch(async () => new Response('replaced'));
    const session = defaultSession();
    const connector = undiciConnector();
    const explicit = createSession({connector});
    expect(await explicit.get(server.origin).text()).toBe('real');
    expect(await session.get(server.origin).text()).toBe('replaced');
    expect(replacement).toHaveBeenCalledOnce();
    await connector.close();
  });

  it('the default connector sends requests through its pool when the global fetch was removed', async () => {
    const server = await startReal();
    const session = defaultSession();
    vi.stubGlobal('fetch', undefined);
    expect(await session.get(server.origin).text()).toBe('real');
  });
});

describe('a global fetch that was replaced', () => {
  it('a replaced global fetch is used from its replacement until its removal', async () => {
    const server = await startReal();
    const session = defaultSession();
    expect(await session.get(server.origin).text()).toBe('real');
    const replacement = replaceFetch(async () => new Response('replaced'));
    expect(await session.get(server.origin).text()).toBe('replaced');
    expect(await (await session.fetch(server.origin)).text()).toBe('replaced');
    vi.unstubAllGlobals();
    expect(await session.get(server.origin).text()).toBe('real');
    expect(replacement).toHaveBeenCalledTimes(2);
    expect(session.stats().totals).toMatchObject({
      requests: 4,
      sent: 4,
      opened: 1,
      reused: 1,
      bytesReceived: 24,
    });
  });

  it('a global fetch that was replaced before the session was made is used too', async () => {
    replaceFetch(async () => new Response('replaced'));
    const session = defaultSession();
    expect(await session.get('https://example.com').text()).toBe('replaced');
  });

  it('a replaced global fetch gets what the session adds, and its errors are typed', async () => {
    const session = defaultSession({baseUrl: 'https://api.example.com', auth: {bearer: 'token'}});
    const replacement = replaceFetch(async (input, init) => {
      const {pathname} = new URL(input as string);
      if (pathname === '/fails') throw new TypeError('fetch failed');
      if (pathname === '/missing') return Response.json({reason: 'none'}, {status: 404});
      return Response.json({
        method: init?.method,
        body: init?.body,
        headers: [...new Headers(init?.headers)],
      });
    });
    expect(await session.post('users', {json: {name: 'Ada'}}).json()).toMatchObject({
      method: 'POST',
      body: '{"name":"Ada"}',
      headers: expect.arrayContaining([['authorization', 'Bearer token']]),
    });
    await expect(session.get('fails')).rejects.toThrow(ConnectionError);
    await expect(session.get('missing')).rejects.toThrow(HTTPError);
    expect(replacement).toHaveBeenCalledTimes(3);
  });

  it('requests through a replaced global fetch keep to the limits and are counted', async () => {
    const waiting: Array<() => void> = [];
    const session = defaultSession({connector: {limit: 2}});
    const replacement = replaceFetch(async () => {
      await new Promise<void>((resolve) => waiting.push(resolve));
      return new Response('replaced');
    });
    const texts = Array.from({length: 5}, () => session.get('https://example.com').text());
    await waitFor(() => waiting.length === 2);
    expect(session.stats()).toMatchObject({limit: 2, active: 2, queued: 3, idle: 0});
    expect(session.stats().hosts).toEqual({'https://example.com': {active: 2, queued: 3, idle: 0}});
    for (let done = 0; done < 5; done++) {
      await waitFor(() => waiting.length > 0);
      expect(session.stats().active).toBeLessThanOrEqual(2);
      waiting.shift()?.();
    }
    expect(await Promise.all(texts)).toEqual(Array(5).fill('replaced'));
    expect(replacement).toHaveBeenCalledTimes(5);
    expect(session.stats().totals).toMatchObject({sent: 5, opened: 0, bytesReceived: 40});
  });

  it('requests through a replaced global fetch and through the pool are counted together, host by host', async () => {
    const server = await startServer(() => {});
    const session = defaultSession({connector: {limitPerHost: 3}});
    const pooled = session.get(server.origin).text();
    await waitFor(() => server.active === 1);
    replaceFetch(() => new Promise(() => {}));
    const replaced = [session.get(server.origin).text(), session.get('https://example.com').text()];
    const outcomes = Promise.allSettled([pooled, ...replaced]);
    await waitFor(() => session.stats().active === 3);
    expect(session.stats().hosts).toEqual({
      [server.origin]: {active: 2, queued: 0, idle: 0},
      'https://example.com': {active: 1, queued: 0, idle: 0},
    });
    await session.destroy();
    for (const outcome of await outcomes) {
      expect(outcome).toEqual({status: 'rejected', reason: expect.any(SessionClosedError)});
    }
    expect(session.stats()).toMatchObject({active: 0, queued: 0, hosts: noHosts});
  });

  it('the timeouts of the session apply to a replaced global fetch', async () => {
    const session = defaultSession({timeout: {read: 50}});
    replaceFetch(
      (_input, init) =>
        new Promise((_resolve, reject) => {
          init?.signal?.addEventListener('abort', () => reject(init.signal?.reason));
        }),
    );
    await expect(session.get('https://example.com')).rejects.toThrow(TimeoutError);
    await expect(session.fetch('https://example.com', {signal: AbortSignal.abort('enough')})).rejects.toBe(
      'enough',
    );
  });

  it('a replaced global fetch does not change which options are refused', async () => {
    replaceFetch(async () => new Response('replaced'));
    const session = defaultSession({timeout: {connect: 1_000}, connector: {limit: 1, limitPerHost: 1}});
    expect(await session.get('https://example.com').text()).toBe('replaced');
    expect(session.stats()).toMatchObject({connector: 'undici', limit: 1, limitPerHost: 1});
    expect(() => createSession({connector: {limits: 1} as object})).toThrow(UnsupportedOptionError);
  });

  it('close() waits for requests through a replaced global fetch, and no request goes through it afterwards', async () => {
    let answer = (_response: Response): void => {};
    const replacement = replaceFetch(
      () =>
        new Promise((resolve) => {
          answer = resolve;
        }),
    );
    const session = defaultSession();
    const text = session.get('https://example.com').text();
    await waitFor(() => replacement.mock.calls.length === 1);
    let hasClosed = false;
    const closed = session.close().then(() => {
      hasClosed = true;
    });
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(hasClosed).toBe(false);
    answer(new Response('late'));
    expect(await text).toBe('late');
    await closed;
    await expect(session.get('https://example.com')).rejects.toThrow(SessionClosedError);
    expect(replacement).toHaveBeenCalledOnce();
  });
});

describe('a global fetch that was replaced, and an option that it would drop', () => {
  const protections: ReadonlyArray<readonly [string, UndiciConnectorOptions]> = [
    ['allowAddress', {allowAddress: 'public'}],
    ['proxy', {proxy: 'http://proxy.example'}],
    ['proxy', {proxy: 'env'}],
    ['tls', {tls: {pin: 'sha256/AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA='}}],
    ['dns', {dns: {resolve: {'api.example.com': '127.0.0.1'}}}],
    ['socketPath', {socketPath: '/tmp/none.sock'}],
    ['localAddress', {localAddress: '127.0.0.2'}],
    ['family', {family: 4}],
  ];

  it.each(protections)(
    'a session with %s refuses to send through the replacement',
    async (option, connector) => {
      const session = defaultSession({connector: connector as ConnectorOptions});
      const replacement = replaceFetch(async () => new Response('replaced'));
      const refusal = expect.objectContaining({
        name: 'UnsupportedOptionError',
        option: `connector.${option}`,
        message: expect.stringMatching(/global fetch, which was replaced: .*undiciConnector/),
      });
      await expect(session.get('https://example.com')).rejects.toEqual(refusal);
      await expect(session.fetch('https://example.com')).rejects.toEqual(refusal);
      expect(replacement).not.toHaveBeenCalled();
      expect(session.stats().totals.sent).toBe(0);
    },
  );

  it('a wrapper that calls Node’s own fetch, as tracing tools do, is a replacement as well', async () => {
    const server = await startReal();
    const own = globalThis.fetch;
    const replacement = replaceFetch((...args) => own(...args));
    const session = defaultSession({connector: {allowAddress: 'public'} as ConnectorOptions});
    await expect(session.get(server.origin)).rejects.toThrow(UnsupportedOptionError);
    expect(replacement).not.toHaveBeenCalled();
    expect(server.requests).toHaveLength(0);
  });

  it('the refusal is not retried', async () => {
    replaceFetch(async () => new Response('replaced'));
    const session = defaultSession({retry: 3, connector: {allowAddress: 'public'} as ConnectorOptions});
    await expect(session.get('https://example.com')).rejects.toThrow(UnsupportedOptionError);
    expect(session.stats().totals.attempts).toBe(1);
  });

  it('the pool applies the option before the replacement and after its removal', async () => {
    const server = await startReal();
    const session = defaultSession({
      connector: {dns: {resolve: {'api.test': '127.0.0.1'}}} as ConnectorOptions,
    });
    const url = `http://api.test:${server.port}`;
    expect(await session.get(url).text()).toBe('real');
    replaceFetch(async () => new Response('replaced'));
    await expect(session.get(url)).rejects.toThrow(UnsupportedOptionError);
    vi.unstubAllGlobals();
    expect(await session.get(url).text()).toBe('real');
  });

  it('options that only tune the pool are no reason to refuse', async () => {
    replaceFetch(async () => new Response('replaced'));
    const connector: UndiciConnectorOptions = {
      keepAliveTimeout: 1_000,
      maxConnectionAge: 1_000,
      maxRequestsPerConnection: 1,
      connectTimeout: 1_000,
      happyEyeballsDelay: 10,
      http2: true,
      forceClose: true,
      allowAddress: undefined,
    };
    const session = defaultSession({connector: connector as ConnectorOptions});
    expect(await session.get('https://example.com').text()).toBe('replaced');
  });

  it('a session in the place of the global fetch still sends through its pool', async () => {
    const server = await startReal();
    const session = defaultSession({
      connector: {dns: {resolve: {'api.test': '127.0.0.1'}}} as ConnectorOptions,
    });
    vi.stubGlobal('fetch', session.fetch);
    expect(await (await fetch(`http://api.test:${server.port}`)).text()).toBe('real');
  });
});

/** The ways in which a session can be behind the global fetch. */
const ways: ReadonlyArray<readonly [string, (session: Session) => Fetch]> = [
  ['itself', (session) => session.fetch],
  ['as a child', (session) => session.extend({headers: {'x-child': '1'}}).fetch],
  ['in a function', (session) => (input, init) => session.fetch(input, init)],
  [
    'with a Request that was made of it',
    (session) => (input, init) => session.fetch(new Request(input, init)),
  ],
  [
    'with such a Request, after a while',
    (session) => async (input, init) => {
      const request = new Request(input, init);
      await new Promise((resolve) => setImmediate(resolve));
      return session.fetch(request);
    },
  ],
];

describe.each(ways)('a session in the place of the global fetch, %s', (_, put) => {
  it('a session in the place of the global fetch sends requests to its pool, not to itself', async () => {
    const server = await startReal();
    const session = defaultSession();
    vi.stubGlobal('fetch', put(session));
    expect(await (await fetch(server.origin)).text()).toBe('real');
    expect(await session.get(server.origin).text()).toBe('real');
    expect(session.stats().totals.opened).toBe(1);
    expect(server.requests).toHaveLength(2);
  });

  it('a session in the place of the global fetch needs no second slot for a request', async () => {
    const server = await startReal();
    const session = defaultSession({connector: {limit: 1}});
    vi.stubGlobal('fetch', put(session));
    const texts = Array.from({length: 5}, () => session.get(server.origin).text());
    expect(await Promise.all(texts)).toEqual(Array(5).fill('real'));
  });

  it('other sessions use the session in the place of the global fetch', async () => {
    const server = await startReal();
    const session = defaultSession();
    const other = defaultSession();
    vi.stubGlobal('fetch', put(session));
    expect(await other.get(server.origin).text()).toBe('real');
    expect(other.stats().totals).toMatchObject({sent: 1, opened: 0});
    expect(session.stats().totals.opened).toBe(1);
  });
});

it.each(ways.slice(0, -1))(
  'a request passes the policies once when its session is in the place of the global fetch, %s',
  async (_, put) => {
    const server = await startReal();
    let passed = 0;
    const session = defaultSession({
      policies: [
        (next) => (request) => {
          passed++;
          return next(request);
        },
      ],
    });
    vi.stubGlobal('fetch', put(session));
    expect(await session.get(server.origin).text()).toBe('real');
    expect(passed).toBe(1);
  },
);
