import {expect, it, vi} from 'vitest';
import {randomHex} from '../../../src/utils/random.ts';

it('randomHex returns 128 bits in hexadecimal, never the same twice', () => {
  const all = Array.from({length: 1_000}, randomHex);
  for (const each of all) expect(each).toMatch(/^[0-9a-f]{32}$/);
  expect(new Set(all).size).toBe(1_000);
});

it('randomHex keeps leading zeros and uses every random number once', () => {
  const random = vi.spyOn(crypto, 'getRandomValues');
  let next = 0;
  random.mockImplementation((array) => {
    const numbers = array as unknown as Uint32Array;
    for (let index = 0; index < numbers.length; index++) numbers[index] = next++;
    return array;
  });
  try {
    // What is left of before.
    while (random.mock.calls.length === 0) randomHex();
    const all = Array.from({length: 200}, randomHex);
    const digits = (number: number) => number.toString(16).padStart(8, '0');
    expect(all).toEqual(
      Array.from({length: 200}, (_, index) => [4, 5, 6, 7].map((n) => digits(4 * index + n)).join('')),
    );
  } finally {
    random.mockRestore();
    // Those were not random.
    for (let left = 0; left < 64; left++) randomHex();
  }
});
