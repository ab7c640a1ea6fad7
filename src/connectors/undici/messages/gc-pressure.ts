/** After how many bytes that were handed on the collector is told to look. */
const interval = 48 * 1024 * 1024;
/** What makes V8 look, whatever else there is: twice what its young generation takes by default. */
const demand = 32 * 1024 * 1024;

let handedOn = 0;

/**
 * Counts bytes that a reader was given, and is soon done with. They lie outside the heap, and V8 hears of them late: at a
 * gigabyte a second, a hundred megabytes are dead before it looks. To be asked for a large `ArrayBuffer` makes it look at
 * once. That one takes no memory: nobody touches its pages.
 */
export function countReleasedBytes(bytes: number): void {
  handedOn += bytes;
  if (handedOn < interval) return;
  handedOn = 0;
  try {
    new ArrayBuffer(demand);
  } catch {
    // Where not even addresses are to be had, the collector knows.
  }
}
