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

/** Answers each request with the number of the connection it came on. */
async function answerAll(connection: RawConnection): Promise<never> {
  for (;;) {
    await connection.request();
    connection.respond(String(connection.index));
  }
}

describe('a connection is used again', () => {
  it.each([
    ['HEAD', 200],
    ['GET', 204],
    ['GET', 304],
    ['GET', 205],
    ['DELETE', 204],
    ['POST', 200],
  ])('after %s with status %i', async (method, status) => {
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

  it('without the body having been looked at, when it is small', async () => {
    const server = await startServer((_request, response) => response.end('x'.repeat(10_000)));
    const {fetch, stats} = openSession({limit: 1});
    for (let index = 0; index < 5; index++) expect((await fetch(server.origin)).ok).toBe(true);
    await waitFor(() => stats().active === 0);
    expect(server.sockets.opened).toBe(1);
  });

  it('the one that was used last first, so that the others can age', async () => {
    const server = await startRawServer(answerAll);
    const {fetch} = openSession();
    const text = async () => (await fetch(server.origin)).text();
    await Promise.all([text(), text(), text()]);
    const last = await text();
    expect([await text(), await text(), await text()]).toEqual([last, last, last]);
  });

  it('after an informational response', async () => {
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

  it('after a chunked response with trailers', async () => {
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

describe('a connection is not used again', () => {
  const closing = {
    'after "Connection: close"': 'HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok',
    'after "connection: Close" among others':
      'HTTP/1.1 200 OK\r\nconnection: foo, Close\r\nContent-Length: 2\r\n\r\nok',
    'after HTTP/1.0': 'HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok',
    'that the server keeps for a second only':
      'HTTP/1.1 200 OK\r\nKeep-Alive: timeout=1\r\nContent-Length: 2\r\n\r\nok',
  };
  for (const [name, response] of Object.entries(closing)) {
    it(name, async () => {
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

  it('after "Connection: close" not even tried by those who wait for its slot', async () => {
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

  it('when the request asks for that', async () => {
    const server = await startServer((_request, response) => response.end('ok'));
    const {fetch, stats} = openSession({limit: 1});
    for (let index = 0; index < 3; index++) {
      expect(await (await fetch(server.origin, {headers: {connection: 'close'}})).text()).toBe('ok');
    }
    await waitFor(() => stats().idle === 0);
    expect(server.requests[0]?.headers.connection).toBe('close');
    expect(server.sockets.opened).toBe(3);
  });

  it('when the connector says forceClose', async () => {
    const server = await startServer((_request, response) => response.end('ok'));
    const {fetch, stats} = openSession({limit: 1, forceClose: true});
    for (let index = 0; index < 3; index++) expect(await (await fetch(server.origin)).text()).toBe('ok');
    await waitFor(() => server.sockets.open.size === 0);
    expect(server.requests[0]?.headers.connection).toBe('close');
    expect(stats()).toMatchObject({idle: 0, totals: {opened: 3, reused: 0}});
  });

  it('when a header only looks like "close", it is', async () => {
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
  it('is closed when its time is up', async () => {
    const server = await startServer((_request, response) => response.end());
    const longer = openSession();
    await longer.fetch(server.origin);
    const {fetch, stats} = openSession({keepAliveTimeout: 40});
    await fetch(server.origin);
    expect(stats().idle).toBe(1);
    await waitFor(() => stats().idle === 0 && server.sockets.open.size === 1);
    expect(longer.stats().idle).toBe(1);
  });

  it('is kept no longer than it may be, whatever longer time the server announces', async () => {
    const server = await startRawServer(async (connection) => {
      await connection.request();
      connection.respond('ok', 'Keep-Alive: timeout=3600\r\n');
    });
    const {fetch, stats} = openSession({keepAliveTimeout: 40});
    await fetch(server.origin);
    await waitFor(() => stats().idle === 0 && server.sockets.open.size === 0);
  });

  it('is given up before the server does, by what it announces', async () => {
    const server = await startServer((_request, response) => response.end(), {keepAliveTimeout: 1_100});
    let endedByClient = 0;
    server.server.on('connection', (socket) => socket.once('end', () => endedByClient++));
    const {fetch, stats} = openSession();
    await fetch(server.origin);
    await waitFor(() => stats().idle === 0);
    await waitFor(() => server.sockets.open.size === 0);
    expect(endedByClient).toBe(1);
  });

  it('that says something unasked is closed, and that is nobody’s answer', async () => {
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

  it('that brought two answers at once gives the first, and the second to nobody', async () => {
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
  /** Serves one request a connection, and closes it, without a word, as soon as the next one's first byte is there. */
  async function closesOnSecond(connection: RawConnection): Promise<void> {
    await connection.request();
    connection.respond(String(connection.index));
    await connection.head();
    connection.socket.destroy();
  }

  it('costs no failed GET, when the server closed it while it was idle', async () => {
    const server = await startRawServer(answerAll);
    const {fetch, stats} = openSession({limit: 1});
    for (let index = 0; index < 10; index++) {
      expect(await (await fetch(server.origin)).text()).toBe(String(index));
      // What it sends reaches the client after the next request was made.
      server.connections[index]?.socket.destroy();
    }
    expect(stats().totals.errors).toBe(0);
  });

  it('costs no failed GET, when the server closes it on the request', async () => {
    const server = await startRawServer(closesOnSecond);
    const {fetch, stats} = openSession({limit: 1});
    for (let index = 0; index < 5; index++)
      expect(await (await fetch(server.origin)).text()).toBe(String(index));
    expect(stats()).toMatchObject({active: 0, totals: {errors: 0, opened: 5}});
    expect(server.sockets.peak).toBe(1);
  });

  it('costs none of many at once', async () => {
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

  it('by its own time of 1 ms, behind a blocked event loop, neither', async () => {
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

  it('lets a body that can be sent again go with it, for an idempotent method', async () => {
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

  it('makes the body anew where a function makes it', async () => {
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
    it('that never left: it is sent again', async () => {
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

    it('that has left: it fails, and was sent once', async () => {
      const server = await startRawServer(closesOnSecond);
      const {fetch, stats} = openSession({limit: 1});
      await fetch(server.origin);
      const sending = fetch(server.origin, {method: 'POST', body: 'order'});
      await expect(sending).rejects.toBeInstanceOf(ConnectionError);
      await expect(sending).rejects.toMatchObject({phase: 'receive'});
      expect(server.sockets.opened).toBe(1);
      expect(stats()).toMatchObject({active: 0, idle: 0});
    });

    it('that has left with an Idempotency-Key: it is sent again', async () => {
      const server = await startRawServer(closesOnSecond);
      const {fetch} = openSession({limit: 1});
      await fetch(server.origin);
      const headers = {'Idempotency-Key': '7'};
      const response = await fetch(server.origin, {method: 'POST', body: 'order', headers});
      expect(await response.text()).toBe('1');
    });
  });

  it('fails a request whose stream is gone with it', async () => {
    const server = await startRawServer(closesOnSecond);
    const {fetch} = openSession({limit: 1});
    await fetch(server.origin);
    const body = new Blob(['state']).stream();
    await expect(fetch(server.origin, {method: 'PUT', body})).rejects.toBeInstanceOf(ConnectionError);
    expect(server.sockets.opened).toBe(1);
  });

  it('fails a request that was answered in part', async () => {
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
    await expect(fetch(server.origin)).rejects.toMatchObject({name: 'ConnectionError', phase: 'receive'});
    expect(server.sockets.opened).toBe(1);
  });

  it('is replaced once: a fresh one that dies as well is a failure', async () => {
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

  it('can be given up while it is being replaced', async () => {
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
