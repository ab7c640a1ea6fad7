import type {RequestBody} from './body.ts';
import {bodyOfRequest} from './body.ts';

// Bodies that were taken from a Request. A Request doesn't show whether it was made of a string, of bytes or of a stream.
const requestBodies = new WeakSet<object>();

/** The body of a `Request`, chunk by chunk. */
export type Chunks = ReadableStream<Uint8Array> | AsyncIterable<Uint8Array>;

/**
 * Takes the body of a `Request`. Before it is sent, the platform's `openBody` turns it into bytes if possible.
 *
 * @throws TypeError for a body that has been read already, or is locked by a reader
 */
export function takeBody(request: Request): RequestBody | null {
  const body = bodyOfRequest(request);
  if (request.bodyUsed || (body instanceof ReadableStream && body.locked)) {
    throw new TypeError('The body of this Request has already been read');
  }
  if (body !== null) requestBodies.add(body);
  return body;
}

/** Whether the body was taken from a `Request`, so that the original may have been a string or bytes. */
export function isOfRequest(body: RequestBody | null): body is Chunks {
  return typeof body === 'object' && body !== null && requestBodies.has(body);
}
