import type {Parser} from './iterate.ts';

type Bytes = Uint8Array<ArrayBuffer>;

/** After how many parts of a piece those that are small are joined. */
const partsToJoin = 1_024;
/** The average size below which parts are small, in bytes. */
const smallPart = 1_024;

/** Cuts chunks into pieces of `size` bytes. Only a piece that lies in several chunks is copied. */
export function rechunk(size: number): Parser<Bytes> {
  /** The rest of earlier chunks, which is shorter than a piece. */
  let parts: Bytes[] = [];
  let held = 0;

  const join = () => (parts.length === 1 ? (parts[0] as Bytes) : joinBytes(parts, held));

  // A server may send each byte as a chunk, and a chunk takes a hundred bytes more than its content.
  function joinSmall(): void {
    const last = parts.slice(-partsToJoin);
    const size = last.reduce((sum, part) => sum + part.length, 0);
    if (size < partsToJoin * smallPart) parts.splice(-partsToJoin, partsToJoin, joinBytes(last, size));
  }

  return function* cut(chunk) {
    if (!chunk) {
      if (held > 0) yield join();
      return;
    }
    let start = 0;
    while (held + chunk.length - start >= size) {
      const end = start + size - held;
      const piece = chunk.subarray(start, end);
      start = end;
      if (held === 0) yield piece;
      else {
        parts.push(piece);
        held = size;
        const joined = join();
        parts = [];
        held = 0;
        yield joined;
      }
    }
    if (start < chunk.length) {
      if (parts.push(chunk.subarray(start)) % partsToJoin === 0) joinSmall();
      held += chunk.length - start;
    }
  };
}

function joinBytes(parts: readonly Bytes[], size: number): Bytes {
  const joined = new Uint8Array(size);
  let at = 0;
  for (const part of parts) {
    joined.set(part, at);
    at += part.length;
  }
  return joined;
}
