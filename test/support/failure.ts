/** Gives the error that a promise rejects with, and fails if it resolves. */
export function failure(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => {
      throw new Error('It should have failed');
    },
    (error: unknown) => error,
  );
}
