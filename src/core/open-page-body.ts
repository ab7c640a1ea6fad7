import type {RequestBody} from './body.ts';
import type {Lifetime} from './call-lifetime.ts';
import type {Chunks} from './read-request-body.ts';

/**
 * Turns the body of a `Request` into bytes. Browsers send streams over HTTP/2 only, if at all, so in a page the original
 * body was hardly a stream.
 */
export function openPageBody(body: Chunks, lifetime: Lifetime): Promise<RequestBody> {
  const bytes = new Response(body as ReadableStream<Uint8Array<ArrayBuffer>>).arrayBuffer();
  return Promise.race([bytes, lifetime.whenAborted()]);
}
