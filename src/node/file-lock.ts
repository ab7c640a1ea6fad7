import {randomUUID} from 'node:crypto';
import {link, open, readFile, rename, stat, unlink, utimes} from 'node:fs/promises';
import {hostname} from 'node:os';
import {pid} from 'node:process';

/** A file that says who works on another. */
export interface FileLock {
  /** Rejects when somebody else has taken it, which took this process for dead. */
  readonly lost: Promise<never>;
  release(): Promise<void>;
}

/** How often the owner touches it, and after which time without that it's nobody's, in ms. */
const heartbeat = 5_000;
const staleAfter = 30_000;

/**
 * Takes the lock, also over from an owner that is gone: a process of this machine that no longer runs, or any that
 * hasn't touched it for half a minute. `undefined` when somebody has it.
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
    else reject(new Error('Somebody else has taken the lock'));
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
  // Moved away rather than deleted: of several that find it stale, one gets it; who got another's puts it back.
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
    // It's being written.
    return false;
  }
}

function isRunning(other: number): boolean {
  try {
    process.kill(other, 0);
    return true;
  } catch (error) {
    // Somebody else's process is one too.
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

function ownerOf(path: string): Promise<string | undefined> {
  return readFile(path, 'utf8').catch(() => undefined);
}
