import {describe, expect, it, onTestFinished} from 'vitest';
import {fetchConnector} from '../../../src/connectors/native/fetch.ts';
import type {Session, SessionOptions} from '../../../src/index.ts';
import {
  ConnectionError,
  createSession,
  JsonError,
  ResponseTooLargeError,
  TimeoutError,
} from '../../../src/index.ts';
import {startServer} from '../../support/http-server.ts';
import {rejection} from '../../support/mock-session.ts';
import {startRawServer} from '../../support/raw-server.ts';
import {waitFor, waitForGc} from '../../support/wait-for.ts';

// The methods of these responses read the response of Node's own fetch; `body` is a stream beside it.

function nativeSession(options: SessionOptions = {}): Session {
  const connector = fetchConnector({limit: 4});
  const session = createSession({retry: false, ...options, connector});
  onTestFinished(async () => {
    await session.destroy();
    await connector.destroy();
    expect(session.stats()).toMatchObject({active: 0, queued: 0});
  });
  return session;
}

/** Serves the text with its length at `/known`, and in two chunks without one at `/chunked`. */
async function serve(text: string, type = 'application/json'): Promise<Record<'known' | 'chunked', string>> {
  const bytes = Buffer.from(text);
  const {origin} = await startServer((request, response) => {
    if (request.url === '/known') {
      response.writeHead(200, {'content-type': type, 'content-length': bytes.length}).end(bytes);
      return;
    }
    response.writeHead(200, {'content-type': type});
    response.write(bytes.subarray(0, 3));
    setImmediate(() => response.end(bytes.subarray(3)));
  });
  return {known: `${origin}/known`, chunked: `${origin}/chunked`};
}

describe.each(['known', 'chunked'] as const)('a body whose length is %s', (kind) => {
  it('every method reads what the server sent, and the slot is free then', async () => {
    const {[kind]: url} = await serve('\ufeff{"name":"Zoë"}');
    const session = nativeSession();
    const text = '{"name":"Zoë"}';
    const bytes = new TextEncoder().encode(`\ufeff${text}`);
    expect(await (await session.fetch(url)).json()).toEqual({name: 'Zoë'});
    expect(await (await session.fetch(url)).text()).toBe(text);
    expect(await (await session.fetch(url)).bytes()).toEqual(bytes);
    expect(new Uint8Array(await (await session.fetch(url)).arrayBuffer())).toEqual(bytes);
    const blob = await (await session.fetch(url)).blob();
    expect([blob.type, blob.size]).toEqual(['application/json', bytes.length]);
    expect(session.stats().active).toBe(0);
    expect(session.stats().totals?.bytesReceived).toBe(5 * bytes.length);
  });

  it('a form is read with its type', async () => {
    const {[kind]: url} = await serve('name=Ada&age=36', 'application/x-www-form-urlencoded');
    const form = await (await nativeSession().fetch(url)).formData();
    expect([...form]).toEqual([
      ['name', 'Ada'],
      ['age', '36'],
    ]);
  });

  it('a body is read once: a second read, a clone and a reader see that it was used', async () => {
    const {[kind]: url} = await serve('{"a":1}');
    const response = await nativeSession().fetch(url);
    expect(response.bodyUsed).toBe(false);
    const read = response.text();
    expect(response.bodyUsed).toBe(true);
    await expect(response.json()).rejects.toThrow(TypeError);
    expect(() => response.clone()).toThrow(TypeError);
    expect(await read).toBe('{"a":1}');
    const {done} = (await response.body?.getReader().read()) ?? {};
    expect(done).toBe(true);
    expect(() => new Response(response.body)).toThrow(TypeError);
  });

  it('the stream that was asked for is the one that is read, and a lock on it counts', async () => {
    const {[kind]: url} = await serve('{"a":1}');
    const session = nativeSession();
    const looked = await session.fetch(url);
    const {body} = looked;
    expect(looked.body).toBe(body);
    expect(await looked.json()).toEqual({a: 1});
    const locked = await session.fetch(url);
    const reader = locked.body?.getReader();
    await expect(locked.text()).rejects.toThrow(TypeError);
    expect(locked.bodyUsed).toBe(false);
    await reader?.cancel();
  });

  it('a clone and the original both give the whole body', async () => {
    const {[kind]: url} = await serve('{"a":1}');
    const response = await nativeSession().fetch(url);
    const clone = response.clone();
    expect(clone).toMatchObject({url, type: 'basic', status: 200});
    expect(await Promise.all([response.json(), clone.json()])).toEqual([{a: 1}, {a: 1}]);
  });

  it('a body that was left unread is taken in, frees its slot and can be read later', async () => {
    const {[kind]: url} = await serve('{"a":1}');
    const session = nativeSession();
    const response = await session.fetch(url);
    await waitFor(() => session.stats().active === 0);
    expect(await response.json()).toEqual({a: 1});
  });

  it('what is no JSON fails without a piece of the body', async () => {
    const {[kind]: url} = await serve('<secret>');
    const error = await rejection((await nativeSession().fetch(url)).json());
    expect(error).toBeInstanceOf(JsonError);
    expect(String(error)).not.toContain('secret');
  });

  it('maxResponseSize holds', async () => {
    const {[kind]: url} = await serve('{"a":1234567890}');
    const session = nativeSession({maxResponseSize: 5});
    const error = await rejection(session.fetch(url).then((response) => response.text()));
    expect(error).toBeInstanceOf(ResponseTooLargeError);
  });
});

describe('a body that does not arrive', () => {
  const head = 'HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n12345';

  const stalledServer = () =>
    startRawServer(async (connection) => {
      await connection.head();
      connection.send(head);
    });
  const cutServer = () =>
    startRawServer(async (connection) => {
      await connection.head();
      connection.socket.end(head);
    });

  it('a body that breaks off fails its reading, with the phase', async () => {
    const server = await cutServer();
    const session = nativeSession();
    const error = await rejection((await session.fetch(server.origin)).text());
    expect(error).toBeInstanceOf(ConnectionError);
    expect(error).toMatchObject({phase: 'receive'});
  });

  it('a stream gives what arrived before the body broke off', async () => {
    const server = await cutServer();
    const reader = (await nativeSession().fetch(server.origin)).body?.getReader();
    expect((await reader?.read())?.value).toEqual(new TextEncoder().encode('12345'));
    expect(await rejection(reader?.read() ?? Promise.resolve())).toBeInstanceOf(ConnectionError);
  });

  it('an abort ends the reading with its reason', async () => {
    const server = await stalledServer();
    const controller = new AbortController();
    const session = nativeSession();
    const read = rejection((await session.fetch(server.origin, {signal: controller.signal})).json());
    const reason = new Error('enough');
    controller.abort(reason);
    expect(await read).toBe(reason);
    expect(session.stats().active).toBe(0);
  });

  it('a short read timeout counts from chunk to chunk', async () => {
    const server = await stalledServer();
    const session = nativeSession({timeout: {read: 40}});
    const error = await rejection((await session.fetch(server.origin)).text());
    expect(error).toBeInstanceOf(TimeoutError);
    expect(error).toMatchObject({phase: 'read'});
  });

  it('the slot of a large response that was collected unread is freed', async () => {
    const {known} = await serve('a'.repeat(10_000_000), 'text/plain');
    const session = nativeSession();
    await session.fetch(known);
    await waitForGc(() => session.stats().active === 0);
    expect(session.stats().active).toBe(0);
  });
});
