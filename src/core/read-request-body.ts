import type {RequestBody} from './body.ts';
import {bodyOfRequest} from './body.ts';

// What came out of a Request, which doesn't tell what it was made of.
const requestBodies = new WeakSet<object>();
export type Chunks = ReadableStream<Uint8Array> | AsyncIterable<Uint8Array>;

/**
 * The body of a `Request`: what it may have been made of is found out by {@link openBody}.
 *
 * @throws TypeError when it was read from, or somebody is reading it
 */
export function takeBody(request: Request): RequestBody | null {
  const body = bodyOfRequest(request);
  if (request.bodyUsed || (body instanceof ReadableStream && body.locked)) {
    throw new TypeError('The body of this Request has already been read');
  }
  if (body !== null) requestBodies.add(body);
  return body;
}

/** Whether it came out of a `Request`, so may have been a string or bytes. */
export function isOfRequest(body: RequestBody | null): body is Chunks {
  return typeof body === 'object' && body !== null && requestBodies.has(body);
}
