// Tests and tools swap the globals: what a Response is, is settled when this module is loaded.
const NativeResponse = globalThis.Response;

/** Told what becomes of a body. */
export interface BodyTracker {
  /** Gives the way to fail the body from outside, as an abort does. */
  bodyFailsWith(fail: (error: unknown) => void): void;
  /** There is room for the next chunk: from now on the server is waited for. */
  reading(): void;
  /** Somebody has begun to read the body, or is about to. */
  touched(): void;
  received(bytes: number): void;
  ended(): void;
  cancelled(reason: unknown): void;
  /** The body broke off by itself. Returns what its reader gets. */
  broken(error: unknown): unknown;
}

// A body whose response nobody holds any more would keep its slot for ever.
const abandoned = new FinalizationRegistry<(reason: unknown) => void>((cancel) =>
  cancel(new Error('The response was collected unread')),
);

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
    this.#tracker.touched();
    return super.arrayBuffer();
  }

  override blob(): Promise<Blob> {
    this.#tracker.touched();
    return super.blob();
  }

  override bytes(): Promise<Uint8Array<ArrayBuffer>> {
    this.#tracker.touched();
    return super.bytes();
  }

  override formData(): Promise<FormData> {
    this.#tracker.touched();
    return super.formData();
  }

  override json(): Promise<unknown> {
    this.#tracker.touched();
    return super.json();
  }

  override text(): Promise<string> {
    this.#tracker.touched();
    return super.text();
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
export function trackedResponse(response: Response, tracker: BodyTracker, requestUrl: string): Response {
  const {body, url, redirected, type} = response;
  const stream = body && trackedStream(body, tracker);
  if (!stream) {
    tracker.ended();
    if (url !== '' || response.status < 200) return response;
  }
  const {status, statusText, headers} = response;
  const meta = {url: url || requestUrl, redirected, type: type === 'default' ? 'basic' : type} as const;
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
        tracker.received(value.byteLength);
        // A byte stream takes no empty chunk.
        if (value.byteLength > 0 || !isBytes) controller.enqueue(value);
      }
    } catch (error) {
      const failure = failed as {readonly error: unknown} | undefined;
      throw failure ? failure.error : tracker.broken(error);
    } finally {
      failRead = undefined;
    }
  }

  type Chunk = Uint8Array<ArrayBuffer>;
  const stream = isBytes
    ? (new ReadableStream({type: 'bytes', pull, cancel}, {highWaterMark}) as ReadableStream<Chunk>)
    : new ReadableStream<Chunk>({pull, cancel}, {highWaterMark, size: (chunk) => chunk.byteLength});
  abandoned.register(stream, cancel);
  return stream;
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
