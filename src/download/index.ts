/**
 * Downloads that continue where they broke off.
 *
 * @module
 */
import {createHash} from '#hash';
import type {Session} from '../session/session.ts';
import {followSignal, leaveAtOnce} from '../utils/abortable-iterator.ts';
import {checkFunction} from '../utils/check-options.ts';
import {expectedDigest, partChecks} from './check-digest.ts';
import {type Digest, type Hash, isEqual} from './digest.ts';
import {DownloadError, isLost} from './error.ts';
import {forget, type RangeJob, type Resource, requestOf} from './open-part.ts';
import {checkDownload, type DownloadOptions, progressOf} from './options.ts';
import {readRange} from './read-range.ts';

export type {DownloadFault} from './error.ts';
export {DownloadError} from './error.ts';
export type {DownloadBasics, DownloadOptions, DownloadProgress} from './options.ts';

/** The iterator that {@link download} returns. */
export interface Download extends AsyncIterableIterator<Uint8Array, undefined, undefined> {
  /** The size in bytes; `undefined` before the first chunk, and if the server doesn't announce it. */
  readonly size: number | undefined;
  /** The number of bytes that were yielded. */
  readonly received: number;
  /** The ETag of the content. */
  readonly etag: string | undefined;
}

/**
 * Yields the content of a URL in chunks as they arrive. After a broken connection the download continues where it was
 * (`Range`) if the server still has the same version (`If-Range`: a strong ETag, or a date that is older than the
 * response). If nothing was yielded yet, it starts again instead. Leaving the loop cancels the download.
 *
 * The digest is checked at the end: trust the chunks only once the loop has ended without an error.
 *
 * @throws InvalidOptionError; UnsupportedOptionError
 * @throws From the loop: DownloadError, whose `code` says why; HTTPError; the error of the last request; the reason of
 * `signal`. A `total` timeout is the timeout of one request, and ends the download.
 *
 * @example
 * ```ts
 * import {createSession, download} from 'aiofetch';
 *
 * await using session = createSession();
 * const file = download(session, 'https://example.com/large.bin', {
 *   digest: true,
 *   onDownloadProgress: ({percent}) => console.log(`${Math.round(percent * 100)} %`),
 * });
 * for await (const chunk of file) console.log(chunk.length, file.received, file.size);
 * ```
 */
export function download(session: Session, url: string | URL, options: DownloadOptions = {}): Download {
  const {onRestart, ...basics} = options;
  checkFunction('onRestart', onRestart);
  const {call, digest, size, maxSize, resumes} = checkDownload(session, basics, 'download', ['onRestart']);
  const {onDownloadProgress, signal} = basics;
  const resource: Resource = {validator: undefined, size: undefined, digest: undefined};
  const controller = new AbortController();
  const job: RangeJob = {
    session,
    url,
    call,
    signal: controller.signal,
    resource,
    start: 0,
    end: undefined,
    isShared: false,
    isWhole: false,
    retries: resumes,
    size,
    maxSize,
    ...partChecks(digest, createHash),
  };
  let received = 0;

  async function* read(): AsyncGenerator<Uint8Array<ArrayBuffer>, undefined, undefined> {
    const unfollow = followSignal(controller, signal);
    try {
      for (let restarts = 0; ; restarts++) {
        try {
          yield* readOnce();
          return;
        } catch (error) {
          if (!onRestart || !isLost(error) || restarts === resumes) throw error;
          await onRestart(error);
          received = 0;
          forget(resource);
        }
      }
    } finally {
      unfollow();
    }
  }

  async function* readOnce(): AsyncGenerator<Uint8Array<ArrayBuffer>, undefined, undefined> {
    let expected: Digest | undefined;
    let hash: Hash | undefined;
    // Called once the server has answered, because the digest may come from its headers.
    async function expect(): Promise<void> {
      expected = expectedDigest(digest, resource, requestOf(job));
      hash = expected && (await createHash(expected.algorithm));
    }

    for await (const chunk of readRange(job)) {
      if (received === 0) await expect();
      hash?.update(chunk);
      received += chunk.length;
      onDownloadProgress?.(progressOf(received, resource.size));
      yield chunk;
    }
    if (received === 0) await expect();
    if (hash && expected && !isEqual(hash.digest(), expected.value)) {
      throw new DownloadError(
        'The downloaded content does not have the expected digest',
        'ERR_DOWNLOAD_DIGEST',
        {
          request: requestOf(job),
        },
      );
    }
  }

  return Object.defineProperties(leaveAtOnce(read(), controller), {
    size: {get: () => resource.size, enumerable: true},
    received: {get: () => received, enumerable: true},
    etag: {get: () => resource.validator?.etag, enumerable: true},
  }) as Download;
}
