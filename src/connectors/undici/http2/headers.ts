import type {OutgoingHttpHeaders} from 'node:http2';
import type {Dispatcher} from 'undici';
import {contentLengthMismatch} from '../dispatch.ts';

/** The body of a request as an HTTP/2 stream sends it. */
export type Http2Body = string | Uint8Array | Blob | AsyncIterable<Uint8Array | string>;

// RFC 9113, section 8.2.2: connection-specific headers of HTTP/1.1. undici refuses the second group over HTTP/1.1 as well.
const droppedHeaders = new Set(['connection', 'host', 'http2-settings', 'proxy-connection', 'te']);
const refusedHeaders = new Set(['expect', 'keep-alive', 'transfer-encoding', 'upgrade']);

/**
 * Converts a request's headers to those of HTTP/2.
 *
 * @throws TypeError for a header that HTTP/2 doesn't allow, and for a Content-Length that differs from the body's length
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
    if (refusedHeaders.has(name))
      throw new TypeError(`Request could not be sent: HTTP/2 does not allow the header ${name}`);
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
