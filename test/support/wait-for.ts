import {setTimeout as delay, setImmediate as turn} from 'node:timers/promises';

/** Waits until `condition` holds. Fails with the source of the condition if it doesn't hold in time. */
export async function waitFor(condition: () => boolean, timeout = 30_000): Promise<void> {
  const end = performance.now() + timeout;
  while (!condition()) {
    if (performance.now() > end) throw new Error(`This never came to hold: ${condition}`);
    await delay(2);
  }
}

/** Collects garbage until `condition` holds. Finalizers run between the turns of the event loop. */
export async function waitForGc(condition: () => boolean, timeout = 30_000): Promise<void> {
  const {gc} = globalThis;
  if (!gc) throw new Error('Run with --expose-gc');
  const end = performance.now() + timeout;
  for (let pause = 1; !condition(); pause = Math.min(pause * 2, 250)) {
    const start = performance.now();
    if (start > end) throw new Error(`This never came to hold: ${condition}`);
    gc();
    // A collection of a large heap takes a tenth of a second, which other tests could use. What is waited for may also come by
    // itself, so the condition is looked at more often than garbage is collected.
    const next = performance.now() + Math.max(pause, 4 * (performance.now() - start));
    do await delay(Math.min(pause, 5));
    while (!condition() && performance.now() < next);
  }
}

/** Waits for turns of the event loop, in which timers, received data and finalizers are processed. */
export async function turns(count = 1): Promise<void> {
  for (let index = 0; index < count; index++) await turn();
}

/** Blocks the event loop. */
export function blockLoop(milliseconds: number): void {
  const end = performance.now() + milliseconds;
  while (performance.now() < end);
}
