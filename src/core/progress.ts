import type {Options} from 'ky';
import type {PreparedBody} from './body.ts';
import {isStreamLike, sizeOf, toReadableStream} from './body.ts';
import {notify} from './notify.ts';

/** Notified of the progress of a body, with the chunk that was transferred. */
export type ProgressListener = NonNullable<Options['onUploadProgress']>;

// The last event of a body has `percent: 1`, and no earlier event has it.
const almostComplete = 1 - Number.EPSILON;

/** Reports the progress of a body to a listener as ky does: with every chunk, and at the end. */
export class ProgressReport {
  readonly #listener: ProgressListener;
  readonly #total: number;
  readonly #isExact: boolean;
  #transferred = 0;
  #isOver = false;

  /**
   * @param total - the number of bytes of the body; `undefined` if it isn't known
   * @param isExact - whether the body can't turn out to be larger than `total`
   */
  constructor(listener: ProgressListener, total: number | undefined, isExact = true) {
    this.#listener = listener;
    this.#total = total ?? 0;
    this.#isExact = isExact && this.#total > 0;
  }

  add(chunk: Uint8Array): void {
    this.#transferred += chunk.byteLength;
    const isLast = this.#isExact && this.#transferred === this.#total;
    this.#notify(
      isLast ? 1 : Math.min(this.#total && this.#transferred / this.#total, almostComplete),
      chunk,
    );
  }

  /** The whole body was transferred. */
  end(): void {
    if (!this.#isOver) this.#notify(1, new Uint8Array());
  }

  #notify(percent: number, chunk: Uint8Array): void {
    this.#isOver = percent === 1;
    const transferredBytes = this.#transferred;
    const totalBytes = Math.max(this.#total, transferredBytes);
    const listener = this.#listener;
    notify(listener, () => listener({percent, transferredBytes, totalBytes}, chunk));
  }
}

/** The size of the pieces of a body whose progress is reported, in bytes. */
const pieceSize = 64 * 1024;

/** Divides a body in memory into pieces, so that its progress can be reported. A stream is returned as it is. */
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

// In some runtimes the stream of a Blob in memory is one chunk of any size.
async function* piecesOfBlob(blob: Blob): AsyncGenerator<Uint8Array> {
  const reader = blob.stream().getReader();
  try {
    for (let next = await reader.read(); !next.done; next = await reader.read()) yield* piecesOf(next.value);
  } finally {
    reader.cancel().catch(() => undefined);
  }
}

/** The body as a stream that reports its progress to a listener while it is read. */
export function reportedStream(
  source: PreparedBody['source'],
  listener: ProgressListener,
): ReadableStream<Uint8Array> {
  const report = new ProgressReport(listener, sizeOf(source));
  return toReadableStream(inPieces(source)).pipeThrough(
    new TransformStream({
      transform(chunk, controller) {
        report.add(chunk);
        controller.enqueue(chunk);
      },
      flush: () => report.end(),
    }),
  );
}
