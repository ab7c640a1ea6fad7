import {isBrowserPage} from '../utils/is-browser-page.ts';
import type {RequestBody} from './body.ts';
import {bodyOfRequest, toReadableStream} from './body.ts';
import type {Lifetime} from './call-lifetime.ts';

// What came out of a Request, which doesn't tell what it was made of.
const requestBodies = new WeakSet<object>();

/** How much is waited for in memory, in bytes; a first chunk may be larger, since it's there already. */
const mostHeld = 1024 * 1024;

type Bytes = Uint8Array<ArrayBuffer>;
type Chunks = ReadableStream<Uint8Array> | AsyncIterable<Uint8Array>;
type Reader = ReadableStreamDefaultReader<Bytes>;

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

/**
 * Makes bytes again of what is all here: they have a length, and can be sent again, over redirects and retries, as the
 * Fetch standard has it of a `Request` that was made of them. What lets one wait for its next chunk is a stream.
 */
export async function openBody(body: Chunks, lifetime: Lifetime): Promise<RequestBody> {
  const reader = toReadableStream(body).getReader() as Reader;
  const listener = {aborted: (reason: unknown) => void reader.cancel(reason).catch(() => undefined)};
  if (lifetime.isAborted) listener.aborted(lifetime.reason);
  else lifetime.onAbort(listener);
  const chunks: Bytes[] = [];
  let size = 0;
  let next = reader.read();
  try {
    let result: Awaited<typeof next> | undefined = await next;
    while (result && !result.done) {
      chunks.push(result.value);
      next = reader.read();
      // A chunk that is none is for who sends it to refuse.
      size += result.value?.byteLength ?? 0;
      if (!ArrayBuffer.isView(result.value)) result = undefined;
      // Pages send streams over HTTP/2 alone, if at all; this one was hardly one before.
      else if (isBrowserPage) result = await next;
      else result = size > mostHeld && chunks.length > 1 ? undefined : await atOnce(next);
    }
    if (result) return chunks.length === 1 ? (chunks[0] as Bytes) : await new Blob(chunks).arrayBuffer();
  } catch {
    // What is sent fails with that, like any stream.
  } finally {
    lifetime.offAbort(listener);
  }
  return restOf(chunks, next, reader);
}

function atOnce<T>(promise: Promise<T>): Promise<T | undefined> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve);
    promise.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}

function restOf(chunks: Bytes[], begun: ReturnType<Reader['read']>, reader: Reader): ReadableStream<Bytes> {
  let next: typeof begun | undefined = begun;
  // Nobody may ever ask for it.
  begun.catch(() => undefined);
  return new ReadableStream(
    {
      async pull(controller) {
        if (chunks.length > 0) {
          controller.enqueue(chunks.shift() as Bytes);
          return;
        }
        const {done, value} = await (next ?? reader.read());
        next = undefined;
        if (done) controller.close();
        else controller.enqueue(value);
      },
      cancel: (reason) => reader.cancel(reason),
    },
    {highWaterMark: 0},
  );
}
