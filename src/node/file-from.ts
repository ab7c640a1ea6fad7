import {openAsBlob} from 'node:fs';
import {open} from 'node:fs/promises';
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
 * @throws The error of the file system (`ENOENT`, `EACCES`, …); TypeError if the path is not a file; UnsupportedOptionError.
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
  // `open` says why a file can't be read. `openAsBlob` only says that it can't.
  const handle = await open(path, 'r');
  try {
    const stats = await handle.stat();
    if (!stats.isFile()) throw new TypeError(`${path} is not a file, and cannot be sent`);
    const blob = await openAsBlob(path, {type});
    return new File([blob], name, {type, lastModified: Math.trunc(stats.mtimeMs)});
  } finally {
    await handle.close();
  }
}
