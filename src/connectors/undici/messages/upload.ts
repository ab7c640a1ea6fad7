import {isUint8Array} from 'node:util/types';
import type {ProgressReport} from '../../../core/progress.ts';
import {toError} from '../to-error.ts';

type Chunk = Uint8Array | string;

/**
 * A streamed request body that can be stopped. When the exchange ends before the body does, the source is cancelled at
 * once, and not only when it produces its next chunk.
 *
 * The class is long because it reads both kinds of source, a web stream and an async iterable, and either may fail, end or be
 * stopped at any step.
 */
export class Upload implements AsyncIterable<Chunk>, AsyncIterator<Chunk, undefined> {
  readonly #next: () => Promise<IteratorResult<unknown>>;
  readonly #cancel: (reason: unknown) => unknown;
  readonly #report: ProgressReport | undefined;
  /** Whether the body waits for the server's 100 (Continue). */
  isWaiting: boolean;
  /** Whether the server has answered and the rest of the body is not sent. */
  isHalted = false;
  readonly #start: Promise<void> | undefined;
  #startNow: (() => void) | undefined = undefined;
  #timer: NodeJS.Timeout | undefined = undefined;
  #isStopped = false;
  #isCancelled = false;
  /** What the source failed with. */
  failure: {readonly error: unknown} | undefined = undefined;
  #settle: ((result: IteratorResult<Chunk, undefined>) => void) | undefined = undefined;

  /**
   * @param report - counts the bytes that were sent
   * @param waits - whether the first chunk waits for {@link proceed}
   */
  constructor(
    source: ReadableStream<Uint8Array> | AsyncIterable<Chunk>,
    report: ProgressReport | undefined,
    waits: boolean,
  ) {
    this.#report = report;
    this.isWaiting = waits;
    if (waits) {
      this.#start = new Promise((resolve) => {
        this.#startNow = resolve;
      });
    }
    if (source instanceof ReadableStream) {
      // A reader rather than the stream's iterator, whose `return` waits for the read that is under way.
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
    if (this.#isStopped) return Promise.resolve({done: true, value: undefined});
    return new Promise((resolve, reject) => {
      this.#settle = resolve;
      if (this.isHalted) return;
      this.#readSource().then(
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

  // Async, so that what the source throws becomes a rejection.
  async #readSource(): Promise<IteratorResult<unknown>> {
    return this.#start ? this.#start.then(this.#next) : this.#next();
  }

  async return(): Promise<IteratorResult<Chunk, undefined>> {
    this.stop();
    return {done: true, value: undefined};
  }

  /** Starts the body after `delay` ms if the server has sent no 100 (Continue) by then (RFC 9110, section 10.1.1). */
  proceedAfter(delay: number | undefined): void {
    if (this.isWaiting) this.#timer = setTimeout(() => this.proceed(), delay);
  }

  /** Starts a body that waits for the server's 100 (Continue). */
  proceed(): void {
    clearTimeout(this.#timer);
    this.isWaiting = false;
    this.#startNow?.();
  }

  /**
   * Reports a chunk that was sent to the caller's progress listener.
   *
   * @param chunk - `undefined` when the whole body was sent
   * @throws what the listener throws
   */
  reportSent(chunk: Chunk | undefined): void {
    if (!this.#report) return;
    if (chunk === undefined) this.#report.end();
    else this.#report.add(typeof chunk === 'string' ? Buffer.from(chunk) : chunk);
  }

  /**
   * Cancels the source when the server has answered before it had the whole body. The body doesn't end: its reader waits
   * until {@link stop}, so that a part of a body is never sent as the whole.
   */
  halt(): void {
    clearTimeout(this.#timer);
    this.isHalted = true;
    this.isWaiting = false;
    this.#cancelSource(new Error('The server answered before it had the whole body'));
  }

  /** @param reason - passed to the source's `cancel` */
  stop(reason?: unknown): void {
    if (this.#isStopped) return;
    clearTimeout(this.#timer);
    this.#isStopped = true;
    this.#settle?.({done: true, value: undefined});
    this.#cancelSource(reason);
  }

  #cancelSource(reason: unknown): void {
    if (this.#isCancelled) return;
    this.#isCancelled = true;
    // Errors of the cancellation are ignored: the exchange no longer needs the source.
    Promise.resolve(reason)
      .then(this.#cancel)
      .catch(() => undefined);
  }
}

function isChunk(value: unknown): value is Chunk {
  return typeof value === 'string' || isUint8Array(value);
}
