import {stat} from 'node:fs/promises';
import {resolve} from 'node:path';
import {fileURLToPath} from 'node:url';
import {expectedDigest, partChecks} from '../download/check-digest.ts';
import {isEqual} from '../download/digest.ts';
import {DownloadError, isLost} from '../download/error.ts';
import {createHash} from '../download/node-hash.ts';
import {type RangeJob, requestOf} from '../download/open-part.ts';
import {checkDownload, type DownloadBasics, type DownloadSettings, progressOf} from '../download/options.ts';
import {readRange} from '../download/read-range.ts';
import {InvalidOptionError} from '../errors/index.ts';
import type {Session} from '../session/session.ts';
import {followSignal} from '../utils/abortable-iterator.ts';
import {checkNumber} from '../utils/check-options.ts';
import type {ByteRange} from './byte-ranges.ts';
import {lockFile} from './file-lock.ts';
import {PartFile} from './part-file.ts';
import {followLinks, partPathOf} from './part-path.ts';

/** Options of {@link downloadTo}. */
export interface DownloadToOptions extends DownloadBasics {
  /**
   * The number of ranges of a large file that are requested at once, if the server supports ranges and a strong ETag or a date
   * shows that they are of one version. With 1, the file is read in one go. The limits of the session hold.
   *
   * @default 4
   */
  readonly ranges?: number | undefined;
  /**
   * The size of a range, in bytes. A file up to this size is one request.
   *
   * @default 8_388_608
   */
  readonly rangeSize?: number | undefined;
}

/** The result of {@link downloadTo}. */
export interface DownloadedFile {
  /** The absolute path of the file. */
  readonly path: string;
  /** The size of the file, in bytes. */
  readonly size: number;
  /** The number of bytes that an earlier download had left. */
  readonly resumedFrom: number;
  /** The ETag of the content. */
  readonly etag: string | undefined;
}

const defaultRanges = 4;
const defaultRangeSize = 8 * 1024 * 1024;

/**
 * Downloads to a file, which exists as a whole or not at all. The bytes are written to a part file beside it, whose name
 * ends with `.aiofetch-part`. It gets its final name once all bytes are on the disk (`fsync`) and have the expected size and
 * digest. A download that was broken off, even by the end of the process, is continued by the next download of the same URL
 * to the same file if the server still has the same version; else the download starts again, also after a full disk.
 *
 * An existing file is replaced, and its permissions are kept. If `file` is a symbolic link, the file that it names is
 * replaced and the link stays; a link of another user in a directory like `/tmp` is not followed. The part file of a long
 * name has a shorter name, which ends with a hash.
 *
 * A lock file keeps other processes from the part file, also those of other machines that share the folder. The lock of a
 * process that no longer runs is taken over at once; one of another machine or container is, when its process has not
 * touched it for half a minute, as it does every five seconds.
 *
 * @param file - A path, or a `file:` URL.
 * @throws DownloadError, whose `code` says why: `ERR_DOWNLOAD_LOCKED` if a download to the same file is under way;
 * HTTPError; the error of the last request; the reason of `signal`; InvalidOptionError; UnsupportedOptionError; the error of
 * the file system.
 *
 * @example
 * ```ts
 * import {createSession} from 'aiofetch';
 * import {downloadTo} from 'aiofetch/node';
 * import {tmpdir} from 'node:os';
 * import {join} from 'node:path';
 *
 * await using session = createSession();
 * const {path, size} = await downloadTo(session, 'https://example.com/large.bin', join(tmpdir(), 'large.bin'), {
 *   digest: true,
 *   onDownloadProgress: ({percent}) => console.log(`${Math.round(percent * 100)} %`),
 * });
 * console.log(path, size);
 * ```
 */
export async function downloadTo(
  session: Session,
  url: string | URL,
  file: string | URL,
  options: DownloadToOptions = {},
): Promise<DownloadedFile> {
  const {ranges, rangeSize, ...basics} = options;
  const settings = checkDownload(session, basics, 'downloadTo', ['ranges', 'rangeSize']);
  const most = checkNumber('ranges', ranges, defaultRanges, {whole: true, min: 1});
  const pieceSize = checkNumber('rangeSize', rangeSize, defaultRangeSize, {whole: true, min: 1});
  const path = resolve(file instanceof URL ? fileURLToPath(file) : file);
  await checkTarget(path);
  basics.signal?.throwIfAborted();
  const target = await followLinks(path);
  const partPath = partPathOf(target);
  const lock = await lockFile(`${partPath}.lock`);
  if (!lock) throw lockedError(url, path);
  try {
    const part = await PartFile.open(partPath, target, String(url), lock.user);
    const filling: Filling = {
      session,
      url,
      part,
      settings,
      basics,
      ranges: most,
      rangeSize: pieceSize,
      isWhole: false,
    };
    return await download(filling, path, lock.lost);
  } finally {
    await lock.release();
  }
}

/** A download to a file, with its options. */
interface Filling {
  readonly session: Session;
  readonly url: string | URL;
  readonly part: PartFile;
  readonly settings: DownloadSettings;
  readonly basics: DownloadBasics;
  readonly ranges: number;
  readonly rangeSize: number;
  /** Whether no range is requested. */
  readonly isWhole: boolean;
}

async function download(filling: Filling, path: string, lockLost: Promise<never>): Promise<DownloadedFile> {
  const {part, basics, url} = filling;
  const {resource} = part;
  const controller = new AbortController();
  const unfollow = followSignal(controller, basics.signal);
  lockLost.catch(() => controller.abort(lockedError(url, path)));
  try {
    if (!canResume(filling)) await part.reset();
    const resumedFrom = await fillWhole(filling, controller.signal);
    const size = resource.size ?? part.ranges.end;
    await checkDigest(filling, controller.signal);
    controller.signal.throwIfAborted();
    await part.finish(size);
    return {path, size, resumedFrom, etag: resource.validator?.etag};
  } catch (error) {
    const isUseless =
      error instanceof DownloadError &&
      (error.code === 'ERR_DOWNLOAD_DIGEST' || error.code === 'ERR_DOWNLOAD_SIZE');
    // The caller gets the failure of the download rather than an error of noting it.
    const left = isUseless || part.ranges.size === 0 || !canResume(filling) ? part.remove() : part.leave();
    await left.catch(() => undefined);
    throw error;
  } finally {
    unfollow();
  }
}

/** Whether the download can continue: the rest of the same version can be requested, or a digest of the whole is checked. */
function canResume({part, settings}: Filling): boolean {
  return part.resource.validator?.ifRange !== undefined || typeof settings.digest === 'object';
}

/**
 * Fills the part file, and starts again if the content of the URL has changed.
 *
 * @returns the number of bytes that an earlier download had left
 */
async function fillWhole(filling: Filling, signal: AbortSignal): Promise<number> {
  let before = filling.part.ranges.size;
  let ranges = filling.ranges;
  let isWhole = false;
  for (let restarts = 0; ; restarts++) {
    const attempt = {...filling, ranges, isWhole};
    try {
      await fill(attempt, signal);
      return before;
    } catch (error) {
      signal.throwIfAborted();
      if (error === notInRanges) ranges = 1;
      else if (error === rangesRefused) {
        isWhole = true;
        ranges = 1;
      } else if (!isLost(error) || restarts >= filling.settings.resumes) throw error;
      await filling.part.reset();
      before = 0;
    }
  }
}

/** Thrown after the first range if nothing shows whether other ranges are of the same version. */
const notInRanges = new Error('The server gave no validator for ranges');
/** Thrown if the server answers some requests of ranges and refuses others, as the servers behind one address may differ. */
const rangesRefused = new Error('The server refuses a range, but not the whole');

/** Requests the missing ranges, several at once if possible. */
async function fill(filling: Filling, outer: AbortSignal): Promise<void> {
  const {part, ranges, rangeSize, basics} = filling;
  const {resource} = part;
  const pieceSize = ranges > 1 ? rangeSize : Infinity;
  const controller = new AbortController();
  const unfollow = followSignal(controller, outer);
  /** The position from which on no reader has taken a range yet. */
  let cursor = 0;
  const working: Promise<void>[] = [];
  let failure: {readonly error: unknown} | undefined;

  async function read(start: number, end: number | undefined, isShared: boolean): Promise<void> {
    const job: RangeJob = jobOf(filling, controller.signal, start, end, isShared, (isPartial) => {
      const {size, validator} = resource;
      if (!isPartial || size === undefined || size <= (job.end ?? size)) return;
      if (validator?.ifRange === undefined) throw notInRanges;
      job.isShared = true;
      cursor = job.end as number;
      workOn(ranges - 1);
    });
    let at = start;
    for await (const chunk of readRange(job)) {
      await part.write(chunk, at);
      at += chunk.length;
      basics.onDownloadProgress?.(progressOf(part.ranges.size, resource.size));
    }
  }

  /** Takes the next range that is missing. No range is determined before a reader is free for it. */
  function takeRange(): ByteRange | undefined {
    const {size} = resource;
    const next = size === undefined ? undefined : part.ranges.nextMissing(cursor, size, pieceSize);
    if (next) cursor = next[1];
    return next;
  }

  async function drain(first = takeRange()): Promise<void> {
    for (let next = first; next; next = takeRange()) await read(...next, true);
  }

  function workOn(count: number): void {
    for (let index = 0; index < count; index++) {
      const first = takeRange();
      if (!first) return;
      start(drain(first));
    }
  }

  function start(work: Promise<void>): void {
    const watched = work.catch((error) => {
      failure ??= {error};
      controller.abort(error);
    });
    working.push(watched);
  }

  try {
    if (resource.validator === undefined) {
      start(read(0, ranges > 1 ? rangeSize : undefined, false).then(() => drain()));
    } else if (resource.size === undefined) {
      start(read(part.ranges.end, undefined, true));
    } else if (part.ranges.nextMissing(0, resource.size, 1)) {
      workOn(ranges);
    } else if (resource.size > 0) {
      // All bytes are there. The last byte is requested again, because only the server knows whether the version is current.
      start(read(resource.size - 1, resource.size, true));
    }
    // More promises may be added during the loop.
    for (const work of working) await work;
    if (failure) throw failure.error;
  } finally {
    unfollow();
  }
}

function jobOf(
  {session, url, settings, part, isWhole}: Filling,
  signal: AbortSignal,
  start: number,
  end: number | undefined,
  isShared: boolean,
  onKnown: (isPartial: boolean) => void,
): RangeJob {
  const {call, digest, size, maxSize, resumes} = settings;
  return {
    session,
    url,
    call,
    signal,
    resource: part.resource,
    start,
    end,
    isShared,
    isWhole,
    retries: resumes,
    size,
    maxSize,
    ...partChecks(digest, createHash),
    onKnown,
    onRefused() {
      throw rangesRefused;
    },
  };
}

async function checkDigest(filling: Filling, signal: AbortSignal): Promise<void> {
  const {part, settings} = filling;
  const request = requestOf(filling);
  const expected = expectedDigest(settings.digest, part.resource, request);
  if (!expected || isEqual(await part.digest(expected.algorithm, signal), expected.value)) return;
  throw new DownloadError('The downloaded file does not have the expected digest', 'ERR_DOWNLOAD_DIGEST', {
    request,
  });
}

/** @throws InvalidOptionError for a directory, and for a device, a pipe or a socket, which the file would replace */
async function checkTarget(path: string): Promise<void> {
  const found = await stat(path).catch(() => undefined);
  if (found && !found.isFile())
    throw new InvalidOptionError('file', path, 'the path of a file, not of a directory, a device or a pipe');
}

function lockedError(url: string | URL, path: string): DownloadError {
  return new DownloadError(
    `Another download to ${path} is under way; if its process is gone, try again in half a minute`,
    'ERR_DOWNLOAD_LOCKED',
    {request: requestOf({url})},
  );
}
