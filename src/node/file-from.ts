import {openAsBlob} from 'node:fs';
import {open} from 'node:fs/promises';
import {basename} from 'node:path';
import {fileURLToPath} from 'node:url';
import {checkKnown} from '../utils/check-options.ts';

/** Options of {@link fileFrom}. */
export interface FileFromOptions {
  /**
   * What a form calls it.
   *
   * @default the last part of the path
   */
  readonly name?: string | undefined;
  /**
   * Its media type: what `Content-Type` is, of a body or of its part of a form.
   *
   * @default '', which a form sends as application/octet-stream
   */
  readonly type?: string | undefined;
}

/**
 * A file on the disk as a `File`: a body by itself, or an entry of `FormData`. It is read as it is sent, a piece at a time
 * and as fast as that leaves, and again for each attempt; its size is known. One that has changed since is not sent: the
 * request fails with a {@link ConnectionError} of phase `send`, caused by a `NotReadableError`.
 *
 * @param path - A path, or a `file:` URL.
 * @throws what the file system says (`ENOENT`, `EACCES`, …); TypeError for what is no file; InvalidOptionError
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
  // It tells what is wrong; `openAsBlob` only that something is.
  const handle = await open(path, 'r');
  try {
    const stats = await handle.stat();
    if (!stats.isFile()) throw new TypeError(`${path} is no file that could be sent`);
    const blob = await openAsBlob(path, {type});
    return new File([blob], name, {type, lastModified: Math.trunc(stats.mtimeMs)});
  } finally {
    await handle.close();
  }
}
