import {constants} from 'node:http2';
import type {Socket} from 'node:net';
import {beforeAll, describe, expect, it} from 'vitest';
import type {RequestBody} from '../../../../src/index.ts';
import type {Authority, Identity} from '../../../support/authority.ts';
import {createAuthority} from '../../../support/authority.ts';
import {failure} from '../../../support/failure.ts';
import {startServer} from '../../../support/http-server.ts';
import {startHttp2Server} from '../../../support/http2-server.ts';
import {openSession} from '../../../support/open-session.ts';
import {startRawServer} from '../../../support/raw-server.ts';
import {waitFor} from '../../../support/wait-for.ts';

let authority: Authority;
let identity: Identity;

beforeAll(async () => {
  authority = await createAuthority();
  identity = await authority.issue();
});

const chunk = new Uint8Array(64 * 1024);
const gigabyte = 1024 ** 3;

/** A stream of a gigabyte, produced on demand. It records how much was read, and whether it was cancelled. */
function createSource() {
  const state = {produced: 0, cancelledWith: undefined as unknown};
  const stream = new ReadableStream<Uint8Array>(
    {
      pull(controller) {
        state.produced += chunk.length;
        controller.enqueue(chunk);
        if (state.produced === gigabyte) controller.close();
      },
      cancel(reason) {
        state.cancelledWith = reason;
      },
    },
    {highWaterMark: 0},
  );
  return {state, stream};
}

const answer = 'HTTP/1.1 413 Content Too Large\r\nContent-Length: 9\r\n\r\ntoo large';

/** What servers do after they have refused a body. */
const afterwards: Record<string, (socket: Socket) => void> = {
  'and reads no more': (socket) => void socket.pause().write(answer),
  'and closes': (socket) => void socket.end(answer),
  'and cuts the connection': (socket) => void socket.write(answer, () => socket.destroy()),
  'and resets it': (socket) => void socket.write(answer, () => socket.resetAndDestroy()),
};

describe.each(Object.entries(afterwards))(
  'a server that answers before the end of the upload, %s',
  (_what, then) => {
    const start = () =>
      startRawServer(async (connection) => {
        await connection.head();
        then(connection.socket);
      });

    it('the upload stops, and the caller gets the response', async () => {
      const server = await start();
      const {fetch, stats} = openSession({limit: 1});
      // Whether the client first sees the response or the failed write differs from request to request.
      for (let count = 0; count < 10; count++) {
        const {state, stream} = createSource();
        const response = await fetch(server.origin, {method: 'POST', body: stream});
        expect([response.status, await response.text()]).toEqual([413, 'too large']);
        expect(stats().active).toBe(0);
        await waitFor(() => state.cancelledWith !== undefined);
        expect(state.cancelledWith).toMatchObject({
          message: 'The server answered before it had the whole body',
        });
        expect(state.produced).toBeLessThan(gigabyte / 4);
      }
      expect(stats().totals).toMatchObject({opened: 10, errors: 0});
      expect(stats()).toMatchObject({active: 0, idle: 0});
    });

    it.each([
      ['bytes', new Uint8Array(100_000_000)],
      ['a Blob', new Blob([new Uint8Array(100_000_000)])],
    ])('an upload of %s stops as well', async (_kind, body: RequestBody) => {
      const server = await start();
      const {fetch, stats} = openSession();
      const response = await fetch(server.origin, {method: 'POST', body});
      expect([response.status, await response.text()]).toEqual([413, 'too large']);
      await waitFor(() => stats().active === 0);
      expect(stats().idle).toBe(0);
    });
  },
);

describe('a response that comes before the end of the upload', () => {
  it('a slow response is read to its end, and nothing is sent meanwhile', async () => {
    const server = await startServer(async (_request, response) => {
      response.writeHead(413).write('too ');
      await waitFor(() => state.cancelledWith !== undefined);
      response.end('large');
    });
    const {fetch} = openSession();
    const {state, stream} = createSource();
    const response = await fetch(server.origin, {method: 'POST', body: stream});
    expect(await response.text()).toBe('too large');
  });

  it('a response that falls silent times out, since the upload has stopped', async () => {
    const server = await startServer((_request, response) => response.writeHead(413).write('too '));
    const {fetch, stats} = openSession({}, {timeout: {read: 400}});
    const response = await fetch(server.origin, {method: 'POST', body: createSource().stream});
    expect(await failure(response.text())).toMatchObject({name: 'TimeoutError', phase: 'read'});
    expect(stats().active).toBe(0);
  });

  it('a response with status 200 lets the upload go on', async () => {
    const server = await startServer(async (request, response) => {
      response.flushHeaders();
      let size = 0;
      for await (const piece of request) size += (piece as Buffer).length;
      response.end(String(size));
    });
    const {fetch} = openSession();
    const body = new Blob([new Uint8Array(5_000_000)]).stream();
    const response = await fetch(server.origin, {method: 'POST', body});
    expect(await response.text()).toBe('5000000');
  });

  it('a redirect stops the upload as well', async () => {
    const server = await startServer((request, response) => {
      if (request.url === '/there') response.end('there');
      else response.writeHead(303, {location: '/there'}).end();
    });
    const {fetch} = openSession();
    const {state, stream} = createSource();
    const response = await fetch(server.origin, {method: 'POST', body: stream});
    expect(await response.text()).toBe('there');
    await waitFor(() => state.cancelledWith !== undefined);
    expect(state.produced).toBeLessThan(gigabyte / 4);
  });

  it('the response can be cancelled and aborted half-way', async () => {
    const server = await startServer((_request, response) => response.writeHead(413).write('too '));
    const {fetch, stats} = openSession();
    const first = await fetch(server.origin, {method: 'POST', body: createSource().stream});
    await first.body?.cancel();
    const {signal} = new AbortController();
    const controller = new AbortController();
    const init = {method: 'POST', body: createSource().stream, signal: controller.signal};
    const second = await fetch(server.origin, init);
    controller.abort(signal);
    expect(await failure(second.text())).toBe(signal);
    expect(stats()).toMatchObject({active: 0, idle: 0});
  });

  it('the caller gets the response over TLS as well', async () => {
    const server = await startServer(
      (request, response) => {
        response.writeHead(413).end('too large', () => request.socket.destroy());
      },
      {tls: identity},
    );
    const {fetch} = openSession({tls: {ca: authority.cert}});
    const {state, stream} = createSource();
    const url = `https://localhost:${server.port}`;
    const response = await fetch(url, {method: 'POST', body: stream});
    expect([response.status, await response.text()]).toEqual([413, 'too large']);
    await waitFor(() => state.cancelledWith !== undefined);
  });

  // RFC 9113, section 8.1: a server that has answered completely may reset the stream without an error.
  it.each([
    ['and the stream is left open', undefined],
    ['and the stream is reset without an error', constants.NGHTTP2_NO_ERROR],
    ['and the stream is reset', constants.NGHTTP2_CANCEL],
  ])('the caller gets the response over HTTP/2, %s, and the connection goes on', async (_what, code) => {
    const server = await startHttp2Server(identity, (request, response) => {
      if (request.url === '/next') return response.end('next');
      response.writeHead(413);
      // Without the delay, Node would drop data that it has not sent yet.
      response.end('too large', () => code !== undefined && setTimeout(() => request.stream.close(code), 10));
      return undefined;
    });
    const {fetch, stats} = openSession({http2: true, tls: {ca: authority.cert}});
    for (let count = 0; count < 3; count++) {
      const {state, stream} = createSource();
      const response = await fetch(server.origin, {method: 'POST', body: stream});
      expect([response.status, await response.text()]).toEqual([413, 'too large']);
      await waitFor(() => state.cancelledWith !== undefined);
      expect(state.produced).toBeLessThan(gigabyte / 4);
    }
    expect(await (await fetch(`${server.origin}/next`)).text()).toBe('next');
    expect(stats()).toMatchObject({active: 0, totals: {opened: 1}});
  });
});

describe('an HTTP/2 stream that is reset while much data waits to be sent', () => {
  it.each([
    ['before an answer', constants.NGHTTP2_NO_ERROR, ''],
    ['before an answer, with an error', constants.NGHTTP2_INTERNAL_ERROR, ''],
    ['half way through one', constants.NGHTTP2_NO_ERROR, 'too '],
  ])('the request fails rather than waiting for ever: %s', async (_what, code, text) => {
    const server = await startHttp2Server(identity, ({stream}, response) => {
      if (text === '') stream.close(code);
      else response.writeHead(413).write(text, () => stream.close(code));
    });
    const {fetch, stats} = openSession({http2: true, tls: {ca: authority.cert}});
    const {state, stream} = createSource();
    const call = fetch(server.origin, {method: 'POST', body: stream}).then((response) => response.text());
    expect(await failure(call)).toMatchObject({name: 'TypeError', code: 'ERR_HTTP2_STREAM_RESET'});
    await waitFor(() => state.cancelledWith !== undefined);
    expect(stats().active).toBe(0);
  });
});

describe('a server that closes the connection during an upload without an answer', () => {
  it.each(['destroy', 'resetAndDestroy', 'end'] as const)(
    'a close by %s fails the request with an error that names the cause',
    async (how) => {
      const server = await startRawServer(async (connection) => {
        await connection.head();
        connection.socket[how]();
      });
      const {fetch, stats} = openSession();
      for (let count = 0; count < 5; count++) {
        const {state, stream} = createSource();
        const error = await failure(fetch(server.origin, {method: 'POST', body: stream}));
        expect(error).toMatchObject({name: 'TypeError', phase: 'send'});
        await waitFor(() => state.cancelledWith !== undefined);
      }
      expect(stats().active).toBe(0);
      await waitFor(() => server.sockets.open.size === 0);
    },
  );
});
