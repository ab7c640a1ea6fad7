import type {RequestBody} from './body.ts';
import {toReadableStream} from './body.ts';
import type {Lifetime} from './call-lifetime.ts';
import type {Chunks} from './read-request-body.ts';

/** The most bytes that are collected in memory. The first chunk may be larger, because it is in memory already. */
const mostBuffered = 1024 * 1024;

// The runtime's own, because a fake clock of a test would never let the timer fire.
const {setTimeout: realSetTimeout, clearTimeout: realClearTimeout} = globalThis;

type Bytes = Uint8Array<ArrayBuffer>;
type Reader = ReadableStreamDefaultReader<Bytes>;

/**
 * Turns the body of a `Request` into bytes if all of its chunks are available at once. Bytes have a length, and redirects
 * and retries can send them again, which the Fetch standard demands for a `Request` that was made of bytes. If a chunk is
 * not available at once, the body is sent as a stream.
 *
 * @param hasLength - asked where a chunk is not available at once: whether the body is known to have a length. The body is
 * then collected to its end.
 */
export async function openBody(
  body: Chunks,
  lifetime: Lifetime,
  hasLength: () => boolean = () => false,
): Promise<RequestBody> {
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
      // A chunk that is not bytes ends the collection. The connector then refuses it, as in any stream.
      size += result.value?.byteLength ?? 0;
      if (!ArrayBuffer.isView(result.value)) result = undefined;
      else {
        result = size > mostBuffered && chunks.length > 1 ? undefined : await resultNow(next);
        if (!result && hasLength()) result = await next;
      }
    }
    if (result) return chunks.length === 1 ? (chunks[0] as Bytes) : await new Blob(chunks).arrayBuffer();
  } catch {
    // The stream that is returned below fails with the same error when it is sent.
  } finally {
    lifetime.offAbort(listener);
  }
  return restOf(chunks, next, reader);
}

/** The result of a promise that settles before a timer of 0 ms; otherwise `undefined`. */
function resultNow<T>(promise: Promise<T>): Promise<T | undefined> {
  return new Promise((resolve, reject) => {
    const timer = realSetTimeout(resolve);
    promise.then(resolve, reject).finally(() => realClearTimeout(timer));
  });
}

function restOf(chunks: Bytes[], begun: ReturnType<Reader['read']>, reader: Reader): ReadableStream<Bytes> {
  let next: typeof begun | undefined = begun;
  // The stream may be cancelled before it reads this result.
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
