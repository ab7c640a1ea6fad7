/**
 * Bounded work over many inputs. Inputs are read lazily, a bounded number of workers runs at once, and an error or an abort
 * stops the whole run.
 *
 * @module
 */
import Queue from 'yocto-queue';
import {checkKnown} from '../utils/check-options.ts';
import type {RunOptions, WorkerFunction} from './options.ts';
import {createRun, type Failure, type Run} from './run.ts';

export type {Progress, RunOptions, WorkerContext, WorkerFunction} from './options.ts';

/** Options of {@link asCompleted}. */
export type AsCompletedOptions = RunOptions;

/** Options of {@link gather}. */
export interface GatherOptions extends RunOptions {
  /**
   * Whether an error of a worker becomes a result (`{status: 'rejected', reason}`, as in `Promise.allSettled`) while the
   * other workers go on. Otherwise the first error ends the run.
   *
   * @default false
   */
  readonly settle?: boolean | undefined;
}

/**
 * Runs `worker` on every input, at most `concurrency` workers at once, and returns the results in the order of the inputs.
 *
 * Inputs are read one at a time, each when a place for a worker is free, and may be asynchronous. The worker gets the inputs
 * of a synchronous iterable as they are: promises are not awaited. When the run is cut short, the running workers are aborted
 * through their `signal` and waited for: once the promise has settled, no worker runs any more. An iterator that was not
 * read to its end is closed (`return()`). Workers run in the async context of the call.
 *
 * @param inputs - An iterable or async iterable.
 * @param worker - Called as `worker(input, {index, signal})`.
 * @returns The results; with `settle`, objects as `Promise.allSettled` returns them.
 * @throws The first error of a worker, unless `settle` is on; the error that reading the inputs or `onProgress` threw; the
 * reason of `signal` if it was aborted. These and the next errors are rejections.
 * @throws InvalidOptionError if `concurrency` is neither a whole number from 1 nor `Infinity`; UnsupportedOptionError for an
 * option that is not known.
 *
 * @example
 * ```ts
 * import {gather} from 'aiofetch';
 *
 * const lengths = await gather(['a', 'bb', 'ccc'], async (word) => word.length, {concurrency: 2});
 * // [1, 2, 3]
 *
 * const outcomes = await gather([1, 0], (n) => { if (!n) throw new Error('zero'); return 1 / n; }, {settle: true});
 * // [{status: 'fulfilled', value: 1}, {status: 'rejected', reason: Error: zero}]
 * ```
 */
export function gather<Input, Result>(
  inputs: Iterable<Input> | AsyncIterable<Input>,
  worker: WorkerFunction<Input, Result>,
  options: GatherOptions & {readonly settle: true},
): Promise<PromiseSettledResult<Result>[]>;
export function gather<Input, Result>(
  inputs: Iterable<Input> | AsyncIterable<Input>,
  worker: WorkerFunction<Input, Result>,
  options?: GatherOptions & {readonly settle?: false | undefined},
): Promise<Result[]>;
export function gather<Input, Result>(
  inputs: Iterable<Input> | AsyncIterable<Input>,
  worker: WorkerFunction<Input, Result>,
  options: GatherOptions,
): Promise<Result[] | PromiseSettledResult<Result>[]>;
export function gather<Input, Result>(
  inputs: Iterable<Input> | AsyncIterable<Input>,
  worker: WorkerFunction<Input, Result>,
  options: GatherOptions = {},
): Promise<unknown[]> {
  return new Promise((resolve, reject) => {
    checkKnown('gather', options, ['concurrency', 'settle', 'signal', 'onProgress'], '');
    const {settle = false} = options;
    const results: unknown[] = [];
    createRun(inputs, worker, options, {
      takesErrors: settle,
      settled(index, outcome, isFulfilled) {
        // The array is filled up to the index first, because V8 is slower with an array that has holes.
        while (results.length <= index) results.push(undefined);
        results[index] = !settle
          ? outcome
          : isFulfilled
            ? {status: 'fulfilled', value: outcome}
            : {status: 'rejected', reason: outcome};
        return undefined;
      },
      ended: (failure) => (failure ? reject(failure.error) : resolve(results)),
    }).begin();
  });
}

/**
 * Runs `worker` on every input, at most `concurrency` workers at once, and yields each result as soon as its worker has
 * returned it: in the order of completion. If the caller has to know the input of a result, the worker returns both.
 *
 * Nothing starts before the first `next()`. Then inputs are read one at a time, and a result that was not taken yet keeps
 * the place of its worker: at most `concurrency` inputs are read beyond the results that were taken, and memory stays flat
 * for any number of inputs. Inputs may be asynchronous. The worker gets the inputs of a synchronous iterable as they are:
 * promises are not awaited. Workers run in the async context of the first `next()`.
 *
 * When a worker fails, reading the inputs or `onProgress` throws, or `signal` is aborted, the running workers are aborted
 * through their signals and waited for. The loop gets the results that were ready before, and then the error. Leaving the
 * loop (`break`, `return`, a throw) ends the run in the same way: the loop has been left once no worker runs any more, and
 * results and errors that were not taken are dropped. An iterator that was not read to its end is closed (`return()`).
 *
 * @param inputs - An iterable or async iterable.
 * @param worker - Called as `worker(input, {index, signal})`.
 * @returns The results, which can be iterated once.
 * @throws From the loop, which calls `next()`: the first error of a worker, of reading the inputs or of `onProgress`; the
 * reason of `signal` if it was aborted.
 * @throws From the first `next()`: InvalidOptionError if `concurrency` is neither a whole number from 1 nor `Infinity`;
 * UnsupportedOptionError for an option that is not known.
 *
 * @example
 * ```ts
 * import {asCompleted} from 'aiofetch';
 *
 * const work = async (n: number) => ({n, square: n * n});
 * for await (const {n, square} of asCompleted([3, 1, 2], work, {concurrency: 2})) {
 *   console.log(n, square);
 * }
 * ```
 */
export function asCompleted<Input, Result>(
  inputs: Iterable<Input> | AsyncIterable<Input>,
  worker: WorkerFunction<Input, Result>,
  options: AsCompletedOptions = {},
): AsyncIterableIterator<Result, undefined, undefined> {
  type Step = IteratorResult<Result, undefined>;
  const untaken = new Queue<{readonly value: Result; readonly release: () => void}>();
  const takers = new Queue<PromiseWithResolvers<Step>>();
  const end = Promise.withResolvers<void>();
  let run: Run | undefined;
  let hasEnded = false;
  let failure: Failure | undefined;

  function begin(): void {
    try {
      checkKnown('asCompleted', options, ['concurrency', 'signal', 'onProgress'], '');
      run = createRun(inputs, worker, options, {settled, ended});
      run.begin();
    } catch (error) {
      ended({error});
    }
  }

  function settled(_index: number, value: unknown): Promise<void> | undefined {
    const taker = takers.dequeue();
    if (!taker) return new Promise((release) => untaken.enqueue({value: value as Result, release}));
    taker.resolve({done: false, value: value as Result});
    return undefined;
  }

  function ended(cause: Failure | undefined): void {
    hasEnded = true;
    failure = cause;
    for (const taker of takers.drain()) taker.resolve(last());
    end.resolve();
  }

  // One taker gets the failure. The others get the end of the iteration, as from a generator that threw.
  async function last(): Promise<Step> {
    const cause = failure;
    failure = undefined;
    if (cause) throw cause.error;
    return {done: true, value: undefined};
  }

  return {
    next() {
      const result = untaken.dequeue();
      if (result) {
        result.release();
        return Promise.resolve({done: false, value: result.value});
      }
      if (hasEnded) return last();
      const taker = Promise.withResolvers<Step>();
      takers.enqueue(taker);
      if (!run) begin();
      return taker.promise;
    },
    async return() {
      untaken.clear();
      if (run && !hasEnded) {
        run.stop(undefined, new DOMException('The results are no longer wanted', 'AbortError'));
        await end.promise;
      } else {
        hasEnded = true;
        failure = undefined;
      }
      return last();
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}
