import {setTimeout as delay, setImmediate as turn} from 'node:timers/promises';

/** Waits until `condition` holds; fails, showing it, when it doesn't in time. */
export async function waitFor(condition: () => boolean, timeout = 30_000): Promise<void> {
  const end = performance.now() + timeout;
  while (!condition()) {
    if (performance.now() > end) throw new Error(`This never came to hold: ${condition}`);
    await delay(2);
  }
}

/** Collects garbage until `condition` holds. Finalizers run between turns of the event loop. */
export async function waitForGc(condition: () => boolean, timeout = 30_000): Promise<void> {
  const {gc} = globalThis;
  if (!gc) throw new Error('Run with --expose-gc');
  const end = performance.now() + timeout;
  // Each time a little later: collecting a large heap takes what others want to work with.
  for (let pause = 1; !condition(); pause = Math.min(pause * 2, 100)) {
    if (performance.now() > end) throw new Error(`This never came to hold: ${condition}`);
    gc();
    await delay(pause);
  }
}

/** Lets the event loop go round: timers, arrived data and finalizers get their turn. */
export async function turns(count = 1): Promise<void> {
  for (let index = 0; index < count; index++) await turn();
}

/** Keeps the event loop from going round. */
export function blockLoop(milliseconds: number): void {
  const end = performance.now() + milliseconds;
  while (performance.now() < end);
}
