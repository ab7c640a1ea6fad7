import type {ProgressReport} from '../../../core/progress.ts';
import {toError} from '../to-error.ts';

type Chunk = Uint8Array | string;

/**
 * A streamed request body that can be stopped: when the exchange is over before the body is, its source is told at
 * once, rather than when it next has something to say.
 */
export class Upload implements AsyncIterable<Chunk>, AsyncIterator<Chunk, undefined> {
  readonly #next: () => Promise<IteratorResult<unknown>>;
  readonly #cancel: (reason: unknown) => unknown;
  readonly report: ProgressReport | undefined;
  /** It waits for the server's word. */
  isWaiting: boolean;
  /** The server has answered, and wants no more of it. */
  isHalted = false;
  readonly #start: Promise<void> | undefined;
  #go: (() => void) | undefined = undefined;
  #stopped = false;
  #cancelled = false;
  /** What the source failed with. */
  failure: {readonly error: unknown} | undefined = undefined;
  #settle: ((result: IteratorResult<Chunk, undefined>) => void) | undefined = undefined;

  /**
   * @param report - told how far it is
   * @param waits - until `goAhead`, with its first chunk
   */
  constructor(
    source: ReadableStream<Uint8Array> | AsyncIterable<Chunk>,
    report: ProgressReport | undefined,
    waits: boolean,
  ) {
    this.report = report;
    this.isWaiting = waits;
    if (waits) {
      this.#start = new Promise((resolve) => {
        this.#go = resolve;
      });
    }
    if (source instanceof ReadableStream) {
      // A reader, not the stream's iterator: the iterator's return waits for the read that is under way.
      const reader = source.getReader();
      this.#next = () => reader.read() as Promise<IteratorResult<unknown>>;
      this.#cancel = (reason) => reader.cancel(reason);
    } else {
      const iterator = source[Symbol.asyncIterator]();
      this.#next = () => iterator.next();
      this.#cancel = () => iterator.return?.();
    }
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  next(): Promise<IteratorResult<Chunk, undefined>> {
    if (this.#stopped) return Promise.resolve({done: true, value: undefined});
    return new Promise((resolve, reject) => {
      this.#settle = resolve;
      if (this.isHalted) return;
      this.#ask().then(
        (result) => {
          if (this.isHalted) return;
          if (result?.done) resolve({done: true, value: undefined});
          else if (isChunk(result?.value)) resolve({done: false, value: result.value});
          else reject(new TypeError('A request body may only produce strings and Uint8Arrays'));
        },
        (thrown) => {
          if (this.isHalted) return;
          const error = toError(thrown);
          this.failure = {error};
          reject(error);
        },
      );
    });
  }

  // What a source throws on the spot, it fails with like any other.
  async #ask(): Promise<IteratorResult<unknown>> {
    return this.#start ? this.#start.then(this.#next) : this.#next();
  }

  async return(): Promise<IteratorResult<Chunk, undefined>> {
    this.stop();
    return {done: true, value: undefined};
  }

  /** The server has asked for it, or hasn't said anything for long enough. */
  goAhead(): void {
    this.isWaiting = false;
    this.#go?.();
  }

  /**
   * Nothing more of it is wanted, and it isn't at its end: who reads it waits until it is stopped.
   *
   * @param reason - for a source that wants to know why
   */
  halt(reason: unknown): void {
    this.isHalted = true;
    this.isWaiting = false;
    this.#cancelSource(reason);
  }

  /** @param reason - for a source that wants to know: why nothing more of it is wanted */
  stop(reason?: unknown): void {
    if (this.#stopped) return;
    this.#stopped = true;
    this.#settle?.({done: true, value: undefined});
    this.#cancelSource(reason);
  }

  #cancelSource(reason: unknown): void {
    if (this.#cancelled) return;
    this.#cancelled = true;
    // What the source says to that is nobody's concern any more.
    Promise.resolve(reason)
      .then(this.#cancel)
      .catch(() => undefined);
  }
}

function isChunk(value: unknown): value is Chunk {
  return typeof value === 'string' || value instanceof Uint8Array;
}
