import {constants} from 'node:fs';
import {type FileHandle, lstat, open, rm} from 'node:fs/promises';

/**
 * The flags that keep `open` from following a symbolic link and from waiting for the other end of a pipe. Windows has neither
 * flag, and lets only administrators create symbolic links by default.
 */
const careful = (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0);

/** Opens a regular file. Anything else at the path, such as a symbolic link or a pipe, counts as absent. */
async function openRegular(path: string, flags: number): Promise<FileHandle | undefined> {
  // A check before the file is opened as well: opening a pipe or a device may have an effect.
  const found = await lstat(path).catch(() => undefined);
  if (!found?.isFile()) return undefined;
  let file: FileHandle;
  try {
    file = await open(path, careful | flags);
  } catch (error) {
    // ELOOP: a symbolic link has taken the place of the file since.
    const {code = ''} = error as NodeJS.ErrnoException;
    if (['ENOENT', 'ELOOP', 'EACCES', 'EPERM'].includes(code)) return undefined;
    throw error;
  }
  if ((await file.stat()).isFile()) return file;
  await file.close();
  return undefined;
}

/**
 * Opens a file that an earlier download has left, for reading and writing. A file of another user and a file with another
 * hard link count as absent: in a shared directory somebody else may have put them there, to have another file overwritten
 * or to have bytes taken for those of the server.
 *
 * @param user - the user id that new files in this directory get
 */
export async function openOwn(path: string, user: number): Promise<FileHandle | undefined> {
  const file = await openRegular(path, constants.O_RDWR);
  if (!file) return undefined;
  const {nlink, uid} = await file.stat();
  if (nlink === 1 && uid === user) return file;
  await file.close();
  return undefined;
}

/**
 * Creates a file for reading and writing. Whatever is at the path is removed first, not followed.
 *
 * @throws The error of the file system, `EEXIST` if another process puts something at the path at the same moment
 */
export async function createOwn(path: string, mode: number): Promise<FileHandle> {
  await rm(path, {force: true});
  return open(path, 'wx+', mode);
}

/**
 * Reads a small text file without following links.
 *
 * @param most - the largest size in bytes
 * @param user - the required user id of the file, if any
 * @returns `undefined` if there is no such file
 */
export async function readSmall(path: string, most: number, user?: number): Promise<string | undefined> {
  const file = await openRegular(path, constants.O_RDONLY);
  if (!file) return undefined;
  try {
    const {size, uid} = await file.stat();
    return size > most || (user !== undefined && uid !== user) ? undefined : await file.readFile('utf8');
  } finally {
    await file.close();
  }
}

/** Whether the path still leads to the opened file, and not to another one or to a link. */
export async function isAt(file: FileHandle, path: string): Promise<boolean> {
  const [opened, found] = await Promise.all([
    file.stat({bigint: true}),
    lstat(path, {bigint: true}).catch(() => undefined),
  ]);
  return found?.isFile() === true && found.ino === opened.ino && found.dev === opened.dev;
}

/** Returns the permissions of the file at the path, and 0o666 if there is none. */
export async function permissionsAt(path: string): Promise<number> {
  const found = await lstat(path).catch(() => undefined);
  return found?.isFile() ? found.mode & permissions : 0o666;
}

/**
 * Gives a file the permissions and the group of the file that it is to replace. A file of another user only takes
 * permissions away: that user may have put it there.
 */
export async function takePermissions(file: FileHandle, path: string): Promise<void> {
  const found = await lstat(path).catch(() => undefined);
  if (!found?.isFile()) return;
  const {uid, gid, mode} = await file.stat();
  let wanted = found.uid === uid ? found.mode : found.mode & mode;
  const hasGroup =
    gid === found.gid ||
    (await file.chown(uid, found.gid).then(
      () => true,
      () => false,
    ));
  // Another group gets no more than everybody.
  if (!hasGroup) wanted &= ~0o070 | ((wanted & 0o007) << 3);
  await file.chmod(wanted & permissions);
}

/** Read, write and execute, without the bits that give a program the rights of its owner. */
const permissions = 0o777;
