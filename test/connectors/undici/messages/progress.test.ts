import {gzipSync} from 'node:zlib';
import {describe, expect, it, vi} from 'vitest';
import {createAuthority} from '../../../support/authority.ts';
import {failure} from '../../../support/failure.ts';
import {bodyOf, startServer} from '../../../support/http-server.ts';
import {startHttp2Server} from '../../../support/http2-server.ts';
import {openSession} from '../../../support/open-session.ts';
import {startRawServer} from '../../../support/raw-server.ts';
import {memoryModule, runScript} from '../../../support/run-script.ts';
import {waitFor} from '../../../support/wait-for.ts';

const size = 300_000;

/** Answers with the Content-Length of the request and the number of bytes that arrived. */
const startCounting = () =>
  startServer(async (request, response) => {
    const {length} = await bodyOf(request);
    const {'content-length': announced, 'transfer-encoding': coding} = request.headers;
    response.end(JSON.stringify({length, announced, coding}));
  });

describe('an upload with a progress listener', () => {
  it.each([
    ['a string', 'x'.repeat(size)],
    ['bytes', new Uint8Array(size)],
    ['a Blob', new Blob([new Uint8Array(size)])],
  ])('the upload keeps its Content-Length: %s', async (_what, body) => {
    const server = await startCounting();
    const {session} = openSession();
    const seen: number[] = [];
    const onUploadProgress = ({transferredBytes}: {transferredBytes: number}) => seen.push(transferredBytes);
    const answer = await session.post(server.origin, {body, onUploadProgress}).json();
    expect(answer).toEqual({length: size, announced: String(size)});
    expect(seen.length).toBeGreaterThan(1);
    expect(seen.at(-1)).toBe(size);
    expect(session.stats().totals.bytesSent).toBe(size);
  });

  it('the total of a stream comes from the caller’s Content-Length', async () => {
    const server = await startCounting();
    const {session} = openSession();
    const listener = vi.fn();
    const headers = {'content-length': '6'};
    const body = new Blob(['abcdef']).stream();
    const answer = await session.post(server.origin, {body, headers, onUploadProgress: listener}).json();
    expect(answer).toEqual({length: 6, announced: '6'});
    expect(listener.mock.calls[0]?.[0]).toEqual({percent: 1, transferredBytes: 6, totalBytes: 6});
  });

  it('progress is reported over HTTP/2 as well', async () => {
    const authority = await createAuthority();
    const server = await startHttp2Server(await authority.issue(), (request, response) => {
      request.resume().on('end', () => response.end(String(request.headers['content-length'])));
    });
    const {session} = openSession({http2: true, tls: {ca: authority.cert}});
    const listener = vi.fn();
    const body = 'x'.repeat(size);
    expect(await session.post(server.origin, {body, onUploadProgress: listener}).text()).toBe(String(size));
    expect(listener.mock.lastCall?.[0]).toEqual({percent: 1, transferredBytes: size, totalBytes: size});
    expect(listener.mock.calls.length).toBeGreaterThan(2);
  });

  it('an error that the listener throws fails the call as it is', async () => {
    const server = await startCounting();
    const {session, stats} = openSession();
    const reason = new Error('enough');
    const onUploadProgress = () => {
      throw reason;
    };
    for (const body of ['x'.repeat(size), '', new Blob(['a']).stream()]) {
      expect(await failure(session.post(server.origin, {body, onUploadProgress}))).toBe(reason);
    }
    expect(stats().active).toBe(0);
    await waitFor(() => server.sockets.open.size === 0);
  });

  it('the upload is sent whole on a fresh connection when the first one was dead', async () => {
    const server = await startRawServer(async (connection) => {
      await connection.request();
      connection.respond('first');
      if (connection.index === 0) {
        await connection.head();
        connection.socket.destroy();
      } else {
        const {headers, body} = await connection.request();
        connection.respond(`${headers['content-length']} ${headers['content-type']} ${body.length}`);
      }
    });
    const {session, fetch} = openSession();
    const other = fetch(server.origin);
    await (await other).text();
    const ends: number[] = [];
    const answer = session.put(server.origin, {
      body: new Blob([new Uint8Array(size)], {type: 'a/b'}),
      onUploadProgress: ({percent, transferredBytes}) => percent === 1 && ends.push(transferredBytes),
    });
    expect(await answer.text()).toBe('first');
    expect(ends.at(-1)).toBe(size);
  });
});

describe('a download with a progress listener', () => {
  it('the total comes from Content-Length, except for a coded body', async () => {
    const text = 'x'.repeat(size);
    const server = await startServer((request, response) => {
      const body = request.url === '/plain' ? Buffer.from(text) : gzipSync(text);
      if (request.url !== '/plain') response.setHeader('content-encoding', 'gzip');
      response.setHeader('content-length', body.length);
      response.end(body);
    });
    const {session} = openSession();
    for (const [path, total] of [
      ['/plain', size],
      ['/gzip', undefined],
    ] as const) {
      const listener = vi.fn();
      expect(await session.get(server.origin + path, {onDownloadProgress: listener}).text()).toBe(text);
      const [first] = listener.mock.calls[0] as [{transferredBytes: number; totalBytes: number}];
      expect(first.totalBytes).toBe(total ?? first.transferredBytes);
      expect(listener.mock.lastCall?.[0]).toEqual({percent: 1, transferredBytes: size, totalBytes: size});
    }
  });

  it('a progress listener works together with a size limit', async () => {
    const server = await startServer((_request, response) => response.end('x'.repeat(size)));
    const {session} = openSession({}, {maxResponseSize: size - 1});
    const listener = vi.fn();
    const call = session.get(server.origin, {onDownloadProgress: listener}).text();
    expect(await failure(call)).toMatchObject({name: 'ResponseTooLargeError'});
    expect(listener).not.toHaveBeenCalled();
  });
});

describe('a large Blob', () => {
  it('a large Blob is read while it is sent, and not into memory', async () => {
    const server = await startServer((request, response) => {
      let received = 0;
      request.on('data', (chunk: Buffer) => {
        received += chunk.length;
      });
      request.on('end', () => response.end(`${received} ${request.headers['content-length']}`));
    });
    const megabytes = 512;
    const {stdout, stderr} = await runScript(`
      import {openAsBlob} from 'node:fs';
      import {mkdtemp, open, rm} from 'node:fs/promises';
      import {tmpdir} from 'node:os';
      import {createSession} from 'aiofetch';
      import {readPeak, startPeak} from '${memoryModule}';
      const directory = await mkdtemp(tmpdir() + '/aiofetch-');
      const file = await open(directory + '/large', 'w');
      await file.truncate(${megabytes} * 1024 * 1024);
      await file.close();
      const session = createSession();
      await session.post('${server.origin}', {body: new Blob([new Uint8Array(200_000)])}).text();
      const before = startPeak();
      const body = await openAsBlob(directory + '/large');
      const answer = await session.post('${server.origin}', {body}).text();
      const grown = readPeak() - before;
      console.log(JSON.stringify({answer, grown}));
      await rm(directory, {recursive: true});
      await session.close();
    `);
    expect(stderr).toBe('');
    const bytes = megabytes * 1024 * 1024;
    const {answer, grown} = JSON.parse(stdout);
    expect(answer).toBe(`${bytes} ${bytes}`);
    expect(grown).toBeLessThan(150 * 1024 * 1024);
  });
});
