/** How much of the heap is in use once the garbage is collected, in bytes. */
export function heapUsed(): number {
  globalThis.gc?.();
  return process.memoryUsage().heapUsed;
}
