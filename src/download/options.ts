import {FlatHeaderList} from '../core/flat-header-list.ts';
import type {HeadersInput} from '../core/header-list.ts';
import {type CallOptions, checkReadOptions, type ReadOptions} from '../session/call-options.ts';
import {assertOption, checkFunction, checkNumber} from '../utils/check-options.ts';
import {type Digest, parseDigest} from './digest.ts';
import type {DownloadError} from './error.ts';

/** The progress of a download. */
export interface DownloadProgress {
  /** The received part, from 0 to 1; 0 while the size is not known. */
  readonly percent: number;
  /** The number of bytes received, including those of earlier attempts. */
  readonly transferredBytes: number;
  /** The size in bytes; 0 if the server doesn't announce it. */
  readonly totalBytes: number;
}

/** Options of every download. The options of a verb hold for each of its requests. */
export interface DownloadBasics extends ReadOptions {
  /**
   * The digest that the whole content has to have: `sha256-…` (as in Subresource Integrity), `sha-256=:…:` (RFC 9530) or
   * `sha256:…` (hexadecimal), each with 384 and 512 as well. `true` checks the `Repr-Digest` and `Content-Digest` of the
   * server, if it sends them. `'required'` demands a `Repr-Digest` of the server.
   *
   * @default none
   */
  readonly digest?: string | true | undefined;
  /**
   * The size that the content has to have, in bytes.
   *
   * @default the size that the server announces
   */
  readonly size?: number | undefined;
  /**
   * The largest size that the content may have, in bytes. The download fails with `ERR_DOWNLOAD_SIZE` as soon as the server
   * announces or sends more.
   *
   * @default Infinity
   */
  readonly maxSize?: number | undefined;
  /**
   * The number of failures in a row, without a byte in between, after which the download goes on. The delay doubles with each
   * failure. The session retries each request in addition.
   *
   * @default 5
   */
  readonly resumes?: number | undefined;
  /** Called with the progress whenever a chunk has arrived. */
  readonly onDownloadProgress?: ((progress: DownloadProgress) => void) | undefined;
}

/** Options of {@link download}. */
export interface DownloadOptions extends DownloadBasics {
  /**
   * Called when the download has to start again from the first byte, because the content of the URL has changed or the server
   * doesn't say whether it has. Drop the bytes that you got before the call.
   *
   * @default none: the download fails with the error
   */
  readonly onRestart?: ((reason: DownloadError) => void | Promise<void>) | undefined;
}

/** The checked options: those of the download, and the options of its requests. */
export interface DownloadSettings {
  readonly call: CallOptions;
  readonly digest: Digest | 'optional' | 'required' | undefined;
  readonly size: number | undefined;
  readonly maxSize: number;
  readonly resumes: number;
}

const defaultResumes = 5;

/**
 * @param where - the function that takes the options, for errors
 * @param own - the options that it takes in addition to those of all downloads
 * @throws InvalidOptionError, UnsupportedOptionError
 */
export function checkDownload(
  session: {readonly fetch: object},
  options: DownloadBasics,
  where: string,
  own: readonly string[],
): DownloadSettings {
  checkReadOptions(where, options, session, [
    'digest',
    'size',
    'maxSize',
    'resumes',
    'onDownloadProgress',
    ...own,
  ]);
  const {digest, size, maxSize, resumes, onDownloadProgress, signal: _, ...call} = options;
  checkHeaders(call.headers);
  checkFunction('onDownloadProgress', onDownloadProgress);
  assertOption(
    digest === undefined || digest === true || typeof digest === 'string',
    'digest',
    digest,
    'true, "required" or a digest',
  );
  return {
    call,
    digest:
      digest === true
        ? 'optional'
        : digest === 'required' || digest === undefined
          ? digest
          : parseDigest(digest),
    size:
      size === undefined
        ? undefined
        : checkNumber('size', size, undefined, {whole: true, max: Number.MAX_SAFE_INTEGER}),
    maxSize: checkNumber('maxSize', maxSize, Infinity, {whole: true}),
    resumes: checkNumber('resumes', resumes, defaultResumes, {whole: true}),
  };
}

function checkHeaders(headers: HeadersInput | undefined): void {
  const list = FlatHeaderList.from(headers);
  for (const name of ['range', 'if-range'])
    assertOption(!list.has(name), `headers.${name}`, 'set', 'absent, because the download sets it itself');
}

export function progressOf(transferredBytes: number, totalBytes = 0): DownloadProgress {
  return {percent: totalBytes && transferredBytes / totalBytes, transferredBytes, totalBytes};
}
