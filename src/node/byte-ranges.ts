/** The position of the first byte and the position after the last byte. */
export type ByteRange = readonly [start: number, end: number];

/** The bytes of a file that were written: ranges in ascending order, with gaps between them. */
export class ByteRanges {
  #ranges: ByteRange[] = [];

  constructor(ranges: readonly ByteRange[] = []) {
    for (const [start, end] of ranges) this.add(start, end);
  }

  /** The number of bytes. */
  get size(): number {
    return this.#ranges.reduce((sum, [start, end]) => sum + end - start, 0);
  }

  /** The end of the last range. */
  get end(): number {
    return this.#ranges.at(-1)?.[1] ?? 0;
  }

  add(start: number, end: number): void {
    const before = this.#ranges.filter((range) => range[1] < start);
    const after = this.#ranges.filter((range) => range[0] > end);
    const touching = this.#ranges.slice(before.length, this.#ranges.length - after.length);
    const first = Math.min(start, touching[0]?.[0] ?? start);
    const last = Math.max(end, touching.at(-1)?.[1] ?? end);
    this.#ranges = [...before, [first, last], ...after];
  }

  /** What is missing of so many bytes, in pieces no larger than `most`. */
  missing(size: number, most: number): ByteRange[] {
    const pieces: ByteRange[] = [];
    let at = 0;
    for (const [start, end] of [...this.#ranges, [size, size] as const]) {
      for (; at < Math.min(start, size); at = Math.min(at + most, start, size)) {
        pieces.push([at, Math.min(at + most, start, size)]);
      }
      at = Math.max(at, end);
    }
    return pieces;
  }

  toJSON(): readonly ByteRange[] {
    return [...this.#ranges];
  }
}
