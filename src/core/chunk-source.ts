/** A body as it is read without a web stream. */
export interface ChunkSource {
  /** The next piece, `undefined` at the end. One read at a time. */
  read(): Promise<Uint8Array<ArrayBuffer> | undefined>;
  /** Nobody wants the rest. */
  cancel(reason: unknown): void;
}

/**
 * The method of a response whose body can be had so: it takes the body, whose reader alone has it from then on.
 * `undefined` when it has been touched already, or there is none. The name is the same in every copy of the package.
 */
export const takeChunks: unique symbol = Symbol.for('aiofetch.chunks') as never;

/**
 * Takes a response's body: past its web stream where it can be, which costs less.
 *
 * @throws TypeError when it has been read already, and for what is no response
 */
export function openChunks(response: Response): ChunkSource {
  const taken = (response as {[takeChunks]?: () => ChunkSource | undefined} | undefined)?.[takeChunks]?.();
  if (taken) return taken;
  const body = (response as Partial<Response> | undefined)?.body;
  // A URL, as it were: it would pass for a response without a body.
  if (body === undefined) throw new TypeError('What is to be read is no Response');
  if (response.bodyUsed || body?.locked) throw new TypeError('Body is unusable: Body has already been read');
  // Not by iteration, which WebKit's streams don't have.
  const reader = body?.getReader();
  return {
    read: async () => (await reader?.read())?.value as Uint8Array<ArrayBuffer> | undefined,
    // Not waited for: of a clone, it ends with the other only.
    cancel: (reason) => void reader?.cancel(reason).catch(() => undefined),
  };
}
