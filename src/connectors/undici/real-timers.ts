import {setImmediate} from 'node:timers';

/**
 * The runtime's own functions, with which a request gets on. Tests replace the global ones by a fake clock, which nobody
 * advances while a request is under way. `fetch` of Node settles all the same. The timeouts of a call use the global ones.
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
