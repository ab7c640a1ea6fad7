import {mkdtemp, readdir, readFile, rm} from 'node:fs/promises';
import type {ServerResponse} from 'node:http';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {afterAll, beforeAll, beforeEach, describe, expect, it, vi} from 'vitest';
import {downloadTo} from '../../src/node/index.ts';
import {patternOf, startFileServer} from '../support/file-server.ts';
import {startServer} from '../support/http-server.ts';
import {rejection} from '../support/mock-session.ts';
import {openSession} from '../support/open-session.ts';

let root: string;

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'aiofetch-hostile-'));
});

afterAll(() => rm(root, {recursive: true, force: true}));

// Failures are waited out in no time.
beforeEach(() => void vi.spyOn(Math, 'random').mockReturnValue(0));

const content = patternOf(10_000);
const etag = '"0123456789abcdef"';

/** A folder of a test's own, and where its file is to be. */
async function place(): Promise<{folder: string; file: string}> {
  const folder = await mkdtemp(join(root, 'case-'));
  return {folder, file: join(folder, 'file.bin')};
}

describe('downloadTo from a server that names a huge size', () => {
  const petabyte = 999_999_999_999_999;

  it('a download of a petabyte in ranges obeys its signal', async () => {
    const controller = new AbortController();
    const reason = new Error('enough');
    const server = await startServer((request, response) => {
      const [, first = '0'] = /(\d+)-/.exec(request.headers.range ?? '') ?? [];
      if (Number(first) > 0) controller.abort(reason);
      response.writeHead(206, {'content-range': `bytes ${first}-${Number(first) + 9}/${petabyte}`, etag});
      response.end('0123456789');
    });
    const {session} = openSession();
    const {file} = await place();
    const error = await rejection(downloadTo(session, server.origin, file, {signal: controller.signal}));
    expect(error).toBe(reason);
    expect(server.requests.length).toBeLessThan(20);
  });

  it('a server that sends the same ten bytes for each range fails the download', async () => {
    const server = await startServer((_request, response) => {
      response.writeHead(206, {'content-range': `bytes 0-9/${petabyte}`, etag}).end('0123456789');
    });
    const {session} = openSession();
    const {file} = await place();
    expect(await rejection(downloadTo(session, server.origin, file))).toMatchObject({
      name: 'DownloadError',
      code: 'ERR_DOWNLOAD_RANGE',
    });
  });

  it.each<[string, (response: ServerResponse) => void]>([
    [
      'in Content-Range',
      (response) => {
        response.writeHead(206, {'content-range': `bytes 0-9/${petabyte}`, etag}).end('0123456789');
      },
    ],
    [
      'in Content-Length',
      (response) => {
        response.writeHead(200, {'content-length': petabyte, etag}).write('0123456789');
      },
    ],
    ['by sending too much', (response) => void response.end('x'.repeat(2_000))],
  ])('a server that exceeds maxSize %s fails the download', async (_name, answer) => {
    const server = await startServer((_request, response) => answer(response));
    const {session} = openSession();
    const {file, folder} = await place();
    const error = await rejection(downloadTo(session, server.origin, file, {maxSize: 1_000}));
    expect(error).toMatchObject({name: 'DownloadError', code: 'ERR_DOWNLOAD_SIZE'});
    expect(error.message).toContain('maxSize');
    expect(await readdir(folder)).toEqual([]);
    expect(server.requests).toHaveLength(1);
    expect(session.stats()).toMatchObject({active: 0});
  });

  it('content of exactly maxSize bytes is downloaded', async () => {
    const server = await startFileServer({content, etag});
    const {session} = openSession();
    const {file} = await place();
    await downloadTo(session, server.origin, file, {maxSize: content.length, rangeSize: 3_000});
    expect((await readFile(file)).equals(content)).toBe(true);
  });
});

describe('downloadTo from a server that does not name the size', () => {
  it('ranges of an unknown size are requested up to the end of the content', async () => {
    const server = await startFileServer({content, etag});
    server.file.answer = (_request, response, {headers}) => {
      const [, first = '0', last] = /^bytes=(\d+)-(\d*)$/.exec(headers.range ?? '') ?? [];
      const start = Number(first);
      if (start >= content.length) return false;
      const body = content.subarray(start, last ? Number(last) + 1 : start + 4_000);
      response.writeHead(206, {'content-range': `bytes ${start}-${start + body.length - 1}/*`, etag});
      response.end(body);
      return true;
    };
    const {session} = openSession();
    const {file} = await place();
    expect(await downloadTo(session, server.origin, file, {rangeSize: 3_000})).toMatchObject({
      size: content.length,
    });
    expect((await readFile(file)).equals(content)).toBe(true);
  });

  it('a server whose later answers hold no byte of the range is not asked without an end', async () => {
    const server = await startFileServer({content, etag, cutAfter: () => 4_000});
    const {session} = openSession();
    const {file} = await place();
    server.file.answer = (request, response) => {
      if (request === 0) return false;
      response.writeHead(200, {etag}).end('short');
      return true;
    };
    const error = await rejection(downloadTo(session, server.origin, file, {ranges: 1, resumes: 2}));
    expect(error).toMatchObject({name: 'ConnectionError', phase: 'receive'});
    expect(server.requests).toHaveLength(3);
  });
});
