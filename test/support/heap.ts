/** The size of the used heap after a garbage collection, in bytes. */
export function heapUsed(): number {
  globalThis.gc?.();
  return process.memoryUsage().heapUsed;
}
