import pLimit from 'p-limit';
import {takeRejection} from '../core/notify.ts';
import {checkNumber} from '../utils/check-options.ts';
import type {RunOptions, WorkerFunction} from './options.ts';
import {createProgressReporter} from './progress.ts';
import {createBatchedSignals} from './signals.ts';

/** Why a run was cut short. An object, because any value can be thrown, even `undefined`. */
export interface Failure {
  readonly error: unknown;
}

/** Receives the outcomes of a run. None of the functions may throw. */
export interface RunHandlers {
  /** Whether {@link settled} is called for workers that fail too. Otherwise the first of them ends the run. */
  readonly takesErrors?: boolean | undefined;
  /** @returns a promise if the result keeps the place of its worker until the promise is fulfilled */
  settled(index: number, outcome: unknown, isFulfilled: boolean): Promise<void> | undefined;
  /** Called once, when all workers have settled and the inputs are closed. */
  ended(failure: Failure | undefined): void;
}

/** A run under way. */
export interface Run {
  /** Opens the inputs and starts the first workers. */
  begin(): void;
  /**
   * Ends the run: no more inputs are read, and the running workers are aborted with `reason`.
   *
   * @param failure - why the run ends; `undefined` when the caller has stopped reading, which also drops an earlier failure
   */
  stop(failure: Failure | undefined, reason: unknown): void;
}

/**
 * Creates a run, which reads inputs one at a time, each when p-limit gives it a place, and runs a worker on it.
 *
 * p-limit gets one function for each input, and the next one only after an input was read: at most `concurrency`
 * functions run, one waits, and memory stays flat for any number of inputs. The place of an input covers reading it,
 * its worker, and the time until its result is taken, if the handlers ask for that.
 *
 * The function is long because all its parts share the state of the run.
 *
 * @throws InvalidOptionError for a `concurrency` that is not allowed
 */
export function createRun<Input, Result>(
  inputs: Iterable<Input> | AsyncIterable<Input>,
  worker: WorkerFunction<Input, Result>,
  {concurrency, signal, onProgress}: RunOptions,
  handlers: RunHandlers,
): Run {
  const limit = pLimit(checkNumber('concurrency', concurrency, 100, {min: 1, whole: true}));
  const report = onProgress && createProgressReporter(inputs, onProgress);
  const signals = createBatchedSignals();
  let source: Iterator<Input> | AsyncIterator<Input> | undefined;
  let isAsync = false;

  let started = 0;
  let running = 0;
  /** The number of results that keep the places of their workers. */
  let held = 0;
  /** True while the inputs are opened or read. A synchronous read may call back into this run. */
  let reading = false;
  let exhausted = false;
  let stopped = false;
  let ended = false;
  let failure: Failure | undefined;

  function begin(): void {
    signal?.addEventListener('abort', onAbort);
    if (signal?.aborted) {
      onAbort();
      return;
    }
    reading = true;
    try {
      const either = inputs as Iterable<Input> & Partial<AsyncIterable<Input>>;
      source = either[Symbol.asyncIterator]?.();
      isAsync = source !== undefined;
      source ??= either[Symbol.iterator]();
    } catch (error) {
      fail(error);
    }
    reading = false;
    void limit(usePlace);
  }

  /** Reads the next input and runs the worker on it. The place is free when the promise is fulfilled. */
  async function usePlace(): Promise<void> {
    if (stopped) return endIfOver();
    let input: Input | undefined;
    reading = true;
    try {
      const step = isAsync
        ? await (source as AsyncIterator<Input>).next()
        : (source as Iterator<Input>).next();
      exhausted = step.done === true;
      input = step.value;
    } catch (error) {
      // An iterator that threw has closed itself.
      exhausted = true;
      fail(error);
    }
    reading = false;
    if (exhausted || stopped) return endIfOver();

    void limit(usePlace);
    const batch = signals.join();
    const index = started++;
    running++;
    let outcome: unknown;
    let isFulfilled = true;
    try {
      outcome = await worker(input as Input, {index, signal: batch.controller.signal});
    } catch (reason) {
      outcome = reason;
      isFulfilled = false;
    }
    running--;
    signals.leave(batch);
    const taken = settle(index, outcome, isFulfilled);
    if (taken && !stopped) {
      held++;
      await taken;
      held--;
    }
    endIfOver();
  }

  /** @returns a promise if the result keeps its place */
  function settle(index: number, outcome: unknown, isFulfilled: boolean): Promise<void> | undefined {
    if (stopped) return undefined;
    let taken: Promise<void> | undefined;
    if (isFulfilled || handlers.takesErrors) taken = handlers.settled(index, outcome, isFulfilled);
    else fail(outcome);
    try {
      takeRejection(report?.(isFulfilled, running), fail);
    } catch (error) {
      fail(error);
    }
    return taken;
  }

  function stop(cause: Failure | undefined, reason: unknown): void {
    if (ended) return;
    if (!stopped || !cause) failure = cause;
    stopped = true;
    limit.clearQueue();
    signals.abort(reason);
    endIfOver();
  }

  // The other workers get an abort rather than the error, which they could take for one of their own, and retry.
  function fail(error: unknown): void {
    stop({error}, new DOMException('Another part of the run failed', 'AbortError'));
  }

  function onAbort(): void {
    stop({error: signal?.reason}, signal?.reason);
  }

  function endIfOver(): void {
    if (running > 0 || ended) return;
    // A generator cannot be closed during its own `next()`.
    const isOver = stopped ? isAsync || !reading : exhausted && held === 0;
    if (isOver) void end();
  }

  async function end(): Promise<void> {
    ended = true;
    signal?.removeEventListener('abort', onAbort);
    try {
      // An iterator with a `next()` under way may close only after it, and `next()` may never end: do not wait.
      const closing = exhausted ? undefined : source?.return?.();
      if (reading) Promise.resolve(closing).catch(() => {});
      else await closing;
    } catch (error) {
      failure ??= {error};
    }
    handlers.ended(failure);
  }

  return {begin, stop};
}
