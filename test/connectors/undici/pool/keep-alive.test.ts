import {setTimeout as delay} from 'node:timers/promises';
import {describe, expect, it} from 'vitest';
import {ConnectionError} from '../../../../src/index.ts';
import {startServer} from '../../../support/http-server.ts';
import {openSession} from '../../../support/open-session.ts';
import type {RawConnection} from '../../../support/raw-server.ts';
import {startRawServer} from '../../../support/raw-server.ts';
import {recordTrace} from '../../../support/record-trace.ts';
import {watchDialledSockets} from '../../../support/socket-watch.ts';
import {blockLoop, turns, waitFor} from '../../../support/wait-for.ts';

/** Answers each request with the number of its connection. */
async function answerAll(connection: RawConnection): Promise<never> {
  for (;;) {
    await connection.request();
    connection.respond(String(connection.index));
  }
}

describe('reuse of a connection', () => {
  it.each([
    ['HEAD', 200],
    ['GET', 204],
    ['GET', 304],
    ['GET', 205],
    ['DELETE', 204],
    ['POST', 200],
  ])('a connection is used again after %s with status %i', async (method, status) => {
    const server = await startServer((request, response) => {
      response.writeHead(status, request.method === 'HEAD' ? {'content-length': '1000'} : {});
      response.end();
    });
    const {fetch, stats} = openSession();
    for (let index = 0; index < 3; index++) {
      const response = await fetch(server.origin, {method});
      expect(response.status).toBe(status);
      expect(await response.text()).toBe('');
    }
    expect(server.sockets.opened).toBe(1);
    expect(stats()).toMatchObject({idle: 1, totals: {opened: 1, reused: 2}});
  });

  it('a connection is used again after a small body that was not read', async () => {
    const server = await startServer((_request, response) => response.end('x'.repeat(10_000)));
    const {fetch, stats} = openSession({limit: 1});
    for (let index = 0; index < 5; index++) expect((await fetch(server.origin)).ok).toBe(true);
    await waitFor(() => stats().active === 0);
    expect(server.sockets.opened).toBe(1);
  });

  it('the connection that was used last is used first, so that the others can expire', async () => {
    const server = await startRawServer(answerAll);
    const {fetch} = openSession();
    const text = async () => (await fetch(server.origin)).text();
    await Promise.all([text(), text(), text()]);
    const last = await text();
    expect([await text(), await text(), await text()]).toEqual([last, last, last]);
  });

  it('a connection is used again after an informational response', async () => {
    const server = await startRawServer(async (connection) => {
      for (;;) {
        await connection.request();
        connection.send('HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\n\r\n');
        connection.respond(String(connection.index));
      }
    });
    const {fetch} = openSession();
    for (let index = 0; index < 3; index++) {
      const response = await fetch(server.origin);
      expect(response.headers.get('link')).toBeNull();
      expect(await response.text()).toBe('0');
    }
  });

  it('a connection is used again after a chunked response with trailers', async () => {
    const server = await startRawServer(async (connection) => {
      for (;;) {
        await connection.request();
        connection.send(
          'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n3\r\nabc\r\n0\r\nX-Sum: 6\r\n\r\n',
        );
      }
    });
    const {fetch} = openSession();
    for (let index = 0; index < 3; index++) expect(await (await fetch(server.origin)).text()).toBe('abc');
    expect(server.sockets.opened).toBe(1);
  });
});

describe('no reuse of a connection', () => {
  const closing = {
    'after "Connection: close"': 'HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok',
    'after "connection: Close" among others':
      'HTTP/1.1 200 OK\r\nconnection: foo, Close\r\nContent-Length: 2\r\n\r\nok',
    'after HTTP/1.0': 'HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok',
    'when the server keeps it for only a second':
      'HTTP/1.1 200 OK\r\nKeep-Alive: timeout=1\r\nContent-Length: 2\r\n\r\nok',
  };
  for (const [name, response] of Object.entries(closing)) {
    it(`a connection is not used again ${name}`, async () => {
      const server = await startRawServer(async (connection) => {
        await connection.request();
        connection.send(response);
      });
      const dialled = watchDialledSockets();
      const {fetch, stats} = openSession({limit: 1});
      for (let index = 0; index < 3; index++) expect(await (await fetch(server.origin)).text()).toBe('ok');
      await waitFor(() => stats().idle === 0 && server.sockets.open.size === 0);
      expect(dialled).toMatchObject({opened: 3, peak: 1});
    });
  }

  it('a waiting request does not use a connection after "Connection: close"', async () => {
    const server = await startRawServer(async (connection) => {
      await connection.request();
      connection.respond('ok', 'Connection: close\r\n');
    });
    const trace = recordTrace();
    const {fetch} = openSession({limit: 1}, {trace: [trace.listener]});
    const texts = Array.from({length: 3}, async () => (await fetch(server.origin)).text());
    expect(await Promise.all(texts)).toEqual(['ok', 'ok', 'ok']);
    expect(trace.of('connectionCreateEnd')).toHaveLength(3);
    expect(trace.types()).not.toContain('connectionReuse');
  });

  it('a connection is closed when the request has "Connection: close"', async () => {
    const server = await startServer((_request, response) => response.end('ok'));
    const {fetch, stats} = openSession({limit: 1});
    for (let index = 0; index < 3; index++) {
      expect(await (await fetch(server.origin, {headers: {connection: 'close'}})).text()).toBe('ok');
    }
    await waitFor(() => stats().idle === 0);
    expect(server.requests[0]?.headers.connection).toBe('close');
    expect(server.sockets.opened).toBe(3);
  });

  it('a connection is closed after one request with forceClose', async () => {
    const server = await startServer((_request, response) => response.end('ok'));
    const {fetch, stats} = openSession({limit: 1, forceClose: true});
    for (let index = 0; index < 3; index++) expect(await (await fetch(server.origin)).text()).toBe('ok');
    await waitFor(() => server.sockets.open.size === 0);
    expect(server.requests[0]?.headers.connection).toBe('close');
    expect(stats()).toMatchObject({idle: 0, totals: {opened: 3, reused: 0}});
  });

  it('a connection is used again when a Connection header only contains the letters "close"', async () => {
    const server = await startRawServer(async (connection) => {
      for (;;) {
        await connection.request();
        connection.respond(String(connection.index), 'Connection: keep-alive, x-disclosed\r\n');
      }
    });
    const {fetch} = openSession({limit: 1});
    for (let index = 0; index < 3; index++) expect(await (await fetch(server.origin)).text()).toBe('0');
  });
});

describe('an idle connection', () => {
  it('an idle connection is closed after keepAliveTimeout', async () => {
    const server = await startServer((_request, response) => response.end());
    const longer = openSession();
    await longer.fetch(server.origin);
    const {fetch, stats} = openSession({keepAliveTimeout: 40});
    await fetch(server.origin);
    expect(stats().idle).toBe(1);
    await waitFor(() => stats().idle === 0 && server.sockets.open.size === 1);
    expect(longer.stats().idle).toBe(1);
  });

  it('an idle connection is kept no longer than keepAliveMaxTimeout, whatever the server announces', async () => {
    const server = await startRawServer(async (connection) => {
      await connection.request();
      connection.respond('ok', 'Keep-Alive: timeout=3600\r\n');
    });
    const {fetch, stats} = openSession({keepAliveTimeout: 40});
    await fetch(server.origin);
    await waitFor(() => stats().idle === 0 && server.sockets.open.size === 0);
  });

  it('an idle connection is closed before the time that the server announces', async () => {
    const server = await startServer((_request, response) => response.end(), {keepAliveTimeout: 1_100});
    let endedByClient = 0;
    server.server.on('connection', (socket) => socket.once('end', () => endedByClient++));
    const {fetch, stats} = openSession();
    await fetch(server.origin);
    await waitFor(() => stats().idle === 0);
    await waitFor(() => server.sockets.open.size === 0);
    expect(endedByClient).toBe(1);
  });

  it('unsolicited data closes an idle connection, and is not taken for a response', async () => {
    const server = await startRawServer(async (connection) => {
      await connection.request();
      connection.respond('first');
      if (connection.index === 0) {
        await turns(5);
        connection.respond('unasked');
      }
      await connection.request();
      connection.respond('second');
    });
    const {fetch, stats} = openSession();
    expect(await (await fetch(server.origin)).text()).toBe('first');
    await waitFor(() => stats().idle === 0);
    expect(await (await fetch(server.origin)).text()).toBe('first');
    expect(server.sockets.opened).toBe(2);
  });

  it('of two responses that arrive together, the first is used and the second is dropped', async () => {
    const server = await startRawServer(async (connection) => {
      for (;;) {
        const {path} = await connection.request();
        const one = `HTTP/1.1 200 OK\r\nContent-Length: ${path.length}\r\n\r\n${path}`;
        const two = 'HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\npoisoned';
        connection.send(connection.index === 0 ? one + two : one);
      }
    });
    const {fetch} = openSession({limit: 1});
    const texts = ['/1', '/2', '/3'].map(async (path) => (await fetch(server.origin + path)).text());
    expect(await Promise.all(texts)).toEqual(['/1', '/2', '/3']);
  });
});

describe('a dead keep-alive connection', () => {
  /** Serves one request on each connection, and closes the connection without an answer on the first byte of the next. */
  async function closesOnSecond(connection: RawConnection): Promise<void> {
    await connection.request();
    connection.respond(String(connection.index));
    await connection.head();
    connection.socket.destroy();
  }

  it('a GET does not fail when the server closed the idle connection', async () => {
    const server = await startRawServer(answerAll);
    const {fetch, stats} = openSession({limit: 1});
    for (let index = 0; index < 10; index++) {
      expect(await (await fetch(server.origin)).text()).toBe(String(index));
      // The data reaches the client after the next request was made.
      server.connections[index]?.socket.destroy();
    }
    expect(stats().totals.errors).toBe(0);
  });

  it('a GET does not fail when the server closes the connection on the request', async () => {
    const server = await startRawServer(closesOnSecond);
    const {fetch, stats} = openSession({limit: 1});
    for (let index = 0; index < 5; index++)
      expect(await (await fetch(server.origin)).text()).toBe(String(index));
    expect(stats()).toMatchObject({active: 0, totals: {errors: 0, opened: 5}});
    expect(server.sockets.peak).toBe(1);
  });

  it('none of many simultaneous requests fails', async () => {
    const server = await startRawServer(async (connection) => {
      for (let served = 0; served < 3; served++) {
        await connection.request();
        connection.respond('ok');
      }
      await connection.head();
      connection.socket.resetAndDestroy();
    });
    const {fetch, stats} = openSession({limit: 8});
    const texts = Array.from({length: 100}, async () => (await fetch(server.origin)).text());
    expect(new Set(await Promise.all(texts))).toEqual(new Set(['ok']));
    expect(stats().totals.errors).toBe(0);
  });

  it('no request fails when a blocked event loop delays a keepAliveTimeout of 1 ms', async () => {
    const server = await startServer((_request, response) => response.end('ok'));
    const {fetch, stats} = openSession({keepAliveTimeout: 1, limit: 2});
    for (let index = 0; index < 30; index++) {
      expect(await (await fetch(server.origin)).text()).toBe('ok');
      if (index % 3 === 0) blockLoop(5);
      else if (index % 3 === 1) await delay(index % 4);
      else await turns(index % 5);
    }
    expect(stats().totals.errors).toBe(0);
  });

  it('an idempotent request with a body that can be sent again is sent again', async () => {
    const bodies: string[] = [];
    const server = await startRawServer(async (connection) => {
      await connection.request();
      connection.respond(String(connection.index));
      const {body} = await connection.request();
      bodies.push(body.toString());
      connection.socket.destroy();
    });
    const {fetch} = openSession({limit: 1});
    await fetch(server.origin);
    const response = await fetch(server.origin, {method: 'PUT', body: 'state'});
    expect(await response.text()).toBe('1');
    expect(bodies).toEqual(['state']);
  });

  it('a body function is called again when the request is sent again', async () => {
    const server = await startRawServer(closesOnSecond);
    const {fetch} = openSession({limit: 1});
    await fetch(server.origin);
    let made = 0;
    const body = async function* () {
      made++;
      yield 'state';
    };
    expect(await (await fetch(server.origin, {method: 'PUT', body})).text()).toBe('1');
    expect(made).toBe(2);
  });

  describe('and a POST', () => {
    it('a POST that was not sent is sent again', async () => {
      const server = await startRawServer(answerAll);
      const {fetch, stats} = openSession({limit: 1});
      for (let index = 0; index < 10; index++) {
        const body = index % 2 ? 'a' : new Blob(['a']).stream();
        expect(await (await fetch(server.origin, {method: 'POST', body})).text()).toBe(String(index));
        blockLoop(12);
        server.connections[index]?.socket.destroy();
      }
      expect(stats().totals.errors).toBe(0);
    });

    it('a POST that was sent fails, and was sent once', async () => {
      const server = await startRawServer(closesOnSecond);
      const {fetch, stats} = openSession({limit: 1});
      await fetch(server.origin);
      const sending = fetch(server.origin, {method: 'POST', body: 'order'});
      await expect(sending).rejects.toBeInstanceOf(ConnectionError);
      await expect(sending).rejects.toMatchObject({phase: 'receive'});
      expect(server.sockets.opened).toBe(1);
      expect(stats()).toMatchObject({active: 0, idle: 0});
    });

    it('a POST with an Idempotency-Key is sent again', async () => {
      const server = await startRawServer(closesOnSecond);
      const {fetch} = openSession({limit: 1});
      await fetch(server.origin);
      const headers = {'Idempotency-Key': '7'};
      const response = await fetch(server.origin, {method: 'POST', body: 'order', headers});
      expect(await response.text()).toBe('1');
    });
  });

  it('a request whose stream was read fails', async () => {
    const server = await startRawServer(closesOnSecond);
    const {fetch} = openSession({limit: 1});
    await fetch(server.origin);
    const body = new Blob(['state']).stream();
    await expect(fetch(server.origin, {method: 'PUT', body})).rejects.toBeInstanceOf(ConnectionError);
    expect(server.sockets.opened).toBe(1);
  });

  it('a request that was answered in part fails', async () => {
    const server = await startRawServer(async (connection) => {
      await connection.request();
      connection.respond('ok');
      await connection.request();
      connection.send('HTTP/1.1 200 O');
      await turns(3);
      connection.socket.destroy();
    });
    const {fetch} = openSession({limit: 1});
    await fetch(server.origin);
    await expect(fetch(server.origin)).rejects.toMatchObject({name: 'TypeError', phase: 'receive'});
    expect(server.sockets.opened).toBe(1);
  });

  it('a request fails when the fresh connection dies as well', async () => {
    const server = await startRawServer(async (connection) => {
      await connection.request();
      if (connection.index > 0) return void connection.socket.destroy();
      connection.respond('ok');
      await connection.head();
      connection.socket.destroy();
    });
    const {fetch, stats} = openSession({limit: 1});
    await fetch(server.origin);
    await expect(fetch(server.origin)).rejects.toBeInstanceOf(ConnectionError);
    expect(server.sockets.opened).toBe(2);
    expect(stats()).toMatchObject({active: 0, queued: 0, idle: 0});
  });

  it('a request can be aborted while its connection is replaced', async () => {
    const server = await startRawServer(closesOnSecond);
    const {fetch, stats} = openSession({limit: 1});
    await fetch(server.origin);
    const controller = new AbortController();
    const reason = new Error('given up');
    server.connections[0]?.socket.once('close', () => controller.abort(reason));
    await expect(fetch(server.origin, {signal: controller.signal})).rejects.toBe(reason);
    expect(await (await fetch(server.origin)).text()).not.toBe('0');
    expect(stats()).toMatchObject({active: 0, queued: 0});
  });
});
