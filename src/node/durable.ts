import {open, rename, rm} from 'node:fs/promises';
import {dirname} from 'node:path';
import {createOwn} from './own-file.ts';

/** Writes the directory's entries to the disk (`fsync`), except on Windows, which can't sync directories. */
export async function syncDirectoryOf(path: string): Promise<void> {
  try {
    await using directory = await open(dirname(path), 'r');
    await directory.sync();
  } catch (error) {
    const {code} = error as NodeJS.ErrnoException;
    if (code !== 'EISDIR' && code !== 'EPERM' && code !== 'EACCES' && code !== 'EINVAL') throw error;
  }
}

/**
 * Replaces a small file atomically: after a crash, and after a failure such as that of a full disk, the file has either the
 * old or the new text.
 */
export async function replaceFile(path: string, text: string): Promise<void> {
  const temporary = `${path}~`;
  try {
    await using file = await createOwn(temporary, 0o600);
    await file.writeFile(text);
    await file.sync();
  } catch (error) {
    await rm(temporary, {force: true}).catch(() => undefined);
    throw error;
  }
  await rename(temporary, path);
}
