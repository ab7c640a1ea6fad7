/** After how many released bytes V8 is made to check for garbage. */
const interval = 48 * 1024 * 1024;
/** The size of a buffer that makes V8 check for garbage in any case: twice the default size of its young generation. */
const demand = 32 * 1024 * 1024;

let released = 0;

/**
 * Counts bytes of a body that were given to a reader, who soon needs them no more. Such bytes lie outside the JavaScript
 * heap, and V8 notices them late: at a gigabyte a second, a hundred megabytes are garbage before V8 collects them. The
 * request for a large `ArrayBuffer` makes V8 check at once. That buffer takes no memory, because nothing touches its pages.
 */
export function countReleasedBytes(bytes: number): void {
  released += bytes;
  if (released < interval) return;
  released = 0;
  try {
    new ArrayBuffer(demand);
  } catch {
    // When V8 has no address space left, it has checked for garbage already.
  }
}
