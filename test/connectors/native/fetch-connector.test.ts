import type {AddressInfo} from 'node:net';
import {createServer} from 'node:net';
import {inspect} from 'node:util';
import {describe, expect, it, onTestFinished, vi} from 'vitest';
import {fetchConnector} from '../../../src/connectors/native/fetch.ts';
import type {ConnectorOptions, Session, SessionOptions} from '../../../src/index.ts';
import {ConnectionError, createSession, RedirectError} from '../../../src/index.ts';
import {bodyOf, startServer} from '../../support/http-server.ts';
import {rejection} from '../../support/mock-session.ts';
import {noHosts} from '../../support/no-hosts.ts';
import {startRawServer} from '../../support/raw-server.ts';
import {turns, waitFor, waitForGc} from '../../support/wait-for.ts';

/** A session on a native fetch. After the test it is closed, and must have left nothing behind. */
function nativeSession(limits: ConnectorOptions = {}, options: SessionOptions = {}): Session {
  const connector = fetchConnector(limits);
  const session = createSession({retry: false, ...options, connector});
  onTestFinished(async () => {
    await session.destroy();
    await connector.destroy();
    expect(session.stats()).toMatchObject({active: 0, queued: 0, hosts: noHosts});
  });
  return session;
}

/** An origin on whose port no server listens. */
async function closedOrigin(): Promise<string> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const {port} = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return `http://127.0.0.1:${port}`;
}

describe('a request over a native fetch', () => {
  it('a native fetch sends method, headers and body as they were given', async () => {
    let body = '';
    const server = await startServer(async (request, response) => {
      body = (await bodyOf(request)).toString();
      response.end('{"ok":true}');
    });
    const session = nativeSession({}, {headers: {'user-agent': 'demo/1.0'}});
    const url = `${server.origin}/users?a=b`;
    expect(await session.post(url, {json: {name: 'Ada'}, headers: {'x-a': '1'}}).json()).toEqual({ok: true});
    const [request] = server.requests;
    expect(request).toMatchObject({method: 'POST', path: '/users?a=b'});
    expect(request?.headers).toMatchObject({
      'x-a': '1',
      'user-agent': 'demo/1.0',
      'content-type': 'application/json',
      'content-length': '14',
    });
    expect(body).toBe('{"name":"Ada"}');
    expect(session.stats().totals).toMatchObject({bytesSent: 14, bytesReceived: 11, sent: 1});
  });

  it.each<[string, () => BodyInit | AsyncIterable<Uint8Array | string>, string, string | undefined]>([
    ['a string', () => 'hé', 'hé', 'text/plain;charset=UTF-8'],
    ['bytes', () => new TextEncoder().encode('hé'), 'hé', undefined],
    ['a Blob', () => new Blob(['hé'], {type: 'text/x'}), 'hé', 'text/x'],
    [
      'URLSearchParams',
      () => new URLSearchParams('a=b'),
      'a=b',
      'application/x-www-form-urlencoded;charset=UTF-8',
    ],
    ['a stream', () => new Blob(['hé']).stream(), 'hé', undefined],
    [
      'an async iterable',
      async function* () {
        yield 'h';
        yield new TextEncoder().encode('é');
      },
      'hé',
      undefined,
    ],
  ])('a native fetch sends a body that is %s', async (_, body, text, type) => {
    let got = '';
    const server = await startServer(async (request, response) => {
      got = (await bodyOf(request)).toString();
      response.end();
    });
    const session = nativeSession();
    const given = body();
    await session.fetch(server.origin, {method: 'POST', body: given as BodyInit});
    expect(got).toBe(text);
    expect(server.requests[0]?.headers['content-type']).toBe(type);
    expect(session.stats().totals.bytesSent).toBe(new TextEncoder().encode(text).length);
  });

  it('a native fetch uploads a stream as it is produced, and reads it only on demand', async () => {
    let received = 0;
    const server = await startServer((request, response) => {
      request.on('data', (chunk: Buffer) => {
        received += chunk.length;
      });
      request.on('end', () => response.end(String(received)));
    });
    const session = nativeSession();
    let step = 0;
    const body = (async function* () {
      for (; step < 3; step++) {
        yield new Uint8Array(1000);
        const before = received;
        await waitFor(() => received > before || received >= (step + 1) * 1000);
      }
    })();
    const response = await session.fetch(server.origin, {method: 'POST', body});
    expect(await response.text()).toBe('3000');
  });

  it('an abort cancels the stream that is being uploaded', async () => {
    let cancelled: unknown;
    const server = await startServer(() => {});
    const session = nativeSession();
    const controller = new AbortController();
    const body = new ReadableStream(
      {
        pull: (stream) => stream.enqueue(new Uint8Array(65_536)),
        cancel(reason) {
          cancelled = reason;
        },
      },
      {highWaterMark: 0},
    );
    const call = session.fetch(server.origin, {method: 'POST', body, signal: controller.signal});
    await waitFor(() => server.requests.length === 1);
    controller.abort('stop');
    await expect(call).rejects.toBe('stop');
    await waitFor(() => cancelled !== undefined);
  });

  it('a request whose stream fails rejects with the error of the stream', async () => {
    const server = await startServer(() => {});
    const session = nativeSession();
    const cause = new Error('mine');
    const body = new ReadableStream({
      pull() {
        throw cause;
      },
    });
    const error = await rejection(session.fetch(server.origin, {method: 'POST', body}));
    expect(error).toBeInstanceOf(ConnectionError);
    expect(error).toMatchObject({phase: 'send', cause});
  });
});

describe('slots over a native fetch', () => {
  it('slots last to the end of bodies: with limit 2, two requests run at a time', async () => {
    const server = await startServer((_request, response) => {
      response.write('a');
      setTimeout(() => response.end('b'), 10);
    });
    const session = nativeSession({limit: 2});
    const texts = await Promise.all(Array.from({length: 10}, () => session.get(server.origin).text()));
    expect(texts).toEqual(Array(10).fill('ab'));
    expect(server.peak).toBe(2);
  });

  it('limitPerHost delays the second request to host A, but not the request to host B', async () => {
    const a = await startServer(() => {});
    const b = await startServer((_request, response) => response.end('b'));
    const session = nativeSession({limitPerHost: 1});
    void rejection(session.fetch(a.origin));
    void rejection(session.fetch(a.origin));
    expect(await session.get(b.origin).text()).toBe('b');
    expect(session.stats()).toMatchObject({active: 1, queued: 1});
    expect(a.requests).toHaveLength(1);
    await session.destroy();
  });

  it('a slot is free when a small body has arrived, read or not', async () => {
    const server = await startServer((_request, response) => response.end('x'.repeat(10_000)));
    const session = nativeSession({limit: 1});
    for (let count = 0; count < 5; count++) await session.fetch(server.origin);
    await waitFor(() => session.stats().active === 0);
  });

  it('a large unread body holds its slot until the body is cancelled', async () => {
    const server = await startServer((_request, response) => response.end(new Uint8Array(4 * 1024 * 1024)));
    const session = nativeSession({limit: 1});
    const response = await session.fetch(server.origin);
    const second = session.fetch(server.origin, {method: 'HEAD'});
    await turns(20);
    expect(session.stats()).toMatchObject({active: 1, queued: 1});
    await response.body?.cancel();
    expect((await second).status).toBe(200);
  });

  it('a slot is free when its abandoned response has been garbage-collected', async () => {
    const server = await startServer((_request, response) => response.end(new Uint8Array(4 * 1024 * 1024)));
    const session = nativeSession({limit: 1});
    await session.fetch(server.origin);
    await waitForGc(() => session.stats().active === 0);
    expect((await session.fetch(server.origin, {method: 'HEAD'})).status).toBe(200);
  });
});

describe('redirects over a native fetch', () => {
  it('redirects are followed, and credentials for the first origin are removed', async () => {
    const other = await startServer((_request, response) => response.end('here'));
    const server = await startServer((request, response) => {
      if (request.url === '/far') response.writeHead(302, {location: `${other.origin}/end`}).end();
      else if (request.url === '/near') response.writeHead(302, {location: '/end'}).end();
      else response.end('here');
    });
    const session = nativeSession({}, {baseUrl: server.origin, auth: {bearer: 't'}});
    const near = await session.fetch('/near');
    expect(near).toMatchObject({url: `${server.origin}/end`, redirected: true});
    expect(await near.text()).toBe('here');
    const far = await session.fetch('/far');
    expect(far).toMatchObject({url: `${other.origin}/end`, redirected: true});
    expect(far.clone()).toMatchObject({url: `${other.origin}/end`, redirected: true});
    expect(server.requests.map(({headers}) => headers.authorization)).toEqual(Array(3).fill('Bearer t'));
    expect(other.requests[0]?.headers.authorization).toBeUndefined();
  });

  it('redirect: manual returns the redirect as it is', async () => {
    const server = await startServer((_request, response) =>
      response.writeHead(302, {location: '/end'}).end(),
    );
    const session = nativeSession();
    const response = await session.fetch(server.origin, {redirect: 'manual'});
    expect(response.status).toBe(302);
    expect(response.headers.get('location')).toBe('/end');
    expect((await session.get(server.origin, {redirect: 'manual'})).status).toBe(302);
    await waitFor(() => session.stats().active === 0);
  });

  it('redirect: error and too many redirects reject', async () => {
    const server = await startServer((_request, response) => response.writeHead(302, {location: '/'}).end());
    const session = nativeSession();
    for (const init of [{redirect: 'error'}, {}] as const) {
      const error = await rejection(session.fetch(server.origin, init));
      expect(error).toBeInstanceOf(RedirectError);
      expect(error).toBeInstanceOf(TypeError);
    }
    expect(session.stats().active).toBe(0);
  });
});

describe('typed failures, with phase and code', () => {
  it('a refused connection rejects with a ConnectionError of the phase connect', async () => {
    const error = await rejection(nativeSession().fetch(`${await closedOrigin()}/?key=s3cret`));
    expect(error).toBeInstanceOf(ConnectionError);
    expect(error).toBeInstanceOf(TypeError);
    expect(error).toMatchObject({phase: 'connect', code: 'ECONNREFUSED', attempts: 1});
    expect(error.cause).toBeInstanceOf(TypeError);
    expect(inspect(error, {depth: Number.POSITIVE_INFINITY})).not.toContain('s3cret');
  });

  it('a host name that does not resolve rejects with a ConnectionError of the phase dns', async () => {
    const session = nativeSession();
    const error = await rejection(session.fetch('http://nobody.invalid/'));
    expect(error).toBeInstanceOf(ConnectionError);
    expect(error).toMatchObject({phase: 'dns', code: expect.stringMatching(/^(?:ENOTFOUND|EAI_AGAIN)$/)});
  });

  it('a connection that is cut before the response rejects with a ConnectionError', async () => {
    const server = await startRawServer(async (connection) => {
      await connection.request();
      connection.socket.destroy();
    });
    const error = await rejection(nativeSession().fetch(server.origin));
    expect(error).toBeInstanceOf(ConnectionError);
    expect(error).toMatchObject({phase: 'send', request: {method: 'GET'}});
  });

  it('a connection that is cut in the body fails the body with a ConnectionError', async () => {
    const server = await startRawServer(async (connection) => {
      await connection.request();
      connection.send('HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nhalf');
      connection.socket.end();
    });
    const session = nativeSession();
    const error = await rejection(session.get(server.origin).text());
    expect(error).toBeInstanceOf(ConnectionError);
    expect(error).toMatchObject({phase: 'receive'});
    expect(session.stats()).toMatchObject({active: 0, totals: {errors: 1}});
  });

  it('an abort is no ConnectionError', async () => {
    const server = await startServer(() => {});
    const controller = new AbortController();
    const call = nativeSession().fetch(server.origin, {signal: controller.signal});
    await waitFor(() => server.requests.length === 1);
    controller.abort();
    await expect(call).rejects.toBe(controller.signal.reason);
  });
});

describe('the global fetch', () => {
  it('the global fetch is looked up at each request', async () => {
    onTestFinished(() => void vi.unstubAllGlobals());
    const session = nativeSession();
    vi.stubGlobal('fetch', async () => Response.json('first'));
    expect(await session.get('https://api.test/').json()).toBe('first');
    vi.stubGlobal('fetch', async () => Response.json('second'));
    expect(await session.get('https://api.test/').json()).toBe('second');
  });

  it('an error of a global fetch that shows the URL is thrown without the URL', async () => {
    onTestFinished(() => void vi.unstubAllGlobals());
    vi.stubGlobal('fetch', async (url: string) => {
      const cause = new Error(`connect to ${url} failed`);
      throw new TypeError(`error sending request for url (${url}): tcp connect error: refused`, {cause});
    });
    const error = await rejection(nativeSession().fetch('https://api.test/?key=s3cret'));
    expect(error).toMatchObject({phase: 'connect', request: {url: 'https://api.test/?key=…'}});
    for (const shown of [
      String(error),
      JSON.stringify(error),
      inspect(error, {depth: Number.POSITIVE_INFINITY}),
    ]) {
      expect(shown).not.toContain('s3cret');
      expect(shown).toContain('key=…');
    }
    expect((error.cause as Error).message).toMatch(
      /^error sending request for url \(https:\/\/api\.test\/\?key=…\)/,
    );
  });
});
