import {discard} from '../core/discard-response.ts';
import {HeaderList, type HeadersInput} from '../core/header-list.ts';
import type {RedactedRequest} from '../errors/index.ts';
import type {CallOptions} from '../session/call-options.ts';
import type {Session} from '../session/session.ts';
import {type ContentRange, parseContentRange} from './content-range.ts';
import {type CreateHash, type Digest, parseDigestField, wantedDigests} from './digest.ts';
import {DownloadError} from './error.ts';
import {contradicts, isSame, type Validator, validatorOf} from './validator.ts';

/** What is known of what is downloaded; several readers may share it. */
export interface Resource {
  /** The version that was begun with; `undefined` before the first response. */
  validator: Validator | undefined;
  /** Bytes in all. */
  size: number | undefined;
  /** What the server says that the whole comes to. */
  digest: Digest | undefined;
}

/** What a reader reads, and how. */
export interface RangeJob {
  readonly session: Session;
  readonly url: string | URL;
  /** What all its requests have. */
  readonly call: CallOptions;
  readonly signal: AbortSignal;
  readonly resource: Resource;
  /** The first byte. */
  readonly start: number;
  /** The one after the last; `undefined`: to the end, as when the server doesn't do ranges. */
  end: number | undefined;
  /** Other readers have what is known from this one: it can't forget it. */
  isShared: boolean;
  /** How many failures in a row, without a byte in between, are waited out. */
  readonly retries: number;
  /** What the size has to be. */
  readonly size: number | undefined;
  /** The whole is checked by a digest: parts of two versions would be noticed. */
  readonly isChecked: boolean;
  /** What the server's digests are checked by; `undefined`: they aren't. */
  readonly createHash: CreateHash | undefined;
  /** A first response has come, and what is at the URL is known; `ranges`: the server does them. */
  readonly onKnown?: ((ranges: boolean) => void) | undefined;
}

/** A response, looked at. */
export interface Part {
  readonly response: Response;
  /** Where its bytes begin. */
  readonly start: number;
  /** Where they have to end; `undefined` when that isn't known. */
  readonly end: number | undefined;
  /** Its end is the resource's. */
  readonly isLast: boolean;
  /** What its content has to come to. */
  readonly digest: Digest | undefined;
}

/** Asks for what begins at `at`; `undefined` when there is nothing there any more. */
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
  const headers = HeaderList.from(call.headers);
  // A range of what is coded is of no use, and its length says nothing.
  if (!headers.has('accept-encoding')) headers.set('accept-encoding', 'identity');
  if (createHash && !headers.has('want-repr-digest')) headers.set('want-repr-digest', wantedDigests);
  // Browsers don't let one refuse codings, and do so themselves for ranges (Fetch, "HTTP-network-or-cache fetch").
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
  // A page of another origin may not see it.
  const isPartial = status === 206 && (range !== undefined || at > 0);
  if (isPartial && (range?.start === undefined || range.start > at || isCoded)) {
    throw new DownloadError('The server sent another range than it was asked for', 'ERR_DOWNLOAD_RANGE', {
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
    // It sends all there is.
    if (!isPartial) job.end = undefined;
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

/** The range begins behind the end, or there is nothing at all. */
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
  // What is sent whole says by that that it's another, unless it's the same for certain.
  const isOther = isPartial ? contradicts(known, validator) : !isSame(known, validator);
  const isUnknown = isChecked && known.ifRange === undefined && !contradicts(known, validator);
  if ((isOther && !isUnknown) || (size ?? resource.size) !== (resource.size ?? size)) throw changed(job);
  resource.size ??= size;
  checkSize(job);
}

function changed(job: RangeJob): DownloadError {
  return new DownloadError('What is at the URL has changed since it was begun', 'ERR_DOWNLOAD_CHANGED', {
    request: requestOf(job),
  });
}

/** @throws DownloadError when the size is known, and is not what it has to be */
export function checkSize(job: RangeJob): void {
  const {size, resource} = job;
  if (size === undefined || resource.size === undefined || resource.size === size) return;
  throw new DownloadError(`There are ${resource.size} bytes, and not ${size}`, 'ERR_DOWNLOAD_SIZE', {
    request: requestOf(job),
  });
}
