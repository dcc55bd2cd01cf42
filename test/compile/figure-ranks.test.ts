import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { topology } from '../../src/catalogue/index.js';
import { figureRanks, speedRanks } from '../../src/compile/figure-ranks.js';
import type { GpuSetTables } from '../../src/compile/gpu-set-tables.js';
import { gpuSetTables } from '../../src/compile/gpu-set-tables.js';

const ranks = (...figures: number[]): number[] => [...figureRanks(Float64Array.from(figures))];

/** Tables with nothing but the figures that are ranked. */
function figures(bandwidth: readonly number[], load: readonly number[]): GpuSetTables {
  return {
    bandwidthGBps: Float64Array.from(bandwidth),
    sharedLoadGBps: Float64Array.from(load),
  } as GpuSetTables;
}

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

describe('speedRanks', () => {
  it('puts higher bandwidth first, then less load, over all types', () => {
    const [one, other] = speedRanks([
      figures([Infinity, 100, 50], [0, 4, 0]),
      figures([Infinity, 100, 70], [0, 2, 9]),
    ]);
    const order = [one![0], other![1], one![1], other![2], one![2]];
    expect(order).toEqual([...order].sort((a, b) => a! - b!));
    expect(new Set(order).size).toBe(5);
    expect(one![0]).toBe(other![0]);
  });

  it('gives figures that differ by rounding one rank, and a chain of them too: so that ranks compare transitively', () => {
    const [one, other] = speedRanks([
      figures([100, 100 * (1 + 1.6e-9)], [0, 0]),
      figures([100 * (1 + 0.8e-9), 101], [0, 0]),
    ]);
    expect(new Set([one![0], one![1], other![0]]).size).toBe(1);
    expect(other![1]).toBeLessThan(one![0]!);
    // No load is less than the least there is.
    const [loads] = speedRanks([figures([1, 1], [0, 1e-12]), figures([1], [0])]);
    expect(loads![0]).toBeLessThan(loads![1]!);
  });

  it('ranks the sets of one type as its own order does', () => {
    const tables = gpuSetTables(topology('dgx1-v100'));
    const [alone] = speedRanks([tables]);
    const [beside] = speedRanks([tables, gpuSetTables(topology('l40s-8-dual-root'))]);
    for (let a = 1; a < 256; a++) {
      for (let b = 1; b < 256; b++) {
        expect(Math.sign(alone![a]! - alone![b]!)).toBe(Math.sign(beside![a]! - beside![b]!));
      }
    }
  });
});
