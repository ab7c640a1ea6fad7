import {type FileHandle, open, realpath} from 'node:fs/promises';
import {resolve} from 'node:path';
import {setTimeout as delay} from 'node:timers/promises';
import {fileURLToPath} from 'node:url';
import {inTurn} from '../policies/cookies/in-turn.ts';
import type {Cookie, CookieStore} from '../policies/cookies/types.ts';
import {assertOption} from '../utils/check-options.ts';
import {replaceFile, syncDirectoryOf} from './durable.ts';
import {type FileLock, lockFile} from './file-lock.ts';

/** The largest file that is read, in bytes: several times what a jar of 3,000 cookies can have. */
const largestFile = 64 * 1024 * 1024;

/** How long an update waits for those of other processes, in ms. A lock without an owner is taken after 30 s. */
const longestWait = 60_000;

/** What a file had at a version of it. */
interface Contents {
  readonly version: string;
  readonly cookies: readonly Cookie[];
}

/**
 * Keeps the cookies of a jar in a file, as JSON, which only its user may read. Several processes may share the file: an update
 * takes the lock `PATH.lock`, reads the file and replaces it atomically, so that a crash leaves either the old or the new
 * cookies. A jar reads the file again only when it has changed.
 *
 * @throws InvalidOptionError for a path that is none
 *
 * @example
 * ```ts
 * import {cookieJar} from 'aiofetch/cookies';
 * import {cookieFile} from 'aiofetch/node';
 *
 * const jar = cookieJar({store: cookieFile('/tmp/cookies.json')});
 * await jar.set('sid=1; Path=/', 'https://example.com/');
 * ```
 */
export function cookieFile(path: string | URL): CookieStore {
  const given = path instanceof URL ? fileURLToPath(path) : path;
  assertOption(typeof given === 'string' && given !== '', 'path', undefined, 'a path or a file: URL');
  // The working directory may change later.
  const absolute = resolve(given);
  const run = inTurn();
  let last: Contents | undefined;

  async function read(): Promise<readonly Cookie[] | undefined> {
    let file: FileHandle;
    try {
      file = await open(absolute, 'r');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw error;
    }
    try {
      const {dev, ino, size, mtimeNs} = await file.stat({bigint: true});
      const version = `${dev} ${ino} ${size} ${mtimeNs}`;
      if (last?.version !== version) {
        if (size > largestFile) throw new Error(`The file has more than ${largestFile} bytes`);
        last = {version, cookies: parse(await file.readFile('utf8'))};
      }
      return last.cookies;
    } finally {
      await file.close();
    }
  }

  async function update(change: (saved: readonly Cookie[] | undefined) => readonly Cookie[]): Promise<void> {
    // A link stays, and the file that it leads to is replaced.
    const target = await realpath(absolute).catch(() => absolute);
    const lock = await takeLock(`${target}.lock`);
    try {
      const cookies = change(await read());
      await Promise.race([lock.lost, replaceFile(target, JSON.stringify(cookies))]);
      await syncDirectoryOf(target);
    } finally {
      await lock.release();
    }
  }

  return {read, update: (change) => run(() => update(change))};
}

/** @throws Error without a piece of the text, which has the values of cookies */
function parse(text: string): readonly Cookie[] {
  // A file that a program made to set its permissions.
  if (text.trim() === '') return [];
  let cookies: unknown;
  try {
    cookies = JSON.parse(text);
  } catch {
    throw new Error('The file is not JSON');
  }
  if (!Array.isArray(cookies)) throw new Error('The file has something else than a list of cookies');
  return cookies;
}

async function takeLock(path: string): Promise<FileLock> {
  for (const end = performance.now() + longestWait; ; ) {
    const lock = await lockFile(path);
    if (lock) return lock;
    if (performance.now() > end) throw new Error('Another process has had the lock of the file for too long');
    // Spread at random, so that processes that wait don't ask at the same moment again.
    await delay(5 + Math.random() * 20);
  }
}
