import {cancelWhenCollected} from '../../core/native-response.ts';
import type {ConnectorRequest} from '../../core/request.ts';
import type {BodyTracker} from './tracked-response.ts';
import {highWaterMark, isByteStream} from './tracked-response.ts';

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

/** The error of a second read. */
export function alreadyRead(): TypeError {
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
export class BodyReader {
  readonly #response: Response;
  readonly #tracker: BodyTracker;
  /** Whether the body is small, and its chunks are neither timed closely nor seen one by one. */
  readonly #takesOnePiece: boolean;
  #reader: ReadableStreamDefaultReader<Bytes> | undefined;
  // Set only while something is awaited, so that an abandoned stream can be collected.
  #fail: ((error: unknown) => void) | undefined;
  isDone = false;
  /** The object whose collection would cancel the body. It is kept from being collected while the body is read. */
  keptAlive: object | undefined;

  /** @param size - the value of `Content-Length`; 0 or NaN if it isn't known */
  constructor(response: Response, size: number, tracker: BodyTracker, {timeouts}: ConnectorRequest) {
    this.#response = response;
    this.#takesOnePiece =
      size > 0 && size <= mostInOnePiece && !tracker.monitor && !(Number(timeouts.read) < shortest);
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
    if (this.#takesOnePiece) return this.#readInOnePiece();
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
export class LazySource {
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
