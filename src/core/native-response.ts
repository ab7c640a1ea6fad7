// Tests and tools swap the globals: what a Response is, is settled when this module is loaded.
export const NativeResponse = globalThis.Response;

// Workers of an early compatibility date lack the means to see that.
const registry =
  typeof FinalizationRegistry === 'function'
    ? new FinalizationRegistry<(reason: unknown) => void>((cancel) =>
        cancel(new Error('The response was collected unread')),
      )
    : undefined;

/**
 * Has a body cancelled whose response nobody holds any more: it would keep its slot, and its call under way, for ever.
 *
 * @param source - the stream's source rather than the stream: Chromium lets go of a stream's object while its reader
 * is in use, and keeps its source
 */
export function cancelWhenCollected(source: object, cancel: (reason: unknown) => void): void {
  registry?.register(source, cancel);
}
