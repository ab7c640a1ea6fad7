import type {Parser} from './iterate.ts';

type Bytes = Uint8Array<ArrayBuffer>;

/** Cuts chunks into pieces of `size` bytes. Only a piece that lies in several chunks is copied. */
export function rechunk(size: number): Parser<Bytes> {
  /** The rest of earlier chunks, which is shorter than a piece. */
  let parts: Bytes[] = [];
  let held = 0;

  function join(): Bytes {
    const [only] = parts;
    if (parts.length === 1 && only) return only;
    const joined = new Uint8Array(held);
    let at = 0;
    for (const part of parts) {
      joined.set(part, at);
      at += part.length;
    }
    return joined;
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
      parts.push(chunk.subarray(start));
      held += chunk.length - start;
    }
  };
}
