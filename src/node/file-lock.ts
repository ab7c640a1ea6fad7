import {randomUUID} from 'node:crypto';
import {
  type FileHandle,
  link,
  lstat,
  lutimes,
  open,
  readFile,
  readlink,
  rename,
  unlink,
} from 'node:fs/promises';
import {hostname} from 'node:os';
import {pid} from 'node:process';
import {readSmall} from './own-file.ts';

/** A lock file, which names the process that works on another file. */
export interface FileLock {
  /** Rejects when another process has taken the lock because it found this process dead. */
  readonly lost: Promise<never>;
  /** The user id of the lock file, which is that of all new files beside it. 0 on Windows. */
  readonly user: number;
  release(): Promise<void>;
}

/** The time in ms after which the owner touches the lock file again, and after which an untouched lock has no owner. */
const heartbeat = 5_000;
const staleAfter = 30_000;

/** The largest lock file that is read, in bytes. */
const largestLock = 4_096;

/** The contents of a lock file. */
interface Owner {
  readonly pid: number;
  /** Where process numbers mean the same as in the owner. */
  readonly host: string;
  readonly id: string;
  /** The time at which the process began, in the ticks of this machine; absent where the system doesn't say. */
  readonly born?: string | undefined;
}

/**
 * Takes the lock, even from an owner that is gone: a process of this machine that no longer runs, or any process that
 * hasn't touched the lock file for half a minute. Returns `undefined` if another process has the lock.
 *
 * Process numbers say nothing about another container, even if it has the same host name and the same volume: its lock, and
 * that of a container that was started again, is stale after half a minute. The clocks of machines that share a volume may
 * differ by less than that.
 */
export async function lockFile(path: string): Promise<FileLock | undefined> {
  const parts: Owner = {pid, host: await placeOf(), id: randomUUID(), born: await birthOf(pid)};
  const owner = JSON.stringify(parts);
  let user = await create(path, owner);
  if (user === undefined && (await removeStale(path))) user = await create(path, owner);
  if (user === undefined) return undefined;
  const {promise: lost, reject} = Promise.withResolvers<never>();
  lost.catch(() => undefined);
  const timer = setInterval(async () => {
    const now = new Date();
    if ((await ownerOf(path)) === owner) await lutimes(path, now, now).catch(() => undefined);
    else reject(new Error('Another process has taken the lock'));
  }, heartbeat);
  timer.unref();
  return {
    lost,
    user,
    async release() {
      clearInterval(timer);
      if ((await ownerOf(path)) === owner) await unlink(path).catch(() => undefined);
    },
  };
}

/** Creates the lock file and returns its user id, or `undefined` if the path is taken. */
async function create(path: string, owner: string): Promise<number | undefined> {
  let file: FileHandle;
  try {
    file = await open(path, 'wx', 0o600);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return undefined;
    throw error;
  }
  try {
    await file.writeFile(owner);
    return (await file.stat()).uid;
  } catch (error) {
    // On a full disk: a lock without an owner would hold for half a minute.
    await unlink(path).catch(() => undefined);
    throw error;
  } finally {
    await file.close();
  }
}

async function removeStale(path: string): Promise<boolean> {
  const owner = await ownerOf(path);
  // Something that can't be read, such as a link, is stale once it is old.
  if (owner === undefined && !(await lstat(path).catch(() => undefined))) return true;
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

async function isStale(path: string, owner = ''): Promise<boolean> {
  const touched = await lstat(path).then(
    ({mtimeMs}) => mtimeMs,
    () => 0,
  );
  if (Date.now() - touched > staleAfter) return true;
  const other = parseOwner(owner);
  // A text that can't be parsed: the owner is still writing the file.
  if (!other || other.host !== (await placeOf())) return false;
  if (!isRunning(other.pid)) return true;
  // A process that began later has got the number of the owner: in a container, the number of each first process is 1.
  const born = await birthOf(other.pid);
  if (born !== undefined && other.born !== undefined) return born !== other.born;
  return other.pid === pid && touched < Date.now() - process.uptime() * 1_000;
}

function parseOwner(text: string): Owner | undefined {
  try {
    const owner = JSON.parse(text) as Partial<Owner> | null;
    // For the number 0 and for negative numbers, `process.kill` asks about a group of processes.
    return Number.isSafeInteger(owner?.pid) && (owner?.pid as number) > 0 ? (owner as Owner) : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Names the place where process numbers mean the same: the host, and on Linux the machine as it runs since its start, and the
 * namespace of the numbers (random(4), namespaces(7)). Containers may have the same host name and the same number 1.
 */
export async function placeOf(): Promise<string> {
  const parts = await Promise.all([
    readFile('/proc/sys/kernel/random/boot_id', 'latin1').catch(() => ''),
    readlink('/proc/self/ns/pid').catch(() => ''),
  ]);
  return [hostname(), ...parts].join(' ').trim();
}

/** The time at which a process began, in ticks since the machine began (proc(5), `/proc/pid/stat`, field 22), on Linux. */
async function birthOf(id: number): Promise<string | undefined> {
  const text = await readFile(`/proc/${id}/stat`, 'latin1').catch(() => '');
  // The name of the program, the second field, is in parentheses and may contain spaces and parentheses.
  return text.slice(text.lastIndexOf(')') + 2).split(' ')[19];
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
  return readSmall(path, largestLock).catch(() => undefined);
}
