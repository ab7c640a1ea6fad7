/** The runtime's `Response`, read when this module is loaded, because tests and tools replace the globals later. */
export const NativeResponse = globalThis.Response;

// Workers with an early compatibility date have no FinalizationRegistry.
const registry =
  typeof FinalizationRegistry === 'function'
    ? new FinalizationRegistry<(reason: unknown) => void>((cancel) =>
        cancel(new Error('The response was garbage-collected before its body was read')),
      )
    : undefined;

/**
 * Cancels the body of a response that was garbage-collected. Otherwise the body would keep its slot and its call for ever.
 *
 * @param source - the source of the stream, rather than the stream: Chromium may collect the stream's object while its
 * reader is still in use, but it keeps the source
 */
export function cancelWhenCollected(source: object, cancel: (reason: unknown) => void): void {
  registry?.register(source, cancel);
}
