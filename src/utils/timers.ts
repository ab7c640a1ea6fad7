/**
 * Timers and work that serve several calls, such as the timer that waits for the next token of a rate limit. `#timers` leads to
 * this module, and in Cloudflare's workers to `worker-timers.ts`.
 *
 * @module
 */

/**
 * Calls `run` once, after `delay` ms.
 *
 * @returns a function that stops the timer
 */
export function startTimer(run: () => void, delay: number): () => void {
  const timer = setTimeout(run, delay);
  return () => clearTimeout(timer);
}

/**
 * Calls `run` every `interval` ms.
 *
 * @returns a function that ends the calls
 */
export function startInterval(run: () => void, interval: number): () => void {
  const timer = setInterval(run, interval);
  return () => clearInterval(timer);
}

const {setInterval: setRealInterval, clearInterval: clearRealInterval} = globalThis;

/** Does what {@link startInterval} does, even under the fake clock of a test. */
export function startRealInterval(run: () => void, interval: number): () => void {
  const timer = setRealInterval(run, interval);
  return () => clearRealInterval(timer);
}

/** Calls `done` with the result of work that serves several calls. The promise must not reject. */
export function whenSettled<T>(result: Promise<T>, done: (result: T | undefined) => void): void {
  void result.then(done);
}
