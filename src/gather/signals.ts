/** Workers that share an `AbortController`. */
interface Batch {
  readonly controller: AbortController;
  started: number;
  running: number;
}

/** Gives the workers of a run their signals. */
export interface BatchedSignals {
  /** The batch for a worker that starts now. */
  join(): Batch;
  /** Called when a worker has settled. */
  leave(batch: Batch): void;
  /** Aborts all running workers. */
  abort(reason: unknown): void;
}

const batchSize = 256;

/**
 * Creates signals that are each shared by 256 workers.
 *
 * One signal for the whole run would be slow: every `new Request(url, {signal})` leaves a listener on its signal, and
 * each listener makes the next one slower to add; after ten thousand it takes a hundred times as long. One signal for
 * each input would cost an `AbortController` each.
 */
export function createBatchedSignals(): BatchedSignals {
  const live = new Set<Batch>();
  let current: Batch | undefined;
  return {
    join() {
      if (!current || current.started === batchSize) {
        current = {controller: new AbortController(), started: 0, running: 0};
        live.add(current);
      }
      current.started++;
      current.running++;
      return current;
    },
    leave(batch) {
      batch.running--;
      if (batch.running === 0 && batch.started === batchSize) live.delete(batch);
    },
    abort(reason) {
      for (const {controller} of live) controller.abort(reason);
    },
  };
}
