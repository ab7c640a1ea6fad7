import type {CodedInput, DecoderInput} from './coded-input.ts';

/**
 * Cuts a zstd body at the ends of its frames (RFC 8878, section 3: a body may have several frames). Node's decoder drops
 * what follows a frame in the same chunk. A frame that begins a chunk is decoded, or skipped if it is a skippable frame.
 */
export class ZstdFrames implements DecoderInput {
  readonly #input: CodedInput;
  #frame = frameParser();
  /** How many bytes of the frame follow before one that the parser has to see. */
  #passing = this.#frame.next().value;
  #isLastPart = false;
  /** Whether no frame has begun that has not ended. */
  isWhole = true;

  constructor(input: CodedInput) {
    this.#input = input;
  }

  async read(): Promise<Buffer | undefined> {
    const chunk = await this.#input.read();
    if (chunk === undefined) return undefined;
    const end = this.#advance(chunk);
    this.#input.putBack(chunk.subarray(end));
    return chunk.subarray(0, end);
  }

  putBack(rest: Buffer): void {
    this.#input.putBack(rest);
  }

  /** Returns where the frame ends in the chunk, or where the chunk ends. */
  #advance(chunk: Buffer): number {
    let index = 0;
    while (index < chunk.length) {
      this.isWhole = false;
      const passed = Math.min(this.#passing, chunk.length - index);
      this.#passing -= passed;
      index += passed;
      if (this.#passing > 0) break;
      if (!this.#isLastPart) {
        if (index === chunk.length) break;
        const {done = false, value} = this.#frame.next(chunk[index++] as number);
        this.#isLastPart = done;
        this.#passing = value;
      }
      if (this.#isLastPart && this.#passing === 0) {
        this.#beginFrame();
        break;
      }
    }
    return index;
  }

  #beginFrame(): void {
    this.#frame = frameParser();
    this.#passing = this.#frame.next().value;
    this.#isLastPart = false;
    this.isWhole = true;
  }
}

const frameMagic = 0xfd2fb528;
const skippableMagic = 0x184d2a50;
// RFC 8878, section 3.1.1.1.1, by the flags of the frame header.
const dictionaryIdSizes = [0, 1, 2, 4] as const;
const contentSizeSizes = [0, 2, 4, 8] as const;
const runLengthBlock = 1;
const checksumSize = 4;

// Yields how many bytes follow before the byte that it gets. Returns how many bytes of the frame follow after the last one.
function* frameParser(): Generator<number, number, number> {
  const magic = yield* littleEndian(4);
  // `>>> 4`: there are sixteen magic numbers of skippable frames.
  if (magic >>> 4 === skippableMagic >>> 4) return yield* littleEndian(4);
  // The decoder refuses what is no frame.
  if (magic !== frameMagic) return Infinity;
  const flags = yield 0;
  const isSingleSegment = (flags & 0x20) !== 0;
  const contentSizeFlag = flags >>> 6;
  let passing: number =
    (isSingleSegment ? 0 : 1) +
    dictionaryIdSizes[(flags & 3) as 0 | 1 | 2 | 3] +
    (contentSizeFlag === 0 && isSingleSegment ? 1 : contentSizeSizes[contentSizeFlag as 0 | 1 | 2 | 3]);
  for (;;) {
    const block = yield* littleEndian(3, passing);
    passing = ((block >>> 1) & 3) === runLengthBlock ? 1 : block >>> 3;
    if ((block & 1) === 1) return passing + ((flags & 4) === 0 ? 0 : checksumSize);
  }
}

function* littleEndian(size: number, passing = 0): Generator<number, number, number> {
  let number = yield passing;
  for (let index = 1; index < size; index++) number += (yield 0) * 2 ** (8 * index);
  return number;
}
