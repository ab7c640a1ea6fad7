/** How much of a body was read. */
export interface BodySize {
  readonly bytes: number;
  /** The body was larger than allowed, so reading stopped. */
  readonly cut: boolean;
}

/** Reads a body up to a size and cancels the rest, which frees its connection. */
export async function readBody(
  response: Response,
  maxSize: number,
  onChunk?: (chunk: Uint8Array) => void,
): Promise<BodySize> {
  let bytes = 0;
  if (!response.body) return {bytes, cut: false};
  // Leaving the loop cancels the stream.
  for await (const chunk of response.body) {
    bytes += chunk.byteLength;
    onChunk?.(chunk);
    if (bytes > maxSize) return {bytes, cut: true};
  }
  return {bytes, cut: false};
}
