import type {CopiedHead} from '../../core/native-response.ts';
import {CopiedResponse, cancelWhenCollected, NativeResponse} from '../../core/native-response.ts';
import type {ConnectorRequest} from '../../core/request.ts';
import {isNullBodyStatus} from '../../core/status.ts';
import {toJsonError} from '../../errors/json-error.ts';
import type {BodyTracker, TrackResponse} from './tracked-response.ts';
import {highWaterMark, isByteStream, trackedResponse} from './tracked-response.ts';

type Bytes = Uint8Array<ArrayBuffer>;
type Controller = ReadableByteStreamController | ReadableStreamDefaultController<Bytes>;

/** A body of at most this size, in bytes, is read in one piece, because its chunks hardly arrive apart. */
const mostInOnePiece = 64 * 1024;

/** A shorter `read` timeout, in ms, has to see each chunk. */
const shortest = 30_000;

/**
 * Whether the bodies of this runtime's `fetch` are byte streams. Read from the first body: asking takes Deno a quarter of the
 * time of a request.
 */
let areByteStreams: boolean | undefined;

const decoder = new TextDecoder();

/**
 * Makes the responses that callers get from those of the runtime's own `fetch`. `json()`, `text()` and their like read the
 * runtime's response itself, which takes a fraction of the time of a stream that a script makes. Any other response, such as
 * one that a program made, and one without a body, goes to {@link trackedResponse}.
 *
 * @param begin - calls `afterTurn()` of the source when this turn of the event loop is over
 */
function lazily(begin: (source: LazySource) => void): TrackResponse {
  return (response, tracker, request) => {
    if (!isOfRuntime(response) || request.method === 'HEAD' || !hasUsualBody(response)) {
      return trackedResponse(response, tracker, request);
    }
    const source = new LazySource(new BodyReader(response, tracker, request));
    begin(source);
    return new LazyResponse(response, source, tracker, request.method);
  };
}

/** For all runtimes: Cloudflare's workers can't share a timer between the requests that they answer. */
export const lazyResponse = /* @__PURE__ */ lazily((source) => {
  setTimeout(() => source.afterTurn(), 0);
});

/** The sources of the responses that arrived in this turn. */
let arrived: LazySource[] = [];

/** With one timer for all responses of a turn. */
export const lazyResponseOfTurn = /* @__PURE__ */ lazily((source) => {
  if (arrived.push(source) === 1) setTimeout(endTurn, 0);
});

function endTurn(): void {
  const sources = arrived;
  arrived = [];
  for (const source of sources) source.afterTurn();
}

/**
 * Whether the response is one of the runtime's own `fetch`, and not one that a program made, whose type is `default` and which
 * has no URL. In Bun all have that type. Deno parses the URL again each time that it is read.
 */
function isOfRuntime(response: Response): boolean {
  return (
    response.constructor === NativeResponse &&
    (response.type !== 'default' || response.url !== '') &&
    !Object.hasOwn(response, 'url')
  );
}

/** Looks at the headers first, because some runtimes make a stream when `body` is read. */
function hasUsualBody(response: Response): boolean {
  const {status, headers, redirected} = response;
  if (status < 200 || isNullBodyStatus(status) || redirected) return false;
  return Number(headers.get('content-length')) > 0 || response.body !== null;
}

/** The response itself, whose members are read when they are asked for. In Bun its type is wrong. */
function headOf(response: Response): CopiedHead {
  if (response.type !== 'default') return response;
  const {url, redirected, status, statusText} = response;
  return {url, redirected, type: 'basic', status, statusText};
}

function alreadyRead(): TypeError {
  return new TypeError('The body has been read already');
}

/** The chunks as one array, which has a buffer of its own. */
function joinChunks(chunks: readonly Bytes[]): Bytes {
  const [first] = chunks;
  if (chunks.length === 1 && first?.byteLength === first?.buffer.byteLength) return first as Bytes;
  const joined = new Uint8Array(chunks.reduce((sum, {byteLength}) => sum + byteLength, 0));
  let at = 0;
  for (const chunk of chunks) {
    joined.set(chunk, at);
    at += chunk.byteLength;
  }
  return joined;
}

/** Reads the body of the runtime's response once, and reports to the tracker. */
class BodyReader {
  readonly #response: Response;
  readonly #tracker: BodyTracker;
  /** Whether a small body may be read in one piece: its chunks are neither timed closely nor seen one by one. */
  readonly #takesOnePiece: boolean;
  #reader: ReadableStreamDefaultReader<Bytes> | undefined;
  // Set only while something is awaited, so that an abandoned stream can be collected.
  #fail: ((error: unknown) => void) | undefined;
  isDone = false;
  /** The object whose collection would cancel the body. It is kept from being collected while the body is read. */
  keptAlive: object | undefined;

  constructor(response: Response, tracker: BodyTracker, {timeouts}: ConnectorRequest) {
    this.#response = response;
    this.#takesOnePiece = !tracker.monitor && !(Number(timeouts.read) < shortest);
    this.#tracker = tracker;
    tracker.bodyFailsWith((error) => {
      this.#fail?.(error);
      this.#cancel(error);
    });
  }

  isOfBytes(): boolean {
    const {body} = this.#response;
    return body !== null && isByteStream(body);
  }

  /** Resolves with the next chunk, or with `undefined` at the end. */
  async read(): Promise<Bytes | undefined> {
    const tracker = this.#tracker;
    if (tracker.failure) throw tracker.failure.error;
    tracker.waitsForChunk();
    try {
      this.#reader ??= (this.#response.body as ReadableStream<Bytes>).getReader();
      const {value} = await this.#orFailure(this.#reader.read());
      if (value) tracker.received(value);
      else this.#end();
      return value;
    } catch (error) {
      throw this.#brokeOff(error);
    } finally {
      this.#fail = undefined;
    }
  }

  /** Reads the whole body. */
  async readAll(): Promise<Bytes> {
    const size = Number(this.#response.headers.get('content-length'));
    if (size > 0 && size <= mostInOnePiece && this.#takesOnePiece) return this.#readInOnePiece();
    const chunks: Bytes[] = [];
    for (let chunk = await this.read(); chunk; chunk = await this.read()) chunks.push(chunk);
    return joinChunks(chunks);
  }

  async #readInOnePiece(): Promise<Bytes> {
    const tracker = this.#tracker;
    if (tracker.failure) throw tracker.failure.error;
    try {
      const bytes = new Uint8Array(await this.#orFailure(this.#response.arrayBuffer()));
      tracker.received(bytes);
      this.#end();
      return bytes;
    } catch (error) {
      throw this.#brokeOff(error);
    } finally {
      this.#fail = undefined;
    }
  }

  cancelled(reason: unknown): void {
    if (this.isDone) return;
    this.isDone = true;
    this.#tracker.cancelled(reason);
    this.#cancel(reason);
  }

  #end(): void {
    this.isDone = true;
    this.#tracker.ended();
  }

  #brokeOff(error: unknown): unknown {
    this.isDone = true;
    this.#cancel(error);
    return this.#tracker.brokeOff(error);
  }

  #orFailure<T>(promise: Promise<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      this.#fail = reject;
      promise.then(resolve, reject);
    });
  }

  #cancel(reason: unknown): void {
    this.#reader?.cancel(reason).catch(() => undefined);
  }
}

/** The source of the stream that the caller reads as `body`. */
class LazySource {
  readonly type: 'bytes' | undefined;
  readonly #body: BodyReader;
  #controller: Controller | undefined;
  #isPumping = false;
  #isCancelled = false;
  /** The stream has given something, or is about to. */
  isBegun = false;
  /** The methods of the response have read the body, and the stream gives nothing. */
  isTaken = false;

  constructor(body: BodyReader) {
    areByteStreams ??= body.isOfBytes();
    this.type = areByteStreams ? 'bytes' : undefined;
    this.#body = body;
    cancelWhenCollected(this, (reason) => body.cancelled(reason));
  }

  start(controller: Controller): void {
    this.#controller = controller;
  }

  /** Lets a small body that nobody reads end, so that it frees its slot. */
  afterTurn(): void {
    if (!this.isTaken && !this.isBegun) this.pull();
  }

  pull(): void {
    if (this.isTaken) this.#controller?.error(alreadyRead());
    else if (!this.#isPumping) void this.#pump(this.#controller as Controller);
  }

  cancel(reason: unknown): void {
    this.isBegun = true;
    this.#isCancelled = true;
    if (!this.isTaken) this.#body.cancelled(reason);
  }

  take(): Promise<Bytes> {
    this.isTaken = true;
    this.#body.keptAlive = this;
    return this.#body.readAll();
  }

  /** Reads until as much is buffered as a stream should hold, whether anybody reads it or not. */
  async #pump(controller: Controller): Promise<void> {
    this.isBegun = true;
    this.#isPumping = true;
    try {
      do {
        const chunk = await this.#body.read();
        if (this.#isCancelled) return;
        if (!chunk) {
          controller.close();
          // A reader that passed its own buffer (BYOB) waits for a response even when the stream is closed.
          (controller as ReadableByteStreamController).byobRequest?.respond(0);
          return;
        }
        // A byte stream throws for an empty chunk.
        if (chunk.byteLength > 0 || !this.type) controller.enqueue(chunk);
      } while (Number(controller.desiredSize) > -highWaterMark);
    } catch (error) {
      controller.error(error);
    } finally {
      this.#isPumping = false;
    }
  }
}

/** A response whose methods read the runtime's response, and whose `body` is a stream that is begun when it is read. */
class LazyResponse extends CopiedResponse {
  readonly #given: Response;
  readonly #method: string;
  readonly #tracker: BodyTracker;
  readonly #source: LazySource;
  readonly #stream: ReadableStream<Bytes>;

  constructor(response: Response, source: LazySource, tracker: BodyTracker, method: string) {
    // A byte stream refuses a `size`.
    const size = source.type ? undefined : (chunk: Bytes) => chunk.byteLength;
    const stream = new ReadableStream<Bytes>(
      source as object,
      {highWaterMark: 0, size} as QueuingStrategy<Bytes>,
    );
    super(stream, headOf(response), response.headers, tracker);
    this.#given = response;
    this.#method = method;
    this.#tracker = tracker;
    this.#source = source;
    this.#stream = stream;
  }

  override get bodyUsed(): boolean {
    return super.bodyUsed || this.#source.isTaken;
  }

  override get body(): ReadableStream<Bytes> | null {
    // The stream has to look as if it had been read.
    if (this.#source.isTaken && !super.bodyUsed) void this.#stream.cancel();
    return super.body;
  }

  override arrayBuffer(): Promise<ArrayBuffer> {
    return this.#take()?.then(({buffer}) => buffer) ?? super.arrayBuffer();
  }

  override blob(): Promise<Blob> {
    return this.#take()?.then((bytes) => this.#responseOf(bytes).blob()) ?? super.blob();
  }

  override bytes(): Promise<Bytes> {
    return this.#take() ?? super.bytes();
  }

  override formData(): Promise<FormData> {
    return this.#take()?.then((bytes) => this.#responseOf(bytes).formData()) ?? super.formData();
  }

  override json(): Promise<unknown> {
    return this.#take()?.then((bytes) => this.#parse(bytes)) ?? super.json();
  }

  override text(): Promise<string> {
    return this.#take()?.then((bytes) => decoder.decode(bytes)) ?? super.text();
  }

  override clone(): Response {
    if (this.#source.isTaken) throw alreadyRead();
    return super.clone();
  }

  /** Reads the body of the runtime's response. Returns `undefined` if the stream has to be read instead. */
  #take(): Promise<Bytes> | undefined {
    const source = this.#source;
    if (source.isTaken) return Promise.reject(alreadyRead());
    if (source.isBegun || this.#stream.locked) return undefined;
    this.#tracker.readStarted();
    return source.take();
  }

  #parse(bytes: Bytes): unknown {
    try {
      return JSON.parse(decoder.decode(bytes));
    } catch (error) {
      throw toJsonError(error, {method: this.#method, url: this.url});
    }
  }

  #responseOf(bytes: Bytes): Response {
    return new NativeResponse(bytes, {headers: this.#given.headers});
  }
}
