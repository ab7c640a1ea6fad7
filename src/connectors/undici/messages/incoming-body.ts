import {countReleasedBytes} from './gc-pressure.ts';

/** The exchange that an {@link IncomingBody} arrives through. */
export interface BodyOrigin {
  /** The caller has begun to read the body. */
  bodyReadStarted(): void;
  /** The body has room again for more chunks. */
  resume(): void;
  /** The rest of the body is not wanted; `failed`: because the part that has arrived is invalid. */
  cancel(reason: unknown, failed?: boolean): void;
}

/** The body that a `Response` reads from. */
export interface BodySource {
  /** Whether the whole body has arrived, or has failed. */
  readonly ended: boolean;
  /** Resolves with all unread bytes when the last byte has arrived. The body can't be read otherwise after that. */
  collect(): Promise<Buffer>;
  /** All unread bytes, if the whole body has arrived and needs no asynchronous step; `undefined` otherwise. */
  takeNow(): Buffer | undefined;
  /** Resolves with the next chunk, or with `undefined` at the end. Only one read may be under way. */
  read(): Promise<Buffer | undefined>;
  /** Drops the rest of the body; `failed`: because the part that has arrived is invalid. */
  cancel(reason: unknown, failed?: boolean): void;
  /** A copy of the body, if the whole body has arrived and nothing was read. */
  fork(): BodySource | undefined;
  /** Sets a function that is called when the body breaks off, also while nobody reads. */
  onFailure(listener: (error: unknown) => void): void;
}

/**
 * How many unread bytes of a body are buffered before the socket is paused. A body smaller than that ends, and so frees its
 * connection, even if nobody reads it.
 */
const highWaterMark = 128 * 1024;

/** After how many buffered chunks those that are small are joined. */
const chunksToJoin = 1_024;
/** The average size below which chunks are small, in bytes. */
const smallChunk = 1_024;

const empty = Buffer.alloc(0);

/**
 * A response's body as it arrives. Chunks are buffered until they are read, and the socket is paused when the buffer is full.
 *
 * The class is long because the socket, the reader and the abort share the buffer, and each may come first.
 */
export class IncomingBody implements BodySource {
  ended = false;
  paused = false;

  #chunks: Buffer[] = [];
  #size = 0;
  #error: unknown = undefined;
  #failed = false;
  #collecting = false;
  #settleRead: ((chunk: Buffer | undefined) => void) | undefined = undefined;
  #failRead: ((error: unknown) => void) | undefined = undefined;
  #onFailure: ((error: unknown) => void) | undefined = undefined;
  #isReadStarted = false;
  /** The caller's signal, once the body has arrived. */
  #signal: AbortSignal | undefined = undefined;
  /** Removed when the body has ended, so that a response that is kept doesn't keep its request in memory. */
  #origin: BodyOrigin | undefined;

  constructor(origin: BodyOrigin | undefined) {
    this.#origin = origin;
  }

  /** Adds a chunk. Returns false when the origin is to pause until {@link BodyOrigin.resume}. */
  push(chunk: Buffer): boolean {
    const settle = this.#settleRead;
    if (settle && !this.#collecting) {
      this.#settleRead = undefined;
      this.#failRead = undefined;
      countReleasedBytes(chunk.length);
      settle(chunk);
      return true;
    }
    if (this.#chunks.push(chunk) % chunksToJoin === 0) this.#joinSmall();
    this.#size += chunk.length;
    this.paused = !this.#collecting && this.#size >= highWaterMark;
    return !this.paused;
  }

  /** @param signal - the caller's, which fails the part of the body that was not read when it is aborted */
  end(signal?: AbortSignal): void {
    this.ended = true;
    this.#signal = signal;
    this.#origin = undefined;
    const settle = this.#settleRead;
    if (!settle) return;
    this.#settleRead = undefined;
    this.#failRead = undefined;
    settle(this.#collecting ? this.#takeAll() : undefined);
  }

  fail(error: unknown): void {
    if (this.ended) return;
    this.ended = true;
    this.#origin = undefined;
    this.#failed = true;
    this.#error = error;
    this.#chunks = [];
    const fail = this.#failRead;
    this.#settleRead = undefined;
    this.#failRead = undefined;
    fail?.(error);
    this.#onFailure?.(error);
  }

  onFailure(listener: (error: unknown) => void): void {
    if (!this.ended) this.#onFailure = listener;
    else if (this.#failed) listener(this.#error);
  }

  collect(): Promise<Buffer> {
    this.#startReading();
    if (this.#hasFailed()) return Promise.reject(this.#error);
    if (this.ended) return Promise.resolve(this.#takeAll());
    this.#collecting = true;
    return new Promise<Buffer | undefined>((resolve, reject) => {
      this.#settleRead = resolve;
      this.#failRead = reject;
      this.#resume();
    }) as Promise<Buffer>;
  }

  takeNow(): Buffer | undefined {
    if (!this.ended || this.#hasFailed()) return undefined;
    this.#startReading();
    return this.#takeAll();
  }

  read(): Promise<Buffer | undefined> {
    this.#startReading();
    if (this.#hasFailed()) return Promise.reject(this.#error);
    if (this.#chunks.length > 0) {
      const chunk = this.#chunks.shift() as Buffer;
      this.#size -= chunk.length;
      countReleasedBytes(chunk.length);
      if (this.#size < highWaterMark / 2) this.#resume();
      return Promise.resolve(chunk);
    }
    if (this.ended) return Promise.resolve(undefined);
    return new Promise((resolve, reject) => {
      this.#settleRead = resolve;
      this.#failRead = reject;
      this.#resume();
    });
  }

  cancel(reason: unknown, failed?: boolean): void {
    this.#startReading();
    this.#chunks = [];
    this.#size = 0;
    this.#origin?.cancel(reason, failed);
  }

  fork(): BodySource | undefined {
    if (!this.ended || this.#hasFailed() || this.#isReadStarted) return undefined;
    const copy = new IncomingBody(undefined);
    // The chunks are copied, because a reader may take over their memory.
    copy.#chunks = this.#chunks.map((chunk) => Buffer.from(chunk));
    copy.#size = this.#size;
    copy.end(this.#signal);
    return copy;
  }

  /**
   * Whether the body has failed. Fetch, "abort the fetch() call", step 5: an abort also fails a body that has arrived and was
   * not read. The signal is asked when the body is read, because a listener would cost every request.
   */
  #hasFailed(): boolean {
    if (this.#signal?.aborted && this.#size > 0) {
      this.#failed = true;
      this.#error = this.#signal.reason;
      this.#chunks = [];
      this.#size = 0;
    }
    return this.#failed;
  }

  // A server may send each byte as a chunk. A chunk takes a hundred bytes more than its content, and to take the first of
  // 100,000 chunks moves all others.
  #joinSmall(): void {
    const last = this.#chunks.slice(-chunksToJoin);
    const size = last.reduce((sum, {length}) => sum + length, 0);
    if (size < chunksToJoin * smallChunk)
      this.#chunks.splice(-chunksToJoin, chunksToJoin, Buffer.concat(last, size));
  }

  #startReading(): void {
    if (this.#isReadStarted) return;
    this.#isReadStarted = true;
    this.#origin?.bodyReadStarted();
  }

  // The origin may push chunks before its `resume` returns, so the state is updated before the call.
  #resume(): void {
    if (!this.paused || this.ended) return;
    this.paused = false;
    this.#origin?.resume();
  }

  #takeAll(): Buffer {
    const chunks = this.#chunks;
    this.#chunks = [];
    this.#size = 0;
    if (chunks.length === 1) return chunks[0] as Buffer;
    return chunks.length === 0 ? empty : Buffer.concat(chunks);
  }
}
