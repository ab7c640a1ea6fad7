import * as zlib from 'node:zlib';
import type {CodedInput} from './coded-input.ts';
import {runDecoder, TruncatedError} from './coded-input.ts';

class InvalidGzipError extends Error {
  readonly code = 'Z_DATA_ERROR';
}

const trailerLength = 8;
// The flags of RFC 1952, section 2.3.1.
const hasHeaderChecksum = 2;
const hasExtra = 4;
const hasName = 8;
const hasComment = 16;
const reservedFlags = 0xe0;

/**
 * Decodes gzip member by member (RFC 1952, section 2.2). Bytes behind a member that are no header of another member are
 * ignored, as in browsers. A member without its whole trailer is valid: some servers leave the trailer out.
 */
export async function* gunzipMembers(input: CodedInput): AsyncGenerator<Buffer, undefined> {
  for (let isFirst = true; await passHeader(input, isFirst); isFirst = false) {
    let checksum = 0;
    let size = 0;
    const decoder = zlib.createInflateRaw({finishFlush: zlib.constants.Z_SYNC_FLUSH});
    for await (const chunk of runDecoder(decoder, input)) {
      checksum = zlib.crc32(chunk, checksum);
      size += chunk.length;
      yield chunk;
    }
    const trailer = await readTrailer(input);
    if (!trailer) return undefined;
    if (trailer.readUInt32LE(0) !== checksum) throw new InvalidGzipError('incorrect data check');
    if (trailer.readUInt32LE(4) !== size % 2 ** 32) throw new InvalidGzipError('incorrect length check');
  }
  return undefined;
}

/** Reads the header of a member. Returns false if there is no further member. */
async function passHeader(input: CodedInput, isFirst: boolean): Promise<boolean> {
  const header = headerParser();
  header.next();
  for (let chunk = await input.read(); chunk !== undefined; chunk = await input.read()) {
    for (let index = 0; index < chunk.length; index++) {
      const {done, value: isHeader} = header.next(chunk[index] as number);
      if (!done) continue;
      if (!isHeader && isFirst) throw new InvalidGzipError('incorrect header check');
      input.putBack(chunk.subarray(index + 1));
      return isHeader;
    }
  }
  if (isFirst) throw new TruncatedError();
  return false;
}

// Takes a byte at each `yield`, so that a header may arrive in any pieces and none of it is kept.
function* headerParser(): Generator<undefined, boolean, number> {
  if ((yield) !== 0x1f || (yield) !== 0x8b || (yield) !== 8) return false;
  const flags = yield;
  if (flags & reservedFlags) return false;
  for (let index = 0; index < 6; index++) yield;
  if (flags & hasExtra) {
    const length = (yield) | ((yield) << 8);
    for (let index = 0; index < length; index++) yield;
  }
  if (flags & hasName) while ((yield) !== 0);
  if (flags & hasComment) while ((yield) !== 0);
  if (flags & hasHeaderChecksum) {
    yield;
    yield;
  }
  return true;
}

async function readTrailer(input: CodedInput): Promise<Buffer | undefined> {
  let trailer = Buffer.alloc(0);
  for (let chunk = await input.read(); chunk !== undefined; chunk = await input.read()) {
    const missing = trailerLength - trailer.length;
    trailer = Buffer.concat([trailer, chunk.subarray(0, missing)]);
    input.putBack(chunk.subarray(missing));
    if (trailer.length === trailerLength) return trailer;
  }
  return undefined;
}
