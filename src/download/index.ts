/**
 * Downloads that go on where they broke off.
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

/** What {@link download} gives. */
export interface Download extends AsyncIterableIterator<Uint8Array, undefined, undefined> {
  /** Bytes in all; `undefined` before the first has come, and when the server doesn't tell. */
  readonly size: number | undefined;
  /** Bytes handed on. */
  readonly received: number;
  /** The ETag of what is downloaded. */
  readonly etag: string | undefined;
}

/**
 * What is at a URL, in chunks as they arrive. A broken connection is no end: it goes on from where it was (`Range`),
 * if the server has the same version still (`If-Range`: a strong ETag, or a date that is older than the response). As long
 * as nothing was handed on, it begins anew instead. Leaving the loop cancels it.
 *
 * A digest is known at the end only: what was handed on is to be trusted when the loop has ended without an error.
 *
 * @throws InvalidOptionError
 * @throws From the loop: DownloadError, whose `code` tells what is wrong; HTTPError; what the last of its requests
 * failed with; the reason of `signal`. A `total` timeout is one request's, and ends the download.
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
  const {call, digest, size, resumes} = checkDownload(session, basics, 'download', ['onRestart']);
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
    retries: resumes,
    size,
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
    // Not before the server has answered, be it with nothing.
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
      throw new DownloadError("What came doesn't have the digest that it has to", 'ERR_DOWNLOAD_DIGEST', {
        request: requestOf(job),
      });
    }
  }

  return Object.defineProperties(leaveAtOnce(read(), controller), {
    size: {get: () => resource.size, enumerable: true},
    received: {get: () => received, enumerable: true},
    etag: {get: () => resource.validator?.etag, enumerable: true},
  }) as Download;
}
