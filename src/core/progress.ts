import type {Options} from 'ky';
import type {PreparedBody} from './body.ts';
import {isStreamLike, sizeOf, toReadableStream} from './body.ts';
import {notify} from './notify.ts';

/** Told how far a body has come, and with which bytes. */
export type ProgressListener = NonNullable<Options['onUploadProgress']>;

// The last that a listener hears of a body is that all of it is there, and nothing before that.
const almost = 1 - Number.EPSILON;

/** How far a body has come, told to a listener as ky does: with every chunk, and at the end. */
export class ProgressReport {
  readonly #listener: ProgressListener;
  readonly #total: number;
  readonly #isExact: boolean;
  #transferred = 0;
  #isOver = false;

  /**
   * @param total - how many bytes it is going to be; `undefined` when nobody knows
   * @param isExact - it's that many, and can't turn out to be more
   */
  constructor(listener: ProgressListener, total: number | undefined, isExact = true) {
    this.#listener = listener;
    this.#total = total ?? 0;
    this.#isExact = isExact && this.#total > 0;
  }

  add(chunk: Uint8Array): void {
    this.#transferred += chunk.byteLength;
    const isLast = this.#isExact && this.#transferred === this.#total;
    this.#notify(isLast ? 1 : Math.min(this.#total && this.#transferred / this.#total, almost), chunk);
  }

  /** All of it is there. */
  end(): void {
    if (!this.#isOver) this.#notify(1, new Uint8Array());
  }

  #notify(percent: number, chunk: Uint8Array): void {
    this.#isOver = percent === 1;
    const transferredBytes = this.#transferred;
    const totalBytes = Math.max(this.#total, transferredBytes);
    notify(() => this.#listener({percent, transferredBytes, totalBytes}, chunk));
  }
}

/** How much of a body is handed on at a time, where that is seen, in bytes. */
const pieceSize = 64 * 1024;

/** A body that is here already, in pieces, so that it's seen how far it gets; one that is a stream as it is. */
export function inPieces(
  source: PreparedBody['source'],
): ReadableStream<Uint8Array> | AsyncIterable<Uint8Array | string> {
  if (source instanceof Blob) return piecesOfBlob(source);
  if (typeof source === 'object' && isStreamLike(source as never)) return source as never;
  return piecesOf(typeof source === 'string' ? new TextEncoder().encode(source) : (source as Uint8Array));
}

async function* piecesOf(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let start = 0; start < bytes.length; start += pieceSize)
    yield bytes.subarray(start, start + pieceSize);
}

// Some runtimes hand on what is in memory as one chunk, however large.
async function* piecesOfBlob(blob: Blob): AsyncGenerator<Uint8Array> {
  const reader = blob.stream().getReader();
  try {
    for (let next = await reader.read(); !next.done; next = await reader.read()) yield* piecesOf(next.value);
  } finally {
    reader.cancel().catch(() => undefined);
  }
}

/** The body as a stream that reports what is read of it. */
export function reportedStream(
  source: PreparedBody['source'],
  listener: ProgressListener,
): ReadableStream<Uint8Array> {
  const report = new ProgressReport(listener, sizeOf(source));
  const reader = toReadableStream(inPieces(source)).getReader();
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const {done, value} = await reader.read();
        if (done) {
          report.end();
          controller.close();
        } else {
          report.add(value);
          controller.enqueue(value);
        }
      },
      cancel: (reason) => reader.cancel(reason),
    },
    {highWaterMark: 0},
  );
}
