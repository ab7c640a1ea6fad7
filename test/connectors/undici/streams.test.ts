import type {ServerResponse} from 'node:http';
import {setTimeout as delay} from 'node:timers/promises';
import {gzipSync} from 'node:zlib';
import {describe, expect, it} from 'vitest';
import {iterChunks, iterEvents, iterLines, iterNdjson} from '../../../src/index.ts';
import {startServer} from '../../support/http-server.ts';
import {rejection} from '../../support/mock-session.ts';
import type {PooledSession} from '../../support/open-session.ts';
import {openSession} from '../../support/open-session.ts';
import {startRawServer} from '../../support/raw-server.ts';
import {runScript} from '../../support/run-script.ts';
import {waitFor, waitForGc} from '../../support/wait-for.ts';
import {collect, collectToFailure} from '../../unit/streams/support.ts';

const megabyte = Buffer.alloc(1024 * 1024, 'x');

/** A server that sends a megabyte at a time for as long as the client takes it, and counts them. */
async function startEndless() {
  const state = {sent: 0};
  const server = await startServer(async (_request, response) => {
    while (!response.destroyed && state.sent < 200) {
      state.sent++;
      if (!response.write(megabyte)) {
        await new Promise<void>((resolve) => {
          response.once('drain', resolve).once('close', resolve);
        });
      }
    }
    response.end();
  });
  return {server, state};
}

/** A server that sends a body a few bytes at a time. */
function startDrip(body: string | Buffer, size: number, headers: Record<string, string> = {}) {
  return startServer(async (_request, response) => {
    response.writeHead(200, headers);
    const bytes = Buffer.from(body);
    for (let start = 0; start < bytes.length; start += size) {
      response.write(bytes.subarray(start, start + size));
      await delay(1);
    }
    response.end();
  });
}

describe('a body that arrives in small chunks', () => {
  it.each([1, 2, 5])(
    'lines, values, events and chunks are complete when %d bytes arrive at a time',
    async (size) => {
      const {fetch} = openSession();
      const lines = await startDrip('é\r\n€\n🌍', size);
      expect(await collect(iterLines(fetch(lines.origin)))).toEqual(['é', '€', '🌍']);
      expect((await collect(iterChunks(fetch(lines.origin), 3))).map((piece) => piece.length)).toEqual([
        3, 3, 3, 3,
      ]);
      const values = await startDrip('{"a":"é"}\n\n[2]\n', size);
      expect(await collect(iterNdjson(fetch(values.origin)))).toEqual([{a: 'é'}, [2]]);
      const events = await startDrip('id: 1\r\ndata: é\r\n\r\ndata: b\r\n\r\n', size);
      expect(await collect(iterEvents(fetch(events.origin)))).toEqual([
        {event: 'message', data: 'é', id: '1'},
        {event: 'message', data: 'b', id: '1'},
      ]);
    },
  );

  it('lines of a coded body are complete when it arrives in small chunks', async () => {
    const server = await startDrip(gzipSync('é\n€'), 3, {'content-encoding': 'gzip'});
    const {fetch} = openSession();
    expect(await collect(iterLines(fetch(server.origin)))).toEqual(['é', '€']);
  });
});

describe('the body of a response', () => {
  it('the body counts as used from the first next() on, and its chunks are plain Uint8Arrays', async () => {
    const server = await startServer((_request, response) => response.end('abc'));
    const {fetch} = openSession();
    const response = await fetch(server.origin);
    const iterator = iterChunks(response);
    expect(response.bodyUsed).toBe(false);
    const {value} = await iterator.next();
    expect(value?.constructor).toBe(Uint8Array);
    expect(response.bodyUsed).toBe(true);
    expect(await rejection(response.text())).toBeInstanceOf(TypeError);
    expect(await rejection(iterChunks(response).next())).toBeInstanceOf(TypeError);
    expect(response.body).toBeInstanceOf(ReadableStream);
  });

  it('the body of a clone, or one whose stream was created, can be iterated', async () => {
    const server = await startDrip('abcdef', 2);
    const {fetch} = openSession();
    const response = await fetch(server.origin);
    const copy = response.clone();
    const [first, second] = await Promise.all([response, copy].map((one) => collect(iterLines(one))));
    expect([first, second]).toEqual([['abcdef'], ['abcdef']]);
    const other = await fetch(server.origin);
    expect(other.body).not.toBeNull();
    expect(await collect(iterLines(other))).toEqual(['abcdef']);
  });

  it('a response without a body yields nothing', async () => {
    const server = await startServer((_request, response) => response.writeHead(204).end());
    const {fetch} = openSession();
    expect(await collect(iterChunks(fetch(server.origin)))).toEqual([]);
  });
});

describe('leaving an iteration early', () => {
  it('break and throw free the slot and stop the server', async () => {
    const {server, state} = await startEndless();
    const {fetch, stats} = openSession({limit: 1});
    for await (const chunk of iterChunks(fetch(server.origin))) {
      expect(chunk.length).toBeGreaterThan(0);
      expect(stats().active).toBe(1);
      break;
    }
    expect(stats().active).toBe(0);
    const loop = async () => {
      for await (const _ of iterChunks(fetch(server.origin), 1000)) throw new Error('mine');
    };
    expect(await rejection(loop())).toMatchObject({message: 'mine'});
    expect(stats().active).toBe(0);
    await waitFor(() => server.sockets.open.size === 0);
    expect(state.sent).toBeLessThan(100);
  });

  it('return() frees the slot while the server is silent', async () => {
    const server = await startServer((_request, response) => void response.write('abc'));
    const {fetch, stats} = openSession({limit: 1});
    const iterator = iterChunks(fetch(server.origin));
    await iterator.next();
    const next = iterator.next();
    await iterator.return?.();
    expect(await next).toEqual({done: true, value: undefined});
    expect(stats().active).toBe(0);
  });

  it('an abort fails the iteration with its reason and frees the slot', async () => {
    const server = await startServer((_request, response) => void response.write('abc'));
    const {fetch, stats} = openSession({limit: 1});
    const controller = new AbortController();
    const iterator = iterChunks(fetch(server.origin, {signal: controller.signal}));
    await iterator.next();
    const next = rejection(iterator.next());
    const reason = new Error('enough');
    controller.abort(reason);
    expect(await next).toBe(reason);
    expect(stats().active).toBe(0);
  });

  it('a half-read iterator frees the slot when it is garbage-collected, and not before', async () => {
    const {server} = await startEndless();
    const pooled = openSession({limit: 1});
    const held: {iterator: AsyncIterator<Uint8Array> | undefined} = {iterator: undefined};
    const begin = async ({fetch}: PooledSession) => {
      held.iterator = iterChunks(fetch(server.origin), 100);
      await held.iterator.next();
    };
    await begin(pooled);
    for (let round = 0; round < 3; round++) {
      globalThis.gc?.();
      await delay(1);
    }
    expect(pooled.stats().active).toBe(1);
    expect((await held.iterator?.next())?.value?.length).toBe(100);
    held.iterator = undefined;
    await waitForGc(() => pooled.stats().active === 0);
    await waitFor(() => server.sockets.open.size === 0);
  });

  it('a body whose reader waits is not cancelled by garbage collection', async () => {
    const held: ServerResponse[] = [];
    const server = await startServer((_request, response) => {
      response.write('a\nb');
      held.push(response);
    });
    const {fetch} = openSession();
    const reading = collect(iterLines(fetch(server.origin)));
    await waitFor(() => held.length === 1);
    for (let round = 0; round < 3; round++) {
      globalThis.gc?.();
      await delay(1);
    }
    held[0]?.end('c');
    expect(await reading).toEqual(['a', 'bc']);
  });
});

describe('a slow reader', () => {
  it('a slow reader holds the server back', async () => {
    const {server, state} = await startEndless();
    const {fetch} = openSession();
    const iterator = iterChunks(fetch(server.origin), 1000);
    await iterator.next();
    await delay(200);
    // The capacity of the operating system's buffers.
    expect(state.sent).toBeLessThan(30);
    await iterator.return?.();
  });
});

describe('a body that breaks off', () => {
  it('the iteration yields what arrived, and then fails with a ConnectionError', async () => {
    const server = await startRawServer(async (connection) => {
      await connection.request();
      connection.send('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n1\n2\n3');
      await delay(20);
      connection.socket.resetAndDestroy();
    });
    const {fetch, stats} = openSession({limit: 1});
    for (const iterate of [iterLines, iterNdjson]) {
      const {all, error} = await collectToFailure<unknown>(iterate(fetch(server.origin)));
      expect(all.map(String)).toEqual(['1', '2']);
      expect(error).toMatchObject({name: 'TypeError', phase: 'receive'});
      expect(error).toBeInstanceOf(TypeError);
    }
    expect(stats().active).toBe(0);
  });

  it('the read timeout ends an iteration that stalls', async () => {
    const server = await startServer((_request, response) => void response.write('data: 1\n\ndata: 2'));
    const {fetch, stats} = openSession({limit: 1}, {timeout: {read: 50}});
    const {all, error} = await collectToFailure(iterEvents(fetch(server.origin)));
    expect(all).toEqual([{event: 'message', data: '1', id: ''}]);
    expect(error).toMatchObject({name: 'TimeoutError', phase: 'read'});
    expect(stats().active).toBe(0);
  });
});

describe('1 GiB through', {timeout: 240_000}, () => {
  const total = 2 ** 30;

  /** A server that sends the whole body, or the requested range. It can cut the first response in the middle. */
  function startGibibyte(cut = false) {
    let count = 0;
    return startServer((request, response) => {
      const [, first = '0'] = /^bytes=(\d+)-$/.exec(request.headers.range ?? '') ?? [];
      const start = Number(first);
      response.writeHead(start > 0 ? 206 : 200, {
        etag: '"1"',
        'content-length': total - start,
        ...(start > 0 && {'content-range': `bytes ${start}-${total - 1}/${total}`}),
      });
      let left = total - start;
      const end = cut && count++ === 0 ? total / 2 : 0;
      const write = () => {
        while (left > end && !response.destroyed) {
          const size = Math.min(left, megabyte.length);
          left -= size;
          if (!response.write(megabyte.subarray(0, size))) return void response.once('drain', write);
        }
        if (end === 0) response.end();
        else response.socket?.end();
      };
      write();
    });
  }

  /** Reads the body in a process of its own. Returns its peak memory above that of the idle process, in bytes. */
  async function peakOf(chunks: string, each: string): Promise<number> {
    const {code, stdout, stderr} = await runScript(
      `
      import {createSession, download, iterChunks} from 'aiofetch';
      import {readPeak, startPeak} from './test/bench/memory.ts';
      await using session = createSession();
      gc();
      const idle = startPeak();
      let size = 0;
      for await (const chunk of ${chunks}) {
        size += chunk.length;
        ${each}
      }
      console.log(JSON.stringify({size, overIdle: readPeak() - idle}));
      `,
      70_000,
    );
    expect({code, stderr}).toEqual({code: 0, stderr: ''});
    const {size, overIdle} = JSON.parse(stdout) as {size: number; overIdle: number};
    expect(size).toBe(total);
    return overIdle;
  }

  it('iterChunks of 1 GiB takes under 100 MB, which are chunks that are no longer used', async () => {
    const {origin} = await startGibibyte();
    const chunks = `iterChunks(session.get('${origin}/'))`;
    // V8 begins to collect memory outside its heap when that has grown by 64 MB. How much more arrives meanwhile depends on
    // the load of the machine. Memory that is really held shows in every run, so the smallest of several runs counts.
    let peak = Infinity;
    for (let run = 0; run < 3 && peak >= 100e6; run++) peak = Math.min(peak, await peakOf(chunks, ''));
    expect(peak).toBeLessThan(100e6);
    // When each chunk is released at once, almost nothing is held.
    expect(await peakOf(chunks, 'chunk.buffer.transfer(0);')).toBeLessThan(50e6);
  });

  it('a download of 1 GiB that is cut in the middle takes no more', async () => {
    const {origin} = await startGibibyte(true);
    expect(await peakOf(`download(session, '${origin}/')`, 'chunk.buffer.transfer(0);')).toBeLessThan(50e6);
  });
});
