import type {IncomingMessage, ServerResponse} from 'node:http';
import {beforeAll, describe, expect, it} from 'vitest';
import {ConnectionError} from '../../../../src/index.ts';
import type {Authority, Identity} from '../../../support/authority.ts';
import {createAuthority} from '../../../support/authority.ts';
import {failure} from '../../../support/failure.ts';
import type {HttpServerOptions} from '../../../support/http-server.ts';
import {bodyOf, startServer} from '../../../support/http-server.ts';
import {startHttp2Server} from '../../../support/http2-server.ts';
import {mockSession} from '../../../support/mock-session.ts';
import {openSession} from '../../../support/open-session.ts';
import {startRawServer} from '../../../support/raw-server.ts';
import {waitFor} from '../../../support/wait-for.ts';

type Handler = (request: IncomingMessage, response: ServerResponse) => unknown;

let authority: Authority;
let identity: Identity;

beforeAll(async () => {
  authority = await createAuthority();
  identity = await authority.issue();
});

/** A handler that answers with what arrived. */
const echo: Handler = async (request, response) => {
  const body = await bodyOf(request);
  const {'content-length': length, 'content-type': type, expect: expectation} = request.headers;
  response.end(JSON.stringify({body: body.length, length, type, expectation}));
};

/** A server that decides with `check` whether it takes the bodies that wait for 100 (Continue). */
async function startChecking(check: Handler, options: HttpServerOptions = {}, handler: Handler = echo) {
  const server = await startServer(handler, options);
  // In some tests, the client closes the connection.
  server.server.on('checkContinue', (request, response) => {
    Promise.resolve(check(request, response)).catch(() => undefined);
  });
  return server;
}

const goOn: Handler = (request, response) => {
  response.writeContinue();
  return echo(request, response);
};

/** Refuses the request without reading the body. */
const answer =
  (status: number, headers: Record<string, string> = {}): Handler =>
  (_request, response) => {
    response.writeHead(status, headers).end('no');
  };

/** A stream that records whether it was read and cancelled. */
function createSource(chunks = 3) {
  const state = {pulled: 0, isCancelled: false};
  const stream = new ReadableStream<Uint8Array>(
    {
      pull(controller) {
        if (state.pulled++ < chunks) controller.enqueue(new Uint8Array(1_000));
        else controller.close();
      },
      cancel() {
        state.isCancelled = true;
      },
    },
    {highWaterMark: 0},
  );
  return {state, stream};
}

describe('a body that waits for 100 (Continue)', () => {
  it.each([
    ['with a length', () => 'é'],
    ['in chunks', () => new Blob(['é']).stream()],
  ])('headers keep their bytes, and a text %s is sent in UTF-8', async (_name, body) => {
    const respond: Handler = async (request, response) => {
      response.writeContinue();
      const sent = await bodyOf(request);
      response.setHeader('x-bytes', request.headers['x-bytes'] as string).end(sent);
    };
    const server = await startChecking(respond);
    const {fetch} = openSession();
    const bytes = 'caf\xe9 \xc3\xa9 \xff';
    const response = await fetch(server.origin, {
      method: 'POST',
      body: body(),
      headers: {'x-bytes': bytes},
      expectContinue: true,
    });
    expect(response.headers.get('x-bytes')).toBe(bytes);
    expect(await response.text()).toBe('é');
  });

  it.each([
    ['a string', () => 'x'.repeat(3_000), {length: '3000', type: 'text/plain;charset=UTF-8'}],
    ['bytes', () => new Uint8Array(3_000), {length: '3000'}],
    ['a Blob', () => new Blob(['x'.repeat(3_000)], {type: 'a/b'}), {length: '3000', type: 'a/b'}],
    ['a stream', () => createSource().stream, {}],
  ])('the body is sent when the server sends 100 (Continue): %s', async (_what, body, expected) => {
    const server = await startChecking(goOn);
    const {session} = openSession();
    const ends: number[] = [];
    const response = await session.put(server.origin, {
      body: body(),
      expectContinue: 60_000,
      onUploadProgress: ({percent, transferredBytes}) => percent === 1 && ends.push(transferredBytes),
    });
    expect(await response.json()).toEqual({body: 3_000, expectation: '100-continue', ...expected});
    expect(ends).toEqual([3_000]);
    expect(session.stats()).toMatchObject({active: 0, totals: {sent: 1, bytesSent: 3_000}});
  });

  it('the body waits over TLS as well', async () => {
    const server = await startChecking(goOn, {tls: identity});
    const {session} = openSession({tls: {ca: authority.cert}});
    const url = `https://localhost:${server.port}`;
    expect(await session.put(url, {body: 'abc', expectContinue: 60_000}).json()).toMatchObject({body: 3});
  });

  it('the body is sent when the server has not answered in time', async () => {
    const server = await startChecking(echo);
    const {session} = openSession();
    expect(await session.put(server.origin, {body: 'abc', expectContinue: 5}).json()).toMatchObject({
      body: 3,
    });
  });

  it('the body is dropped when the head of a response arrives, whatever its status', async () => {
    let finish = () => {};
    const server = await startChecking((_request, response) => {
      response.writeHead(200).write('some');
      finish = () => response.end();
    });
    const {fetch} = openSession();
    const {state, stream} = createSource();
    const response = await fetch(server.origin, {method: 'PUT', body: stream, expectContinue: 60_000});
    await waitFor(() => state.isCancelled);
    expect(state.pulled).toBe(0);
    finish();
    expect(await response.text()).toBe('some');
  });

  it.each([401, 413, 200])('the body is not sent when the status %d comes first', async (status) => {
    const server = await startChecking(answer(status));
    const {session, fetch, stats} = openSession({limit: 1});
    const {state, stream} = createSource();
    const response = await fetch(server.origin, {method: 'POST', body: stream, expectContinue: 60_000});
    expect([response.status, await response.text()]).toEqual([status, 'no']);
    expect(stats().active).toBe(0);
    await waitFor(() => state.isCancelled);
    expect([state.pulled, stats().totals.bytesSent]).toEqual([0, 0]);
    await waitFor(() => server.sockets.open.size === 0);
    expect(await session.put(server.origin, {body: 'abc'}).json()).toMatchObject({body: 3});
  });

  it('the body is sent only to the server that a redirect leads to', async () => {
    const target = await startChecking(goOn);
    const server = await startChecking(answer(307, {location: target.origin}));
    const {session, stats} = openSession();
    const call = session.put(server.origin, {body: 'abc', expectContinue: 60_000});
    expect(await call.json()).toMatchObject({body: 3, expectation: '100-continue'});
    expect(stats().totals.bytesSent).toBe(3);
  });

  it('a 417 has the request sent again without Expect', async () => {
    const server = await startChecking(answer(417));
    const {session, stats} = openSession();
    const response = await session.put(server.origin, {body: 'abc', expectContinue: 60_000});
    expect(response.redirected).toBe(false);
    expect(await response.json()).toEqual({body: 3, length: '3', type: 'text/plain;charset=UTF-8'});
    expect(stats()).toMatchObject({active: 0, totals: {sent: 2, errors: 0}});
    const {stream} = createSource();
    const init = {method: 'PUT', body: stream, expectContinue: 60_000};
    expect((await session.fetch(server.origin, init)).status).toBe(417);
  });

  it('a request without a body has no Expect', async () => {
    const server = await startChecking(goOn);
    const {session} = openSession();
    const answers = session.post(server.origin, {expectContinue: 60_000}).json();
    expect(await answers).toEqual({body: 0, length: '0'});
  });

  it('the request has the Host header, and a body whatever its method', async () => {
    const seen: unknown[] = [];
    const server = await startChecking((request, response) => {
      const {host, 'transfer-encoding': coding} = request.headers;
      seen.push([request.method, host, coding]);
      return goOn(request, response);
    });
    const {session} = openSession();
    await session.delete(server.origin, {body: createSource().stream, expectContinue: 60_000});
    await session.put(server.origin, {body: 'abc', headers: {host: 'other.example'}, expectContinue: 60_000});
    expect(seen).toEqual([
      ['DELETE', `127.0.0.1:${server.port}`, 'chunked'],
      ['PUT', 'other.example', undefined],
    ]);
  });

  it('an abort while the body waits ends the request', async () => {
    const server = await startChecking(() => undefined);
    const {fetch, stats} = openSession();
    const {state, stream} = createSource();
    const controller = new AbortController();
    const {signal} = controller;
    const call = fetch(server.origin, {method: 'POST', body: stream, signal, expectContinue: 60_000});
    await waitFor(() => server.sockets.open.size === 1);
    const reason = new Error('enough');
    controller.abort(reason);
    expect(await failure(call)).toBe(reason);
    expect(stats().active).toBe(0);
    await waitFor(() => state.isCancelled && server.sockets.open.size === 0);
  });

  it('the request fails when the server closes the connection', async () => {
    const server = await startRawServer(async (connection) => {
      await connection.head();
      connection.socket.resetAndDestroy();
    });
    const {fetch, stats} = openSession();
    const error = await failure(fetch(server.origin, {method: 'POST', body: 'abc', expectContinue: 60_000}));
    expect(error).toBeInstanceOf(ConnectionError);
    expect(error).toMatchObject({phase: 'send', code: 'ECONNRESET'});
    expect(stats().active).toBe(0);
  });

  it.each([
    ['101', 'HTTP/1.1 101 Switching Protocols\r\n\r\n'],
    ['101 with Upgrade', 'HTTP/1.1 101 S\r\nConnection: upgrade\r\nUpgrade: h2c\r\n\r\n'],
    ['102 and 101', 'HTTP/1.1 102 P\r\n\r\nHTTP/1.1 101 S\r\n\r\n'],
    ['100 and 101', 'HTTP/1.1 100 C\r\n\r\nHTTP/1.1 101 S\r\n\r\n'],
    ['100 and the end', 'HTTP/1.1 100 C\r\n\r\n'],
    ['no HTTP', 'SSH-2.0\r\n\r\n'],
  ])('the request fails when the server answers with %s', async (_what, answered) => {
    const server = await startRawServer(async (connection) => {
      await connection.head();
      connection.socket.end(answered);
    });
    const {fetch, stats} = openSession();
    const error = await failure(fetch(server.origin, {method: 'POST', body: 'abc', expectContinue: 60_000}));
    expect(error).toBeInstanceOf(ConnectionError);
    expect(stats().active).toBe(0);
  });

  // RFC 9112, sections 5.1 and 5.2.
  it.each([Infinity, 1])('folded headers are read, in pieces of %d bytes', async (size) => {
    const heads = [
      'HTTP/1.1 100 Continue\r\nX-A: 1\r\n 2\r\n\r\n',
      'HTTP/1.1 200 OK\r\nX-A: 1\r\n\t2\r\nContent-Length:\t2 \r\n\r\no',
      'k',
    ];
    const server = await startRawServer(async (connection) => {
      connection.socket.setNoDelay(true);
      await connection.head();
      for (const head of heads) {
        for (let start = 0; start < head.length; start += size) {
          connection.send(head.slice(start, start + size));
          if (size !== Infinity) await new Promise(setImmediate);
        }
      }
    });
    const {fetch} = openSession();
    const response = await fetch(server.origin, {method: 'POST', body: 'abc', expectContinue: 60_000});
    expect(response.headers.get('x-a')).toBe('1 2');
    expect(await response.text()).toBe('ok');
  });

  it('a body whose length differs from Content-Length fails the request', async () => {
    const server = await startChecking(goOn);
    const {fetch, stats} = openSession();
    for (const length of ['2', '4']) {
      const headers = {'content-length': length};
      const call = fetch(server.origin, {method: 'PUT', body: 'abc', headers, expectContinue: 60_000});
      expect(await failure(call)).toBeInstanceOf(TypeError);
    }
    expect(stats().active).toBe(0);
  });

  it.each([{limit: 1}, {limitPerHost: 1}])('the limits hold: %o', async (limits) => {
    const server = await startChecking(goOn);
    const {session} = openSession(limits);
    const put = (expectContinue: number | false) =>
      session.put(server.origin, {body: 'abc', expectContinue}).json();
    for (const expectContinue of [false, 60_000, 60_000, false] as const) {
      expect(await put(expectContinue)).toMatchObject({body: 3});
    }
    await Promise.all([put(60_000), put(false), put(60_000), put(false)]);
    // The server notices the closed connection a little later.
    expect(server.sockets.peak).toBeLessThanOrEqual(2);
  });

  it('a connection that was opened in advance is used', async () => {
    const server = await startChecking(goOn);
    const {session, connector} = openSession();
    await connector.preconnect([server.origin]);
    await session.put(server.origin, {body: 'abc', expectContinue: 60_000});
    expect(session.stats().totals.opened).toBe(1);
  });

  it('a large response is read chunk by chunk', async () => {
    const server = await startChecking((_request, response) => {
      response.writeHead(413).end(Buffer.alloc(3_000_000));
    });
    const {fetch, stats} = openSession();
    const response = await fetch(server.origin, {method: 'POST', body: 'abc', expectContinue: 60_000});
    await waitFor(() => stats().totals.bytesReceived > 100_000);
    expect((await response.bytes()).length).toBe(3_000_000);
  });
});

describe('over HTTP/2', () => {
  it('the body is sent when the server sends 100 (Continue)', async () => {
    const server = await startHttp2Server(identity, (request, response) => {
      request.resume().on('end', () => response.end(String(request.headers.expect)));
    });
    const {session} = openSession({http2: true, tls: {ca: authority.cert}});
    const call = session.put(server.origin, {body: 'abc', expectContinue: 60_000});
    expect(await call.text()).toBe('100-continue');
    expect(session.stats().totals.bytesSent).toBe(3);
  });

  it('the body is not sent when the response comes first, and the connection goes on', async () => {
    const server = await startHttp2Server(identity, (request, response) => {
      request.resume().on('end', () => response.end('ok'));
    });
    server.server.on('checkContinue', (_request, response) => response.writeHead(413).end('no'));
    const {session, fetch, stats} = openSession({http2: true, tls: {ca: authority.cert}});
    const {state, stream} = createSource();
    const response = await fetch(server.origin, {method: 'POST', body: stream, expectContinue: 60_000});
    expect([response.status, await response.text()]).toEqual([413, 'no']);
    await waitFor(() => state.isCancelled);
    expect(state.pulled).toBe(0);
    expect(await session.get(server.origin).text()).toBe('ok');
    expect(stats()).toMatchObject({active: 0, totals: {opened: 1, bytesSent: 0}});
  });
});

describe('expectContinue', () => {
  it.each([-1, 'yes', Number.NaN])('the value %s is refused', async (expectContinue) => {
    const {fetch} = openSession();
    const error = await failure(fetch('http://localhost/', {expectContinue: expectContinue as never}));
    expect(error).toMatchObject({name: 'InvalidOptionError', option: 'expectContinue'});
  });

  it('a connector without support for Expect refuses the option', async () => {
    const {session, calls} = mockSession();
    const error = await failure(session.put('http://localhost/', {body: 'abc', expectContinue: true}));
    expect(error).toMatchObject({
      name: 'UnsupportedOptionError',
      option: 'expectContinue',
      where: 'the mock connector',
    });
    expect(calls.length).toBe(0);
    await session.put('http://localhost/', {body: 'abc', expectContinue: false});
  });
});
