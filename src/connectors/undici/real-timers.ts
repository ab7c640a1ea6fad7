import {setImmediate} from 'node:timers';

/**
 * The runtime's own timer functions. A test may replace the global ones by fake timers, which run only when the test advances
 * them. A request must settle without that, as a request of Node's `fetch` does. The timeouts of a call use the global functions,
 * so that a test can let them run out.
 *
 * @module
 */
export {
  clearTimeout as realClearTimeout,
  setImmediate as realSetImmediate,
  setTimeout as realSetTimeout,
} from 'node:timers';

export const {queueMicrotask: realQueueMicrotask} = globalThis;

/** Whether a fake clock has replaced a global that undici looks up at each request. */
export function hasFakeClock(): boolean {
  return globalThis.queueMicrotask !== realQueueMicrotask || globalThis.setImmediate !== setImmediate;
}

/**
 * Runs a step in which undici looks up these globals, with the runtime's own in their place. It runs in the next turn,
 * because undici may still be inside the end of the response before. It would then go on by a `setImmediate` of its own.
 */
export function inRealTime(step: () => void): void {
  setImmediate(() => {
    const fakes = {queueMicrotask: globalThis.queueMicrotask, setImmediate: globalThis.setImmediate};
    Object.assign(globalThis, {queueMicrotask: realQueueMicrotask, setImmediate});
    try {
      step();
    } finally {
      Object.assign(globalThis, fakes);
    }
  });
}
