/**
 * What somebody else's code threw, as an error: it may throw anything, `controller.error()` nothing at all. Where an error
 * is told from none by what it is, whoever waits would go on waiting.
 */
export function toError(thrown: unknown): Error {
  if (typeof thrown === 'object' && thrown !== null) return thrown as Error;
  return new Error('what was thrown is no error', {cause: thrown});
}
