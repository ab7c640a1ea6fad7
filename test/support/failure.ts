/** What a promise rejects with; that it rejects is asked for. */
export function failure(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => {
      throw new Error('It should have failed');
    },
    (error: unknown) => error,
  );
}
