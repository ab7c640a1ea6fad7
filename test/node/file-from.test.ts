import {execFileSync} from 'node:child_process';
import {appendFile, mkdtemp, rm, stat, utimes, writeFile} from 'node:fs/promises';
import type {IncomingMessage} from 'node:http';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {platform} from 'node:process';
import {pathToFileURL} from 'node:url';
import {describe, expect, it, onTestFinished, vi} from 'vitest';
import {ConnectionError} from '../../src/index.ts';
import {fileFrom} from '../../src/node/index.ts';
import {failure} from '../support/failure.ts';
import {bodyOf, startServer} from '../support/http-server.ts';
import {openSession} from '../support/open-session.ts';
import {memoryModule, runScript} from '../support/run-script.ts';

/** A file of its own for the test. */
async function createFile(content: string | Uint8Array, name = 'report.txt'): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'aiofetch-file-from-'));
  onTestFinished(() => rm(directory, {recursive: true, force: true}));
  const path = join(directory, name);
  await writeFile(path, content);
  return path;
}

/** What was sent as a form, read by the platform's own parser. */
async function formOf(request: IncomingMessage): Promise<FormData> {
  const headers = {'content-type': String(request.headers['content-type'])};
  return new Response(new Uint8Array(await bodyOf(request)), {headers}).formData();
}

describe('fileFrom', () => {
  it('fileFrom returns a File with the name, size and date of the file', async () => {
    const path = await createFile('äöü');
    await utimes(path, 1_000, 2_000);
    const file = await fileFrom(path);
    expect(file).toBeInstanceOf(File);
    expect(file).toMatchObject({name: 'report.txt', type: '', size: 6, lastModified: 2_000_000});
    expect(await file.text()).toBe('äöü');
    expect(await fileFrom(pathToFileURL(path), {name: 'a.csv', type: 'text/csv'})).toMatchObject({
      name: 'a.csv',
      type: 'text/csv',
      size: 6,
    });
  });

  it('fileFrom rejects with the error of the file system, and refuses a directory and unknown options', async () => {
    const path = await createFile('');
    expect(await failure(fileFrom(`${path}.no`))).toMatchObject({code: 'ENOENT', path: `${path}.no`});
    expect(await failure(fileFrom(tmpdir()))).toBeInstanceOf(TypeError);
    expect(await failure(fileFrom(path, {contentType: 'a/b'} as never))).toMatchObject({
      name: 'UnsupportedOptionError',
      option: 'fileFrom.contentType',
    });
  });

  it.skipIf(platform === 'win32')(
    'fileFrom refuses a pipe at once, without waiting for a writer',
    async () => {
      const path = `${await createFile('')}.pipe`;
      execFileSync('mkfifo', [path]);
      const error = await failure(fileFrom(path));
      expect(error).toBeInstanceOf(TypeError);
      expect(error).toMatchObject({message: expect.stringContaining('is not a file')});
    },
  );

  it.skipIf(platform !== 'linux')(
    'fileFrom refuses files whose content does not have their size',
    async () => {
      for (const path of ['/proc/self/status', '/sys/kernel/mm/transparent_hugepage/enabled', '/dev/zero']) {
        const error = await failure(fileFrom(path).then(() => new Error(`${path} was accepted`)));
        expect(error, path).toBeInstanceOf(TypeError);
      }
    },
  );

  it.each([0, 10, 1_000_000])('a file is sent as a body with its length: %d bytes', async (size) => {
    const file = await fileFrom(await createFile(Buffer.alloc(size, 'x')), {type: 'text/x-own'});
    const server = await startServer(async (request, response) => {
      const {'content-type': type, 'content-length': length} = request.headers;
      response.end(JSON.stringify({type, length, arrived: (await bodyOf(request)).length}));
    });
    const {session} = openSession();
    const answer = await session.put(server.origin, {body: file}).json();
    expect(answer).toEqual({type: 'text/x-own', length: String(size), arrived: size});
  });

  it('a form with a file is sent with its length and reports its progress', async () => {
    const large = await fileFrom(await createFile(Buffer.alloc(500_000, 'x'), 'large.bin'));
    const named = await fileFrom(await createFile('a,b'), {type: 'text/csv'});
    const form = new FormData();
    form.append('title', 'Report');
    form.append('files', large);
    form.append('files', named, 'other.csv');
    const server = await startServer(async (request, response) => {
      const files = (await formOf(request)).getAll('files') as File[];
      const seen = files.map(({name, type, size}) => ({name, type, size}));
      response.end(JSON.stringify({length: Number(request.headers['content-length']), seen}));
    });
    const {session} = openSession();
    const listener = vi.fn();
    const {length, seen} = await session
      .post(server.origin, {body: form, onUploadProgress: listener})
      .json<{length: number; seen: unknown}>();
    expect(seen).toEqual([
      {name: 'large.bin', type: 'application/octet-stream', size: 500_000},
      {name: 'other.csv', type: 'text/csv', size: 3},
    ]);
    expect(listener.mock.calls.length).toBeGreaterThan(5);
    expect(listener.mock.lastCall?.[0]).toEqual({percent: 1, transferredBytes: length, totalBytes: length});
  });

  it('a retried call sends the file again, as a body and in a form', async () => {
    const file = await fileFrom(await createFile(Buffer.alloc(300_000, 'x')));
    const form = new FormData();
    form.append('file', file);
    const arrived: number[] = [];
    const server = await startServer(async (request, response) => {
      arrived.push((await bodyOf(request)).length);
      response.writeHead(arrived.length % 2 === 1 ? 503 : 200).end();
    });
    const {session} = openSession({}, {retry: {retries: 1, minDelay: 1}});
    await session.put(server.origin, {body: file});
    await session.put(server.origin, {body: form});
    expect(arrived[0]).toBe(300_000);
    expect(arrived[1]).toBe(300_000);
    expect(arrived[3]).toBe(arrived[2]);
  });

  it.each([
    ['small', 10],
    ['large', 5_000_000],
  ])('a file that has changed since is not sent: a %s one', async (_what, size) => {
    const path = await createFile(Buffer.alloc(size, 'x'));
    const file = await fileFrom(path);
    const form = new FormData();
    form.append('file', file);
    await appendFile(path, 'more');
    let whole = 0;
    const server = await startServer(async (request, response) => {
      await bodyOf(request);
      whole++;
      response.end();
    });
    const {fetch, stats} = openSession();
    for (const body of [file, form]) {
      const error = await failure(fetch(server.origin, {method: 'POST', body}));
      expect(error).toBeInstanceOf(ConnectionError);
      expect(error).toMatchObject({phase: 'send', cause: {name: 'NotReadableError'}});
    }
    expect(stats()).toMatchObject({active: 0, idle: 0});
    expect(whole).toBe(0);
    expect((await stat(path)).size).toBe(size + 4);
  });

  it('sending half a gigabyte takes no more memory than sending a small file', async () => {
    const server = await startServer((request, response) => {
      let received = 0;
      request.on('data', (chunk: Buffer) => {
        received += chunk.length;
      });
      request.on('end', () => response.end(`${received} ${request.headers['content-length']}`));
    });
    const size = 512 * 1024 * 1024;
    const {stdout, stderr} = await runScript(
      `
      import {mkdtemp, open, rm} from 'node:fs/promises';
      import {tmpdir} from 'node:os';
      import {createSession} from 'aiofetch';
      import {fileFrom} from 'aiofetch/node';
      import {readPeak, startPeak} from '${memoryModule}';
      const directory = await mkdtemp(tmpdir() + '/aiofetch-');
      const session = createSession();
      async function send(size) {
        const handle = await open(directory + '/' + size, 'w');
        await handle.truncate(size);
        await handle.close();
        const form = new FormData();
        form.append('file', await fileFrom(directory + '/' + size));
        return session.post('${server.origin}', {body: form}).text();
      }
      await send(20_000_000);
      const before = startPeak();
      const answer = await send(${size});
      const grown = readPeak() - before;
      console.log(JSON.stringify({answer, grown}));
      await rm(directory, {recursive: true});
      await session.close();
    `,
    );
    expect(stderr).toBe('');
    const {answer, grown} = JSON.parse(stdout);
    const [received, announced] = answer.split(' ').map(Number);
    expect(received).toBe(announced);
    expect(received).toBeGreaterThan(size);
    expect(grown).toBeLessThan(100 * 1024 * 1024);
  });
});
