import {mkdtemp, readdir, readFile, rm} from 'node:fs/promises';
import type {IncomingMessage, OutgoingHttpHeaders, ServerResponse} from 'node:http';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {gzipSync} from 'node:zlib';
import {afterAll, beforeAll, beforeEach, describe, expect, it, vi} from 'vitest';
import type {DownloadToOptions} from '../../src/node/index.ts';
import {downloadTo} from '../../src/node/index.ts';
import {type FileServer, patternOf, startFileServer} from '../support/file-server.ts';
import {rejection} from '../support/mock-session.ts';
import {openSession} from '../support/open-session.ts';

let root: string;

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'aiofetch-ranges-'));
});

afterAll(() => rm(root, {recursive: true, force: true}));

// Failures are waited out in no time.
beforeEach(() => void vi.spyOn(Math, 'random').mockReturnValue(0));

const content = patternOf(10_000);
const coded = gzipSync(content);
const etag = '"0123456789abcdef"';
const rangeSize = 4_000;

/** Answers the request of one range. */
type Answer = (response: ServerResponse, start: number, end: number) => void;

/** A server whose answers to requests of ranges are these, from the request `from` on; the others are as they should be. */
async function serverOf(answer: Answer, from = 0): Promise<FileServer> {
  const server = await startFileServer({content, etag});
  server.file.answer = (number: number, response: ServerResponse, {headers}: IncomingMessage) => {
    const [, first, last] = /^bytes=(\d+)-(\d*)$/.exec(headers.range ?? '') ?? [];
    if (first === undefined || number < from) return false;
    const end = last ? Math.min(Number(last) + 1, content.length) : content.length;
    answer(response, Number(first), end);
    return true;
  };
  return server;
}

async function downloadFrom(server: FileServer, options: DownloadToOptions = {}) {
  const folder = await mkdtemp(join(root, 'case-'));
  const file = join(folder, 'file.bin');
  const {session} = openSession();
  const outcome = downloadTo(session, server.origin, file, {rangeSize, resumes: 2, ...options});
  return {
    folder,
    file,
    session,
    error: await outcome.then(
      () => undefined,
      (error: unknown) => error,
    ),
  };
}

/** Sends the requested part with this status and these headers. */
function part(status: number, headers: (start: number, end: number) => OutgoingHttpHeaders): Answer {
  return (response, start, end) =>
    response.writeHead(status, {etag, ...headers(start, end)}).end(content.subarray(start, end));
}

function refusal(status: number, headers: OutgoingHttpHeaders = {}): Answer {
  return (response) => response.writeHead(status, headers).end('no');
}

const unusable: Array<[string, Answer]> = [
  ['with a 206 without Content-Range', part(206, () => ({}))],
  [
    'with a 206 and a malformed Content-Range',
    part(206, (a, b) => ({'content-range': `bytes ${a}-${b - 1}`})),
  ],
  [
    'with a 206 of another range',
    part(206, (a, b) => ({'content-range': `bytes ${a + 1}-${b - 1}/${content.length}`})),
  ],
  [
    'with a 206 and two Content-Ranges',
    part(206, (a, b) => ({'content-range': `bytes ${a}-${b - 1}/10000, bytes ${a}-${b - 1}/10000`})),
  ],
  [
    'with a 200 and the Content-Range of the part',
    part(200, (a, b) => ({
      'content-range': `bytes ${a}-${b - 1}/${content.length}`,
      'content-length': b - a,
    })),
  ],
  [
    'with a 200 in chunks and the Content-Range of the part',
    part(200, (a, b) => ({'content-range': `bytes ${a}-${b - 1}/${content.length}`})),
  ],
  [
    'with a 200 and a Content-Range without the size',
    part(200, (a, b) => ({'content-range': `bytes ${a}-${b - 1}/*`, 'content-length': b - a})),
  ],
  [
    'with multipart/byteranges',
    (response, start, end) => {
      response.writeHead(206, {etag, 'content-type': 'multipart/byteranges; boundary=B'});
      response.write(`--B\r\nContent-Range: bytes ${start}-${end - 1}/${content.length}\r\n\r\n`);
      response.write(content.subarray(start, end));
      response.end('\r\n--B--\r\n');
    },
  ],
  [
    'with multipart/byteranges and a Content-Range of its own',
    part(206, (a, b) => ({
      'content-type': 'multipart/byteranges; boundary=B',
      'content-range': `bytes ${a}-${b - 1}/${content.length}`,
    })),
  ],
  [
    'with a range of the coded content',
    (response, start) => {
      const headers = {etag, 'content-encoding': 'gzip'};
      const range = `bytes ${start}-${coded.length - 1}/${coded.length}`;
      response.writeHead(206, {...headers, 'content-range': range}).end(coded.subarray(start));
    },
  ],
  ['with 400', refusal(400)],
  ['with 403', refusal(403)],
  ['with 405', refusal(405)],
  ['with 412, as if If-Range were If-Match', refusal(412)],
  ['with 416', refusal(416)],
  ['with 416 and the size', refusal(416, {'content-range': `bytes */${content.length}`})],
  ['with 501', refusal(501)],
];

describe('downloadTo from a server that answers requests of ranges as it should not', () => {
  it.each(unusable)('the whole file is requested from a server that answers %s', async (_name, answer) => {
    const server = await serverOf(answer);
    const {error, file, folder, session} = await downloadFrom(server);
    expect(error).toBeUndefined();
    expect((await readFile(file)).equals(content)).toBe(true);
    expect(await readdir(folder)).toEqual(['file.bin']);
    expect(server.ranges).toEqual(['bytes=0-3999', undefined]);
    expect(session.stats().active).toBe(0);
  });

  it.each(unusable)(
    'a server that begins to answer %s while several ranges are read is asked for the whole file',
    async (_name, answer) => {
      const server = await serverOf(answer, 2);
      const {error, file, session} = await downloadFrom(server, {ranges: 2});
      expect(error).toBeUndefined();
      expect((await readFile(file)).equals(content)).toBe(true);
      expect(session.stats().active).toBe(0);
    },
  );

  it.each(unusable)(
    'a file is read to its end from a server that answers %s after its connection broke',
    async (_name, answer) => {
      const server = await serverOf(answer, 1);
      server.file.cutAfter = (number) => (number === 0 ? 5_000 : undefined);
      const {error, file, session} = await downloadFrom(server, {ranges: 1});
      expect(error).toBeUndefined();
      expect((await readFile(file)).equals(content)).toBe(true);
      // The bytes that are there already are read once more, and not written.
      expect(server.ranges).toEqual([undefined, 'bytes=5000-', undefined]);
      expect(session.stats().active).toBe(0);
    },
  );

  it('the whole file is read from its beginning after each broken connection', async () => {
    const server = await serverOf(refusal(400));
    server.file.cutAfter = (number) => (number < 4 ? number * 2_500 : undefined);
    const {error, file} = await downloadFrom(server);
    expect(error).toBeUndefined();
    expect((await readFile(file)).equals(content)).toBe(true);
    expect(server.ranges).toEqual(['bytes=0-3999', undefined, undefined, undefined, undefined]);
  });

  it('bytes of two versions are never mixed when the whole file is read again', async () => {
    const server = await serverOf(refusal(400), 1);
    const later = patternOf(10_000, 9);
    server.file.cutAfter = (number) => {
      if (number > 0) return undefined;
      // The content changes once the first half of the old one was sent.
      setImmediate(() => Object.assign(server.file, {content: later, etag: '"another"'}));
      return 5_000;
    };
    const {error, file} = await downloadFrom(server, {ranges: 1});
    expect(error).toBeUndefined();
    expect((await readFile(file)).equals(later)).toBe(true);
  });

  it.each<[string, number, OutgoingHttpHeaders]>([
    ['a 206 without Content-Range', 206, {}],
    [
      'a 200 whose Content-Range names a larger size than its length',
      200,
      {'content-range': 'bytes 0-99/10000'},
    ],
  ])('%s to a request of the whole fails the download', async (_name, status, headers) => {
    const server = await startFileServer({content, etag});
    server.file.answer = (_number, response) => {
      response.writeHead(status, {etag, 'content-length': 100, ...headers}).end(content.subarray(0, 100));
      return true;
    };
    const {error, folder} = await downloadFrom(server);
    expect(error).toMatchObject({name: 'DownloadError', code: 'ERR_DOWNLOAD_RANGE'});
    expect(await readdir(folder)).toEqual([]);
    expect(server.requests).toHaveLength(2);
  });

  it.each<[string, string]>([
    ['of the whole', 'bytes 0-9999/10000'],
    ['of a part, beside the length of the whole', 'bytes 0-3999/10000'],
    ['in another unit', 'items 0-3999/10000'],
  ])('a 200 with a Content-Range %s is the whole file', async (_name, range) => {
    const server = await startFileServer({content, etag, noRanges: true, headers: {'content-range': range}});
    const {error, file} = await downloadFrom(server);
    expect(error).toBeUndefined();
    expect((await readFile(file)).equals(content)).toBe(true);
    expect(server.requests).toHaveLength(1);
  });

  it('a file of unknown size whose end the server does not tell is compared with the whole', async () => {
    const server = await serverOf((response, start, end) => {
      if (start >= content.length) response.writeHead(416).end();
      else part(206, () => ({'content-range': `bytes ${start}-${end - 1}/*`}))(response, start, end);
    });
    const {error, file} = await downloadFrom(server);
    expect(error).toBeUndefined();
    expect((await readFile(file)).equals(content)).toBe(true);
    expect(server.ranges.at(-1)).toBeUndefined();
  });

  it.each<[string, number, OutgoingHttpHeaders]>([
    ['a 416 without a size', 416, {}],
    ['a 416 with the size 0', 416, {'content-range': 'bytes */0'}],
    ['a 204', 204, {}],
  ])('an empty file is downloaded from a server that answers with %s', async (_name, status, headers) => {
    const server = await startFileServer({content: Buffer.alloc(0), etag});
    server.file.answer = (_number, response, request) => {
      if (request.headers.range === undefined) return false;
      response.writeHead(status, headers).end();
      return true;
    };
    const {error, file, folder} = await downloadFrom(server);
    expect(error).toBeUndefined();
    expect(await readFile(file)).toHaveLength(0);
    expect(await readdir(folder)).toEqual(['file.bin']);
  });

  it('a file that is coded in every answer is downloaded decoded, and starts again when a connection breaks', async () => {
    const server = await startFileServer({content: coded, etag, headers: {'content-encoding': 'gzip'}});
    server.file.cutAfter = (number) => (number === 1 ? Math.floor(coded.length / 2) : undefined);
    const {error, file} = await downloadFrom(server);
    expect(error).toBeUndefined();
    expect((await readFile(file)).equals(content)).toBe(true);
    expect(server.ranges).toEqual(['bytes=0-3999', undefined, 'bytes=0-3999', undefined]);
  });
});

describe('downloadTo with an address that is no longer valid', () => {
  it('a download whose rest is refused, also as a whole, keeps its part file and goes on with a new address', async () => {
    const server = await startFileServer({content, etag, cutAfter: () => 4_000});
    const {session} = openSession();
    const folder = await mkdtemp(join(root, 'case-'));
    const file = join(folder, 'file.bin');
    const options = {ranges: 1, resumes: 0};
    const broken = await rejection(downloadTo(session, `${server.origin}/?sig=1`, file, options));
    expect(broken).toMatchObject({name: 'TypeError'});
    server.file.answer = (_number, response) => {
      response.writeHead(403).end('expired');
      return true;
    };
    const refused = await rejection(downloadTo(session, `${server.origin}/?sig=1`, file, options));
    expect(refused).toMatchObject({name: 'HTTPError', status: 403});
    delete server.file.answer;
    delete server.file.cutAfter;
    const {resumedFrom} = await downloadTo(session, `${server.origin}/?sig=2`, file, options);
    expect(resumedFrom).toBe(4_000);
    expect((await readFile(file)).equals(content)).toBe(true);
  });
});
