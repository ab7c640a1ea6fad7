/**
 * A listener may abort a call while it is being notified, in the middle of a step of the code that notifies it. Such an
 * abort is recorded at once, and its effects follow after the step.
 *
 * @module
 */

let depth = 0;

// Listeners whose failure was reported. Each failure after the first is ignored.
const reported = /* @__PURE__ */ new WeakSet<object>();

/** Reports the failure of a listener that no caller could handle. An uncaught error would end the process in some runtimes. */
export function reportFailure(listener: object, error: unknown): void {
  if (reported.has(listener)) return;
  reported.add(listener);
  // biome-ignore lint/suspicious/noConsole: no caller could handle this error
  console.error('A listener failed:', error);
}

/**
 * Takes what a listener returned. The listener may be an `async` function, or may return the promise of a logger: a rejection
 * must not become an unhandled one.
 */
export function takeRejection(returned: unknown, failed: (error: unknown) => void): void {
  (returned as Partial<Promise<unknown>> | undefined)?.catch?.(failed);
}

/**
 * Calls a listener, which is code that this package doesn't control. If the listener returns a promise, a rejection is
 * reported, once for each listener.
 *
 * @param listener - the listener, which `call` calls
 * @throws what `call` throws
 */
export function notify(listener: object, call: () => unknown): void {
  depth++;
  try {
    takeRejection(call(), (error) => reportFailure(listener, error));
  } finally {
    depth--;
  }
}

/** Runs `step` at once, or in a microtask if a listener is being notified now. */
export function afterNotifications(step: () => void): void {
  if (depth === 0) step();
  else queueMicrotask(step);
}
