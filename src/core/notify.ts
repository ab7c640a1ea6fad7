/**
 * A listener may abort a call while it is being notified, in the middle of a step of the code that notifies it. Such an
 * abort is recorded at once, and its effects follow after the step.
 *
 * @module
 */

let depth = 0;

/** Calls a listener, which is code that this package doesn't control. */
export function notify(call: () => void): void {
  depth++;
  try {
    call();
  } finally {
    depth--;
  }
}

/** Runs `step` at once, or in a microtask if a listener is being notified now. */
export function afterNotifications(step: () => void): void {
  if (depth === 0) step();
  else queueMicrotask(step);
}
