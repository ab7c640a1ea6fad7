import {assertOption, checkKnown} from '../utils/check-options.ts';

/** What a worker is told beside its input. */
export interface WorkerContext {
  /** The input's place among the inputs, from 0. */
  readonly index: number;
  /**
   * Aborted when the run is cut short: hand it to whatever the worker waits for. Its reason is that of the run's own
   * `signal` if this was the cause, an `AbortError` otherwise.
   */
  readonly signal: AbortSignal;
}

/** What is done with each input; asynchronous or not. */
export type WorkerFunction<Input, Result> = (
  input: Input,
  context: WorkerContext,
) => Result | PromiseLike<Result>;

/** How far a run has come. */
export interface Progress {
  /** Inputs whose worker has settled, those that failed included. */
  readonly done: number;
  /** How many of {@link done} failed. */
  readonly failed: number;
  /** Workers running now. */
  readonly active: number;
  /** How many inputs there are; absent where the inputs have neither a `length` nor a `size`. */
  readonly total?: number;
  /** {@link done} per second, averaged since the run began; 0 while no time has passed. */
  readonly rate: number;
  /** ms until all is done, at that rate; absent without {@link total} and while the rate is 0. */
  readonly eta?: number;
}

/** What `gather` and `asCompleted` have in common. */
export interface RunOptions {
  /**
   * How many workers run at once: a whole number from 1, or `Infinity`. The default is that of a connector's `limit`:
   * workers that make a request each then keep its connections busy and its queue short.
   *
   * @default 100
   */
  readonly concurrency?: number | undefined;
  /**
   * Ends the run when aborted: no more inputs are read, the running workers are aborted and waited for, and the caller
   * is given the signal's reason.
   *
   * @default undefined
   */
  readonly signal?: AbortSignal | undefined;
  /**
   * Told how far the run has come, each time a worker has settled. It is called synchronously, so what is slow belongs
   * elsewhere; what it throws ends the run as a worker's error does.
   *
   * @default undefined
   */
  readonly onProgress?: ((progress: Progress) => void) | undefined;
}

/** Why a run was cut short. A box, since anything may be thrown, `undefined` too. */
export interface Failure {
  readonly error: unknown;
}

/** Where the outcomes of a run go. None of the functions may throw. */
export interface RunHandlers<Result> {
  /** The function that the user called, for errors. */
  readonly where: string;
  /** The names of the options that it takes. */
  readonly known: readonly string[];
  fulfilled(index: number, value: Result): void;
  /** Without it, the first worker to fail ends the run. */
  readonly rejected?: ((index: number, reason: unknown) => void) | undefined;
  /** Called once, when no worker is running any more and the inputs are closed. */
  ended(failure: Failure | undefined): void;
}

/** A run under way. */
export interface Run {
  /** Results handed on that nobody has taken yet: each keeps its worker's place. */
  held: number;
  /** Starts as many workers as there is room for: called to begin, and when {@link held} has gone down. */
  pump(): void;
  /** Nobody wants the results any more: ends the run, and what had failed in it is forgotten. */
  abandon(): void;
}

/** Inputs that share an `AbortController`. */
interface Batch {
  readonly controller: AbortController;
  started: number;
  running: number;
}

// A single signal for the whole run would collect what every `new Request(url, {signal})` leaves on it, and each of
// these takes longer for it: after ten thousand, a hundred times as long. A signal for each input would cost a
// controller for each. Sharing one among a few hundred does neither.
const batchSize = 256;

function checkConcurrency(value = 100): number {
  const isValid = value === Infinity || (Number.isInteger(value) && value > 0);
  assertOption(isValid, 'concurrency', value, 'a whole number from 1, or Infinity');
  return value;
}

function count(inputs: object): number | undefined {
  const {length, size} = inputs as {readonly length?: unknown; readonly size?: unknown};
  if (typeof length === 'number') return length;
  return typeof size === 'number' ? size : undefined;
}

/**
 * Reads inputs one at a time, only while there is room for another worker, and runs workers on them. The state of a
 * run is all here; what becomes of its outcomes is up to the handlers.
 *
 * Every outcome arrives in a microtask of its own, so that neither the stack nor a chain of promises grows with the
 * number of inputs.
 */
export function createRun<Input, Result>(
  inputs: Iterable<Input> | AsyncIterable<Input>,
  worker: WorkerFunction<Input, Result>,
  options: RunOptions,
  handlers: RunHandlers<Result>,
): Run {
  const {signal, onProgress} = options;
  let concurrency = 0;
  let source: Iterator<Input> | AsyncIterator<Input> | undefined;
  let isAsync = false;
  let openedAt = 0;

  let started = 0;
  let running = 0;
  let done = 0;
  let failed = 0;
  // Set during a synchronous `next()` too: what that runs may call back into here.
  let reading = false;
  let exhausted = false;
  let stopped = false;
  let ended = false;
  let failure: Failure | undefined;

  let batch: Batch | undefined;
  const liveBatches = new Set<Batch>();

  function joinBatch(): Batch {
    if (!batch || batch.started === batchSize) {
      batch = {controller: new AbortController(), started: 0, running: 0};
      liveBatches.add(batch);
    }
    batch.started++;
    batch.running++;
    return batch;
  }

  function leaveBatch(left: Batch): void {
    left.running--;
    if (left.running === 0 && left.started === batchSize) liveBatches.delete(left);
  }

  function stop(cause: Failure | undefined, reason: unknown): void {
    if (stopped || ended) return;
    stopped = true;
    failure = cause;
    for (const {controller} of liveBatches) controller.abort(reason);
  }

  // The other workers are told of an abort, not given the error: they could take it for one of their own, and retry.
  function fail(error: unknown): void {
    stop({error}, new DOMException('Another part of the run failed', 'AbortError'));
  }

  function abort(): void {
    stop({error: signal?.reason}, signal?.reason);
  }

  function onAbort(): void {
    abort();
    pump();
  }

  function abandon(): void {
    stop(undefined, new DOMException('The results are no longer wanted', 'AbortError'));
    failure = undefined;
    pump();
  }

  function open(): void {
    // As during a read: getting the iterator may abort the signal, and what it gives is to be closed then.
    reading = true;
    signal?.addEventListener('abort', onAbort);
    if (onProgress) openedAt = performance.now();
    try {
      checkKnown(handlers.where, options, handlers.known, '');
      concurrency = checkConcurrency(options.concurrency);
      if (signal?.aborted) {
        abort();
      } else {
        const either = inputs as Iterable<Input> & Partial<AsyncIterable<Input>>;
        source = either[Symbol.asyncIterator]?.();
        isAsync = source !== undefined;
        source ??= either[Symbol.iterator]();
      }
    } catch (error) {
      fail(error);
    }
    reading = false;
  }

  function arrived(step: IteratorResult<Input>): void {
    if (step.done) exhausted = true;
    reading = false;
    if (!exhausted && !stopped) void work(step.value);
  }

  // Whoever threw has closed itself; `return()` is for those who could go on.
  function unreadable(error: unknown): void {
    reading = false;
    exhausted = true;
    fail(error);
  }

  function read(): void {
    try {
      arrived((source as Iterator<Input>).next());
    } catch (error) {
      unreadable(error);
    }
  }

  async function readLater(): Promise<void> {
    try {
      arrived(await (source as AsyncIterator<Input>).next());
    } catch (error) {
      unreadable(error);
    }
    pump();
  }

  function pump(): void {
    if (!source && !stopped) open();
    while (!reading && !exhausted && !stopped && running + run.held < concurrency) {
      reading = true;
      if (isAsync) void readLater();
      else read();
    }
    if (running > 0 || ended) return;
    // A generator can't be closed from inside its own `next()`.
    const isOver = stopped ? isAsync || !reading : exhausted && run.held === 0;
    if (isOver) void end();
  }

  async function work(input: Input): Promise<void> {
    running++;
    const index = started++;
    const own = joinBatch();
    let value: Result;
    try {
      value = await worker(input, {index, signal: own.controller.signal});
    } catch (reason) {
      settle(own, index, reason, false);
      return;
    }
    settle(own, index, value, true);
  }

  function settle(own: Batch, index: number, outcome: unknown, isFulfilled: boolean): void {
    running--;
    leaveBatch(own);
    if (!stopped) {
      done++;
      if (!isFulfilled) failed++;
      if (isFulfilled) handlers.fulfilled(index, outcome as Result);
      else if (handlers.rejected) handlers.rejected(index, outcome);
      else fail(outcome);
      if (onProgress) report(onProgress);
    }
    pump();
  }

  function report(listener: (progress: Progress) => void): void {
    const elapsed = performance.now() - openedAt;
    const rate = elapsed > 0 ? (done / elapsed) * 1000 : 0;
    const progress: {-readonly [Key in keyof Progress]: Progress[Key]} = {
      done,
      failed,
      active: running,
      rate,
    };
    try {
      // Read anew each time: an array or a Set may be added to while it is worked off.
      const total = count(inputs);
      if (total !== undefined) progress.total = total;
      if (total !== undefined && rate > 0) progress.eta = (Math.max(0, total - done) / rate) * 1000;
      listener(progress);
    } catch (error) {
      fail(error);
    }
  }

  async function end(): Promise<void> {
    ended = true;
    signal?.removeEventListener('abort', onAbort);
    if (source && !exhausted) await close(source);
    handlers.ended(failure);
  }

  async function close(opened: Iterator<Input> | AsyncIterator<Input>): Promise<void> {
    try {
      const closing = opened.return?.();
      // It may have nothing to say for ever, and closes only when it has: told so, but not waited for.
      if (reading) Promise.resolve(closing).catch(() => {});
      else await closing;
    } catch (error) {
      failure ??= {error};
    }
  }

  const run: Run = {held: 0, pump, abandon};
  return run;
}
