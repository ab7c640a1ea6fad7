import {execFileSync} from 'node:child_process';
import {renameSync, writeFileSync} from 'node:fs';
import {
  chown,
  link,
  lstat,
  mkdtemp,
  readdir,
  readFile,
  rm,
  symlink,
  utimes,
  writeFile,
} from 'node:fs/promises';
import type {ServerResponse} from 'node:http';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {platform} from 'node:process';
import {afterAll, beforeAll, beforeEach, describe, expect, it, vi} from 'vitest';
import {placeOf} from '../../src/node/file-lock.ts';
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
    expect(error).toMatchObject({name: 'TypeError', phase: 'receive'});
    expect(server.requests).toHaveLength(3);
  });
});

/** What somebody else may put at a path, and leads to the file `victim`. */
const traps: Array<[string, (victim: string, path: string) => Promise<void> | void]> = [
  ['a symbolic link', symlink],
  ['a hard link', link],
];

describe.skipIf(platform === 'win32')('downloadTo in a directory that others write to', () => {
  async function interrupted(file: string): Promise<void> {
    const server = await startFileServer({content, etag, cutAfter: () => 4_000});
    const {session} = openSession();
    expect(await rejection(downloadTo(session, server.origin, file, {ranges: 1, resumes: 0}))).toMatchObject({
      name: 'TypeError',
    });
  }

  it.each(
    ['', '.json', '.json~'].flatMap((suffix) => traps.map(([name, put]) => [name, suffix, put] as const)),
  )('%s at file.bin.aiofetch-part%s overwrites no other file', async (_name, suffix, put) => {
    const {folder, file} = await place();
    const victim = join(folder, 'victim');
    await writeFile(victim, 'important');
    const path = `${file}.aiofetch-part${suffix}`;
    await put(victim, path);
    await interrupted(file);
    expect(await readFile(victim, 'utf8')).toBe('important');
    await rm(path, {force: true});
    await put(victim, path);
    const server = await startFileServer({content, etag});
    const {session} = openSession();
    await downloadTo(session, server.origin, file);
    expect(await readFile(victim, 'utf8')).toBe('important');
    expect((await lstat(file)).isFile()).toBe(true);
    expect((await readFile(file)).equals(content)).toBe(true);
  });

  it.each(['', '.json', '.json~'])('a pipe at file.bin.aiofetch-part%s is replaced', async (suffix) => {
    const {file} = await place();
    const make = () => execFileSync('mkfifo', [`${file}.aiofetch-part${suffix}`]);
    make();
    await interrupted(file);
    await rm(`${file}.aiofetch-part${suffix}`, {force: true});
    make();
    const server = await startFileServer({content, etag});
    const {session} = openSession();
    await downloadTo(session, server.origin, file);
    expect((await readFile(file)).equals(content)).toBe(true);
  });

  it.skipIf(process.getuid?.() !== 0)('a part file of another user is not continued', async () => {
    const server = await startFileServer({content, etag, cutAfter: () => 4_000});
    const {session} = openSession();
    for (const suffix of ['', '.json']) {
      const {file} = await place();
      server.file.cutAfter = () => 4_000;
      await rejection(downloadTo(session, server.origin, file, {ranges: 1, resumes: 0}));
      delete server.file.cutAfter;
      await chown(`${file}.aiofetch-part${suffix}`, 65_534, 65_534);
      expect(await downloadTo(session, server.origin, file)).toMatchObject({resumedFrom: 0});
      expect((await readFile(file)).equals(content)).toBe(true);
      expect((await lstat(file)).uid).toBe(0);
    }
  });

  it('a file that takes the place of the part file during the download does not become the result', async () => {
    const server = await startFileServer({content, etag});
    const {folder, file} = await place();
    server.file.answer = (request) => {
      if (request === 1) {
        writeFileSync(join(folder, 'planted'), 'planted');
        renameSync(join(folder, 'planted'), `${file}.aiofetch-part`);
      }
      return false;
    };
    const {session} = openSession();
    expect(await rejection(downloadTo(session, server.origin, file, {rangeSize: 4_000}))).toMatchObject({
      name: 'DownloadError',
      code: 'ERR_DOWNLOAD_FILE',
    });
    expect(await readdir(folder)).toEqual(['file.bin.aiofetch-part']);
    expect(await downloadTo(session, server.origin, file)).toMatchObject({resumedFrom: 0});
    expect((await readFile(file)).equals(content)).toBe(true);
  });

  it('a pipe or a device as the target is refused, and not replaced', async () => {
    const {file} = await place();
    execFileSync('mkfifo', [file]);
    const {session} = openSession();
    expect(await rejection(downloadTo(session, 'http://localhost/', file))).toMatchObject({
      name: 'InvalidOptionError',
    });
    expect((await lstat(file)).isFIFO()).toBe(true);
  });
});

describe('downloadTo with what an earlier download has left', () => {
  it('a complete part file is checked with the server, which says whether its version is current', async () => {
    const server = await startFileServer({content, etag, cutAfter: () => 9_999});
    const {session} = openSession();
    const {file} = await place();
    await rejection(downloadTo(session, server.origin, file, {ranges: 1, resumes: 0}));
    const notes = JSON.parse(await readFile(`${file}.aiofetch-part.json`, 'utf8'));
    await writeFile(`${file}.aiofetch-part`, content);
    await writeFile(`${file}.aiofetch-part.json`, JSON.stringify({...notes, ranges: [[0, content.length]]}));
    Object.assign(server.file, {
      content: patternOf(5_000, 5),
      etag: '"another-version"',
      cutAfter: undefined,
    });
    expect(await downloadTo(session, server.origin, file)).toMatchObject({resumedFrom: 0, size: 5_000});
    expect((await readFile(file)).equals(server.file.content)).toBe(true);
  });

  it.each<[string, unknown]>([
    ['ranges that end before they begin', {ranges: [[5, 2]]}],
    ['negative ranges', {ranges: [[-5, 3]]}],
    ['an endless range', {ranges: [[0, 1e308]]}],
    ['a range that is not a list', {ranges: [null]}],
    ['a range of other values', {ranges: [['a', {}]]}],
    ['a size that is not a number', {size: '10000'}],
    ['an ETag that is not a text', {etag: {}, ifRange: {}}],
    ['a digest without a value', {digest: {algorithm: 'sha-256'}}],
    ['nothing', null],
  ])('downloadTo starts again beside notes with %s', async (_name, changes) => {
    const server = await startFileServer({content, etag, cutAfter: () => 4_000});
    const {session} = openSession();
    const {file} = await place();
    await rejection(downloadTo(session, server.origin, file, {ranges: 1, resumes: 0}));
    delete server.file.cutAfter;
    const notes = JSON.parse(await readFile(`${file}.aiofetch-part.json`, 'utf8'));
    await writeFile(`${file}.aiofetch-part.json`, JSON.stringify(changes && {...notes, ...changes}));
    expect((await downloadTo(session, server.origin, file)).resumedFrom).toBe(0);
    expect((await readFile(file)).equals(content)).toBe(true);
  });
});

describe('the lock of downloadTo', () => {
  /** Tries a download beside a lock with this text, last touched so many ms ago. */
  async function tryBeside(text: string, age: number): Promise<string> {
    const server = await startFileServer({content, etag});
    const {session} = openSession();
    const {file} = await place();
    await writeFile(`${file}.aiofetch-part.lock`, text);
    const touched = new Date(Date.now() - age);
    await utimes(`${file}.aiofetch-part.lock`, touched, touched);
    return downloadTo(session, server.origin, file).then(
      () => 'taken',
      ({code}) => code,
    );
  }

  const {pid} = process;
  let host: string;
  beforeAll(async () => {
    host = await placeOf();
  });

  it.skipIf(platform !== 'linux')(
    'a lock of a process whose number another process has got since is stale at once',
    async () => {
      expect(await tryBeside(JSON.stringify({pid, host, id: '1', born: '12345'}), 0)).toBe('taken');
      expect(await tryBeside(JSON.stringify({pid: 1, host, id: '1', born: '12345'}), 0)).toBe('taken');
    },
  );

  it('a lock with the number of this process is stale if it is older than this process', async () => {
    vi.spyOn(process, 'uptime').mockReturnValue(10);
    expect(await tryBeside(JSON.stringify({pid, host, id: '1'}), 20_000)).toBe('taken');
    expect(await tryBeside(JSON.stringify({pid, host, id: '1'}), 5_000)).toBe('ERR_DOWNLOAD_LOCKED');
  });

  it.skipIf(platform !== 'linux')(
    'a lock of another container with the same host name holds for half a minute',
    async () => {
      // The numbers of another container's processes mean other processes here, or none.
      for (const number of [pid, 1, 2 ** 22 + 1]) {
        const text = JSON.stringify({
          pid: number,
          host: host.replace(/\d+\]$/, '1]'),
          id: '1',
          born: '12345',
        });
        expect(text).not.toContain(host);
        expect(await tryBeside(text, 0)).toBe('ERR_DOWNLOAD_LOCKED');
        expect(await tryBeside(text, 31_000)).toBe('taken');
      }
    },
  );

  it.each(['null', '', '{"pid":"x"}', '{"pid":-1,"host":"HOST"}', '{"pid":0,"host":"HOST"}'])(
    'a lock that no download has written holds for half a minute: %s',
    async (given) => {
      const text = given.replace('HOST', host);
      expect(await tryBeside(text, 0)).toBe('ERR_DOWNLOAD_LOCKED');
      expect(await tryBeside(text, 31_000)).toBe('taken');
    },
  );
});
