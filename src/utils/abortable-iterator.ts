/**
 * Returns an iterator over a generator that can be left while the generator waits: the controller aborts the wait, and a
 * pending `next()` gets the end of the iteration.
 */
export function leaveAtOnce<T>(
  items: AsyncGenerator<T, undefined, undefined>,
  controller: AbortController,
): AsyncIterableIterator<T, undefined, undefined> {
  const last: IteratorReturnResult<undefined> = {done: true, value: undefined};
  let hasLeft = false;
  return {
    async next() {
      try {
        return await items.next();
      } catch (error) {
        if (hasLeft) return last;
        throw error;
      }
    },
    async return() {
      hasLeft = true;
      controller.abort(new Error('The reader left'));
      await items.return(undefined).catch(() => undefined);
      return last;
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}

/** Aborts the controller when the signal is aborted. Returns a function that ends this. */
export function followSignal(
  controller: AbortController,
  signal: AbortSignal | null | undefined,
): () => void {
  const stop = () => controller.abort(signal?.reason);
  if (signal?.aborted) stop();
  signal?.addEventListener('abort', stop);
  return () => signal?.removeEventListener('abort', stop);
}
