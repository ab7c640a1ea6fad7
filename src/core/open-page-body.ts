import type {RequestBody} from './body.ts';
import {toReadableStream} from './body.ts';
import type {Lifetime} from './call-lifetime.ts';
import type {Chunks} from './read-request-body.ts';

/**
 * Reads the body of a `Request` into bytes. Pages can send a stream over HTTP/2 only, if at all, so the body of a page's
 * `Request` was hardly a stream before.
 */
export function openPageBody(body: Chunks, lifetime: Lifetime): Promise<RequestBody> {
  return Promise.race([new Response(toReadableStream(body)).arrayBuffer(), lifetime.whenAborted()]);
}
