import type {RequestBody} from './body.ts';
import type {Lifetime} from './call-lifetime.ts';
import type {Chunks} from './read-request-body.ts';

/**
 * Turns the body of a `Request` into bytes. Browsers send streams over HTTP/2 only, if at all, so in a page the original
 * body was hardly a stream.
 */
export function openPageBody(body: Chunks, lifetime: Lifetime): Promise<RequestBody> {
  const bytes =
    body instanceof ReadableStream
      ? new Response(body).arrayBuffer()
      : // A Request of Firefox has no `body`. The async iterable that replaces it yields the whole body at once.
        body[Symbol.asyncIterator]()
          .next()
          .then(({value}) => value as Uint8Array<ArrayBuffer>);
  return Promise.race([bytes, lifetime.whenAborted()]);
}
