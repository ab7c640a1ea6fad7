import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import {ByteRanges} from '../../src/node/byte-ranges.ts';

const ranges = fc
  .array(fc.tuple(fc.nat(60), fc.integer({min: 1, max: 10})), {maxLength: 8})
  .map((list) => list.map(([start, length]) => [start, start + length] as const));

describe('ByteRanges', () => {
  it('the missing pieces and the written ranges cover each byte of a file once', () => {
    fc.assert(
      fc.property(ranges, fc.nat(60), fc.integer({min: 1, max: 20}), (written, size, most) => {
        const known = new ByteRanges(written);
        const counts = new Array<number>(size).fill(0);
        for (const [start, end] of known.toJSON())
          for (let at = start; at < Math.min(end, size); at++) counts[at] = (counts[at] ?? 0) + 1;
        let from = 0;
        for (
          let piece = known.nextMissing(0, size, most);
          piece;
          piece = known.nextMissing(from, size, most)
        ) {
          const [start, end] = piece;
          expect(end - start).toBeGreaterThan(0);
          expect(end - start).toBeLessThanOrEqual(most);
          for (let at = start; at < end; at++) counts[at] = (counts[at] ?? 0) + 1;
          from = end;
        }
        expect(counts).toEqual(new Array(size).fill(1));
      }),
    );
  });

  it('the first missing piece of a petabyte is found without making the other pieces', () => {
    const known = new ByteRanges([[0, 10]]);
    expect(known.nextMissing(0, 1e15, 4)).toEqual([10, 14]);
    expect(known.nextMissing(14, 1e15, Infinity)).toEqual([14, 1e15]);
    expect(known.nextMissing(1e15, 1e15, 4)).toBeUndefined();
  });
});
