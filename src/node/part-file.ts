import {createHash} from 'node:crypto';
import type {FileHandle} from 'node:fs/promises';
import {rename, rm} from 'node:fs/promises';
import {algorithms, type Digest} from '../download/digest.ts';
import {DownloadError} from '../download/error.ts';
import {createHash as createDigest} from '../download/node-hash.ts';
import type {Resource} from '../download/open-part.ts';
import {forget, requestOf} from '../download/open-part.ts';
import {type ByteRange, ByteRanges} from './byte-ranges.ts';
import {replaceFile, syncDirectoryOf} from './durable.ts';
import {createOwn, isAt, openOwn, permissionsAt, readSmall, takePermissions} from './own-file.ts';

/** The notes beside a part file, as JSON: which bytes of which version are in it. */
interface Notes {
  readonly format: 1;
  /** A hash of the URL and one of the URL without its query. Hashes, because a URL may contain secrets. */
  readonly source: string;
  readonly place: string;
  readonly etag?: string | undefined;
  readonly lastModified?: string | undefined;
  readonly ifRange?: string | undefined;
  readonly size?: number | undefined;
  readonly digest?: {readonly algorithm: Digest['algorithm']; readonly value: string} | undefined;
  readonly ranges: readonly ByteRange[];
}

/** The largest notes that are read, in bytes. The notes of thousands of ranges are smaller. */
const largestNotes = 1_048_576;
/** The bytes of a part file that are given up for its notes on a full disk: those of any block of a file system. */
const roomForNotes = 65_536;
/** The errors of a full disk, and of a user who may have no more of it. */
const fullCodes = new Set(['ENOSPC', 'EDQUOT']);
/** The longest time in ms between a write and the note of it. */
const noteDelay = 1_000;

/**
 * A part file: the bytes of an unfinished download, with notes of them.
 *
 * The class is long because the file, its notes and its lock are opened, checked and removed together.
 */
export class PartFile {
  readonly path: string;
  readonly resource: Resource = {validator: undefined, size: undefined, digest: undefined};
  ranges = new ByteRanges();
  readonly #file: FileHandle;
  readonly #target: string;
  readonly #url: string;
  #timer: NodeJS.Timeout | undefined;
  #noting: Promise<void> = Promise.resolve();

  private constructor(path: string, file: FileHandle, target: string, url: string) {
    this.path = path;
    this.#file = file;
    this.#target = target;
    this.#url = url;
  }

  /**
   * Opens the part file that an earlier download of the same URL has left, or creates one in place of anything else at the
   * path: no link is followed.
   *
   * @param target - the path of the file that it becomes
   * @param user - the user id that new files beside it get: a file of another user is not continued
   */
  static async open(path: string, target: string, url: string, user: number): Promise<PartFile> {
    const notes = await readNotes(notesPath(path), user);
    const file = await openOwn(path, user);
    // Others may read no more of the part file than of the file that it replaces. The next process has to write to it.
    const create = async () => createOwn(path, (await permissionsAt(target)) | 0o600);
    const part = new PartFile(path, file ?? (await create()), target, url);
    try {
      const {size: fileSize} = await part.#file.stat();
      const ranges = new ByteRanges(notes?.ranges);
      if (file && notes && isOf(notes, url) && ranges.end <= fileSize) part.#adopt(notes, ranges);
      else await part.reset();
    } catch (error) {
      await part.#file.close();
      throw error;
    }
    return part;
  }

  async write(chunk: Uint8Array, place: number): Promise<void> {
    for (let done = 0; done < chunk.length; ) {
      const {bytesWritten} = await this.#file.write(chunk, done, chunk.length - done, place + done);
      done += bytesWritten;
    }
    this.ranges.add(place, place + chunk.length);
    this.#timer ??= setTimeout(() => void this.note().catch(() => undefined), noteDelay);
  }

  /** Notes the ranges that were written, once they are on the disk. */
  note(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#noting = this.#noting.catch(() => undefined).then(() => this.#note());
    return this.#noting;
  }

  async #note(): Promise<void> {
    const {validator, size, digest} = this.resource;
    const notes: Notes = {
      format: 1,
      source: nameOf(this.#url),
      place: nameOf(placeOf(this.#url)),
      ...validator,
      size,
      digest: digest && {...digest, value: Buffer.from(digest.value).toString('base64')},
      ranges: this.ranges.toJSON(),
    };
    await this.#file.datasync();
    await replaceFile(notesPath(this.path), JSON.stringify(notes));
  }

  /** Reads the file again and returns its digest. */
  async digest(algorithm: Digest['algorithm'], signal: AbortSignal): Promise<Uint8Array> {
    const hash = createDigest(algorithm);
    const stream = this.#file.createReadStream({
      start: 0,
      autoClose: false,
      highWaterMark: 1024 * 1024,
      signal,
    });
    for await (const chunk of stream) hash.update(chunk as Uint8Array);
    return hash.digest();
  }

  /** Empties the file and forgets its notes. */
  async reset(): Promise<void> {
    this.#stopNoting();
    await this.#noting.catch(() => undefined);
    await rm(notesPath(this.path), {force: true});
    await this.#file.truncate(0);
    this.ranges = new ByteRanges();
    forget(this.resource);
  }

  /** Gives the complete file its final name, and the permissions of the file that it replaces. */
  async finish(size: number): Promise<void> {
    const target = this.#target;
    this.#stopNoting();
    await this.#noting.catch(() => undefined);
    await this.#file.truncate(size);
    await takePermissions(this.#file, target);
    await this.#file.sync();
    const isInPlace = await isAt(this.#file, this.path);
    await this.#file.close();
    if (!isInPlace) {
      await rm(notesPath(this.path), {force: true});
      const message = `Another program has replaced ${this.path} during the download`;
      throw new DownloadError(message, 'ERR_DOWNLOAD_FILE', {request: requestOf({url: this.#url})});
    }
    await rename(this.path, target);
    await syncDirectoryOf(target);
    await rm(notesPath(this.path), {force: true});
  }

  /** Closes the file and keeps it for a later download. */
  async leave(): Promise<void> {
    try {
      await this.note().catch((error) => this.#noteOnFullDisk(error));
    } finally {
      await this.#file.close();
    }
  }

  /** Gives up what was written of the last chunk, and if that isn't enough, the last bytes of the file, for the notes. */
  async #noteOnFullDisk(error: NodeJS.ErrnoException): Promise<void> {
    for (const bytes of [0, roomForNotes]) {
      // If fdatasync fails, any of the bytes that were written before may be missing on the disk.
      if (!fullCodes.has(error.code ?? '') || error.syscall === 'fdatasync') throw error;
      this.ranges.cut(Math.max(0, this.ranges.end - bytes));
      await this.#file.truncate(this.ranges.end);
      const failed = await this.note().then(
        () => undefined,
        (reason: NodeJS.ErrnoException) => reason,
      );
      if (!failed) return;
      error = failed;
    }
    throw error;
  }

  /** Deletes the file and its notes. */
  async remove(): Promise<void> {
    await this.reset();
    await this.#file.close();
    await rm(this.path, {force: true});
  }

  #adopt({etag, lastModified, ifRange, size, digest}: Notes, ranges: ByteRanges): void {
    this.resource.validator = {etag, lastModified, ifRange};
    this.resource.size = size;
    this.resource.digest = digest && {...digest, value: Buffer.from(digest.value, 'base64')};
    this.ranges = ranges;
  }

  #stopNoting(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}

/** Whether the notes belong to the content of this URL. */
function isOf({source, place, etag = ''}: Notes, url: string): boolean {
  if (source === nameOf(url)) return true;
  // A signed URL has another query each time. The ETag says whether the content is the same, unless it is a short counter.
  return place === nameOf(placeOf(url)) && etag.length >= namingEtag;
}

/** The length of an ETag, with its quotes, from which on two files don't share it by chance. */
const namingEtag = 18;

function placeOf(url: string): string {
  return url.replace(/[?#].*$/s, '');
}

function nameOf(url: string): string {
  return createHash('sha256').update(url).digest('base64');
}

function notesPath(path: string): string {
  return `${path}.json`;
}

async function readNotes(path: string, user: number): Promise<Notes | undefined> {
  try {
    const notes: unknown = JSON.parse((await readSmall(path, largestNotes, user)) ?? 'null');
    return areNotes(notes) ? notes : undefined;
  } catch {
    // There are no notes, or another program wrote the file.
    return undefined;
  }
}

function areNotes(value: unknown): value is Notes {
  const notes = value as Partial<Notes> | null;
  return (
    notes?.format === 1 &&
    isText(notes.source) &&
    isText(notes.place) &&
    [notes.etag, notes.lastModified, notes.ifRange].every((one) => one === undefined || isText(one)) &&
    (notes.digest === undefined ||
      (isText(notes.digest.value) && algorithms.includes(notes.digest.algorithm))) &&
    (notes.size === undefined || isPosition(notes.size)) &&
    Array.isArray(notes.ranges) &&
    notes.ranges.every(isRange)
  );
}

function isRange(value: unknown): value is ByteRange {
  if (!Array.isArray(value) || value.length !== 2) return false;
  const [start, end] = value as [unknown, unknown];
  return isPosition(start) && isPosition(end) && start < end;
}

function isText(value: unknown): value is string {
  return typeof value === 'string';
}

function isPosition(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}
