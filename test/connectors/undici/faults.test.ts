import {setTimeout as delay} from 'node:timers/promises';
import {inspect} from 'node:util';
import {gzipSync} from 'node:zlib';
import {describe, expect, it} from 'vitest';
import {AiofetchError, ConnectionError} from '../../../src/index.ts';
import {openSession} from '../../support/open-session.ts';
import type {RawConnection} from '../../support/raw-server.ts';
import {startRawServer} from '../../support/raw-server.ts';
import {turns, waitFor} from '../../support/wait-for.ts';

/** What a server does wrong on its first connection. On all others it answers "fine". */
function startFaulty(fault: (connection: RawConnection) => Promise<void> | void) {
  return startRawServer(async (connection) => {
    await connection.request();
    if (connection.index === 0) return fault(connection);
    for (;;) {
      connection.respond('fine');
      await connection.request();
    }
  });
}

const failure = (promise: Promise<unknown>) =>
  promise.then(
    () => {
      throw new Error('It should have failed');
    },
    (error: unknown) => error,
  );

const failing: Array<[string, (connection: RawConnection) => Promise<void> | void]> = [
  ['closes without a word', ({socket}) => void socket.end()],
  ['resets', ({socket}) => void socket.resetAndDestroy()],
  [
    'closes in the middle of the head',
    ({send, socket}) => {
      send('HTTP/1.1 200 OK\r\nContent-Le');
      socket.end();
    },
  ],
  [
    'sends 100 of 1,000 promised bytes, and closes',
    ({send, socket}) => {
      send(`HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n${'x'.repeat(100)}`);
      socket.end();
    },
  ],
  [
    'sends 100 of 1,000 promised bytes on a connection it said it would close, and closes',
    ({send, socket}) => {
      send(`HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 1000\r\n\r\n${'x'.repeat(100)}`);
      socket.end();
    },
  ],
  [
    'sends some of the promised bytes, and resets',
    async ({send, socket}) => {
      send(`HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n${'x'.repeat(100)}`);
      await turns(3);
      socket.resetAndDestroy();
    },
  ],
  [
    'closes the connection in the middle of a chunk',
    ({send, socket}) => {
      send('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n10\r\nabc');
      socket.end();
    },
  ],
  [
    'leaves out the last chunk',
    ({send, socket}) => {
      send('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n');
      socket.end();
    },
  ],
  [
    'sends an invalid chunk size',
    ({send}) => send('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nSECRET\r\nabc\r\n'),
  ],
  [
    'sends a chunk of an absurd size',
    ({send}) => send('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\nabc\r\n'),
  ],
  [
    'sends a chunk that is longer than its size',
    ({send}) => send('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nSECRET\r\n0\r\n\r\n'),
  ],
  ['speaks another protocol', ({send}) => send('SSH-2.0-OpenSSH_9.6 SECRET\r\n')],
  ['sends garbage', ({send}) => send(Buffer.from([0, 1, 2, 3, 255, 254, 13, 10, 13, 10]))],
  ['sends an invalid status', ({send}) => send('HTTP/1.1 abc SECRET\r\n\r\n')],
  ['sends a header without a colon', ({send}) => send('HTTP/1.1 200 OK\r\nSECRET\r\n\r\n')],
  [
    'sends both Content-Length and Transfer-Encoding',
    ({send}) => send('HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\nabc'),
  ],
  [
    'sends two Content-Lengths',
    ({send}) => send('HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabc'),
  ],
  ['sends a Content-Length below zero', ({send}) => send('HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n')],
  [
    'sends an endless header',
    ({send}) => send(`HTTP/1.1 200 OK\r\nX-Giant: ${'x'.repeat(100_000)}\r\nContent-Length: 0\r\n\r\n`),
  ],
  [
    'sends an endless number of headers',
    ({send}) => send(`HTTP/1.1 200 OK\r\n${'X-Many: x\r\n'.repeat(20_000)}Content-Length: 0\r\n\r\n`),
  ],
  [
    'sends an unrequested 101 (Switching Protocols)',
    ({send}) => send('HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n'),
  ],
  ['sends a status below 100', ({send}) => send('HTTP/1.1 020 OK\r\nContent-Length: 0\r\n\r\n')],
];

describe('a faulty server', () => {
  it.each(failing)(
    'a server that %s: the call fails with a typed error, its socket is closed, and the pool stays usable',
    async (_name, fault) => {
      const server = await startFaulty(fault);
      const {fetch, stats} = openSession({limit: 1});
      const call = fetch(`${server.origin}/path?query=SECRET`, {
        method: 'POST',
        body: 'SECRET',
        headers: {authorization: 'Bearer SECRET'},
      }).then((response) => response.text());
      const error = await failure(call);
      expect(error).toBeInstanceOf(ConnectionError);
      expect(error).toBeInstanceOf(AiofetchError);
      expect(error).toBeInstanceOf(TypeError);
      expect(error).toMatchObject({phase: 'receive', attempts: 1});
      expect((error as ConnectionError).code).toMatch(/^[A-Z_]+$/);
      // An assertion of the parser would say nothing about the server.
      expect((error as ConnectionError).code).not.toBe('ERR_ASSERTION');
      // No way of printing the error shows what was sent or received.
      for (const shown of [
        inspect(error, {depth: 10, showHidden: true}),
        JSON.stringify(error),
        String(error),
        (error as Error).stack,
      ]) {
        expect(shown).not.toContain('SECRET');
      }
      expect(stats()).toMatchObject({active: 0, queued: 0, idle: 0});
      await waitFor(() => server.sockets.open.size === 0);
      expect(await (await fetch(server.origin)).text()).toBe('fine');
    },
  );
});

describe('an unusual but valid server', () => {
  async function answer(fault: (connection: RawConnection) => Promise<void> | void) {
    const server = await startFaulty(fault);
    const {fetch} = openSession({limit: 1});
    const response = await fetch(server.origin);
    const text = await response.text();
    expect(await (await fetch(server.origin)).text()).toBe('fine');
    return {response, text};
  }

  it('a response that arrives byte by byte is parsed', async () => {
    const {text} = await answer(async (connection) => {
      connection.socket.setNoDelay(true);
      for (const byte of 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX-A: b\r\n\r\nhello') {
        connection.send(byte);
        await turns();
      }
      connection.socket.end();
    });
    expect(text).toBe('hello');
  });

  it('a response without a length ends when the server closes the connection', async () => {
    const {text} = await answer(({send, socket}) => {
      send('HTTP/1.1 200 OK\r\n\r\nup to the end');
      socket.end();
    });
    expect(text).toBe('up to the end');
  });

  it('an HTTP/1.0 response is parsed', async () => {
    const {text} = await answer(({send, socket}) => {
      send('HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\n\r\nold');
      socket.end();
    });
    expect(text).toBe('old');
  });

  it('informational responses before the response are skipped', async () => {
    const {response, text} = await answer(({send, socket}) => {
      send('HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n');
      send('HTTP/1.1 102 Processing\r\n\r\n');
      send('HTTP/1.1 103 Early Hints\r\nLink: </b>\r\n\r\n');
      send('HTTP/1.1 201 Created\r\nConnection: close\r\nContent-Length: 4\r\n\r\nlast');
      socket.end();
    });
    expect(response.status).toBe(201);
    expect(response.headers.has('link')).toBe(false);
    expect(text).toBe('last');
  });

  it('a chunked response with extensions and trailers is parsed, and its trailers are not headers', async () => {
    const {response, text} = await answer(({send, socket}) => {
      send('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-T\r\n\r\n');
      send('5;name=value\r\nhello\r\n0\r\nX-T: trailer\r\n\r\n');
      socket.end();
    });
    expect(text).toBe('hello');
    expect(response.headers.has('x-t')).toBe(false);
  });

  it('the body of a response to HEAD is not taken for the next response', async () => {
    const server = await startRawServer(async (connection) => {
      for (;;) {
        const {method} = await connection.request();
        connection.respond(method === 'HEAD' ? 'unwanted' : 'wanted');
      }
    });
    const {fetch} = openSession({limit: 1});
    expect((await fetch(server.origin, {method: 'HEAD'})).headers.get('content-length')).toBe('8');
    expect(await (await fetch(server.origin)).text()).toBe('wanted');
  });

  it('a header of 15 kB is accepted', async () => {
    const {response} = await answer(({send, socket}) => {
      send(
        `HTTP/1.1 200 OK\r\nX-Large: ${'x'.repeat(15_000)}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n`,
      );
      socket.end();
    });
    expect(response.headers.get('x-large')).toHaveLength(15_000);
  });

  it('a fast server is held back until the body is read', async () => {
    let sent = 0;
    const chunk = Buffer.alloc(64 * 1024);
    const server = await startRawServer(async (connection) => {
      await connection.request();
      connection.send('HTTP/1.1 200 OK\r\n\r\n');
      const {socket} = connection;
      const flood = () => {
        do sent += chunk.length;
        while (!socket.destroyed && socket.write(chunk));
      };
      socket.on('drain', flood);
      flood();
    });
    const {fetch, stats} = openSession({limit: 1});
    const response = await fetch(server.origin);
    for (let before = -1; before !== sent; await delay(20)) before = sent;
    expect(sent).toBeLessThan(50 * 1024 * 1024);
    expect(stats().totals.bytesReceived).toBeLessThan(1024 * 1024);
    await response.body?.cancel();
    await waitFor(() => server.sockets.open.size === 0);
  });

  it('a response that comes before the request is not used', async () => {
    const server = await startRawServer(async (connection) => {
      if (connection.index === 0) connection.respond('unasked');
      await connection.request();
      connection.respond('asked');
    });
    const {fetch} = openSession({limit: 1});
    const outcome = await fetch(server.origin).then(
      (response) => response.text(),
      (error: unknown) => error,
    );
    // Whether the early response is seen before the request is sent differs. When it is seen, it must be refused.
    if (outcome instanceof Error) expect(outcome).toBeInstanceOf(ConnectionError);
    expect(await (await fetch(server.origin)).text()).toBe('asked');
  });
});

describe('a lost connection in the middle of a body', () => {
  it('the stream fails after the data that had arrived', async () => {
    const server = await startFaulty(async ({send, socket}) => {
      send(`HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n${'x'.repeat(100)}`);
      await turns(3);
      socket.end();
    });
    const {fetch} = openSession();
    const reader = ((await fetch(server.origin)).body as ReadableStream<Uint8Array>).getReader();
    expect((await reader.read()).value).toHaveLength(100);
    await expect(reader.read()).rejects.toBeInstanceOf(ConnectionError);
    await expect(reader.closed).rejects.toBeInstanceOf(ConnectionError);
  });

  it('every later attempt to read the body fails in the same way', async () => {
    const server = await startFaulty(({send, socket}) => {
      send('HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nsome');
      socket.end();
    });
    const {fetch, stats} = openSession();
    const response = await fetch(server.origin);
    await waitFor(() => stats().active === 0);
    const clone = response.clone();
    await expect(response.text()).rejects.toBeInstanceOf(ConnectionError);
    await expect(clone.json()).rejects.toBeInstanceOf(ConnectionError);
  });

  it('a failed body that is not read causes no unhandled rejection', async () => {
    const server = await startFaulty(({send, socket}) => {
      send('HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nsome');
      socket.end();
    });
    const {fetch, stats} = openSession({limit: 1});
    expect((await fetch(server.origin)).status).toBe(200);
    await waitFor(() => stats().active === 0);
    expect(await (await fetch(server.origin)).text()).toBe('fine');
  });
});

describe('a connection error', () => {
  it('an error while sending has the phase send and the system’s code', async () => {
    const server = await startRawServer(async (connection) => {
      await connection.head();
      connection.socket.resetAndDestroy();
    });
    const {fetch} = openSession();
    const body = async function* () {
      for (;;) {
        yield Buffer.alloc(64 * 1024);
        await turns();
      }
    };
    const error = await failure(fetch(server.origin, {method: 'POST', body}));
    expect(error).toMatchObject({name: 'TypeError', phase: 'send'});
    expect((error as ConnectionError).code).toMatch(/^(ECONNRESET|EPIPE)$/);
  });

  it('an error shows method and address, and only the names of the query', async () => {
    const server = await startRawServer(({socket}) => void socket.destroy());
    const {fetch} = openSession();
    const error = await failure(fetch(`${server.origin}/path?token=SECRET&page=SECRET#SECRET`));
    expect(JSON.parse(JSON.stringify(error))).toMatchObject({
      name: 'TypeError',
      phase: 'receive',
      attempts: 1,
      request: {method: 'GET', url: `${server.origin}/path?token=…&page=…`},
    });
    expect(String(error)).toContain(`GET ${server.origin}/path?token=…`);
  });

  it('a decoding error shows nothing of the body', async () => {
    const body = gzipSync('SECRET'.repeat(100), {level: 0});
    body.fill(0xff, 12, 20);
    const server = await startRawServer(async (connection) => {
      await connection.request();
      connection.send(`HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: ${body.length}\r\n\r\n`);
      connection.send(body);
    });
    const {fetch} = openSession();
    const error = await failure(fetch(server.origin).then((response) => response.text()));
    expect(error).toBeInstanceOf(TypeError);
    expect(inspect(error, {depth: 10, showHidden: true})).not.toContain('SECRET');
  });
});
