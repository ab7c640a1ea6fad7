import pLimit, {type LimitFunction} from 'p-limit';
import {assertOption, checkKnown} from '../utils/check-options.ts';
import type {RunOptions, WorkerFunction} from './options.ts';
import {createProgressReporter, type ReportProgress} from './progress.ts';
import {createBatchedSignals} from './signals.ts';

/** Why a run was cut short. An object, because any value can be thrown, even `undefined`. */
export interface Failure {
  readonly error: unknown;
}

/** Receives the outcomes of a run. None of the functions may throw. */
export interface RunHandlers<Result> {
  /** The function that the user called, for errors. */
  readonly where: string;
  /** The names of the options that this function takes. */
  readonly known: readonly string[];
  /** @returns a promise if the result keeps the place of its worker until the promise is fulfilled */
  fulfilled(index: number, value: Result): Promise<void> | undefined;
  /** Without this function, the first worker that fails ends the run. */
  readonly rejected?: ((index: number, reason: unknown) => void) | undefined;
  /** Called once, when all workers have settled and the inputs are closed. */
  ended(failure: Failure | undefined): void;
}

/** A run under way. */
export interface Run {
  /** Opens the inputs and starts the first workers. */
  begin(): void;
  /** Ends the run because nobody wants its results any more. A failure that it had is forgotten. */
  abandon(): void;
}

function checkConcurrency(value = 100): number {
  const isValid = value === Infinity || (Number.isInteger(value) && value > 0);
  assertOption(isValid, 'concurrency', value, 'a whole number from 1, or Infinity');
  return value;
}

/**
 * Creates a run, which reads inputs one at a time, each when p-limit gives it a place, and runs a worker on it.
 *
 * p-limit gets one function for each input, and the next one only after an input was read: at most `concurrency`
 * functions run, one waits, and memory stays flat for any number of inputs. The place of an input covers reading it,
 * its worker, and the time until its result is taken, if the handlers ask for that.
 *
 * The function is long because all its parts share the state of the run.
 */
export function createRun<Input, Result>(
  inputs: Iterable<Input> | AsyncIterable<Input>,
  worker: WorkerFunction<Input, Result>,
  options: RunOptions,
  handlers: RunHandlers<Result>,
): Run {
  const {signal, onProgress} = options;
  const signals = createBatchedSignals();
  let limit: LimitFunction | undefined;
  let report: ReportProgress | undefined;
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
    reading = true;
    signal?.addEventListener('abort', onAbort);
    try {
      checkKnown(handlers.where, options, handlers.known, '');
      limit = pLimit(checkConcurrency(options.concurrency));
      if (onProgress) report = createProgressReporter(inputs, onProgress);
      if (signal?.aborted) {
        stop({error: signal.reason}, signal.reason);
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
    if (stopped) endIfOver();
    else void limit?.(usePlace);
  }

  /** Reads the next input and runs the worker on it. The place is free when the promise is fulfilled. */
  async function usePlace(): Promise<void> {
    if (stopped) return;
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

    void limit?.(usePlace);
    const index = started++;
    const batch = signals.join();
    running++;
    let outcome: unknown;
    let isFulfilled = true;
    try {
      outcome = await worker(input as Input, {index, signal: batch.signal});
    } catch (reason) {
      outcome = reason;
      isFulfilled = false;
    }
    running--;
    signals.leave(batch);
    const taken = stopped ? undefined : settle(index, outcome, isFulfilled);
    if (taken && !stopped) {
      held++;
      await taken;
      held--;
    }
    endIfOver();
  }

  /** @returns a promise if the result keeps its place */
  function settle(index: number, outcome: unknown, isFulfilled: boolean): Promise<void> | undefined {
    let taken: Promise<void> | undefined;
    if (isFulfilled) taken = handlers.fulfilled(index, outcome as Result);
    else if (handlers.rejected) handlers.rejected(index, outcome);
    else fail(outcome);
    try {
      report?.(isFulfilled, running);
    } catch (error) {
      fail(error);
    }
    return taken;
  }

  function stop(cause: Failure | undefined, reason: unknown): void {
    if (stopped || ended) return;
    stopped = true;
    failure = cause;
    limit?.clearQueue();
    signals.abort(reason);
  }

  // The other workers get an abort rather than the error, which they could take for one of their own, and retry.
  function fail(error: unknown): void {
    stop({error}, new DOMException('Another part of the run failed', 'AbortError'));
  }

  function onAbort(): void {
    stop({error: signal?.reason}, signal?.reason);
    endIfOver();
  }

  function abandon(): void {
    stop(undefined, new DOMException('The results are no longer wanted', 'AbortError'));
    failure = undefined;
    endIfOver();
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
    if (source && !exhausted) await close(source);
    handlers.ended(failure);
  }

  async function close(opened: Iterator<Input> | AsyncIterator<Input>): Promise<void> {
    try {
      const closing = opened.return?.();
      // An iterator with a `next()` under way may close only after it, and `next()` may never end: do not wait.
      if (reading) Promise.resolve(closing).catch(() => {});
      else await closing;
    } catch (error) {
      failure ??= {error};
    }
  }

  return {begin, abandon};
}
