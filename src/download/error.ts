import type {ErrorDetails} from '../errors/base.ts';
import {AiofetchError, nameClass} from '../errors/base.ts';

/** The values of {@link DownloadError.code}. */
export type DownloadFault =
  /** The content of the URL has changed since the download began. */
  | 'ERR_DOWNLOAD_CHANGED'
  /** The connection broke, and the server gave no strong ETag and no date old enough to ask for the rest of the same content. */
  | 'ERR_DOWNLOAD_NOT_RESUMABLE'
  /** There are more or fewer bytes than the server announced, or than the option `size` says. */
  | 'ERR_DOWNLOAD_SIZE'
  /** The bytes don't have the expected digest, or the server sent no digest although `digest` is `'required'`. */
  | 'ERR_DOWNLOAD_DIGEST'
  /** The server answered with another range than the requested one. */
  | 'ERR_DOWNLOAD_RANGE'
  /** Another process, or this one, is downloading to the same file already. */
  | 'ERR_DOWNLOAD_LOCKED'
  /** Another program has replaced the part file during the download. */
  | 'ERR_DOWNLOAD_FILE';

/** A download can't go on. `code` says why. */
export class DownloadError extends AiofetchError {
  declare readonly code: DownloadFault;

  static override readonly name: string = /* @__PURE__ */ nameClass(() => this, 'DownloadError');

  constructor(message: string, code: DownloadFault, details: ErrorDetails = {}) {
    // No request was sent if another download has the file.
    const phase = code === 'ERR_DOWNLOAD_LOCKED' ? undefined : 'receive';
    super(message, code, phase, details);
  }
}

/** Whether the download would have to start again from the first byte. */
export function isLost(error: unknown): error is DownloadError {
  return (
    error instanceof DownloadError &&
    (error.code === 'ERR_DOWNLOAD_CHANGED' || error.code === 'ERR_DOWNLOAD_NOT_RESUMABLE')
  );
}
