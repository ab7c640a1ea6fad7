import type {Transform} from 'node:stream';
import * as zlib from 'node:zlib';
import type {ConnectorRequest} from '../../../core/request.ts';
import type {ErrorDetails} from '../../../errors/index.ts';
import {ConnectionError} from '../../../errors/index.ts';
import type {BodySource} from './incoming-body.ts';

type OneShot = (input: Buffer, callback: (error: Error | null, output: Buffer) => void) => void;

interface Coding {
  /** Creates the decoder for a body that begins with `first`. */
  readonly stream: (first: Buffer) => Transform;
  readonly all: OneShot;
  /** For small inputs: the way to the thread pool and back takes longer than decoding them. */
  readonly allSync: (input: Buffer) => Buffer;
}

// Some servers leave out gzip's trailer. What has been decoded before it is correct.
const gzipOptions = {flush: zlib.constants.Z_SYNC_FLUSH, finishFlush: zlib.constants.Z_SYNC_FLUSH};
const brotliOptions = {
  flush: zlib.constants.BROTLI_OPERATION_FLUSH,
  finishFlush: zlib.constants.BROTLI_OPERATION_FLUSH,
};
/** The largest output of synchronous decoding, in bytes. Larger bodies are decoded asynchronously. */
const maxSyncOutput = 1024 * 1024;
/** The largest input that is decoded synchronously, in bytes. */
const maxSyncInput = 32 * 1024;

const gzip: Coding = {
  stream: () => zlib.createGunzip(gzipOptions),
  all: (input, callback) => zlib.gunzip(input, gzipOptions, callback),
  allSync: (input) => zlib.gunzipSync(input, {...gzipOptions, maxOutputLength: maxSyncOutput}),
};

// "deflate" means zlib (RFC 9110, section 8.4.1.2), but some servers send raw deflate. The first byte shows which it is.
function isRawDeflate(input: Buffer): boolean {
  return input.length > 0 && ((input[0] as number) & 0x0f) !== 0x08;
}

const deflate: Coding = {
  stream: (first) =>
    isRawDeflate(first) ? zlib.createInflateRaw(gzipOptions) : zlib.createInflate(gzipOptions),
  all: (input, callback) =>
    (isRawDeflate(input) ? zlib.inflateRaw : zlib.inflate)(input, gzipOptions, callback),
  allSync: (input) =>
    (isRawDeflate(input) ? zlib.inflateRawSync : zlib.inflateSync)(input, {
      ...gzipOptions,
      maxOutputLength: maxSyncOutput,
    }),
};

const brotli: Coding = {
  stream: () => zlib.createBrotliDecompress(brotliOptions),
  all: (input, callback) => zlib.brotliDecompress(input, brotliOptions, callback),
  allSync: (input) => zlib.brotliDecompressSync(input, {...brotliOptions, maxOutputLength: maxSyncOutput}),
};

// RFC 9659: a window has at most 8 MB. The decoder's default would allow one of 128 MB.
const zstdOptions = {
  finishFlush: zlib.constants.ZSTD_e_flush,
  params: {[zlib.constants.ZSTD_d_windowLogMax]: 23},
};
const zstd: Coding = {
  stream: () => zlib.createZstdDecompress(zstdOptions),
  all: (input, callback) => zlib.zstdDecompress(input, zstdOptions, callback),
  allSync: (input) => zlib.zstdDecompressSync(input, {...zstdOptions, maxOutputLength: maxSyncOutput}),
};

const codings = new Map<string, Coding>([
  ['gzip', gzip],
  ['x-gzip', gzip],
  ['deflate', deflate],
  ['br', brotli],
  ['zstd', zstd],
]);

/** The value of Accept-Encoding: the codings that the connector can decode. */
export const acceptEncoding = 'gzip, deflate, br, zstd';

/**
 * The body with its Content-Encoding decoded (Fetch, "handle content codings"). Several codings are decoded from the last to
 * the first. If one of them is unknown, the body is left as it is.
 *
 * @throws ConnectionError for more than five codings
 */
export function decodedBody(
  body: BodySource,
  contentEncoding: string,
  {url, method, attempt}: Pick<ConnectorRequest, 'url' | 'method' | 'attempt'>,
): BodySource {
  // Holds no reference to the request, which would otherwise live as long as the response.
  const details = {request: {url, method}, attempts: attempt};
  const chain: Coding[] = [];
  for (const name of contentEncoding.toLowerCase().split(',')) {
    const coding = name.trim();
    if (coding === '' || coding === 'identity') continue;
    const known = codings.get(coding);
    if (!known) return body;
    chain.unshift(known);
  }
  // Long chains of codings only serve decompression bombs. undici allows five, too.
  if (chain.length > 5)
    throw new ConnectionError(
      `Content-Encoding lists ${chain.length} codings; at most 5 are decoded`,
      'receive',
      details,
    );
  return chain.reduce((source, coding) => new DecodedBody(source, coding, details), body);
}

class DecodedBody implements BodySource {
  readonly #encoded: BodySource;
  readonly #coding: Coding;
  readonly #details: ErrorDetails;
  #output: AsyncIterator<Buffer> | undefined = undefined;
  #finished = false;

  constructor(encoded: BodySource, coding: Coding, details: ErrorDetails) {
    this.#encoded = encoded;
    this.#coding = coding;
    this.#details = details;
  }

  get ended(): boolean {
    return this.#finished || this.#encoded.ended;
  }

  async collect(): Promise<Buffer> {
    const input = await this.#encoded.collect();
    this.#finished = true;
    if (input.length === 0) return input;
    if (input.length <= maxSyncInput) {
      try {
        return this.#coding.allSync(input);
      } catch (error) {
        if ((error as {code?: string}).code !== 'ERR_BUFFER_TOO_LARGE')
          throw decodingError(error as Error, this.#details);
      }
    }
    return new Promise((resolve, reject) => {
      this.#coding.all(input, (error, output) => {
        if (error) reject(decodingError(error, this.#details));
        else resolve(output);
      });
    });
  }

  // Decoding may fail and may take long, so a decoded body is never available at once.
  takeNow(): undefined {
    return undefined;
  }

  async read(): Promise<Buffer | undefined> {
    this.#output ??= decode(this.#encoded, this.#coding, this.#details);
    const next = await this.#output.next();
    if (!next.done) return next.value;
    this.#finished = true;
    return undefined;
  }

  cancel(reason: unknown, failed?: boolean): void {
    this.#finished = true;
    this.#encoded.cancel(reason, failed);
    void this.#output?.return?.();
  }

  fork(): BodySource | undefined {
    if (this.#output || this.#finished) return undefined;
    const encoded = this.#encoded.fork();
    return encoded && new DecodedBody(encoded, this.#coding, this.#details);
  }
}

async function* decode(
  encoded: BodySource,
  coding: Coding,
  details: ErrorDetails,
): AsyncGenerator<Buffer, undefined> {
  const first = await encoded.read();
  // Fetch: an empty body stays empty, whatever its coding.
  if (first === undefined) return undefined;
  const decoder = coding.stream(first);
  // A decoder that is abandoned early emits an error that has no other listener. All other errors reach the loop below.
  decoder.on('error', () => undefined);
  // An abort or a connection failure ends the encoded body. The reader gets that error, and not one of decoding.
  let failure: {readonly error: unknown} | undefined;
  const fed = feed(decoder, first, encoded).catch((error: unknown) => {
    failure = {error};
    decoder.destroy();
  });
  try {
    for await (const chunk of decoder) yield chunk as Buffer;
  } catch (error) {
    if (failure) throw failure.error;
    encoded.cancel(error, true);
    throw decodingError(error as Error, details);
  }
  // A decoder may end before its input does. What follows is dropped, and the connection can be used again.
  await fed;
  if (failure) throw failure.error;
  return undefined;
}

/**
 * Writes an encoded body to its decoder, which the caller reads. Not a pipeline: that one reports the error of a decoder only
 * when its source has ended too, and a server may keep a body open for ever.
 */
async function feed(decoder: Transform, first: Buffer, encoded: BodySource): Promise<void> {
  for (let chunk: Buffer | undefined = first; chunk !== undefined; chunk = await encoded.read()) {
    if (decoder.writable && !decoder.write(chunk)) await roomIn(decoder);
  }
  decoder.end();
}

/** Resolves when a decoder takes more input, or none any more. */
function roomIn(decoder: Transform): Promise<void> {
  return new Promise((resolve) => {
    function settle(): void {
      decoder.off('drain', settle).off('close', settle);
      resolve();
    }
    decoder.on('drain', settle).on('close', settle);
  });
}

function decodingError(error: Error, details: ErrorDetails): ConnectionError {
  const {code} = error as {code?: string};
  return new ConnectionError(`Response body could not be decoded: ${error.message}`, 'receive', {
    ...details,
    code,
    cause: error,
  });
}
