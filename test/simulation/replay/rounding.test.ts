import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  numpyRoundTo2Decimals,
  numpySum,
  roundHalfEven,
  roundTo2Decimals,
} from '../../../src/simulation/replay/rounding.js';

describe('roundHalfEven', () => {
  it('rounds halves to the even neighbour and the rest to the nearest', () => {
    expect([0.5, 1.5, 2.5, -0.5, -1.5, 2.4999999, 2.5000001].map(roundHalfEven)).toEqual([
      0, 2, 2, 0, -2, 2, 3,
    ]);
  });
});

describe('roundTo2Decimals', () => {
  it('rounds the exact binary value, exact halves to even', () => {
    // 0.125 and 0.375 are exact; 2.675 lies below its decimal spelling, 1.005 too.
    expect([0.125, 0.375, 0.625, 2.675, 1.005, 3, 99.995].map(roundTo2Decimals)).toEqual([
      0.12, 0.38, 0.62, 2.67, 1, 3, 100,
    ]);
  });

  it('is never further than half a hundredth', () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 1e7, noNaN: true }), (x) => {
        expect(Math.abs(roundTo2Decimals(x) - x)).toBeLessThanOrEqual(0.005 + 1e-9);
      }),
      { seed: 1, numRuns: 2000 },
    );
  });
});

describe('numpyRoundTo2Decimals', () => {
  it('scales first, as numpy does', () => {
    // 2.675 × 100 is 267.5 when rounded to a double, 1.115 × 100 is 111.50000000000001.
    expect([2.675, 1.115, 0.125].map(numpyRoundTo2Decimals)).toEqual([2.68, 1.12, 0.12]);
  });
});

describe('numpySum', () => {
  it('adds eight partial sums pairwise', () => {
    // Straight from left to right, each small summand would vanish beside 2^53.
    const values = new Float64Array([2 ** 53, 1, 1, 1, 1, 1, 1, 1, 0, 1, 1, 1, 1, 1, 1, 1]);
    expect(numpySum(values, 0, 16)).toBe(2 ** 53 + 2 + 4 + 8);
    expect(values.reduce((sum, x) => sum + x, 0)).toBe(2 ** 53);
  });

  it('is the sum, for any length and offset', () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: -1e3, max: 1e3, noNaN: true }), { maxLength: 700 }),
        fc.nat(50),
        (list, offset) => {
          const from = Math.min(offset, list.length);
          const plain = list.slice(from).reduce((sum, x) => sum + x, 0);
          expect(Math.abs(numpySum(Float64Array.from(list), from, list.length) - plain)).toBeLessThan(1e-8);
        },
      ),
      { seed: 1, numRuns: 500 },
    );
  });

  it('leaves the values alone', () => {
    const values = Float64Array.from({ length: 300 }, (_, i) => i);
    numpySum(values, 0, 300);
    expect([...values]).toEqual(Array.from({ length: 300 }, (_, i) => i));
  });
});
