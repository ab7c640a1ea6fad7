import {discard} from '../../core/discard-response.ts';
import {cancelWhenCollected, NativeResponse} from '../../core/native-response.ts';
import {hasBody} from '../../core/status.ts';

/** Told what becomes of a body. */
export interface BodyTracker {
  /** Gives the way to fail the body from outside, as an abort does. */
  bodyFailsWith(fail: (error: unknown) => void): void;
  /** There is room for the next chunk: from now on the server is waited for. */
  reading(): void;
  /** Somebody has begun to read the body, or is about to. */
  touched(): void;
  /** @throws what the body fails with then */
  received(chunk: Uint8Array): void;
  ended(): void;
  cancelled(reason: unknown): void;
  /** The body broke off by itself. Returns what its reader gets. */
  broken(error: unknown): unknown;
  /** What the body failed with, by itself or from outside. */
  readonly failure: {readonly error: unknown} | undefined;
}

interface Meta {
  readonly url: string;
  readonly redirected: boolean;
  readonly type: ResponseType;
}

/**
 * How much of a body nobody reads is taken in, in bytes: enough that a small one ends, and frees its slot, whether or
 * not anybody looks at it.
 */
const highWaterMark = 64 * 1024;

/** A real Response, with the members that its constructor can't set carried over, also to its clones. */
class TrackedResponse extends NativeResponse {
  readonly #meta: Meta;
  readonly #tracker: BodyTracker;

  constructor(
    body: ReadableStream<Uint8Array<ArrayBuffer>> | null,
    init: ResponseInit,
    meta: Meta,
    tracker: BodyTracker,
  ) {
    super(body, init);
    this.#meta = meta;
    this.#tracker = tracker;
  }

  override get body(): ReadableStream<Uint8Array<ArrayBuffer>> | null {
    this.#tracker.touched();
    return super.body as ReadableStream<Uint8Array<ArrayBuffer>> | null;
  }

  override arrayBuffer(): Promise<ArrayBuffer> {
    return this.#read(super.arrayBuffer());
  }

  override async blob(): Promise<Blob> {
    const blob = await this.#read(super.blob());
    const type = this.headers.get('content-type');
    // Not every runtime looks at the headers when the body is a stream.
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

  // Browsers put an error of their own in place of what a stream made by a script fails with.
  async #read<T>(read: Promise<T>): Promise<T> {
    this.#tracker.touched();
    try {
      return await read;
    } catch (error) {
      throw this.#tracker.failure ? this.#tracker.failure.error : error;
    }
  }

  override get url(): string {
    return this.#meta.url;
  }

  override get redirected(): boolean {
    return this.#meta.redirected;
  }

  override get type(): ResponseType {
    return this.#meta.type;
  }

  override clone(): Response {
    const copy = super.clone();
    return new TrackedResponse(
      copy.body as ReadableStream<Uint8Array<ArrayBuffer>> | null,
      copy,
      this.#meta,
      this.#tracker,
    );
  }
}

/**
 * The same response, its body watched. One without a body comes back as it is, unless it was made by hand and has no
 * URL yet; and so do those that hide what they are (opaque): there is nothing to watch.
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
  const meta = {url: url || request.url, redirected, type: type === 'default' ? 'basic' : type} as const;
  return new TrackedResponse(stream, {status, statusText, headers}, meta, tracker);
}

function trackedStream(
  body: ReadableStream<Uint8Array<ArrayBuffer>>,
  tracker: BodyTracker,
): ReadableStream<Uint8Array<ArrayBuffer>> {
  const isBytes = isByteStream(body);
  const reader = body.getReader();
  let failed: {readonly error: unknown} | undefined;
  // Set while somebody waits for a chunk only, so that a stream nobody holds can be collected.
  let failRead: ((error: unknown) => void) | undefined;

  function cancel(reason: unknown): void {
    tracker.cancelled(reason);
    reader.cancel(reason).catch(() => undefined);
  }

  tracker.bodyFailsWith((error) => {
    failed = {error};
    failRead?.(error);
    reader.cancel(error).catch(() => undefined);
  });

  async function pull(
    controller: ReadableByteStreamController | ReadableStreamDefaultController,
  ): Promise<void> {
    if (failed) throw failed.error;
    tracker.reading();
    const failing = new Promise<never>((_resolve, reject) => {
      failRead = reject;
    });
    try {
      const {done, value} = await Promise.race([reader.read(), failing]);
      if (done) {
        tracker.ended();
        controller.close();
        // A reader that brought its own buffer waits for an answer even then.
        if ('byobRequest' in controller) controller.byobRequest?.respond(0);
      } else {
        tracker.received(value);
        // A byte stream takes no empty chunk.
        if (value.byteLength > 0 || !isBytes) controller.enqueue(value);
      }
    } catch (error) {
      const failure = failed as {readonly error: unknown} | undefined;
      if (failure) throw failure.error;
      reader.cancel(error).catch(() => undefined);
      throw tracker.broken(error);
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

/** Whether it can be read into the reader's own memory, as a fetch's body can. Its chunks are then nobody else's. */
function isByteStream(body: ReadableStream): boolean {
  try {
    body.getReader({mode: 'byob'}).releaseLock();
    return true;
  } catch {
    return false;
  }
}
