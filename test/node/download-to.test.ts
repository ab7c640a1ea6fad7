import {mkdtemp, readdir, readFile, rm, stat, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {pathToFileURL} from 'node:url';
import {afterAll, beforeAll, describe, expect, it} from 'vitest';
import {DownloadError, InvalidOptionError} from '../../src/index.ts';
import {downloadTo} from '../../src/node/index.ts';
import {patternOf, sha256, startFileServer} from '../support/file-server.ts';
import {rejection} from '../support/mock-session.ts';
import {openSession} from '../support/open-session.ts';

let root: string;

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'aiofetch-download-'));
});

afterAll(() => rm(root, {recursive: true, force: true}));

const content = patternOf(300_000);
const etag = '"one"';

/** A folder of a test's own, and where its file is to be. */
async function place(): Promise<{folder: string; file: string}> {
  const folder = await mkdtemp(join(root, 'case-'));
  return {folder, file: join(folder, 'file.bin')};
}

describe('downloadTo', () => {
  it('downloadTo writes the content to the file, and leaves no other file', async () => {
    const server = await startFileServer({content, etag});
    const {session} = openSession();
    const {folder, file} = await place();
    const progress: number[] = [];
    const made = await downloadTo(session, server.origin, file, {
      onDownloadProgress: ({percent}) => progress.push(percent),
    });
    expect(made).toEqual({path: file, size: content.length, resumedFrom: 0, etag});
    expect((await readFile(file)).equals(content)).toBe(true);
    expect(await readdir(folder)).toEqual(['file.bin']);
    expect(progress.at(-1)).toBe(1);
    expect(progress).toEqual([...progress].sort((a, b) => a - b));
    expect(server.requests).toHaveLength(1);
    expect(session.stats()).toMatchObject({active: 0});
  });

  it('downloadTo accepts a file: URL, and replaces an existing file', async () => {
    const server = await startFileServer({content, etag});
    const {session} = openSession();
    const {file} = await place();
    await writeFile(file, 'what was there before');
    await downloadTo(session, server.origin, pathToFileURL(file));
    expect((await readFile(file)).equals(content)).toBe(true);
  });

  it.each([
    ['nothing', Buffer.alloc(0), 4],
    ['a byte', Buffer.from('a'), 4],
    ['one range', patternOf(1_000), 4],
    ['one byte more than a range', patternOf(1_001), 4],
    ['many ranges', patternOf(10_500), 3],
    ['many ranges, one after the other', patternOf(10_500), 1],
  ])('downloadTo writes a file of %s', async (_name, bytes, ranges) => {
    const server = await startFileServer({content: bytes, etag});
    const {session} = openSession();
    const {folder, file} = await place();
    await downloadTo(session, server.origin, file, {ranges, rangeSize: 1_000});
    expect((await readFile(file)).equals(bytes)).toBe(true);
    expect(await readdir(folder)).toEqual(['file.bin']);
  });

  it('several ranges are requested at once, within the options and the limits', async () => {
    const server = await startFileServer({content, etag, drip: {size: 2_000, pause: 1}});
    const {session} = openSession();
    const {file} = await place();
    let peak = 0;
    await downloadTo(session, server.origin, file, {
      ranges: 3,
      rangeSize: 30_000,
      onDownloadProgress: () => {
        peak = Math.max(peak, session.stats().active);
      },
    });
    expect((await readFile(file)).equals(content)).toBe(true);
    expect(peak).toBe(3);
    expect([...server.ranges].sort()).toEqual(
      Array.from({length: 10}, (_, index) => `bytes=${index * 30_000}-${(index + 1) * 30_000 - 1}`).sort(),
    );
  });

  it.each([
    ['does no ranges', {noRanges: true}],
    ['tells no length', {noRanges: true, chunked: true}],
    ['has weak validators only', {etag: 'W/"one"'}],
    ['has no validators', {etag: undefined}],
  ])('one range after the other is requested from a server that %s', async (_name, faults) => {
    const server = await startFileServer({content, etag, ...faults});
    const {session} = openSession();
    const {file} = await place();
    await downloadTo(session, server.origin, file, {rangeSize: 50_000});
    expect((await readFile(file)).equals(content)).toBe(true);
    expect(session.stats().totals.opened).toBeLessThan(3);
  });

  it('every range continues after broken connections', async () => {
    const server = await startFileServer({
      content,
      etag,
      cutAfter: (request) => (request < 6 ? 10_000 : undefined),
    });
    const {session} = openSession();
    const {file} = await place();
    await downloadTo(session, server.origin, file, {rangeSize: 100_000});
    expect((await readFile(file)).equals(content)).toBe(true);
    expect(server.requests.length).toBeGreaterThan(6);
  });

  it('downloadTo continues the part file of an earlier download', async () => {
    const server = await startFileServer({content, etag, cutAfter: () => 40_000});
    const {session} = openSession();
    const {folder, file} = await place();
    const error = await rejection(downloadTo(session, server.origin, file, {ranges: 1, resumes: 0}));
    expect(error).toMatchObject({name: 'TypeError'});
    expect((await readdir(folder)).sort()).toEqual(['file.bin.aiofetch-part', 'file.bin.aiofetch-part.json']);
    delete server.file.cutAfter;
    const made = await downloadTo(session, server.origin, file, {
      digest: `sha256:${sha256(content).toString('hex')}`,
    });
    expect(made.resumedFrom).toBe(40_000);
    expect((await readFile(file)).equals(content)).toBe(true);
    expect(server.ranges.at(-1)).toBe('bytes=40000-299999');
    expect(await readdir(folder)).toEqual(['file.bin']);
  });

  it('downloadTo starts again if the content has changed since the earlier download', async () => {
    const server = await startFileServer({content, etag, cutAfter: () => 40_000});
    const {session} = openSession();
    const {file} = await place();
    await rejection(downloadTo(session, server.origin, file, {ranges: 1, resumes: 0}));
    Object.assign(server.file, {content: patternOf(200_000, 5), etag: '"two"', cutAfter: undefined});
    expect((await downloadTo(session, server.origin, file)).resumedFrom).toBe(0);
    expect((await readFile(file)).equals(server.file.content)).toBe(true);
  });

  it('downloadTo starts again if the content changes during the download', async () => {
    const server = await startFileServer({content, etag});
    server.file.answer = (request) => {
      if (request === 4) Object.assign(server.file, {content: patternOf(250_000, 5), etag: '"two"'});
      return false;
    };
    const {session} = openSession();
    const {file} = await place();
    await downloadTo(session, server.origin, file, {rangeSize: 20_000});
    expect((await readFile(file)).equals(server.file.content)).toBe(true);
  });

  it.each([
    ['the same', etag, '?signature=1', '?signature=1', 40_000],
    [
      'another signature, and an ETag that names the content',
      '"0123456789abcdef"',
      '?signature=1',
      '?signature=2',
      40_000,
    ],
    ['another query, and an ETag that only counts', etag, '?id=1', '?id=2', 0],
    ['another path', '"0123456789abcdef"', 'a', 'b', 0],
  ])(
    'a part file is continued only if it belongs to the URL: %s',
    async (_name, tag, first, second, resumedFrom) => {
      const server = await startFileServer({content, etag: tag, cutAfter: () => 40_000});
      const {session} = openSession();
      const {file} = await place();
      await rejection(downloadTo(session, `${server.origin}/${first}`, file, {ranges: 1, resumes: 0}));
      delete server.file.cutAfter;
      expect((await downloadTo(session, `${server.origin}/${second}`, file)).resumedFrom).toBe(resumedFrom);
      expect((await readFile(file)).equals(content)).toBe(true);
    },
  );

  it('the notes of a part file show nothing of the URL', async () => {
    const server = await startFileServer({content, etag, cutAfter: () => 40_000});
    const {session} = openSession();
    const {file} = await place();
    await rejection(downloadTo(session, `${server.origin}/name?key=secret`, file, {ranges: 1, resumes: 0}));
    const notes = await readFile(`${file}.aiofetch-part.json`, 'utf8');
    expect(notes).not.toMatch(/secret|key|name|127/);
  });

  it.each([
    ['no JSON', '{"form'],
    ['of another format', '{"format":2,"ranges":[]}'],
    ['that say more than there is', undefined],
  ])('downloadTo starts again beside notes that are %s', async (_name, text) => {
    const server = await startFileServer({content, etag, cutAfter: () => 40_000});
    const {session} = openSession();
    const {file} = await place();
    await rejection(downloadTo(session, server.origin, file, {ranges: 1, resumes: 0}));
    delete server.file.cutAfter;
    if (text === undefined) await writeFile(`${file}.aiofetch-part`, 'short');
    else await writeFile(`${file}.aiofetch-part.json`, text);
    expect((await downloadTo(session, server.origin, file)).resumedFrom).toBe(0);
    expect((await readFile(file)).equals(content)).toBe(true);
  });

  it('a wrong digest leaves neither the file nor a part file', async () => {
    const server = await startFileServer({content, etag});
    const {session} = openSession();
    const {folder, file} = await place();
    const digest = `sha256:${sha256(Buffer.from('other')).toString('hex')}`;
    const error = await rejection(downloadTo(session, server.origin, file, {digest}));
    expect(error).toBeInstanceOf(DownloadError);
    expect(error).toMatchObject({code: 'ERR_DOWNLOAD_DIGEST'});
    expect(await readdir(folder)).toEqual([]);
  });

  it('a file that another download writes to is refused', async () => {
    const server = await startFileServer({content, etag, stallAfter: () => 1_000});
    const {session} = openSession();
    const {file, folder} = await place();
    const controller = new AbortController();
    const first = rejection(downloadTo(session, server.origin, file, {signal: controller.signal}));
    await expect.poll(() => stat(`${file}.aiofetch-part.lock`).catch(() => undefined)).toBeDefined();
    const error = await rejection(downloadTo(session, server.origin, file));
    expect(error).toMatchObject({name: 'DownloadError', code: 'ERR_DOWNLOAD_LOCKED', phase: undefined});
    expect(error.message).toContain(file);
    const reason = new Error('enough');
    controller.abort(reason);
    expect(await first).toBe(reason);
    expect(await readdir(folder)).not.toContain('file.bin.aiofetch-part.lock');
    expect(session.stats().active).toBe(0);
  });

  it('an error status fails the download and leaves no file', async () => {
    const server = await startFileServer({
      content,
      answer: (_request, response) => Boolean(response.writeHead(404).end()),
    });
    const {session} = openSession();
    const {folder, file} = await place();
    expect(await rejection(downloadTo(session, server.origin, file))).toMatchObject({
      name: 'HTTPError',
      status: 404,
    });
    expect(await readdir(folder)).toEqual([]);
  });

  it('a directory, and values of options that are not allowed, are refused', async () => {
    const {session} = openSession();
    const {folder, file} = await place();
    expect(await rejection(downloadTo(session, 'http://localhost/', folder))).toBeInstanceOf(
      InvalidOptionError,
    );
    for (const options of [
      {ranges: 0},
      {rangeSize: 1.5},
      {digest: 'md5-abc'},
      {size: -1},
      {maxSize: -1},
      {maxSize: 1.5},
      {resumes: -1},
      {headers: {range: 'x'}},
    ])
      expect(await rejection(downloadTo(session, 'http://localhost/', file, options))).toBeInstanceOf(
        InvalidOptionError,
      );
    expect(await readdir(folder)).toEqual([]);
  });
});
