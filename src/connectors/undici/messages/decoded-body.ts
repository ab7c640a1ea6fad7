import * as zlib from 'node:zlib';
import type {ConnectorRequest} from '../../../core/request.ts';
import type {ErrorDetails} from '../../../errors/index.ts';
import {ConnectionError} from '../../../errors/index.ts';
import {CodedInput, runDecoder} from './coded-input.ts';
import {gunzipMembers} from './gzip-members.ts';
import type {BodySource} from './incoming-body.ts';
import {ZstdFrames} from './zstd-frames.ts';

/** The result of `node:zlib` with the option `info`. */
interface Decoded {
  readonly buffer: Buffer;
  readonly engine: {readonly bytesWritten: number};
}

type OneShot = (input: Buffer, callback: (error: Error | null, output: unknown) => void) => void;

interface Coding {
  /** Decodes a body as it arrives. `first` are its first bytes, which `input` gives as well. */
  readonly stream: (input: CodedInput, first: Buffer) => AsyncGenerator<Buffer, undefined>;
  readonly all: OneShot;
  /** For small inputs: the way to the thread pool and back takes longer than decoding them. */
  readonly allSync: (input: Buffer) => unknown;
  /** Whether `stream` may decode what `all` fails on. */
  readonly streamIsLenient?: boolean;
  /** Whether a body may have several frames, of which `all` decodes only the first. */
  readonly hasFrames?: boolean;
}

// A body that ends too early is decoded as far as it goes, as in browsers. Some servers leave out gzip's trailer.
const gzipOptions = {
  flush: zlib.constants.Z_SYNC_FLUSH,
  finishFlush: zlib.constants.Z_SYNC_FLUSH,
  info: true,
};
const brotliOptions = {
  flush: zlib.constants.BROTLI_OPERATION_FLUSH,
  finishFlush: zlib.constants.BROTLI_OPERATION_FLUSH,
  info: true,
};
/** The largest output of synchronous decoding, in bytes. Larger bodies are decoded asynchronously. */
const maxSyncOutput = 1024 * 1024;
/** The largest input that is decoded synchronously, in bytes. */
const maxSyncInput = 32 * 1024;

const gzip: Coding = {
  stream: (input) => gunzipMembers(input),
  all: (input, callback) => zlib.gunzip(input, gzipOptions, callback),
  allSync: (input) => zlib.gunzipSync(input, {...gzipOptions, maxOutputLength: maxSyncOutput}),
  // Node takes all bytes behind a member for another member, unless they are zero.
  streamIsLenient: true,
};

// "deflate" means zlib (RFC 9110, section 8.4.1.2), but some servers send raw deflate. The first byte shows which it is.
function isRawDeflate(input: Buffer): boolean {
  return input.length > 0 && ((input[0] as number) & 0x0f) !== 0x08;
}

const deflate: Coding = {
  stream: (input, first) =>
    runDecoder(
      isRawDeflate(first) ? zlib.createInflateRaw(gzipOptions) : zlib.createInflate(gzipOptions),
      input,
    ),
  all: (input, callback) =>
    (isRawDeflate(input) ? zlib.inflateRaw : zlib.inflate)(input, gzipOptions, callback),
  allSync: (input) =>
    (isRawDeflate(input) ? zlib.inflateRawSync : zlib.inflateSync)(input, {
      ...gzipOptions,
      maxOutputLength: maxSyncOutput,
    }),
};

const brotli: Coding = {
  stream: (input) => runDecoder(zlib.createBrotliDecompress(brotliOptions), input),
  all: (input, callback) => zlib.brotliDecompress(input, brotliOptions, callback),
  allSync: (input) => zlib.brotliDecompressSync(input, {...brotliOptions, maxOutputLength: maxSyncOutput}),
};

// RFC 9659: a window has at most 8 MB. The decoder's default would allow one of 128 MB.
const zstdOptions = {
  finishFlush: zlib.constants.ZSTD_e_flush,
  params: {[zlib.constants.ZSTD_d_windowLogMax]: 23},
  info: true,
};
const zstd: Coding = {
  stream: (input) => runDecoder(zlib.createZstdDecompress(zstdOptions), new ZstdFrames(input)),
  all: (input, callback) => zlib.zstdDecompress(input, zstdOptions, callback),
  allSync: (input) => zlib.zstdDecompressSync(input, {...zstdOptions, maxOutputLength: maxSyncOutput}),
  hasFrames: true,
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
    const coding = this.#coding;
    let decoded: Decoded | undefined;
    try {
      decoded =
        (input.length <= maxSyncInput && decodeSync(input, coding)) || (await decodeAll(input, coding));
    } catch (error) {
      if (!coding.streamIsLenient) throw decodingError(error as Error, this.#details);
    }
    if (decoded && isWhole(decoded, input, coding)) return decoded.buffer;
    return collectStream(input, coding, this.#details);
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

  onFailure(listener: (error: unknown) => void): void {
    this.#encoded.onFailure(listener);
  }

  fork(): BodySource | undefined {
    if (this.#output || this.#finished) return undefined;
    const encoded = this.#encoded.fork();
    return encoded && new DecodedBody(encoded, this.#coding, this.#details);
  }
}

/** Decodes synchronously; `undefined` if the output is too large for that. */
function decodeSync(input: Buffer, coding: Coding): Decoded | undefined {
  try {
    return coding.allSync(input) as Decoded;
  } catch (error) {
    if ((error as {code?: string}).code === 'ERR_BUFFER_TOO_LARGE') return undefined;
    throw error;
  }
}

function decodeAll(input: Buffer, coding: Coding): Promise<Decoded> {
  return new Promise((resolve, reject) => {
    coding.all(input, (error, output) => {
      if (error) reject(error);
      else resolve(output as Decoded);
    });
  });
}

// The decoder returns no bytes and no error for a body that was cut off before its first decoded byte. `stream` tells such a
// body from an empty one.
function isWhole({buffer, engine}: Decoded, input: Buffer, coding: Coding): boolean {
  return buffer.length > 0 && (!coding.hasFrames || engine.bytesWritten === input.length);
}

async function collectStream(input: Buffer, coding: Coding, details: ErrorDetails): Promise<Buffer> {
  let rest: Buffer | undefined = input;
  const chunks: Buffer[] = [];
  const coded = new CodedInput(async () => {
    const chunk = rest;
    rest = undefined;
    return chunk;
  });
  try {
    for await (const chunk of coding.stream(coded, input)) chunks.push(chunk);
  } catch (error) {
    throw decodingError(error as Error, details);
  }
  return Buffer.concat(chunks);
}

async function* decode(
  encoded: BodySource,
  coding: Coding,
  details: ErrorDetails,
): AsyncGenerator<Buffer, undefined> {
  const first = await encoded.read();
  // Fetch: an empty body stays empty, whatever its coding.
  if (first === undefined) return undefined;
  // An abort or a connection failure ends the encoded body. The reader gets that error, and not one of decoding.
  let failure: {readonly error: unknown} | undefined;
  const input = new CodedInput(() =>
    encoded.read().catch((error: unknown) => {
      failure = {error};
      throw error;
    }),
  );
  input.putBack(first);
  try {
    yield* coding.stream(input, first);
  } catch (error) {
    if (failure) throw failure.error;
    // A stream over the body fails with what the body is cancelled with.
    const typed = decodingError(error as Error, details);
    encoded.cancel(typed, true);
    throw typed;
  }
  // A decoder may end before its input does. What follows is dropped, and the connection can be used again.
  while ((await input.read()) !== undefined);
  return undefined;
}

function decodingError(error: Error, details: ErrorDetails): ConnectionError {
  const {code} = error as {code?: string};
  return new ConnectionError(`Response body could not be decoded: ${error.message}`, 'receive', {
    ...details,
    code,
    cause: error,
  });
}
