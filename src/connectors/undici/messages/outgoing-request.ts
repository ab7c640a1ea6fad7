import {Readable} from 'node:stream';
import type {Dispatcher} from 'undici';
import type {PreparedBody} from '../../../core/body.ts';
import {isStreamLike, prepareBody, sizeOf} from '../../../core/body.ts';
import type {HeaderList} from '../../../core/header-list.ts';
import {inPieces, ProgressReport} from '../../../core/progress.ts';
import type {ConnectorRequest} from '../../../core/request.ts';
import type {ErrorDetails} from '../../../errors/base.ts';
import {nameClass, typedError} from '../../../errors/base.ts';
import type {PoolHost} from '../pool/pool-host.ts';
import {refererOf} from '../referrer.ts';
import {acceptEncoding} from './decoded-body.ts';
import {Upload} from './upload.ts';
import {userAgent} from './user-agent.ts';

/**
 * What undici's `dispatch` and the HTTP/2 stream are given for a request: its headers, completed as the Fetch standard
 * does, and its body.
 *
 * @param path - the URL's path and query
 * @param startedUpload - the upload of an earlier connection that failed before it had read any of the body
 * @param expectsContinue - whether the body waits for the server's 100 (Continue)
 * @param isLast - whether the connection is closed after the request
 * @throws UsedBodyError for a body that is a stream and was read from before
 */
export function outgoingRequest(
  request: ConnectorRequest,
  host: PoolHost,
  path: string,
  startedUpload: Upload | undefined,
  expectsContinue: boolean,
  isLast: boolean,
): Dispatcher.DispatchOptions {
  const {prefix} = host;
  const headers = completeHeaders(request, host);
  const body = startedUpload ?? outgoingBody(request, headers, expectsContinue);
  return {
    path: prefix === '' ? path : prefix + path,
    method: request.method as Dispatcher.HttpMethod,
    headers,
    // undici sends blobs and async iterables too, though its types don't name them.
    body: body as Buffer | null,
    // Without this option, undici closes a connection after a HEAD, and after a body on a method that seldom has one.
    reset: isLast,
  };
}

/** The request's own headers and those that the Fetch standard adds, as names and values in turn. */
function completeHeaders(request: ConnectorRequest, {prefix, proxy}: PoolHost): string[] {
  const {flat} = request.headers;
  let hasAccept = false;
  let hasAcceptEncoding = false;
  let hasUserAgent = false;
  let hasRange = false;
  let isConditional = false;
  // One pass over all names: looking each of the four up takes a pass of its own.
  for (let index = 0; index < flat.length; index += 2) {
    const name = flat[index];
    if (name === 'accept') hasAccept = true;
    else if (name === 'accept-encoding') hasAcceptEncoding = true;
    else if (name === 'user-agent') hasUserAgent = true;
    else if (name === 'range') hasRange = true;
    else if (conditions.has(name as string)) isConditional = true;
  }
  const headers = flat.slice();
  if (!hasAccept) headers.push('accept', '*/*');
  // Fetch, "HTTP-network-or-cache fetch": a range of a coded body can't be decoded.
  if (!hasAcceptEncoding) headers.push('accept-encoding', hasRange ? 'identity' : acceptEncoding);
  if (!hasUserAgent) headers.push('user-agent', userAgent);
  const {native} = request;
  // Fetch, "HTTP-network-or-cache fetch": a conditional request makes the default cache mode "no-store".
  const cache = native?.cache ?? (isConditional ? 'no-store' : undefined);
  if (cache) headers.push(...cacheHeaders(cache, request.headers));
  if (native?.referrer && !request.headers.has('referer')) {
    const referer = refererOf(request);
    if (referer !== undefined) headers.push('referer', referer);
  }
  if (prefix !== '' && proxy?.authorization !== undefined) {
    headers.push('proxy-authorization', proxy.authorization);
  }
  return headers;
}

const conditions: ReadonlySet<string> = new Set([
  'if-modified-since',
  'if-none-match',
  'if-unmodified-since',
  'if-match',
  'if-range',
]);

/** The body to send. Headers that describe it are added to `headers`. */
function outgoingBody(
  request: ConnectorRequest,
  headers: string[],
  expectsContinue: boolean,
): PreparedBody['source'] | Upload | null {
  const {body, transfer} = request;
  if (body === null) return null;
  const {source, contentType} = prepareBody(body);
  if (isStreamLike(source as never) && wasRead(source)) {
    throw new UsedBodyError({request, attempts: request.attempt});
  }
  if (contentType !== undefined && !request.headers.has('content-type')) {
    headers.push('content-type', contentType);
  }
  const listener = transfer?.onUploadProgress;
  // An `Upload` can be stopped. A body needs one if it is read while it is sent, reports its progress, or waits.
  if (!listener && !expectsContinue && !(source instanceof Blob) && !isStreamLike(source as never)) {
    return source;
  }
  let length = request.headers.get('content-length');
  if (length === undefined) {
    length = sizeOf(source)?.toString();
    if (length !== undefined) headers.push('content-length', length);
  }
  const report = listener && new ProgressReport(listener, Number(length ?? 0));
  return new Upload(inPieces(source), report, expectsContinue);
}

/** Whether a stream was read from. A Node stream that was destroyed unread fails with its own error. */
function wasRead(stream: unknown): boolean {
  if (stream instanceof ReadableStream) return isDisturbed(stream);
  const {readableDidRead, readableEnded} = stream as Partial<Readable>;
  return readableDidRead === true || readableEnded === true;
}

// `Readable.isDisturbed` accepts web streams as well, though its types don't say so.
const isDisturbed = Readable.isDisturbed as unknown as (stream: ReadableStream) => boolean;

/** The body is a stream that was read from. As in built-in `fetch`, it is a `TypeError` and no network error. */
class UsedBodyError extends typedError(TypeError) {
  static override readonly name: string = nameClass(() => this, 'UsedBodyError', 'TypeError');

  constructor(details: ErrorDetails) {
    super('Request body is a stream that was read from already', 'ERR_BODY_USED', 'send', details);
  }
}

/** The headers that ask caches on the way to revalidate (Fetch, "HTTP-network-or-cache fetch"). The connector has no cache. */
function cacheHeaders(cache: RequestCache, headers: HeaderList): string[] {
  const hasControl = headers.has('cache-control');
  if (cache === 'no-cache') return hasControl ? [] : ['cache-control', 'max-age=0'];
  if (cache !== 'no-store' && cache !== 'reload') return [];
  return [
    ...(headers.has('pragma') ? [] : ['pragma', 'no-cache']),
    ...(hasControl ? [] : ['cache-control', 'no-cache']),
  ];
}
