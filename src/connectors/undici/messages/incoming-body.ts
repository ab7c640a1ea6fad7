import {countReleasedBytes} from './gc-pressure.ts';

/** Where an {@link IncomingBody} comes from, and can be stopped. */
export interface BodyOrigin {
  /** Somebody has begun to read. */
  bodyReadStarted(): void;
  /** Go on: the body has room again. */
  resume(): void;
  /** Nobody wants the rest; `failed`: it is no good. */
  cancel(reason: unknown, failed?: boolean): void;
}

/** What a Response reads its body from. */
export interface BodySource {
  /** All of it has arrived, or it has failed. */
  readonly ended: boolean;
  /** The bytes not yet read, once the last has arrived. Reads everything at once; nothing else may read after it. */
  collect(): Promise<Buffer>;
  /** The same, if all of it is here already and comes without waiting. */
  takeNow(): Buffer | undefined;
  /** The next piece, `undefined` at the end. One read at a time. */
  read(): Promise<Buffer | undefined>;
  cancel(reason: unknown, failed?: boolean): void;
  /** The same body once more, if all of it is here and nothing was read. */
  fork(): BodySource | undefined;
}

/**
 * How much of a body nobody reads is taken in before the socket is left waiting, in bytes. Enough that a small one ends,
 * and frees its connection, whether or not anybody looks at it.
 */
const highWaterMark = 128 * 1024;

const empty = Buffer.alloc(0);

/** A response's body as it arrives: kept until somebody reads it, with the socket held back when too much waits. */
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
  #isReadStarted = false;
  /** Gone once the body has ended: a response that is kept must not keep its request, and what that holds. */
  #origin: BodyOrigin | undefined;

  constructor(origin: BodyOrigin | undefined) {
    this.#origin = origin;
  }

  /** Takes in a chunk; false asks the origin to pause until `resume`. */
  push(chunk: Buffer): boolean {
    const settle = this.#settleRead;
    if (settle && !this.#collecting) {
      this.#settleRead = undefined;
      this.#failRead = undefined;
      countReleasedBytes(chunk.length);
      settle(chunk);
      return true;
    }
    this.#chunks.push(chunk);
    this.#size += chunk.length;
    this.paused = !this.#collecting && this.#size >= highWaterMark;
    return !this.paused;
  }

  end(): void {
    this.ended = true;
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
  }

  collect(): Promise<Buffer> {
    this.#startReading();
    if (this.#failed) return Promise.reject(this.#error);
    if (this.ended) return Promise.resolve(this.#takeAll());
    this.#collecting = true;
    return new Promise<Buffer | undefined>((resolve, reject) => {
      this.#settleRead = resolve;
      this.#failRead = reject;
      this.#resume();
    }) as Promise<Buffer>;
  }

  takeNow(): Buffer | undefined {
    if (!this.ended || this.#failed) return undefined;
    this.#startReading();
    return this.#takeAll();
  }

  read(): Promise<Buffer | undefined> {
    this.#startReading();
    if (this.#chunks.length > 0) {
      const chunk = this.#chunks.shift() as Buffer;
      this.#size -= chunk.length;
      countReleasedBytes(chunk.length);
      if (this.#size < highWaterMark / 2) this.#resume();
      return Promise.resolve(chunk);
    }
    if (this.#failed) return Promise.reject(this.#error);
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
    if (!this.ended || this.#failed || this.#isReadStarted) return undefined;
    const copy = new IncomingBody(undefined);
    // Copies: who reads one may take its memory.
    copy.#chunks = this.#chunks.map((chunk) => Buffer.from(chunk));
    copy.#size = this.#size;
    copy.ended = true;
    return copy;
  }

  #startReading(): void {
    if (this.#isReadStarted) return;
    this.#isReadStarted = true;
    this.#origin?.bodyReadStarted();
  }

  // The origin may hand on chunks before its resume returns: what they find has to be settled by then.
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
