import {sizeOf} from '../../core/body.ts';
import {discard} from '../../core/discard-response.ts';
import type {CopiedHead, ReadListener} from '../../core/native-response.ts';
import {CopiedResponse, cancelWhenCollected} from '../../core/native-response.ts';
import type {ConnectorRequest} from '../../core/request.ts';
import {hasBody} from '../../core/status.ts';

/** Notified of the progress and the end of a response's body. */
export interface BodyTracker extends ReadListener {
  /** Passes the function that fails the body from outside, for example on an abort. Called once, before all others. */
  bodyFailsWith(fail: (error: unknown) => void): void;
  /** The stream has room for another chunk, and waits for the server to send it. */
  waitsForChunk(): void;
  /** @throws an error that the body then fails with */
  received(chunk: Uint8Array): void;
  ended(): void;
  /** The runtime itself passes the body on, so that nothing more is seen of it. Only the caller's abort still ends it. */
  passedOn(): void;
  cancelled(reason: unknown): void;
  /** The body broke off, by itself or because it was failed from outside. Returns the error for the reader. */
  brokeOff(error: unknown): unknown;
  /** Set if each chunk of the body has to be seen. */
  readonly monitor: object | undefined;
}

/** Makes the response that the caller gets. */
export type TrackResponse = (response: Response, tracker: BodyTracker, request: ConnectorRequest) => Response;

/**
 * How many bytes of an unread body are buffered. With this buffer, a small body ends and frees its slot even if the
 * caller never reads it.
 */
export const highWaterMark = 64 * 1024;

/**
 * A response like the given one, whose body reports to `tracker`. An opaque response, and a response without a body, are
 * returned as they are, because there is no body to track. The exception is a response that a program made with
 * `new Response`: it has no URL yet.
 *
 * In a service worker, a response that was redirected is returned as it is, unless the tracker has to see its body. The
 * worker may answer a page with it, and the page sees the URL of the last redirect only in the browser's own response
 * (Fetch, "main fetch": a response without a URL list gets the URL of the request).
 */
export function trackedResponse(
  response: Response,
  tracker: BodyTracker,
  request: {readonly url: string; readonly method: string},
): Response {
  const {body, url, redirected, type, status, statusText, headers} = response;
  if (redirected && (globalThis as {skipWaiting?: unknown}).skipWaiting && !tracker.monitor) {
    tracker.passedOn();
    return response;
  }
  const stream = hasBody(response, request) ? trackedStream(body as ByteStream, tracker) : null;
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
  return new CopiedResponse(stream, head, headers, tracker);
}

type ByteStream = ReadableStream<Uint8Array<ArrayBuffer>>;

function trackedStream(body: ByteStream, tracker: BodyTracker): ByteStream {
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
        (controller as ReadableByteStreamController).byobRequest?.respond(0);
      } else {
        tracker.received(value);
        // A byte stream throws for an empty chunk.
        if (value.byteLength || !isBytes) controller.enqueue(value);
      }
    } catch (error) {
      // If the body itself has not failed, the tracker now fails it from outside, which cancels it.
      throw tracker.brokeOff(error);
    } finally {
      failRead = undefined;
    }
  }

  type Chunk = Uint8Array<ArrayBuffer>;
  const source = {pull, cancel, type: isBytes ? 'bytes' : undefined};
  cancelWhenCollected(source, cancel);
  // A byte stream refuses a `size`.
  const size = isBytes ? undefined : sizeOf;
  return new ReadableStream(source as object, {highWaterMark, size} as QueuingStrategy<Chunk>);
}

/** Whether the stream supports BYOB readers, as the body of a fetch does. Nothing else holds the chunks of such a stream. */
export function isByteStream(body: ReadableStream): boolean {
  try {
    body.getReader({mode: 'byob'}).releaseLock();
    return true;
  } catch {
    return false;
  }
}
