import type {RequestBody} from './body.ts';
import {toReadableStream} from './body.ts';
import type {Lifetime} from './call-lifetime.ts';
import type {Chunks} from './read-request-body.ts';

/** How much is waited for in memory, in bytes; a first chunk may be larger, since it's there already. */
const mostHeld = 1024 * 1024;

type Bytes = Uint8Array<ArrayBuffer>;
type Reader = ReadableStreamDefaultReader<Bytes>;

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
