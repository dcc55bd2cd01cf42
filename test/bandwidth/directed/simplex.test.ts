import { describe, expect, it } from 'vitest';
import { largestFirst } from '../../../src/bandwidth/directed/simplex.js';

const NO_END = Number.POSITIVE_INFINITY;
const solve = (rows: number[][], limits: number[], enough = NO_END): number =>
  largestFirst(
    rows.map((row) => Float64Array.from(row)),
    Float64Array.from(limits),
    enough,
  );

describe('largestFirst', () => {
  it('finds the largest value of the first variable', () => {
    // x <= y + z, y <= 3, z <= 4, y + 2 z <= 9.
    expect(
      solve(
        [
          [1, -1, -1],
          [0, 1, 0],
          [0, 0, 1],
          [0, 1, 2],
        ],
        [0, 3, 4, 9],
      ),
    ).toBeCloseTo(6, 12);
  });

  it('is 0 where nothing can grow, and Infinity where nothing limits it', () => {
    expect(
      solve(
        [
          [1, -1],
          [0, 1],
        ],
        [0, 0],
      ),
    ).toBe(0);
    expect(solve([[1, -1]], [0])).toBe(NO_END);
  });

  it('ends early once the value is enough', () => {
    expect(
      solve(
        [
          [1, -1],
          [0, 1],
        ],
        [0, 100],
        7,
      ),
    ).toBeGreaterThanOrEqual(7);
    expect(
      solve(
        [
          [1, -1],
          [0, 1],
        ],
        [0, 5],
        7,
      ),
    ).toBe(5);
  });

  it('ends on a programme on which the largest coefficient alone goes round in a circle', () => {
    // Beale 1955, with the value as a variable of its own: v - 0.75 a + 150 b - 0.02 c + 6 d <= 0.
    const rows = [
      [1, -0.75, 150, -0.02, 6],
      [0, 0.25, -60, -0.04, 9],
      [0, 0.5, -90, -0.02, 3],
      [0, 0, 0, 1, 0],
    ];
    expect(solve(rows, [0, 0, 0, 1])).toBeCloseTo(0.05, 12);
  });

  it('refuses to go on beyond a number of pivots', () => {
    const rows = () => [Float64Array.of(1, -1), Float64Array.of(0, 1)];
    // x <= y, y <= 5: two pivots.
    expect(largestFirst(rows(), Float64Array.of(0, 5), NO_END, 2)).toBe(5);
    expect(() => largestFirst(rows(), Float64Array.of(0, 5), NO_END, 1)).toThrow(
      expect.objectContaining({ code: 'limit-exceeded' }),
    );
  });

  it('keeps whole figures whole where no division rounds', () => {
    expect(
      solve(
        [
          [2, -1],
          [0, 1],
        ],
        [0, 44],
      ),
    ).toBe(22);
  });
});
