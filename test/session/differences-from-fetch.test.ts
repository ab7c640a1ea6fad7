import {readFileSync} from 'node:fs';
import type {IncomingMessage, ServerResponse} from 'node:http';
import * as zlib from 'node:zlib';
import {describe, expect, it, onTestFinished} from 'vitest';
import type {Session, SessionOptions} from '../../src/index.ts';
import {
  ConnectionError,
  createSession,
  RedirectError,
  SessionClosedError,
  TimeoutError,
} from '../../src/index.ts';
import {startServer} from '../support/http-server.ts';

/**
 * The differences of `session.fetch` from built-in `fetch` that README lists, each beside what built-in `fetch` does.
 * Limits, timeouts, retries and HTTP/2 have test files of their own.
 *
 * @module
 */

const builtIn = globalThis.fetch;

function sessionFetch(options: SessionOptions = {}): Session['fetch'] {
  const session = createSession(options);
  onTestFinished(() => session.destroy());
  return session.fetch;
}

/** Answers with the headers and the body that arrived. */
async function echo(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  response.end(JSON.stringify({headers: request.headers, body: Buffer.concat(chunks).toString()}));
}

async function headersOf(fetch: typeof builtIn, url: string, init?: RequestInit) {
  return ((await (await fetch(url, init)).json()) as {headers: Record<string, string>}).headers;
}

it('README has a table of the differences in every runtime, and one for Node', () => {
  const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8');
  const section = /^## Differences from fetch\n([\s\S]*?)^## /m.exec(readme)?.[1] ?? '';
  expect(section.match(/^\|---\|---\|$/gm)).toHaveLength(2);
});

describe('in every runtime', () => {
  it('session.fetch repeats an idempotent request that got a 503, and built-in fetch does not', async () => {
    let count = 0;
    const server = await startServer((_request, response) => {
      response.statusCode = count++ % 2 === 0 ? 503 : 200;
      response.end();
    });
    expect((await sessionFetch({retry: {minDelay: 0}})(server.origin)).status).toBe(200);
    expect((await builtIn(server.origin)).status).toBe(503);
  });

  it('json() of what is no JSON shows no piece of the body with session.fetch, and does with built-in fetch', async () => {
    const server = await startServer((_request, response) => response.end('s3cret'));
    const ours = (await sessionFetch()(server.origin)).json();
    await expect(ours).rejects.toThrow(expect.objectContaining({name: 'JsonError', code: 'ERR_JSON'}));
    await expect(ours).rejects.toBeInstanceOf(SyntaxError);
    await expect((await builtIn(server.origin)).json()).rejects.toThrow(/s3cret/);
  });

  it('session.fetch resolves a relative URL on baseUrl', async () => {
    const server = await startServer((request, response) => response.end(request.url));
    expect(await (await sessionFetch({baseUrl: `${server.origin}/v1/`})('a')).text()).toBe('/v1/a');
    await expect(builtIn('a')).rejects.toBeInstanceOf(TypeError);
  });

  it('a closed session refuses calls with a SessionClosedError', async () => {
    const session = createSession();
    await session.close();
    await expect(session.fetch('http://127.0.0.1:2/')).rejects.toBeInstanceOf(SessionClosedError);
  });

  it('a network error is a ConnectionError, and a TypeError as of built-in fetch', async () => {
    const server = await startServer((request) => request.socket.destroy());
    const failed = sessionFetch({retry: false})(server.origin);
    await expect(failed).rejects.toBeInstanceOf(ConnectionError);
    await expect(failed).rejects.toBeInstanceOf(TypeError);
    await expect(builtIn(server.origin)).rejects.toBeInstanceOf(TypeError);
  });

  it('a redirect that must not be followed is a RedirectError, and a TypeError as of built-in fetch', async () => {
    const server = await startServer((_request, response) => response.writeHead(302, {location: '/'}).end());
    const failed = sessionFetch({retry: false})(server.origin, {redirect: 'error'});
    await expect(failed).rejects.toBeInstanceOf(RedirectError);
    await expect(failed).rejects.toBeInstanceOf(TypeError);
    await expect(builtIn(server.origin, {redirect: 'error'})).rejects.toBeInstanceOf(TypeError);
  });

  it('a timeout is a TimeoutError, which is no TypeError', async () => {
    const server = await startServer(() => undefined);
    const failed = sessionFetch({retry: false})(server.origin, {timeout: {read: 20}});
    await expect(failed).rejects.toBeInstanceOf(TimeoutError);
    await expect(failed).rejects.not.toBeInstanceOf(TypeError);
  });

  it('an unknown member of the init is ignored, as by built-in fetch', async () => {
    const server = await startServer(echo);
    const init = {unknown: 1} as RequestInit;
    expect((await sessionFetch()(server.origin, init)).status).toBe(200);
    expect((await builtIn(server.origin, init)).status).toBe(200);
  });

  it('a stream as a body needs no duplex', async () => {
    const server = await startServer(echo);
    const init = () => ({method: 'POST', body: new Blob(['text']).stream()});
    const response = await sessionFetch()(server.origin, init());
    expect(await response.json()).toMatchObject({body: 'text'});
    await expect(builtIn(server.origin, init())).rejects.toThrow('duplex');
  });
});

describe('on Node', () => {
  it("a response is an instance of Response, but not one of the engine's making", async () => {
    const server = await startServer((_request, response) => response.end('text'));
    const response = await sessionFetch()(server.origin);
    expect(response).toBeInstanceOf(Response);
    await expect((async () => Response.prototype.text.call(response))()).rejects.toThrow(TypeError);
    expect(await Response.prototype.text.call(new Response(response.body, response))).toBe('text');
    expect(await Response.prototype.text.call(await builtIn(server.origin))).toBe('text');
  });

  it('the default headers name aiofetch and all content codings, and are none of a page', async () => {
    const server = await startServer(echo);
    const ours = await headersOf(sessionFetch() as typeof builtIn, server.origin);
    expect(ours).toMatchObject({
      'user-agent': expect.stringMatching(/^aiofetch\/\d/),
      'accept-encoding': 'gzip, deflate, br, zstd',
    });
    expect(ours).not.toHaveProperty('accept-language');
    expect(ours).not.toHaveProperty('sec-fetch-mode');
    expect(await headersOf(builtIn, server.origin)).toMatchObject({
      'user-agent': 'node',
      'accept-language': '*',
      'sec-fetch-mode': 'cors',
    });
  });

  it('the Host header can be set', async () => {
    const server = await startServer(echo);
    const init = {headers: {host: 'virtual.example'}};
    const ours = await headersOf(sessionFetch() as typeof builtIn, server.origin, init);
    expect(ours).toMatchObject({host: 'virtual.example'});
    expect(await headersOf(builtIn, server.origin, init)).toMatchObject({host: new URL(server.origin).host});
  });

  it('bytes behind a gzip body are ignored, and every frame of a zstd body is decoded', async () => {
    const bodies = {
      gzip: Buffer.concat([zlib.gzipSync('text'), Buffer.from('garbage')]),
      zstd: Buffer.concat([zlib.zstdCompressSync('te'), zlib.zstdCompressSync('xt')]),
    };
    const server = await startServer((request, response) => {
      const coding = request.url === '/zstd' ? 'zstd' : 'gzip';
      response.setHeader('content-encoding', coding).end(bodies[coding]);
    });
    for (const path of ['/gzip', '/zstd'])
      expect(await (await sessionFetch()(server.origin + path)).text()).toBe('text');
    await expect((await builtIn(`${server.origin}/gzip`)).text()).rejects.toThrow('terminated');
  });

  it('the bytes of a body are not copied, so that later changes of them are sent', async () => {
    const server = await startServer(echo);
    const send = async (fetch: typeof builtIn) => {
      const body = new TextEncoder().encode('text');
      const sent = fetch(server.origin, {method: 'POST', body});
      body.fill('x'.charCodeAt(0));
      return (await (await sent).json()) as unknown;
    };
    expect(await send(sessionFetch() as typeof builtIn)).toMatchObject({body: 'xxxx'});
    expect(await send(builtIn)).toMatchObject({body: 'text'});
  });

  it('no Resource Timing entries are made', async () => {
    const server = await startServer(echo);
    const url = `${server.origin}/timed`;
    await (await sessionFetch()(url)).text();
    expect(performance.getEntriesByName(url)).toEqual([]);
  });
});
