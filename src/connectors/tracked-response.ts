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
 * The same response, its body watched. One without a body, and those that hide what they are (opaque, error), come back
 * as they are: there is nothing to watch.
 */
export function trackedResponse(response: Response, tracker: BodyTracker): Response {
  const {body} = response;
  if (body === null || response.status < 200) {
    tracker.ended();
    return response;
  }
  const {url, redirected, type} = response;
  const stream = trackedStream(body, tracker);
  const {status, statusText, headers} = response;
  return new TrackedResponse(stream, {status, statusText, headers}, {url, redirected, type}, tracker);
}

function trackedStream(
  body: ReadableStream<Uint8Array<ArrayBuffer>>,
  tracker: BodyTracker,
): ReadableStream<Uint8Array<ArrayBuffer>> {
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

  const stream = new ReadableStream<Uint8Array<ArrayBuffer>>(
    {
      async pull(controller) {
        if (failed) throw failed.error;
        tracker.reading();
        const failing = new Promise<never>((_resolve, reject) => {
          failRead = reject;
        });
        try {
          const {done, value} = await Promise.race([reader.read(), failing]);
          failRead = undefined;
          if (done) {
            tracker.ended();
            controller.close();
          } else {
            tracker.received(value.byteLength);
            controller.enqueue(value);
          }
        } catch (error) {
          failRead = undefined;
          const failure = failed as {readonly error: unknown} | undefined;
          if (!failure) tracker.cancelled(error);
          throw failure ? failure.error : error;
        }
      },
      cancel,
    },
    {highWaterMark, size: (chunk) => chunk.byteLength},
  );
  abandoned.register(stream, cancel);
  return stream;
}
