/**
 * Those who are told something may answer by aborting: at once, in the middle of a step of what tells them. What they
 * abort is marked as that, and let go of when the step is done.
 *
 * @module
 */

let depth = 0;

/** Calls somebody else's function. */
export function notify(call: () => void): void {
  depth++;
  try {
    call();
  } finally {
    depth--;
  }
}

/** Does it now, or if somebody is being told something, when that and what told it are over. */
export function afterNotifications(step: () => void): void {
  if (depth === 0) step();
  else queueMicrotask(step);
}
