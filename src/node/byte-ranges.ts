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

  /** Forgets all bytes from a position on. */
  cut(end: number): void {
    this.#ranges = this.#ranges
      .filter(([start]) => start < end)
      .map(([start, before]) => [start, Math.min(before, end)]);
  }

  /**
   * Returns the first missing piece of a file of `size` bytes that begins at or after `from` and is no larger than `most`, or
   * `undefined` if there is none. The caller asks for one piece after the other: a list of all pieces would be as long as a
   * server makes it by the size that it names.
   */
  nextMissing(from: number, size: number, most: number): ByteRange | undefined {
    let at = from;
    for (const [start, end] of this.#ranges) {
      if (at < start) return at < size ? [at, Math.min(at + most, start, size)] : undefined;
      at = Math.max(at, end);
    }
    return at < size ? [at, Math.min(at + most, size)] : undefined;
  }

  toJSON(): readonly ByteRange[] {
    return [...this.#ranges];
  }
}
