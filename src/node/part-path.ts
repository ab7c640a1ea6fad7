import {createHash} from 'node:crypto';
import {lstat, readlink, realpath, stat} from 'node:fs/promises';
import {basename, dirname, join, resolve} from 'node:path';

const suffix = '.aiofetch-part';

/** The length of what follows the longest name of a part file: `.lock.` and the UUID of a stale lock. */
const restLength = '.lock.'.length + 36;

/** The longest name in bytes that all common file systems take: that of eCryptfs. Others take 255. */
const longestName = 143;

const longestBase = longestName - suffix.length - restLength;

/** Returns the path of the part file for a file. A long name is shortened, and ends with a hash of the whole. */
export function partPathOf(path: string): string {
  const name = basename(path);
  if (Buffer.byteLength(name) <= longestBase) return path + suffix;
  const hash = createHash('sha256').update(name).digest('hex').slice(0, 16);
  const most = longestBase - hash.length - 1;
  let start = '';
  let size = 0;
  // By whole characters, because some file systems refuse names that are not UTF-8.
  for (const character of name) {
    size += Buffer.byteLength(character);
    if (size > most) break;
    start += character;
  }
  return join(dirname(path), `${start}~${hash}${suffix}`);
}

/** How many symbolic links in a row are followed, as in Linux. */
const mostLinks = 40;

/**
 * Follows a symbolic link to the file that it names, which may not exist yet: a download writes to the file and keeps the
 * link, as curl, wget and aria2 do.
 *
 * A link of another user in a directory that everybody may write to, such as `/tmp`, is not followed, as on Linux with
 * `fs.protected_symlinks`: that user may want another file to be overwritten.
 *
 * @throws The error of the file system, such as `ELOOP`
 */
export async function followLinks(path: string): Promise<string> {
  let current = path;
  for (let count = 0; count < mostLinks; count++) {
    const found = await lstat(current).catch(() => undefined);
    if (!found?.isSymbolicLink()) return current;
    // A relative link begins at the directory itself, not at a link to it.
    const directory = await realpath(dirname(current));
    const {mode, uid} = await stat(directory);
    const isTrusted = found.uid === process.geteuid?.() || found.uid === uid;
    if ((mode & publicDirectory) === publicDirectory && !isTrusted) return current;
    current = resolve(directory, await readlink(current));
  }
  // Throws ELOOP for a loop.
  await stat(path);
  return current;
}

/** The sticky bit, and the permission of everybody to write. */
const publicDirectory = 0o1002;
