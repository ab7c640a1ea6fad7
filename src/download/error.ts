import type {ErrorDetails} from '../errors/base.ts';
import {nameClass, RequestError} from '../errors/base.ts';

/** What is wrong with a download, as its error's `code` has it. */
export type DownloadFault =
  /** What is at the URL is no longer what was begun with. */
  | 'ERR_DOWNLOAD_CHANGED'
  /** The connection broke, and the server gave nothing to know the rest by: no strong ETag, no date that is old enough. */
  | 'ERR_DOWNLOAD_NOT_RESUMABLE'
  /** More or fewer bytes than were announced, or than were asked for by `size`. */
  | 'ERR_DOWNLOAD_SIZE'
  /** The bytes don't have the digest that they should have, or there is none to check. */
  | 'ERR_DOWNLOAD_DIGEST'
  /** The server answered with a range that was not asked for. */
  | 'ERR_DOWNLOAD_RANGE'
  /** Another process, or this one, is downloading to the same file. */
  | 'ERR_DOWNLOAD_LOCKED';

/** A download that can't go on; `code` tells why. */
export class DownloadError extends RequestError {
  declare readonly code: DownloadFault;

  static override readonly name: string = /* @__PURE__ */ nameClass(() => this, 'DownloadError');

  constructor(message: string, code: DownloadFault, details: ErrorDetails = {}) {
    // Nothing was sent for a file that another downloads to.
    const phase = code === 'ERR_DOWNLOAD_LOCKED' ? undefined : 'receive';
    super(message, code, phase, details);
  }
}

/** It would have to begin anew. */
export function isLost(error: unknown): error is DownloadError {
  return (
    error instanceof DownloadError &&
    (error.code === 'ERR_DOWNLOAD_CHANGED' || error.code === 'ERR_DOWNLOAD_NOT_RESUMABLE')
  );
}
