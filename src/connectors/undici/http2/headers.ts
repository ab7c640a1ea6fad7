import type {OutgoingHttpHeaders} from 'node:http2';
import type {Dispatcher} from 'undici';
import {contentLengthMismatch} from '../dispatch.ts';

/** What is sent as a body. */
export type Http2Body = string | Uint8Array | Blob | AsyncIterable<Uint8Array | string>;

// RFC 9113, section 8.2.2: these belong to HTTP/1.1's connections, and go no further. The others, undici refuses there too.
const droppedHeaders = new Set(['connection', 'host', 'http2-settings', 'proxy-connection', 'te']);
const refusedHeaders = new Set(['expect', 'keep-alive', 'transfer-encoding', 'upgrade']);

/**
 * A request's headers as HTTP/2 has them.
 *
 * @throws TypeError for one that HTTP/2 knows no place for, and for a Content-Length that the body hasn't
 */
export function toHttp2Headers(
  options: Dispatcher.DispatchOptions,
  body: Http2Body | null,
  authority: string,
): OutgoingHttpHeaders {
  const flat = options.headers as readonly string[];
  const headers: Record<string, string> = {
    ':method': options.method,
    ':scheme': 'https',
    ':authority': authority,
    ':path': options.path,
  };
  for (let index = 0; index < flat.length; index += 2) {
    const name = flat[index] as string;
    const value = flat[index + 1] as string;
    if (refusedHeaders.has(name)) throw new TypeError(`Request could not be sent: no ${name} over HTTP/2`);
    if (name === 'host') headers[':authority'] = value;
    if (droppedHeaders.has(name)) continue;
    const before = headers[name];
    headers[name] = before === undefined ? value : `${before}${name === 'cookie' ? '; ' : ', '}${value}`;
  }
  const size = sizeOf(options.method, body);
  if (size !== undefined) {
    if (headers['content-length'] !== undefined && Number(headers['content-length']) !== size) {
      throw contentLengthMismatch();
    }
    headers['content-length'] = String(size);
  }
  return headers;
}

function sizeOf(method: string, body: Http2Body | null): number | undefined {
  if (body === null) return method === 'POST' || method === 'PUT' || method === 'PATCH' ? 0 : undefined;
  if (typeof body === 'string') return Buffer.byteLength(body);
  if (body instanceof Uint8Array) return body.byteLength;
  return body instanceof Blob ? body.size : undefined;
}
