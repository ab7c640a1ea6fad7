/**
 * Bounded work over many inputs: read lazily, a bounded number at once, stopped as a whole.
 *
 * @module
 */
import Queue from 'yocto-queue';
import type {RunOptions, WorkerFunction} from './options.ts';
import {createRun, type Failure} from './run.ts';

export type {Progress, RunOptions, WorkerContext, WorkerFunction} from './options.ts';

/** Options of {@link asCompleted}. */
export type AsCompletedOptions = RunOptions;

/** Options of {@link gather}. */
export interface GatherOptions extends RunOptions {
  /**
   * Whether a worker's error becomes a result (`{status: 'rejected', reason}`, as of `Promise.allSettled`), and the
   * others go on. Otherwise the first error ends the run.
   *
   * @default false
   */
  readonly settle?: boolean | undefined;
}

/**
 * Runs `worker` on every input, at most `concurrency` of them at once, and gives the results in the inputs' order.
 *
 * Inputs are read one at a time, when there is a worker for them, and may be asynchronous; those of a synchronous
 * iterable are handed over as they are, promises too. Workers that run when the run is cut short are aborted through
 * their `signal` and waited for: once the promise has settled, nothing runs any more. Inputs not read to their end
 * are closed (`return()`).
 *
 * @param inputs - An iterable or async iterable.
 * @param worker - Called as `worker(input, {index, signal})`.
 * @returns The results; with `settle`, each as `Promise.allSettled` has it.
 * @throws The first error of a worker, unless `settle` is on; what reading the inputs, or `onProgress`, threw; the
 * reason of `signal` when that was aborted. All as rejections, as is the next one.
 * @throws InvalidOptionError when `concurrency` is not a whole number from 1, or `Infinity`, and for an option that is not known.
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
  const results: unknown[] = [];
  // Filled up to the index first: an array with holes, or one that grows from its end, is a slow one.
  const put = (index: number, result: unknown): undefined => {
    while (results.length <= index) results.push(undefined);
    results[index] = result;
  };
  const where = 'gather';
  const known = ['concurrency', 'settle', 'signal', 'onProgress'];
  return new Promise((resolve, reject) => {
    const ended = (failure: Failure | undefined) => (failure ? reject(failure.error) : resolve(results));
    const run = createRun(
      inputs,
      worker,
      options,
      options.settle
        ? {
            fulfilled: (index, value) => put(index, {status: 'fulfilled', value}),
            rejected: (index, reason) => put(index, {status: 'rejected', reason}),
            ended,
            where,
            known,
          }
        : {fulfilled: put, ended, where, known},
    );
    run.begin();
  });
}

/**
 * Runs `worker` on every input, at most `concurrency` of them at once, and yields each worker's result as soon as it
 * is there, so in order of completion. Where it matters whose result it is, have the worker say so.
 *
 * Nothing starts before the first `next()`. From then on inputs are read one at a time, and a result that has not been
 * taken keeps its worker's place: never are more than `concurrency` inputs read beyond the results taken, and memory
 * is bounded however many there are. Inputs may be asynchronous; those of a synchronous iterable are handed over as
 * they are, promises too.
 *
 * When a worker fails, reading the inputs or `onProgress` throws, or `signal` is aborted, the workers still running
 * are aborted through theirs and waited for; the results that were there before are yielded, then the error is thrown.
 * Leaving the loop (`break`, `return`, a throw) ends the run likewise: the loop has been left when nothing runs any
 * more, and what was not taken, be it results or errors, is dropped. Inputs not read to their end are closed
 * (`return()`).
 *
 * @param inputs - An iterable or async iterable.
 * @param worker - Called as `worker(input, {index, signal})`.
 * @returns The results, to be iterated once.
 * @throws From the loop, that is from `next()`: the first error of a worker, of reading the inputs or of `onProgress`;
 * the reason of `signal` when that was aborted.
 * @throws InvalidOptionError from the first `next()`, when `concurrency` is not a whole number from 1, or
 * `Infinity`, and for an option that is not known.
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
  let hasBegun = false;
  let hasEnded = false;
  let failure: Failure | undefined;

  const run = createRun(inputs, worker, options, {
    where: 'asCompleted',
    known: ['concurrency', 'signal', 'onProgress'],
    fulfilled(_index, value) {
      const taker = takers.dequeue();
      if (!taker) return new Promise((release) => untaken.enqueue({value, release}));
      taker.resolve({done: false, value});
      return undefined;
    },
    ended(cause) {
      hasEnded = true;
      failure = cause;
      for (const taker of takers.drain()) taker.resolve(last());
      end.resolve();
    },
  });

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
      if (!hasBegun) {
        hasBegun = true;
        run.begin();
      }
      return taker.promise;
    },
    async return() {
      untaken.clear();
      if (hasBegun && !hasEnded) {
        run.abandon();
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
