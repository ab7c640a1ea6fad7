/** Reads a body without a web stream. */
export interface ChunkSource {
  /** The next chunk; `undefined` at the end. Call it again only when the previous read has settled. */
  read(): Promise<Uint8Array<ArrayBuffer> | undefined>;
  /** Gives up the rest of the body. */
  cancel(reason: unknown): void;
}

/**
 * The key of a response's method that hands out its body as a {@link ChunkSource}. From then on the response can't be read
 * in another way. The method returns `undefined` if the body was used before, or if there is none. The symbol is the same
 * in every copy of the package.
 */
export const takeChunks: unique symbol = Symbol.for('aiofetch.chunks') as never;

/**
 * Opens a response's body for reading. Where possible it reads past the web stream, which costs less.
 *
 * @throws TypeError for a body that has been read already, and for a value that is not a Response
 */
export function openChunks(response: Response): ChunkSource {
  const taken = (response as {[takeChunks]?: () => ChunkSource | undefined} | undefined)?.[takeChunks]?.();
  if (taken) return taken;
  const body = (response as Partial<Response> | undefined)?.body;
  // Without this check, a URL would count as a response without a body.
  if (body === undefined) throw new TypeError('The value to read is not a Response');
  if (response.bodyUsed || body?.locked) throw new TypeError('Body is unusable: Body has already been read');
  // A reader, because WebKit's streams have no async iterator.
  const reader = body?.getReader();
  return {
    read: async () => (await reader?.read())?.value as Uint8Array<ArrayBuffer> | undefined,
    // Not awaited: the `cancel` of one clone settles only when the other clone is cancelled too.
    cancel: (reason) => void reader?.cancel(reason).catch(() => undefined),
  };
}
