import {Readable} from 'node:stream';
import type {PreparedBody} from '../../../core/body.ts';
import {isStreamLike, prepareBody, sizeOf} from '../../../core/body.ts';
import type {HeaderList} from '../../../core/header-list.ts';
import {inPieces, ProgressReport} from '../../../core/progress.ts';
import type {ConnectorRequest} from '../../../core/request.ts';
import type {PoolHost} from '../pool/pool-host.ts';
import {acceptEncoding} from './decoded-body.ts';
import {Upload} from './upload.ts';
import {userAgent} from './user-agent.ts';

/** What of a request goes out: names and values in turn, and the body as undici or HTTP/2 takes it. */
interface Outgoing {
  readonly headers: string[];
  readonly body: PreparedBody['source'] | Upload | null;
}

/**
 * A request's headers, completed as the Fetch standard has it, and its body.
 *
 * @param begun - the upload of a body that is on its way already, and goes on over another connection
 * @param expects - whether the body waits for the server's word
 */
export function toSend(
  {headers, body, transfer, native}: ConnectorRequest,
  {prefix, proxy}: PoolHost,
  begun: Upload | undefined,
  expects: boolean,
): Outgoing {
  const {flat} = headers;
  let accepts = false;
  let acceptsCodings = false;
  let names = false;
  let hasType = false;
  let hasRange = false;
  for (let index = 0; index < flat.length; index += 2) {
    const name = flat[index];
    if (name === 'accept') accepts = true;
    else if (name === 'accept-encoding') acceptsCodings = true;
    else if (name === 'user-agent') names = true;
    else if (name === 'content-type') hasType = true;
    else if (name === 'range') hasRange = true;
  }
  const sent = flat.slice();
  if (!accepts) sent.push('accept', '*/*');
  // Fetch, "HTTP-network-or-cache fetch": a part of something coded can't be decoded.
  if (!acceptsCodings) sent.push('accept-encoding', hasRange ? 'identity' : acceptEncoding);
  if (!names) sent.push('user-agent', userAgent);
  if (native?.cache) sent.push(...cacheHeaders(native.cache, headers));
  if (prefix !== '' && proxy?.authorization !== undefined) {
    sent.push('proxy-authorization', proxy.authorization);
  }
  if (begun || body === null) return {headers: sent, body: begun ?? null};
  const {source, contentType} = prepareBody(body);
  if (source instanceof ReadableStream && isDisturbed(source)) {
    throw new TypeError('Request body is a stream that was read from already');
  }
  if (contentType !== undefined && !hasType) sent.push('content-type', contentType);
  const listener = transfer?.onUploadProgress;
  // As a stream that can be stopped, where it is read as it's sent, watched, or waits.
  if (!listener && !expects && !(source instanceof Blob) && !isStreamLike(source as never)) {
    return {headers: sent, body: source};
  }
  let length = headers.get('content-length');
  if (length === undefined) {
    length = sizeOf(source)?.toString();
    if (length !== undefined) sent.push('content-length', length);
  }
  const report = listener && new ProgressReport(listener, Number(length ?? 0));
  return {headers: sent, body: new Upload(inPieces(source), report, expects)};
}

// Takes web streams as well; the types don't say so.
const isDisturbed = Readable.isDisturbed as unknown as (stream: ReadableStream) => boolean;

/** What caches on the way are told (Fetch, "HTTP-network-or-cache fetch"); there is none here. */
function cacheHeaders(cache: RequestCache, headers: HeaderList): string[] {
  const hasControl = headers.has('cache-control');
  if (cache === 'no-cache') return hasControl ? [] : ['cache-control', 'max-age=0'];
  if (cache !== 'no-store' && cache !== 'reload') return [];
  return [
    ...(headers.has('pragma') ? [] : ['pragma', 'no-cache']),
    ...(hasControl ? [] : ['cache-control', 'no-cache']),
  ];
}
