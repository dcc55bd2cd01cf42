import { describe, expect, it } from 'vitest';
import { bitCount, bitsOf, lowestBit } from '../src/masks.js';

describe('bitCount, bitsOf and lowestBit', () => {
  it('read every mask of 16 GPUs, and bit 31', () => {
    for (const mask of [...Array(2 ** 16).keys(), 1 << 31, -1]) {
      const expected = Array.from({ length: 32 }, (_, bit) => bit).filter((bit) => (mask >>> bit) & 1);
      if (bitsOf(mask).join() !== expected.join()) expect(bitsOf(mask)).toEqual(expected);
      if (bitCount(mask) !== expected.length) expect(bitCount(mask)).toBe(expected.length);
      if (mask !== 0 && lowestBit(mask) !== expected[0]) expect(lowestBit(mask)).toBe(expected[0]);
    }
  });
});
