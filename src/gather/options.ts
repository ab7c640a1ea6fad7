/** What a worker is told beside its input. */
export interface WorkerContext {
  /** The position of the input among the inputs, from 0. */
  readonly index: number;
  /**
   * Aborted when the run is cut short: pass it to everything that the worker waits for. Its reason is the reason of the
   * run's own `signal` if that caused the abort, and an `AbortError` otherwise.
   */
  readonly signal: AbortSignal;
}

/** The work that is done on each input. It may return its result or a promise of it. */
export type WorkerFunction<Input, Result> = (
  input: Input,
  context: WorkerContext,
) => Result | PromiseLike<Result>;

/** How far a run has come. */
export interface Progress {
  /** The number of inputs whose worker has settled, including the workers that failed. */
  readonly done: number;
  /** How many of {@link done} failed. */
  readonly failed: number;
  /** The number of workers that run now. */
  readonly active: number;
  /** The number of inputs. Absent if the inputs have neither a `length` nor a `size`. */
  readonly total?: number;
  /** {@link done} per second, averaged since the run began. It is 0 while no time has passed. */
  readonly rate: number;
  /** The time in ms until all inputs are done, at that rate. Absent without {@link total} and while the rate is 0. */
  readonly eta?: number;
}

/** The options that `gather` and `asCompleted` share. */
export interface RunOptions {
  /**
   * How many workers run at once: a whole number from 1, or `Infinity`. The default is the default `limit` of a
   * connector: workers that make one request each then keep its connections busy and its queue short.
   *
   * @default 100
   */
  readonly concurrency?: number | undefined;
  /**
   * Ends the run when aborted: no more inputs are read, the running workers are aborted and waited for, and the caller
   * gets the signal's reason.
   *
   * @default undefined
   */
  readonly signal?: AbortSignal | undefined;
  /**
   * Called with the progress of the run each time a worker has settled. The call is synchronous, so slow work belongs
   * elsewhere. An error that it throws ends the run, as an error of a worker does.
   *
   * @default undefined
   */
  readonly onProgress?: ((progress: Progress) => void) | undefined;
}
