import {type ChildProcess, spawn} from 'node:child_process';
import {once} from 'node:events';
import {mkdtemp, readdir, readFile, rm, utimes, writeFile} from 'node:fs/promises';
import {hostname, tmpdir} from 'node:os';
import {join} from 'node:path';
import {fileURLToPath} from 'node:url';
import {afterAll, beforeAll, describe, expect, it, onTestFinished} from 'vitest';
import {placeOf} from '../../src/node/file-lock.ts';
import {downloadTo} from '../../src/node/index.ts';
import {type FileServer, patternOf, sha256, startFileServer} from '../support/file-server.ts';
import {rejection} from '../support/mock-session.ts';
import {openSession} from '../support/open-session.ts';

let root: string;

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'aiofetch-interrupted-'));
});

afterAll(() => rm(root, {recursive: true, force: true}));

const content = patternOf(3_000_000);
const digest = `sha256:${sha256(content).toString('hex')}`;
const rangeSize = 1_000_000;

async function place(): Promise<{folder: string; file: string}> {
  const folder = await mkdtemp(join(root, 'case-'));
  return {folder, file: join(folder, 'file.bin')};
}

/** A server each of whose responses falls silent after so many bytes. */
function startStalling(after = 400_000): Promise<FileServer> {
  return startFileServer({content, etag: '"one"', stallAfter: () => after});
}

/** Another process that downloads to the file; `setUp` comes before. */
function startProcess(url: string, file: string, setUp = 'const options = {};'): ChildProcess {
  const source = `
    import {createSession} from 'aiofetch';
    import {downloadTo} from 'aiofetch/node';
    ${setUp}
    const session = createSession();
    try {
      await downloadTo(session, ${JSON.stringify(url)}, ${JSON.stringify(file)}, {rangeSize: ${rangeSize}, ...options});
    } catch (error) {
      console.log(error.message);
    }
    await session.destroy();
  `;
  const child = spawn(
    process.execPath,
    ['--conditions=@aiofetch/source', '--input-type=module', '--eval', source],
    {cwd: fileURLToPath(new URL('../../', import.meta.url)), stdio: ['ignore', 'pipe', 'inherit']},
  );
  onTestFinished(() => void child.kill('SIGKILL'));
  return child;
}

/** Waits until it's noted that so many bytes are there. */
async function noted(file: string, bytes: number): Promise<void> {
  await expect.poll(() => notedBytes(file)).toBeGreaterThanOrEqual(bytes);
}

async function notedBytes(file: string): Promise<number> {
  const text = await readFile(`${file}.aiofetch-part.json`, 'utf8').catch(() => '{"ranges":[]}');
  const {ranges} = JSON.parse(text) as {ranges: Array<[number, number]>};
  return ranges.reduce((sum, [start, end]) => sum + end - start, 0);
}

/** The server is well again: what is missing is downloaded, and it only. */
async function goOn(server: FileServer, file: string, least: number): Promise<void> {
  delete server.file.stallAfter;
  const before = server.requests.length;
  const {session} = openSession();
  const made = await downloadTo(session, server.origin, file, {rangeSize, digest});
  expect(made.resumedFrom).toBeGreaterThanOrEqual(least);
  expect((await readFile(file)).equals(content)).toBe(true);
  expect(server.ranges.slice(before)).not.toContain('bytes=0-999999');
}

describe('a process that is ended while it downloads leaves what the next goes on with', {
  timeout: 30_000,
}, () => {
  it.each(['SIGKILL', 'SIGINT', 'SIGTERM'] as const)(
    'a process that %s ends leaves a part file that the next download continues',
    async (signal) => {
      const server = await startStalling();
      const {folder, file} = await place();
      const child = startProcess(server.origin, file);
      // Three ranges at once, each of which has stalled.
      await noted(file, 1_200_000);
      child.kill(signal);
      const [, endedBy] = (await once(child, 'exit')) as [number | null, NodeJS.Signals | null];
      expect(endedBy).toBe(signal);
      expect(await readdir(folder)).not.toContain('file.bin');
      await goOn(server, file, 1_200_000);
      expect(await readdir(folder)).toEqual(['file.bin']);
    },
  );

  it('a process that turns Ctrl-C into an abort notes all bytes and releases the lock', async () => {
    const server = await startStalling();
    const {folder, file} = await place();
    const child = startProcess(
      server.origin,
      file,
      `const controller = new AbortController();
       process.once('SIGINT', () => controller.abort(new Error('Interrupted')));
       const options = {signal: controller.signal};`,
    );
    await noted(file, 1_200_000);
    child.kill('SIGINT');
    const [output] = (await once(child.stdout as NodeJS.ReadableStream, 'data')) as [Buffer];
    expect(String(output)).toBe('Interrupted\n');
    expect(((await once(child, 'exit')) as [number])[0]).toBe(0);
    expect((await readdir(folder)).sort()).toEqual(['file.bin.aiofetch-part', 'file.bin.aiofetch-part.json']);
    await goOn(server, file, 1_200_000);
  });

  it('a part file is continued after the server was killed as well', async () => {
    const server = await startFileServer({content, etag: '"one"', cutAfter: () => 300_000});
    const {file} = await place();
    const {session} = openSession();
    await rejection(downloadTo(session, server.origin, file, {rangeSize, resumes: 0}));
    delete server.file.cutAfter;
    await goOn(server, file, 300_000);
  });
});

describe('two processes and one file', () => {
  it('a second process is refused while the first one downloads to the same file', async () => {
    const server = await startStalling();
    const {file} = await place();
    const child = startProcess(server.origin, file);
    await noted(file, 400_000);
    const {session} = openSession();
    const error = await rejection(downloadTo(session, server.origin, file));
    expect(error).toMatchObject({name: 'DownloadError', code: 'ERR_DOWNLOAD_LOCKED'});
    child.kill('SIGKILL');
    await once(child, 'exit');
    await goOn(server, file, 400_000);
  });

  it('a lock of another machine holds until it has not been touched for half a minute', async () => {
    const server = await startFileServer({content, etag: '"one"'});
    const {folder, file} = await place();
    const lock = `${file}.aiofetch-part.lock`;
    await writeFile(lock, JSON.stringify({pid: process.pid, host: `not-${hostname()}`, id: '1'}));
    const {session} = openSession();
    expect(await rejection(downloadTo(session, server.origin, file))).toMatchObject({
      code: 'ERR_DOWNLOAD_LOCKED',
    });
    const then = new Date(Date.now() - 31_000);
    await utimes(lock, then, then);
    await downloadTo(session, server.origin, file);
    expect(await readdir(folder)).toEqual(['file.bin']);
  });

  it('of many processes that find the lock of a dead process, one gets it', async () => {
    const server = await startStalling();
    const {file} = await place();
    // No process has this number.
    await writeFile(
      `${file}.aiofetch-part.lock`,
      JSON.stringify({pid: 2 ** 22 + 1, host: await placeOf(), id: '1'}),
    );
    const {session} = openSession();
    const controller = new AbortController();
    const outcomes = Array.from({length: 10}, () =>
      rejection(downloadTo(session, server.origin, file, {signal: controller.signal})),
    );
    const refused = await Promise.all(outcomes.map((outcome) => Promise.race([outcome, started(server)])));
    expect(refused.filter((error) => error === undefined).length).toBeGreaterThan(0);
    controller.abort(new Error('enough'));
    const errors = await Promise.all(outcomes);
    expect(errors.filter(({message}) => message === 'enough')).toHaveLength(1);
    expect(errors.filter((error) => (error as {code?: string}).code === 'ERR_DOWNLOAD_LOCKED')).toHaveLength(
      9,
    );
  });
});

async function started(server: FileServer): Promise<undefined> {
  await expect.poll(() => server.requests.length).toBeGreaterThan(0);
}
