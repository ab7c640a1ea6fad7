import {randomBytes} from 'node:crypto';
import {setTimeout as delay} from 'node:timers/promises';
import {promisify} from 'node:util';
import * as zlib from 'node:zlib';
import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import {ConnectionError, TimeoutError} from '../../../../src/index.ts';
import {failure} from '../../../support/failure.ts';
import {startServer} from '../../../support/http-server.ts';
import {openSession} from '../../../support/open-session.ts';
import {startRawServer} from '../../../support/raw-server.ts';
import {waitFor} from '../../../support/wait-for.ts';

const codings = {
  gzip: promisify(zlib.gzip),
  'x-gzip': promisify(zlib.gzip),
  deflate: promisify(zlib.deflate),
  br: promisify(zlib.brotliCompress),
  zstd: promisify(zlib.zstdCompress),
} as const;
type Coding = keyof typeof codings;
const names = Object.keys(codings) as Coding[];

/** Answers every request with the same bytes, in chunks of `size`. */
async function startServing(body: Uint8Array, contentEncoding: string, size = Infinity) {
  return startServer(async (_request, response) => {
    response.writeHead(200, {'content-encoding': contentEncoding, 'content-type': 'text/plain'});
    for (let start = 0; start < body.length; start += size) {
      response.write(body.subarray(start, start + size));
      if (size !== Infinity) await delay(0);
    }
    response.end();
  });
}

async function chunksOf(response: Response): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of response.body as ReadableStream<Uint8Array>) chunks.push(chunk);
  return Buffer.concat(chunks);
}

const text = 'Kleine Äpfel, große Wörter. '.repeat(500);

describe('Accept-Encoding', () => {
  it('Accept-Encoding lists every coding that the connector can decode', async () => {
    const server = await startServer((_request, response) => response.end());
    const {fetch} = openSession();
    await fetch(server.origin);
    expect(server.requests[0]?.headers['accept-encoding']).toBe('gzip, deflate, br, zstd');
  });

  it('the caller’s Accept-Encoding is sent as it is', async () => {
    const server = await startServer((_request, response) => response.end());
    const {fetch} = openSession();
    await fetch(server.origin, {headers: {'Accept-Encoding': 'br'}});
    expect(server.requests[0]?.headers['accept-encoding']).toBe('br');
  });

  it('a range request asks for no coding, since a part of a coded body can’t be decoded', async () => {
    const server = await startServer((_request, response) => response.end());
    const {fetch} = openSession();
    await fetch(server.origin, {headers: {range: 'bytes=0-9'}});
    expect(server.requests[0]?.headers['accept-encoding']).toBe('identity');
  });
});

describe.each(names)('%s', (name) => {
  it('the body is decoded when it is read at once', async () => {
    const server = await startServing(await codings[name](text), name);
    const {fetch} = openSession();
    const response = await fetch(server.origin);
    expect(response.headers.get('content-encoding')).toBe(name);
    expect(await response.text()).toBe(text);
  });

  it('the body is decoded when it is read as a stream, whatever its chunks', async () => {
    const server = await startServing(await codings[name](text), name, 37);
    const {fetch} = openSession();
    expect((await chunksOf(await fetch(server.origin))).toString()).toBe(text);
  });

  it('a body that was coded twice is decoded twice', async () => {
    const twice = await codings.gzip(await codings[name](text));
    const server = await startServing(twice, `${name}, gzip`, 100);
    const {fetch} = openSession();
    expect(await (await fetch(server.origin)).text()).toBe(text);
    expect((await chunksOf(await fetch(server.origin))).toString()).toBe(text);
  });

  it('a coded empty body is empty', async () => {
    const server = await startServing(await codings[name](''), name);
    const {fetch} = openSession();
    expect(await (await fetch(server.origin)).text()).toBe('');
    expect(await chunksOf(await fetch(server.origin))).toHaveLength(0);
  });

  it('a body without a byte is empty, whatever its coding', async () => {
    const server = await startServing(Buffer.alloc(0), name);
    const {fetch, stats} = openSession({limit: 1});
    expect(await (await fetch(server.origin)).text()).toBe('');
    expect(await chunksOf(await fetch(server.origin))).toHaveLength(0);
    expect(stats().active).toBe(0);
  });

  it('a body without its trailer is decoded, since some servers leave it out', async () => {
    // Large and hard to compress, so that most of it can be decoded without its end.
    const whole = randomBytes(50_000).toString('hex');
    const coded = await codings[name](whole);
    const server = await startServing(coded.subarray(0, coded.length - 10), name);
    const {fetch} = openSession();
    const read = await (await fetch(server.origin)).text();
    const streamed = (await chunksOf(await fetch(server.origin))).toString();
    for (const got of [read, streamed]) {
      expect(whole.startsWith(got)).toBe(true);
    }
    expect(streamed).toBe(read);
  });

  it('an invalid body is a TypeError, not an empty text, and the pool stays usable', async () => {
    const server = await startServing(Buffer.from('this is not compressed at all'.repeat(10)), name);
    const {fetch, stats} = openSession({limit: 1});
    await expect((await fetch(server.origin)).text()).rejects.toBeInstanceOf(TypeError);
    await expect(chunksOf(await fetch(server.origin))).rejects.toBeInstanceOf(TypeError);
    await waitFor(() => stats().active === 0);
    expect((await fetch(server.origin)).status).toBe(200);
  });

  it('the error of an invalid body names the request and the attempt', async () => {
    const server = await startServing(Buffer.from('this is not compressed at all'.repeat(10)), name);
    const {fetch} = openSession();
    const said = {
      phase: 'receive',
      attempts: 1,
      request: {method: 'GET', url: `${server.origin}/?token=…`},
    };
    const url = `${server.origin}/?token=secret`;
    await expect((await fetch(url)).text()).rejects.toMatchObject(said);
    await expect(chunksOf(await fetch(url))).rejects.toMatchObject(said);
  });

  it('a body that grows a thousandfold is read as a stream without being buffered', async () => {
    const coded = await codings[name](Buffer.alloc(64 * 1024 * 1024));
    const server = await startServing(coded, name);
    const {fetch} = openSession();
    let size = 0;
    let largest = 0;
    for await (const chunk of (await fetch(server.origin)).body as ReadableStream<Uint8Array>) {
      size += chunk.length;
      largest = Math.max(largest, chunk.length);
    }
    expect(size).toBe(64 * 1024 * 1024);
    expect(largest).toBeLessThanOrEqual(1024 * 1024);
  });
});

describe('a coded body that ends before its framing does', () => {
  // The timeout is off: nothing but the decoder tells that the body is over.
  it.each(names)('%s that is invalid fails at once, though the server keeps the body open', async (name) => {
    const server = await startRawServer(async ({request, send}) => {
      await request();
      send(`HTTP/1.1 200 OK\r\nContent-Encoding: ${name}\r\nContent-Length: 100000\r\n\r\n`);
      send(Buffer.alloc(300, 'x'));
    });
    const {fetch, stats} = openSession({limit: 1}, {timeout: {read: false}});
    expect(await failure(chunksOf(await fetch(server.origin)))).toMatchObject({phase: 'receive'});
    const [one, other] = ((await fetch(server.origin)).body as ReadableStream).tee();
    const both = await Promise.allSettled([new Response(one).text(), new Response(other).text()]);
    expect(both.map(({status}) => status)).toEqual(['rejected', 'rejected']);
    await waitFor(() => stats().active === 0);
  });

  it.each(['deflate', 'br', 'zstd'] as const)(
    'what follows a whole %s body is dropped, however it is read, and the connection is used again',
    async (name) => {
      // More than is buffered of a body that nobody reads.
      const coded = Buffer.concat([await codings[name](text), Buffer.alloc(1_000_000)]);
      const server = await startServing(coded, name);
      const {fetch, stats} = openSession({limit: 1});
      expect(await (await fetch(server.origin)).text()).toBe(text);
      expect((await chunksOf(await fetch(server.origin))).toString()).toBe(text);
      const [one, other] = ((await fetch(server.origin)).body as ReadableStream).tee();
      expect(await Promise.all([new Response(one).text(), new Response(other).text()])).toEqual([text, text]);
      expect(stats()).toMatchObject({active: 0, totals: {opened: 1}});
    },
  );
});

describe('a coded body that is corrupt in the middle', () => {
  // Stored rather than compressed, so that one wrong byte changes one byte. Only codings with a checksum: brotli has none.
  const random = randomBytes(200_000);
  const coded = {
    gzip: zlib.gzipSync(random, {level: 0}),
    deflate: zlib.deflateSync(random, {level: 0}),
    zstd: zlib.zstdCompressSync(random, {params: {[zlib.constants.ZSTD_c_checksumFlag]: 1}}),
  };
  it.each(Object.entries(coded))('a corrupt %s body fails', async (name, whole) => {
    const corrupt = Buffer.from(whole);
    corrupt.writeUInt8(corrupt.readUInt8(50_000) ^ 0xff, 50_000);
    const server = await startServing(corrupt, name, 10_000);
    const {fetch, stats} = openSession({limit: 1});
    await expect((await fetch(server.origin)).text()).rejects.toBeInstanceOf(TypeError);
    await expect(chunksOf(await fetch(server.origin))).rejects.toBeInstanceOf(TypeError);
    await waitFor(() => stats().active === 0);
  });

  it.each(names)('a decoder of %s that fails between two chunks is a ConnectionError', async (name) => {
    const server = await startServing(Buffer.alloc(120_000, 'x'), name, 10_000);
    const {fetch, stats} = openSession();
    const response = await fetch(server.origin);
    // The body has arrived, so that no read of it is pending when the decoder fails.
    await waitFor(() => stats().active === 0);
    const error = await failure(chunksOf(response));
    expect(error).toBeInstanceOf(ConnectionError);
    expect(error).toMatchObject({phase: 'receive'});
  });
});

describe('deflate', () => {
  it('raw deflate is decoded, since some servers send it', async () => {
    const server = await startServing(zlib.deflateRawSync(text), 'deflate', 50);
    const {fetch} = openSession();
    expect(await (await fetch(server.origin)).text()).toBe(text);
    expect((await chunksOf(await fetch(server.origin))).toString()).toBe(text);
  });

  it('zlib and raw deflate are told apart, whatever the content and level', async () => {
    let body = Buffer.alloc(0);
    const server = await startServer((_request, response) => {
      response.writeHead(200, {'content-encoding': 'deflate'}).end(body);
    });
    const {fetch} = openSession();
    await fc.assert(
      fc.asyncProperty(
        fc.uint8Array({maxLength: 300}),
        fc.integer({min: 0, max: 9}),
        async (bytes, level) => {
          for (const deflate of [zlib.deflateSync, zlib.deflateRawSync]) {
            body = deflate(bytes, {level});
            expect(new Uint8Array(await (await fetch(server.origin)).arrayBuffer())).toEqual(bytes);
          }
        },
      ),
      {numRuns: 60},
    );
  });
});

describe('gzip', () => {
  it('gzip may have several members, and garbage behind the last', async () => {
    const members = Buffer.concat([zlib.gzipSync('one '), zlib.gzipSync('two'), Buffer.alloc(20)]);
    const server = await startServing(members, 'gzip');
    const {fetch} = openSession();
    expect(await (await fetch(server.origin)).text()).toBe('one two');
    expect((await chunksOf(await fetch(server.origin))).toString()).toBe('one two');
  });
});

describe('a Content-Encoding', () => {
  it.each(['GZIP', ' gzip ', 'identity, gzip', 'gzip,'])(
    'a Content-Encoding of %j is understood',
    async (encoding) => {
      const server = await startServing(zlib.gzipSync(text), encoding);
      const {fetch} = openSession();
      expect(await (await fetch(server.origin)).text()).toBe(text);
    },
  );

  it('several Content-Encoding headers are joined', async () => {
    const body = zlib.brotliCompressSync(zlib.gzipSync(text));
    const server = await startRawServer(async (connection) => {
      await connection.request();
      connection.send(
        `HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Encoding: br\r\nContent-Length: ${body.length}\r\n\r\n`,
      );
      connection.send(body);
    });
    const {fetch} = openSession();
    expect(await (await fetch(server.origin)).text()).toBe(text);
  });

  it('an unknown coding leaves the body as it is, with its known codings', async () => {
    const body = zlib.gzipSync(text);
    const server = await startServing(body, 'secret-sauce, gzip');
    const {fetch} = openSession();
    expect(Buffer.from(await (await fetch(server.origin)).arrayBuffer())).toEqual(body);
  });

  it('a coding named like a member of every object is unknown', async () => {
    const server = await startServing(Buffer.from(text), 'constructor');
    const {fetch} = openSession();
    expect(await (await fetch(server.origin)).text()).toBe(text);
  });

  it('a long list of codings is refused', async () => {
    const server = await startServing(zlib.gzipSync(text), 'gzip, gzip, gzip, gzip, gzip, gzip');
    const {fetch, stats} = openSession({limit: 1});
    await expect(fetch(server.origin)).rejects.toBeInstanceOf(TypeError);
    expect(stats().active).toBe(0);
  });

  it.each([
    ['HEAD', 200],
    ['GET', 204],
    ['GET', 304],
  ])('a Content-Encoding without a body is ignored: %s, %i', async (method, status) => {
    const server = await startServer((_request, response) => {
      response.writeHead(status, {
        'content-encoding': 'gzip',
        ...(method === 'HEAD' && {'content-length': 9}),
      });
      response.end();
    });
    const {fetch} = openSession();
    for (let index = 0; index < 2; index++) {
      const response = await fetch(server.origin, {method});
      expect(response.body).toBeNull();
      expect(await response.text()).toBe('');
    }
    expect(server.sockets.opened).toBe(1);
  });
});

describe('a large coded body', () => {
  it('a large coded body is received only as fast as it is read', async () => {
    const {createGzip} = zlib;
    let sent = 0;
    const server = await startServer((_request, response) => {
      response.writeHead(200, {'content-encoding': 'gzip'});
      const gzip = createGzip({level: 0});
      gzip.pipe(response);
      const chunk = randomBytes(64 * 1024);
      const write = () => {
        while (sent < 50 * 1024 * 1024) {
          sent += chunk.length;
          if (!gzip.write(chunk)) return void gzip.once('drain', write);
        }
        gzip.end();
      };
      write();
    });
    const {fetch} = openSession();
    const response = await fetch(server.origin);
    const reader = (response.body as ReadableStream<Uint8Array>).getReader();
    let size = (await reader.read()).value?.length ?? 0;
    let before = -1;
    while (sent !== before) {
      before = sent;
      await delay(30);
    }
    // The operating system decides how much the sockets of both sides buffer. It is several megabytes.
    expect(sent).toBeLessThan(40 * 1024 * 1024);
    for (let next = await reader.read(); !next.done; next = await reader.read()) size += next.value.length;
    expect(size).toBe(sent);
  });

  it('a large coded body can be cancelled half-way, which frees its slot', async () => {
    const coded = zlib.gzipSync(randomBytes(2 * 1024 * 1024), {level: 0});
    const server = await startServing(coded, 'gzip', 200_000);
    const {fetch, stats} = openSession({limit: 1});
    const reader = ((await fetch(server.origin)).body as ReadableStream<Uint8Array>).getReader();
    await reader.read();
    expect(stats().active).toBe(1);
    await reader.cancel(new Error('enough'));
    expect(stats().active).toBe(0);
    expect((await reader.read()).done).toBe(true);
    expect((await fetch(server.origin)).status).toBe(200);
  });
});

describe('a failure in the middle of a coded body', () => {
  const coded = zlib.gzipSync(randomBytes(200_000));

  /** A server that sends half of the body, and then stalls or closes. */
  async function startHalf(then: 'stall' | 'close') {
    return startRawServer(async (connection) => {
      await connection.request();
      connection.send(`HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: ${coded.length}\r\n\r\n`);
      connection.send(coded.subarray(0, 100_000));
      if (then === 'close') connection.socket.end();
    });
  }

  const readers = {
    'in one go': (response: Response) => response.arrayBuffer(),
    'as a stream': chunksOf,
  };
  for (const [how, read] of Object.entries(readers)) {
    it(`an abort rejects with its reason, read ${how}`, async () => {
      const server = await startHalf('stall');
      const {fetch, stats} = openSession();
      const controller = new AbortController();
      // A reason that looks like a decoder's error.
      const reason = Object.assign(new Error('mine'), {code: 'ERR_MINE'});
      const reading = read(await fetch(server.origin, {signal: controller.signal}));
      await delay(20);
      controller.abort(reason);
      await expect(reading).rejects.toBe(reason);
      expect(stats().active).toBe(0);
    });

    it(`a read timeout rejects with a TimeoutError, read ${how}`, async () => {
      const server = await startHalf('stall');
      const {fetch} = openSession();
      const reading = read(await fetch(server.origin, {timeout: {read: 400}}));
      await expect(reading).rejects.toBeInstanceOf(TimeoutError);
      await expect(reading).rejects.toMatchObject({phase: 'read'});
    });

    it(`a lost connection rejects with a ConnectionError, read ${how}`, async () => {
      const server = await startHalf('close');
      const {fetch} = openSession();
      const reading = read(await fetch(server.origin));
      await expect(reading).rejects.toBeInstanceOf(ConnectionError);
      await expect(reading).rejects.toMatchObject({phase: 'receive'});
    });
  }
});
