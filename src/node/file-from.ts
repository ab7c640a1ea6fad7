import {constants, openAsBlob} from 'node:fs';
import {type FileHandle, open, stat} from 'node:fs/promises';
import {basename} from 'node:path';
import {fileURLToPath} from 'node:url';
import {checkKnown} from '../utils/check-options.ts';

/** Options of {@link fileFrom}. */
export interface FileFromOptions {
  /**
   * The name of the file in a form.
   *
   * @default the last part of the path
   */
  readonly name?: string | undefined;
  /**
   * The media type of the file: the `Content-Type` of the body, or of its part of a form.
   *
   * @default '', which a form sends as application/octet-stream
   */
  readonly type?: string | undefined;
}

/**
 * Returns a file on the disk as a `File`, which can be a body or an entry of a `FormData`. The file is read piece by piece
 * while it is sent, and again for each attempt. Its size is known. If the file has changed since the call, the request fails
 * with a {@link ConnectionError} of phase `send`, whose cause is a `NotReadableError`.
 *
 * @param path - A path, or a `file:` URL.
 * @throws The error of the file system (`ENOENT`, `EACCES`, …); UnsupportedOptionError; TypeError if the path is not a file,
 * such as a directory or a pipe, or if the file doesn't have the size that the system names, as those in `/proc` and `/sys`.
 * Pass a stream as the body for these.
 *
 * @example
 * ```ts
 * import {createSession} from 'aiofetch';
 * import {fileFrom} from 'aiofetch/node';
 *
 * const form = new FormData();
 * form.append('manifest', await fileFrom('package.json', {type: 'application/json'}));
 * await using session = createSession();
 * await session.post('https://example.com/upload', {body: form});
 * ```
 */
export async function fileFrom(path: string | URL, options: FileFromOptions = {}): Promise<File> {
  checkKnown('fileFrom', options, ['name', 'type']);
  const {name = basename(path instanceof URL ? fileURLToPath(path) : path), type = ''} = options;
  // Checked before the file is opened as well: opening a pipe waits for a writer, and lets a waiting writer go on.
  if (!(await stat(path)).isFile()) throw notFile(path);
  // `open` says why a file can't be read. `openAsBlob` only says that it can't.
  const handle = await open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
  try {
    const stats = await handle.stat();
    if (!stats.isFile()) throw notFile(path);
    if (!(await hasNamedSize(handle, stats.size))) {
      const problem = 'does not have the size that the file system names';
      throw new TypeError(`${path} ${problem}: send createReadStream(path) as the body instead`);
    }
    const blob = await openAsBlob(path, {type});
    return new File([blob], name, {type, lastModified: Math.trunc(stats.mtimeMs)});
  } finally {
    await handle.close();
  }
}

function notFile(path: string | URL): TypeError {
  return new TypeError(`${path} is not a file, and cannot be sent: pass a stream of its content as the body`);
}

/**
 * Whether the file ends where its size says. In `/proc` files with content have the size 0, and in `/sys` the size of a page.
 * Such a file would be sent as nothing, or as less than its announced length.
 */
async function hasNamedSize(handle: FileHandle, size: number): Promise<boolean> {
  const {bytesRead} = await handle.read(new Uint8Array(1), 0, 1, Math.max(size - 1, 0));
  // A file that another program writes to in the meantime has changed its size.
  return bytesRead === Math.min(size, 1) || (await handle.stat()).size !== size;
}
