import {HeaderList, type HeadersInput} from '../core/header-list.ts';
import {type CallOptions, checkReadOptions, type ReadOptions} from '../session/call-options.ts';
import {assertOption, checkFunction, checkNumber} from '../utils/check-options.ts';
import {type Digest, parseDigest} from './digest.ts';
import type {DownloadError} from './error.ts';

/** How far a download is. */
export interface DownloadProgress {
  /** From 0 to 1; 0 as long as the size isn't known. */
  readonly percent: number;
  /** Bytes that are here, those of earlier attempts among them. */
  readonly transferredBytes: number;
  /** Bytes in all; 0 when the server doesn't tell. */
  readonly totalBytes: number;
}

/** Options of every download. What a verb takes holds for each of its requests. */
export interface DownloadBasics extends ReadOptions {
  /**
   * What the whole is checked by: `sha256-…` (as in Subresource Integrity), `sha-256=:…:` (RFC 9530) or `sha256:…`
   * (hexadecimal), also of 384 and 512; `true`: by the `Repr-Digest` and `Content-Digest` that the server sends, if it
   * does; `'required'`: by its `Repr-Digest`, which has to be there.
   *
   * @default none
   */
  readonly digest?: string | true | undefined;
  /**
   * How many bytes there have to be.
   *
   * @default what the server says
   */
  readonly size?: number | undefined;
  /**
   * How many failures in a row, without a byte in between, are waited out, each about twice as long as the one before.
   * The session's retries of each request come on top.
   *
   * @default 5
   */
  readonly resumes?: number | undefined;
  /** Called with every piece that has come. */
  readonly onDownloadProgress?: ((progress: DownloadProgress) => void) | undefined;
}

/** Options of {@link download}. */
export interface DownloadOptions extends DownloadBasics {
  /**
   * Called when the rest can't be had to go with the bytes that were handed on already: what is at the URL has changed,
   * or the server doesn't say whether it has. They are to be dropped: those of the new version follow, from the first.
   *
   * @default none: the download fails with that error
   */
  readonly onRestart?: ((reason: DownloadError) => void | Promise<void>) | undefined;
}

/** Options, checked: the download's own, and what its requests have. */
export interface DownloadSettings {
  readonly call: CallOptions;
  readonly digest: Digest | 'optional' | 'required' | undefined;
  readonly size: number | undefined;
  readonly resumes: number;
}

const defaultResumes = 5;

/**
 * @param where - whose options they are
 * @param own - what that takes beside those that all downloads have
 * @throws InvalidOptionError
 */
export function checkDownload(
  session: {readonly fetch: object},
  options: DownloadBasics,
  where: string,
  own: readonly string[],
): DownloadSettings {
  checkReadOptions(where, options, session, ['digest', 'size', 'resumes', 'onDownloadProgress', ...own]);
  const {digest, size, resumes, onDownloadProgress, signal: _, ...call} = options;
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
    resumes: checkNumber('resumes', resumes, defaultResumes, {whole: true}),
  };
}

function checkHeaders(headers: HeadersInput | undefined): void {
  const list = HeaderList.from(headers);
  for (const name of ['range', 'if-range'])
    assertOption(!list.has(name), `headers.${name}`, 'set', 'none: the download has its own');
}

export function progressOf(transferredBytes: number, totalBytes = 0): DownloadProgress {
  return {percent: totalBytes && transferredBytes / totalBytes, transferredBytes, totalBytes};
}
