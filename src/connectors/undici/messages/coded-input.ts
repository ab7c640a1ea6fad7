import type * as zlib from 'node:zlib';

/** A decoder of `node:zlib`. */
export type Decoder = zlib.InflateRaw | zlib.Inflate | zlib.BrotliDecompress | zlib.ZstdDecompress;

/** What `node:zlib` reports for a body that ends too early. */
export class TruncatedError extends Error {
  readonly code = 'Z_BUF_ERROR';

  constructor() {
    super('unexpected end of file');
  }
}

/** Where a decoder reads from. */
export interface DecoderInput {
  /** Resolves with the next bytes, or with `undefined` at the end of the body. */
  read(): Promise<Buffer | undefined>;
  /** Gives bytes back that were read and not used. */
  putBack(rest: Buffer): void;
  /** Whether the bytes so far are complete. `undefined`: the decoder has to be asked. */
  readonly isWhole?: boolean;
}

/** A coded body as decoders read it: bytes that one decoder leaves are read by the next. */
export class CodedInput implements DecoderInput {
  readonly #read: () => Promise<Buffer | undefined>;
  #rest: Buffer | undefined = undefined;

  constructor(read: () => Promise<Buffer | undefined>) {
    this.#read = read;
  }

  async read(): Promise<Buffer | undefined> {
    const rest = this.#rest;
    this.#rest = undefined;
    return rest ?? this.#read();
  }

  putBack(rest: Buffer): void {
    if (rest.length > 0) this.#rest = rest;
  }
}

/**
 * Passes the input through a decoder until the decoder takes no more or the input ends. Bytes behind the end of the coded
 * data are put back. No pipeline: that one reports the error of a decoder only when its source has ended too, and a server
 * may keep a body open for ever.
 *
 * @throws TruncatedError when the input ends before the decoder has produced a byte. If a part could be decoded, that part is
 *   the body, as in browsers.
 */
export async function* runDecoder(decoder: Decoder, input: DecoderInput): AsyncGenerator<Buffer, undefined> {
  let isEmpty = true;
  let isTruncated = false;
  const feed = async () => {
    for (let chunk = await input.read(); chunk !== undefined; chunk = await input.read()) {
      const used = await write(decoder, chunk);
      if (used === chunk.length) continue;
      input.putBack(chunk.subarray(used));
      return;
    }
    isTruncated = isEmpty && decoder.readableLength === 0;
    if (isTruncated) isTruncated = !(input.isWhole ?? (await hasReachedEnd(decoder)));
    if (isTruncated) decoder.destroy();
    else decoder.end();
  };
  const feeding = feed().catch((error: Error) => void decoder.destroy(error));
  try {
    for await (const chunk of decoder) {
      isEmpty = false;
      yield chunk as Buffer;
    }
    await feeding;
  } catch (error) {
    throw isTruncated ? new TruncatedError() : error;
  } finally {
    decoder.destroy();
  }
  return undefined;
}

/** Resolves with how many bytes the decoder has used, or rejects with its error. */
function write(decoder: Decoder, chunk: Buffer): Promise<number> {
  const before = decoder.bytesWritten;
  return new Promise((resolve, reject) => {
    decoder.write(chunk, (error) => (error ? reject(error) : resolve(decoder.bytesWritten - before)));
  });
}

// A decoder that has reached its end leaves a further byte unused.
async function hasReachedEnd(decoder: Decoder): Promise<boolean> {
  return (await write(decoder, Buffer.alloc(1))) === 0;
}
