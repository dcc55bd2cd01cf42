import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { figureRanks } from '../../src/compile/figure-ranks.js';

const ranks = (...figures: number[]): number[] => [...figureRanks(Float64Array.from(figures))];

describe('figureRanks', () => {
  it('ranks the lowest first, Infinity last, and numbers ranks without gaps', () => {
    expect(ranks(5, 0, Number.POSITIVE_INFINITY, 5, 7, Number.POSITIVE_INFINITY)).toEqual([1, 0, 3, 1, 2, 3]);
    expect(ranks()).toEqual([]);
  });

  it('does not let rounding part what is equal, wherever the figure lies', () => {
    expect(ranks(0.1 + 0.2, 0.3, 0.1)).toEqual([1, 1, 0]);
    // On the border of a grid of 10^-6, where rounding to it would part the two.
    expect(ranks(0.5e-6, 0.5e-6 * (1 - 2 ** -52), 0.4e-6)).toEqual([1, 1, 0]);
  });

  it('parts what is small but different', () => {
    expect(ranks(0, 1e-300, 1, 1 + 1e-8)).toEqual([0, 1, 2, 3]);
  });

  it('is the order of the figures, and equal for copies with rounding', () => {
    const figure = fc.double({ min: 0, max: 1e6, noNaN: true }).map((x) => Math.round(x * 1024) / 1024);
    fc.assert(
      fc.property(fc.array(figure, { minLength: 1, maxLength: 300 }), (figures) => {
        const noisy = [...figures, ...figures.map((x) => x * (1 + 2 ** -51))];
        const found = ranks(...noisy);
        figures.forEach((x, i) => {
          expect(found[i + figures.length]).toBe(found[i]);
          figures.forEach((y, k) => {
            if (found[i]! < found[k]! !== x < y) expect([x, y, found[i], found[k]]).toBe('in order');
          });
        });
      }),
      { seed: 1, numRuns: 50 },
    );
  });
});
