import type {RequestBody} from './body.ts';

// The requests that bodies were taken from. A Request doesn't show whether it was made of a string, of bytes or of a stream.
const requests = new WeakMap<object, Request>();

/** The body of a `Request`, chunk by chunk. */
export type Chunks = ReadableStream<Uint8Array>;

/**
 * Takes the body of a `Request`. Before it is sent, the platform's `openBody` turns it into bytes if possible.
 *
 * @throws TypeError for a body that has been read already, or is locked by a reader
 */
export function takeBody(request: Request): RequestBody | null {
  const body = 'body' in request ? request.body : firefoxBody(request);
  if (request.bodyUsed || body?.locked) throw new TypeError('The body is locked or has been read');
  if (body !== null) requests.set(body, request);
  return body;
}

// A `Request` of Firefox has no `body`.
function firefoxBody(request: Request): Chunks | null {
  if (request.method === 'GET' || request.method === 'HEAD') return null;
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        controller.enqueue(new Uint8Array(await request.arrayBuffer()));
        controller.close();
      },
    },
    {highWaterMark: 0},
  );
}

/** Whether the body was taken from a `Request`, so that the original may have been a string or bytes. */
export function isOfRequest(body: RequestBody | null): body is Chunks {
  return requests.has(body as object);
}

/** The `Request` that the body was taken from. */
export function requestOf(body: Chunks): Request {
  return requests.get(body) as Request;
}
