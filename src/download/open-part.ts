import {discard} from '../core/discard-response.ts';
import {FlatHeaderList} from '../core/flat-header-list.ts';
import type {HeadersInput} from '../core/header-list.ts';
import {HTTPError, type RedactedRequest} from '../errors/index.ts';
import type {CallOptions} from '../session/call-options.ts';
import type {Session} from '../session/session.ts';
import {type ContentRange, isUnlikeWhole, parseContentRange} from './content-range.ts';
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
  /** Whether the whole content is requested each time, because the server answers no request of a range as it should. */
  isWhole: boolean;
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
  /** Called when the server refuses one of several ranges that are read at once, but not the whole. It throws. */
  readonly onRefused?: (() => never) | undefined;
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

/**
 * The statuses of servers that don't take ranges. 412 (Precondition Failed): the server takes `If-Range` for another
 * precondition. Statuses that say the same of the content itself, such as 404, are not among them.
 */
const refusals = new Set([400, 403, 405, 406, 412, 416, 501]);

/**
 * Requests the content from the position `at` on. If the server refuses the range, or answers with something else, the whole
 * content is requested, and the reader skips the bytes before `at`. Returns `undefined` if there are no bytes at or after it.
 *
 * @throws DownloadError with `ERR_DOWNLOAD_RANGE` if the answer is not usable without a range either; HTTPError; the error of
 * `onRefused`
 */
export async function openPart(job: RangeJob, at: number): Promise<Part | undefined> {
  const hasRange = needsRange(job, at);
  try {
    return await request(job, at, hasRange);
  } catch (error) {
    if (!hasRange || !isRefusal(error)) throw error;
  }
  const part = await request(job, at, false);
  if (part && job.isShared && job.end !== undefined) {
    discard(part.response);
    job.onRefused?.();
  }
  job.isWhole = true;
  return part;
}

function needsRange({end, isWhole}: RangeJob, at: number): boolean {
  // Browsers don't let a page set Accept-Encoding, and set "identity" for ranges (Fetch, "HTTP-network-or-cache fetch").
  return !isWhole && (at > 0 || end !== undefined || !canRefuseCodings());
}

function isRefusal(error: unknown): boolean {
  return error instanceof HTTPError
    ? refusals.has(error.status)
    : error instanceof DownloadError && error.code === 'ERR_DOWNLOAD_RANGE';
}

async function request(job: RangeJob, at: number, hasRange: boolean): Promise<Part | undefined> {
  const {session, url, call, signal} = job;
  const response = await session.get(url, {
    ...call,
    signal,
    headers: headersOf(job, at, hasRange),
    throwHttpErrors: (status) => status !== 416 || !hasRange,
  });
  try {
    const part = look(job, at, response, hasRange);
    if (!part) discard(response);
    return part;
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

function headersOf({resource, call, end, createHash}: RangeJob, at: number, hasRange: boolean): HeadersInput {
  const headers = FlatHeaderList.from(call.headers);
  // A range of compressed content can't be decoded, and the length of compressed content is not the size.
  if (!headers.has('accept-encoding')) headers.set('accept-encoding', 'identity');
  if (createHash && !headers.has('want-repr-digest')) headers.set('want-repr-digest', wantedDigests);
  if (hasRange) {
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

function look(job: RangeJob, at: number, response: Response, hasRange: boolean): Part | undefined {
  const {resource} = job;
  const {status, headers} = response;
  const isCoded = !/^(?:identity)?$/i.test(headers.get('content-encoding')?.trim() ?? '');
  const field = headers.get('content-range');
  const range = parseContentRange(field);
  const length = headers.get('content-length');
  if (status === 416) return lookAtEnd(job, at, response, range);
  // A page may not see the Content-Range of another origin.
  const isHidden = response.type === 'cors' && field === null;
  const isPartial = status === 206 && !(isHidden && at === 0);
  const isUsable = isPartial
    ? !isCoded && isRangeAt(at, range) && !isMultipart(headers)
    : status === 206 || !isUnlikeWhole(field, range, length, hasRange);
  if (!isUsable) throw rangeError(job);
  const validator: Validator = isCoded
    ? {etag: undefined, lastModified: undefined, ifRange: undefined}
    : validatorOf(headers);
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
  // The whole content has no byte that the reader doesn't have yet.
  if (!isPartial && at > 0 && size === at) return undefined;
  return {
    response,
    start: (isPartial && range?.start) || 0,
    end,
    isLast: !isPartial || (end !== undefined && end === size),
    digest: isCoded || !job.createHash ? undefined : parseDigestField(headers.get('content-digest')),
  };
}

function isRangeAt(at: number, range: ContentRange | undefined): boolean {
  return range?.start !== undefined && range.start <= at && at < (range.end as number);
}

/** RFC 9110, section 15.3.7.2: a server may send several ranges so, but not to a request of one range. */
function isMultipart(headers: Headers): boolean {
  return /^multipart\/byteranges\b/i.test(headers.get('content-type')?.trim() ?? '');
}

function rangeError(job: RangeJob): DownloadError {
  return new DownloadError('The server sent another range than the requested one', 'ERR_DOWNLOAD_RANGE', {
    request: requestOf(job),
  });
}

/**
 * Checks a 416: the range begins after the end of the content, or the content is empty.
 *
 * @throws DownloadError with `ERR_DOWNLOAD_CHANGED` if the content has another size now, and with `ERR_DOWNLOAD_RANGE` if the
 * answer says nothing of use
 */
function lookAtEnd(
  job: RangeJob,
  at: number,
  response: Response,
  range: ContentRange | undefined,
): undefined {
  const {resource} = job;
  const size = range?.size;
  const isOther = resource.size === undefined ? Number(size) < at : size !== resource.size;
  if (size !== undefined && isOther) throw changed(job);
  if (size !== at) throw rangeError(job);
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
