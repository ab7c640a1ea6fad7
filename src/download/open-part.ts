import {discard} from '../core/discard-response.ts';
import {FlatHeaderList} from '../core/flat-header-list.ts';
import type {HeadersInput} from '../core/header-list.ts';
import type {RedactedRequest} from '../errors/index.ts';
import type {CallOptions} from '../session/call-options.ts';
import type {Session} from '../session/session.ts';
import {type ContentRange, parseContentRange} from './content-range.ts';
import {type CreateHash, type Digest, parseDigestField, wantedDigests} from './digest.ts';
import {DownloadError} from './error.ts';
import {contradicts, isSame, type Validator, validatorOf} from './validator.ts';

/** The known facts about the content of a download. Several readers may share them. */
export interface Resource {
  /** Identifies the version that the download began with; `undefined` before the first response. */
  validator: Validator | undefined;
  /** The size in bytes. */
  size: number | undefined;
  /** The digest of the whole content that the server sent. */
  digest: Digest | undefined;
}

/** The range that a reader reads, and how. */
export interface RangeJob {
  readonly session: Session;
  readonly url: string | URL;
  /** The options of all its requests. */
  readonly call: CallOptions;
  readonly signal: AbortSignal;
  readonly resource: Resource;
  /** The position of the first byte. */
  readonly start: number;
  /** The position after the last byte; `undefined` to read to the end, also if the server doesn't support ranges. */
  end: number | undefined;
  /** Whether other readers use the same resource, so that this reader must not forget its facts. */
  isShared: boolean;
  /** The number of failures in a row, without a byte in between, after which the reader goes on. */
  readonly retries: number;
  /** The size that the content has to have. */
  readonly size: number | undefined;
  /** The largest size that the content may have. */
  readonly maxSize: number;
  /** Whether a digest of the whole is checked, which detects a mixture of two versions. */
  readonly isChecked: boolean;
  /** Creates the hash for the digests of the server; `undefined` if they are not checked. */
  readonly createHash: CreateHash | undefined;
  /** Called after the first response, when the resource is known. `ranges` says whether the server supports ranges. */
  readonly onKnown?: ((ranges: boolean) => void) | undefined;
}

/** A checked response. */
export interface Part {
  readonly response: Response;
  /** The position of its first byte. */
  readonly start: number;
  /** The position after its last byte; `undefined` if it is not known. */
  readonly end: number | undefined;
  /** Whether it ends where the resource ends. */
  readonly isLast: boolean;
  /** The digest that its content has to have. */
  readonly digest: Digest | undefined;
}

/** Requests the content from the position `at` on. Returns `undefined` if there are no bytes at or after it. */
export async function openPart(job: RangeJob, at: number): Promise<Part | undefined> {
  const {session, url, call, signal} = job;
  const response = await session.get(url, {
    ...call,
    signal,
    headers: headersOf(job, at),
    throwHttpErrors: (status) => status !== 416,
  });
  try {
    return look(job, at, response);
  } catch (error) {
    discard(response);
    throw error;
  }
}

export function forget(resource: Resource): void {
  resource.validator = undefined;
  resource.size = undefined;
  resource.digest = undefined;
}

export function requestOf({url}: Pick<RangeJob, 'url'>): RedactedRequest {
  return {method: 'GET', url: String(url)};
}

function headersOf({resource, call, end, createHash}: RangeJob, at: number): HeadersInput {
  const headers = FlatHeaderList.from(call.headers);
  // A range of compressed content can't be decoded, and the length of compressed content is not the size.
  if (!headers.has('accept-encoding')) headers.set('accept-encoding', 'identity');
  if (createHash && !headers.has('want-repr-digest')) headers.set('want-repr-digest', wantedDigests);
  // Browsers don't let a page set Accept-Encoding, and set "identity" for ranges (Fetch, "HTTP-network-or-cache fetch").
  if (at > 0 || end !== undefined || !canRefuseCodings()) {
    headers.set('range', `bytes=${at}-${end === undefined ? '' : end - 1}`);
    const {ifRange} = resource.validator ?? {};
    if (ifRange !== undefined) headers.set('if-range', ifRange);
  }
  return headers;
}

let refusable: boolean | undefined;

function canRefuseCodings(): boolean {
  refusable ??= new Request('http://localhost/', {headers: {'accept-encoding': 'identity'}}).headers.has(
    'accept-encoding',
  );
  return refusable;
}

function look(job: RangeJob, at: number, response: Response): Part | undefined {
  const {resource} = job;
  const {status, headers} = response;
  const isCoded = !/^(?:identity)?$/i.test(headers.get('content-encoding')?.trim() ?? '');
  const range = parseContentRange(headers.get('content-range'));
  if (status === 416) return lookAtEnd(job, at, response, range);
  // A page of another origin may not see Content-Range.
  const isPartial = status === 206 && (range !== undefined || at > 0);
  const isOther = range?.start === undefined || range.start > at || (range.end as number) <= at;
  if (isPartial && (isOther || isCoded)) {
    throw new DownloadError('The server sent another range than the requested one', 'ERR_DOWNLOAD_RANGE', {
      request: requestOf(job),
    });
  }
  const validator: Validator = isCoded
    ? {etag: undefined, lastModified: undefined, ifRange: undefined}
    : validatorOf(headers);
  const length = headers.get('content-length');
  const size = isPartial ? range?.size : isCoded || length === null ? undefined : Number(length);
  if (resource.validator === undefined) {
    resource.validator = validator;
    resource.size = size;
    resource.digest = isCoded ? undefined : parseDigestField(headers.get('repr-digest'));
    checkSize(job);
    // The server sends the whole content, or doesn't know its size, so that the reader has to find its end.
    if (!isPartial || size === undefined) job.end = undefined;
    job.onKnown?.(isPartial);
  } else {
    checkSame(job, isPartial, validator, size);
  }
  const end = isPartial ? range?.end : size;
  return {
    response,
    start: (isPartial && range?.start) || 0,
    end,
    isLast: !isPartial || (end !== undefined && end === size),
    digest: isCoded || !job.createHash ? undefined : parseDigestField(headers.get('content-digest')),
  };
}

/** Checks a 416: the range begins after the end of the content, or the content is empty. */
function lookAtEnd(
  job: RangeJob,
  at: number,
  response: Response,
  range: ContentRange | undefined,
): undefined {
  const {resource} = job;
  discard(response);
  if (range?.size !== at || (resource.size ?? at) !== at) throw changed(job);
  resource.validator ??= validatorOf(response.headers);
  resource.size = at;
  checkSize(job);
}

function checkSame(job: RangeJob, isPartial: boolean, validator: Validator, size: number | undefined): void {
  const {resource, isChecked} = job;
  const known = resource.validator as Validator;
  // The whole content instead of a range means another version, unless it is certainly the same.
  const isOther = isPartial ? contradicts(known, validator) : !isSame(known, validator);
  const isUnknown = isChecked && known.ifRange === undefined && !contradicts(known, validator);
  if ((isOther && !isUnknown) || (size ?? resource.size) !== (resource.size ?? size)) throw changed(job);
  resource.size ??= size;
  checkSize(job);
}

function changed(job: RangeJob): DownloadError {
  return new DownloadError(
    'The content of the URL has changed since the download began',
    'ERR_DOWNLOAD_CHANGED',
    {
      request: requestOf(job),
    },
  );
}

/** @throws DownloadError if the size is known and is not the required one, or is larger than the largest allowed size */
export function checkSize(job: RangeJob): void {
  const {size, maxSize, resource} = job;
  const request = requestOf(job);
  if (resource.size === undefined) return;
  if (resource.size > maxSize) {
    const message = `The content has ${resource.size} bytes or more, and may have ${maxSize} bytes (option \`maxSize\`)`;
    throw new DownloadError(message, 'ERR_DOWNLOAD_SIZE', {request});
  }
  if (size === undefined || resource.size === size) return;
  const message = `The content has ${resource.size} bytes rather than the required ${size}`;
  throw new DownloadError(message, 'ERR_DOWNLOAD_SIZE', {request});
}
