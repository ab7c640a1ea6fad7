import {once} from 'node:events';
import type {ServerResponse} from 'node:http';
import {Readable} from 'node:stream';
import {buffer} from 'node:stream/consumers';
import {brotliCompressSync, constants, createBrotliCompress, gzipSync, zstdCompressSync} from 'node:zlib';
import {describe, expect, it} from 'vitest';
import {ResponseTooLargeError} from '../../../../src/index.ts';
import {createAuthority} from '../../../support/authority.ts';
import {failure} from '../../../support/failure.ts';
import {startServer} from '../../../support/http-server.ts';
import {startHttp2Server} from '../../../support/http2-server.ts';
import {openSession} from '../../../support/open-session.ts';
import {startRawServer} from '../../../support/raw-server.ts';
import {memoryModule, runScript} from '../../../support/run-script.ts';
import {waitFor} from '../../../support/wait-for.ts';

const kilobyte = 1024;
const megabyte = 1024 * kilobyte;
const zeros = Buffer.alloc(megabyte);

/** Bodies of half a gigabyte when decoded. */
const times = 512;
const gzipped = Buffer.concat(Array(times).fill(gzipSync(zeros)));
// Compressed in chunks, so that this process stays small: the `maxRSS` of a child process begins at its parent's memory.
const brotli = await buffer(
  Readable.from(Array<Buffer>(times).fill(zeros)).pipe(
    createBrotliCompress({
      params: {[constants.BROTLI_PARAM_QUALITY]: 1, [constants.BROTLI_PARAM_LGWIN]: 16},
    }),
  ),
);
const bombs: Record<string, Buffer> = {
  gzip: gzipped,
  br: brotli,
  zstd: Buffer.concat(Array(times).fill(zstdCompressSync(zeros))),
  'gzip, gzip': gzipSync(gzipped),
  'gzip, br, zstd': zstdCompressSync(brotliCompressSync(gzipped)),
  'br, gzip, gzip': gzipSync(gzipSync(brotli)),
};

/** A server that sends data for as long as the client takes it. */
async function sendEndlessly(response: ServerResponse): Promise<void> {
  while (!response.destroyed) {
    if (!response.write(zeros)) await Promise.race([once(response, 'drain'), once(response, 'close')]);
  }
}

describe('a decompression bomb', () => {
  it.each(Object.keys(bombs))('a bomb of %s is stopped at the limit, with flat memory', async (coding) => {
    const server = await startServer((_request, response) => {
      response.writeHead(200, {'content-encoding': coding});
      response.end(bombs[coding]);
    });
    const {stdout, stderr} = await runScript(
      `
      import {createSession} from 'aiofetch';
      import {readPeak, startPeak} from '${memoryModule}';
      const session = createSession({maxResponseSize: 2_000_000, retry: false});
      const attempts = [(response) => response.text(), (response) => response.bytes(), async (response) => {
        for await (const chunk of response.body);
      }];
      const codes = [];
      let before = 0;
      for (const read of [...attempts, ...attempts]) {
        const response = await session.fetch('${server.origin}');
        try {
          await read(response);
        } catch (error) {
          codes.push(error.code);
        }
        if (codes.length === attempts.length) before = startPeak();
      }
      const grown = readPeak() - before;
      console.log(JSON.stringify({codes: new Set(codes).size === 1 && codes[0], count: codes.length, grown, active: session.stats().active}));
      await session.close();
    `,
    );
    expect(stderr).toBe('');
    const {codes, count, grown, active} = JSON.parse(stdout);
    expect({codes, count, active}).toEqual({codes: 'ERR_RESPONSE_TOO_LARGE', count: 6, active: 0});
    expect(grown).toBeLessThan(40 * megabyte);
  });

  it('zstd with a window that needs much memory is refused (RFC 9659)', async () => {
    const wide = zstdCompressSync(Buffer.alloc(32 * megabyte), {
      params: {
        [constants.ZSTD_c_windowLog]: 25,
        [constants.ZSTD_c_compressionLevel]: 1,
        [constants.ZSTD_c_contentSizeFlag]: 0,
      },
    });
    const server = await startServer((_request, response) => {
      response.writeHead(200, {'content-encoding': 'zstd'});
      response.end(wide);
    });
    const {fetch} = openSession();
    const response = await fetch(server.origin);
    expect(await failure(response.text())).toMatchObject({name: 'TypeError', phase: 'receive'});
  });
});

describe('the connection of a response that is too large', () => {
  it('the connection is closed when more of the body is on its way', async () => {
    const server = await startServer((request, response) =>
      request.url === '/endless' ? sendEndlessly(response) : response.end('ok'),
    );
    const {fetch, stats} = openSession({limit: 1}, {maxResponseSize: megabyte});
    const response = await fetch(`${server.origin}/endless`);
    expect(await failure(response.text())).toBeInstanceOf(ResponseTooLargeError);
    expect(stats()).toMatchObject({active: 0, totals: {errors: 1}});
    expect(await (await fetch(server.origin)).text()).toBe('ok');
    expect(stats().totals.opened).toBe(2);
    await waitFor(() => server.sockets.open.size === 1);
  });

  it('the connection is used again when the whole body has arrived', async () => {
    const server = await startServer((_request, response) => {
      response.writeHead(200, {'content-encoding': 'gzip'});
      response.end(gzipSync(zeros));
    });
    const {fetch, stats} = openSession({limit: 1}, {maxResponseSize: kilobyte});
    for (let index = 0; index < 3; index++) {
      const response = await fetch(server.origin);
      expect(await failure(response.text())).toBeInstanceOf(ResponseTooLargeError);
    }
    expect(stats()).toMatchObject({active: 0, totals: {opened: 1}});
  });

  it('over HTTP/2 only the stream is reset', async () => {
    const authority = await createAuthority();
    const server = await startHttp2Server(await authority.issue(), (request, response) =>
      request.url === '/endless' ? sendEndlessly(response as never) : response.end('ok'),
    );
    const {fetch, stats} = openSession({http2: true, tls: {ca: authority.cert}}, {maxResponseSize: megabyte});
    const response = await fetch(`${server.origin}/endless`);
    expect(await failure(response.text())).toBeInstanceOf(ResponseTooLargeError);
    expect(await (await fetch(server.origin)).text()).toBe('ok');
    expect(stats()).toMatchObject({active: 0, totals: {opened: 1}});
  });
});

describe('a response whose Content-Length is too large', () => {
  it('the call fails before any of the body is read', async () => {
    const server = await startRawServer(async (connection) => {
      await connection.request();
      connection.send('HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n');
    });
    const {fetch, stats} = openSession({}, {maxResponseSize: kilobyte});
    const error = await failure(fetch(`${server.origin}/file?token=secret`));
    expect(error).toMatchObject({
      name: 'ResponseTooLargeError',
      limit: kilobyte,
      phase: 'receive',
      attempts: 1,
    });
    expect(String(error)).not.toContain('secret');
    expect(stats()).toMatchObject({active: 0, totals: {bytesReceived: 0, errors: 1}});
    await waitFor(() => server.sockets.open.size === 0);
  });

  it('the call is not retried', async () => {
    const server = await startServer((_request, response) => response.end(zeros));
    const {fetch} = openSession({}, {maxResponseSize: kilobyte, retry: 3});
    expect(await failure(fetch(server.origin))).toBeInstanceOf(ResponseTooLargeError);
    expect(server.requests.length).toBe(1);
  });

  it('the call is retried when its status says so, and then fails with that status', async () => {
    const server = await startServer((_request, response) => {
      response.writeHead(503, {'content-length': megabyte});
      response.end(zeros);
    });
    const {session} = openSession({}, {maxResponseSize: kilobyte, retry: {retries: 1, minDelay: 1}});
    expect(await failure(session.get(server.origin).json())).toMatchObject({name: 'HTTPError', status: 503});
    expect(server.requests.length).toBe(2);
  });

  it('a Content-Length of a coded body does not count', async () => {
    const body = Buffer.from(Array.from({length: 500}, (_, index) => (index * 7919) % 256));
    const server = await startServer((_request, response) => {
      const coded = gzipSync(body, {level: 0});
      response.writeHead(200, {'content-encoding': 'gzip', 'content-length': coded.length});
      response.end(coded);
    });
    const {fetch} = openSession({}, {maxResponseSize: body.length});
    expect(Buffer.from(await (await fetch(server.origin)).bytes())).toEqual(body);
  });
});

describe('a coded body within its limit', () => {
  const text = 'Just enough. '.repeat(1_000);
  const start = () =>
    startServer((_request, response) => {
      response.writeHead(200, {'content-encoding': 'gzip, br'});
      response.end(brotliCompressSync(gzipSync(text)));
    });

  it('the body is whole, read at once, as a stream or from a clone', async () => {
    const server = await start();
    const {fetch} = openSession({}, {maxResponseSize: text.length});
    const response = await fetch(server.origin);
    const clone = response.clone();
    expect(await response.text()).toBe(text);
    expect(await new Response(clone.body).text()).toBe(text);
  });

  it('a body over the limit fails for a clone as for the response', async () => {
    const server = await start();
    const {fetch, stats} = openSession({}, {maxResponseSize: text.length - 1});
    const response = await fetch(server.origin);
    await waitFor(() => stats().active === 0);
    const clone = response.clone();
    expect(await failure(response.text())).toBeInstanceOf(ResponseTooLargeError);
    expect(await failure(clone.text())).toBeInstanceOf(ResponseTooLargeError);
  });
});
