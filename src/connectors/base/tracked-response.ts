import {discard} from '../../core/discard-response.ts';
import type {CopiedHead} from '../../core/native-response.ts';
import {CopiedResponse, cancelWhenCollected} from '../../core/native-response.ts';
import {hasBody} from '../../core/status.ts';

/** Notified of the progress and the end of a response's body. */
export interface BodyTracker {
  /** Passes the function that fails the body from outside, for example on an abort. Called once, before all others. */
  bodyFailsWith(fail: (error: unknown) => void): void;
  /** The stream has room for another chunk, and waits for the server to send it. */
  waitsForChunk(): void;
  /** The caller has begun to read the body, or is about to. */
  readStarted(): void;
  /** @throws an error that the body then fails with */
  received(chunk: Uint8Array): void;
  ended(): void;
  cancelled(reason: unknown): void;
  /** The body broke off, by itself or because it was failed from outside. Returns the error for the reader. */
  brokeOff(error: unknown): unknown;
  /** The error that the body failed with, by itself or from outside. */
  readonly failure: {readonly error: unknown} | undefined;
}

/**
 * How many bytes of an unread body are buffered. With this buffer, a small body ends and frees its slot even if the
 * caller never reads it.
 */
const highWaterMark = 64 * 1024;

/** A response that tells its tracker when the caller reads it. Its clones do too. */
class TrackedResponse extends CopiedResponse {
  readonly #head: CopiedHead;
  readonly #tracker: BodyTracker;

  constructor(
    body: ReadableStream<Uint8Array<ArrayBuffer>> | null,
    head: CopiedHead,
    headers: Headers,
    tracker: BodyTracker,
  ) {
    super(body, head, headers);
    this.#head = head;
    this.#tracker = tracker;
  }

  override get body(): ReadableStream<Uint8Array<ArrayBuffer>> | null {
    this.#tracker.readStarted();
    return super.body as ReadableStream<Uint8Array<ArrayBuffer>> | null;
  }

  override arrayBuffer(): Promise<ArrayBuffer> {
    return this.#read(super.arrayBuffer());
  }

  override async blob(): Promise<Blob> {
    const blob = await this.#read(super.blob());
    const type = this.headers.get('content-type');
    // Some runtimes ignore the Content-Type when the body is a stream.
    return blob.type === '' && type !== null ? new Blob([blob], {type}) : blob;
  }

  override bytes(): Promise<Uint8Array<ArrayBuffer>> {
    return this.#read(super.bytes());
  }

  override formData(): Promise<FormData> {
    return this.#read(super.formData());
  }

  override json(): Promise<unknown> {
    return this.#read(super.json());
  }

  override text(): Promise<string> {
    return this.#read(super.text());
  }

  // When a stream made by a script fails, browsers replace its error with one of their own. This restores the original.
  async #read<T>(read: Promise<T>): Promise<T> {
    this.#tracker.readStarted();
    try {
      return await read;
    } catch (error) {
      throw this.#tracker.failure ? this.#tracker.failure.error : error;
    }
  }

  override clone(): Response {
    const copy = super.clone();
    return new TrackedResponse(
      copy.body as ReadableStream<Uint8Array<ArrayBuffer>> | null,
      this.#head,
      copy.headers,
      this.#tracker,
    );
  }
}

/**
 * A response like the given one, whose body reports to `tracker`. An opaque response, and a response without a body, are
 * returned as they are, because there is no body to track. The exception is a response that a program made with
 * `new Response`: it has no URL yet.
 */
export function trackedResponse(
  response: Response,
  tracker: BodyTracker,
  request: {readonly url: string; readonly method: string},
): Response {
  const {body, url, redirected, type, status, statusText, headers} = response;
  const stream = body && hasBody(response, request) ? trackedStream(body, tracker) : null;
  if (!stream) {
    tracker.ended();
    if ((body === null && type !== 'default') || status < 200) return response;
    discard(response);
  }
  const head: CopiedHead = {
    url: url || request.url,
    redirected,
    type: type === 'default' ? 'basic' : type,
    status,
    statusText,
    method: request.method,
  };
  return new TrackedResponse(stream, head, headers, tracker);
}

function trackedStream(
  body: ReadableStream<Uint8Array<ArrayBuffer>>,
  tracker: BodyTracker,
): ReadableStream<Uint8Array<ArrayBuffer>> {
  const isBytes = isByteStream(body);
  const reader = body.getReader();
  // Set only while a chunk is awaited, so that an abandoned stream can be collected.
  let failRead: ((error: unknown) => void) | undefined;

  function cancel(reason: unknown): void {
    tracker.cancelled(reason);
    reader.cancel(reason).catch(() => undefined);
  }

  tracker.bodyFailsWith((error) => {
    failRead?.(error);
    reader.cancel(error).catch(() => undefined);
  });

  async function pull(
    controller: ReadableByteStreamController | ReadableStreamDefaultController,
  ): Promise<void> {
    if (tracker.failure) throw tracker.failure.error;
    tracker.waitsForChunk();
    const failing = new Promise<never>((_resolve, reject) => {
      failRead = reject;
    });
    try {
      const {done, value} = await Promise.race([reader.read(), failing]);
      if (done) {
        tracker.ended();
        controller.close();
        // A reader that passed its own buffer (BYOB) waits for a response even when the stream is closed.
        if ('byobRequest' in controller) controller.byobRequest?.respond(0);
      } else {
        tracker.received(value);
        // A byte stream throws for an empty chunk.
        if (value.byteLength > 0 || !isBytes) controller.enqueue(value);
      }
    } catch (error) {
      reader.cancel(error).catch(() => undefined);
      throw tracker.brokeOff(error);
    } finally {
      failRead = undefined;
    }
  }

  type Chunk = Uint8Array<ArrayBuffer>;
  const source = {pull, cancel};
  cancelWhenCollected(source, cancel);
  return isBytes
    ? (new ReadableStream(Object.assign(source, {type: 'bytes' as const}), {
        highWaterMark,
      }) as ReadableStream<Chunk>)
    : new ReadableStream<Chunk>(source, {highWaterMark, size: (chunk) => chunk.byteLength});
}

/** Whether the stream supports BYOB readers, as the body of a fetch does. Nothing else holds the chunks of such a stream. */
function isByteStream(body: ReadableStream): boolean {
  try {
    body.getReader({mode: 'byob'}).releaseLock();
    return true;
  } catch {
    return false;
  }
}
