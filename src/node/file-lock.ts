import {randomUUID} from 'node:crypto';
import {link, open, readFile, rename, stat, unlink, utimes} from 'node:fs/promises';
import {hostname} from 'node:os';
import {pid} from 'node:process';

/** A lock file, which names the process that works on another file. */
export interface FileLock {
  /** Rejects when another process has taken the lock because it found this process dead. */
  readonly lost: Promise<never>;
  release(): Promise<void>;
}

/** The time in ms after which the owner touches the lock file again, and after which an untouched lock has no owner. */
const heartbeat = 5_000;
const staleAfter = 30_000;

/**
 * Takes the lock, even from an owner that is gone: a process of this machine that no longer runs, or any process that
 * hasn't touched the lock file for half a minute. Returns `undefined` if another process has the lock.
 */
export async function lockFile(path: string): Promise<FileLock | undefined> {
  const owner = JSON.stringify({pid, host: hostname(), id: randomUUID()});
  if (!(await create(path, owner)) && !((await removeStale(path)) && (await create(path, owner))))
    return undefined;
  const {promise: lost, reject} = Promise.withResolvers<never>();
  lost.catch(() => undefined);
  const timer = setInterval(async () => {
    const now = new Date();
    if ((await ownerOf(path)) === owner) await utimes(path, now, now).catch(() => undefined);
    else reject(new Error('Another process has taken the lock'));
  }, heartbeat);
  timer.unref();
  return {
    lost,
    async release() {
      clearInterval(timer);
      if ((await ownerOf(path)) === owner) await unlink(path).catch(() => undefined);
    },
  };
}

async function create(path: string, owner: string): Promise<boolean> {
  try {
    await using file = await open(path, 'wx', 0o600);
    await file.writeFile(owner);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

async function removeStale(path: string): Promise<boolean> {
  const owner = await ownerOf(path);
  if (owner === undefined) return true;
  if (!(await isStale(path, owner))) return false;
  // The file is moved rather than deleted: of several processes that find it stale, one moves it. A process that moved the
  // new lock of another process puts it back.
  const away = `${path}.${randomUUID()}`;
  try {
    await rename(path, away);
  } catch {
    return false;
  }
  const isIt = (await ownerOf(away)) === owner;
  if (!isIt) await link(away, path).catch(() => undefined);
  await unlink(away);
  return isIt;
}

async function isStale(path: string, owner: string): Promise<boolean> {
  const touched = await stat(path).then(
    ({mtimeMs}) => mtimeMs,
    () => 0,
  );
  if (Date.now() - touched > staleAfter) return true;
  try {
    const {pid: other, host} = JSON.parse(owner) as {pid: number; host: string};
    return host === hostname() && !isRunning(other);
  } catch {
    // The owner is still writing the file.
    return false;
  }
}

function isRunning(other: number): boolean {
  try {
    process.kill(other, 0);
    return true;
  } catch (error) {
    // EPERM: the process runs, and belongs to another user.
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

function ownerOf(path: string): Promise<string | undefined> {
  return readFile(path, 'utf8').catch(() => undefined);
}
