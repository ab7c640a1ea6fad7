import {open, rename} from 'node:fs/promises';
import {dirname} from 'node:path';

/** Has the directory's entries on the disk, where directories can be synced: on Windows they can't. */
export async function syncDirectoryOf(path: string): Promise<void> {
  try {
    await using directory = await open(dirname(path), 'r');
    await directory.sync();
  } catch (error) {
    const {code} = error as NodeJS.ErrnoException;
    if (code !== 'EISDIR' && code !== 'EPERM' && code !== 'EACCES' && code !== 'EINVAL') throw error;
  }
}

/** Writes a small file so that it's there as a whole or as it was before, whatever happens. */
export async function replaceFile(path: string, text: string): Promise<void> {
  const temporary = `${path}~`;
  {
    await using file = await open(temporary, 'w', 0o600);
    await file.writeFile(text);
    await file.sync();
  }
  await rename(temporary, path);
}
