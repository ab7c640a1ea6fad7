/**
 * Makes an error of a value that foreign code threw. Such code may throw anything, and `controller.error()` throws
 * `undefined`, which callbacks would take for success.
 */
export function toError(thrown: unknown): Error {
  if (typeof thrown === 'object' && thrown !== null) return thrown as Error;
  return new Error('A value was thrown that is not an error', {cause: thrown});
}
