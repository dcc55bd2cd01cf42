import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { flowScratch, maxFlow } from '../../src/bandwidth/max-flow.js';
import { SEED } from './small-server.js';

const SIZE_MAX = 8;

describe('maxFlow', () => {
  it('is infinite where a path has no limit', () => {
    const residual = Float64Array.of(0, Infinity, 1, 0, 0, Infinity, 0, 0, 0);
    expect(maxFlow(residual, 3, 0, 2, flowScratch(3))).toBe(Number.POSITIVE_INFINITY);
  });

  it('finds the flow of a textbook network', () => {
    // Cormen et al., Introduction to Algorithms, figure 26.1: the maximum is 23.
    const capacity = new Float64Array(36);
    for (const [from, to, c] of [
      [0, 1, 16],
      [0, 2, 13],
      [1, 3, 12],
      [2, 1, 4],
      [2, 4, 14],
      [3, 2, 9],
      [3, 5, 20],
      [4, 3, 7],
      [4, 5, 4],
    ] as const) {
      capacity[from * 6 + to] = c;
    }
    expect(maxFlow(capacity, 6, 0, 5, flowScratch(6))).toBe(23);
  });

  it('equals the smallest of all cuts and marks one of them, on random networks', () => {
    const scratch = flowScratch(SIZE_MAX);
    const capacityOf = fc.oneof(
      { weight: 2, arbitrary: fc.constant(0) },
      { weight: 1, arbitrary: fc.integer({ min: 1, max: 9 }) },
      { weight: 2, arbitrary: fc.double({ min: 1e-6, max: 1e6, noNaN: true }) },
    );
    const network = fc
      .integer({ min: 2, max: SIZE_MAX })
      .chain((size) => fc.array(capacityOf, { minLength: size * size, maxLength: size * size }));
    fc.assert(
      fc.property(network, (capacity) => {
        const size = Math.sqrt(capacity.length);
        const cut = (side: (v: number) => boolean): number => {
          let sum = 0;
          for (let u = 0; u < size; u++) {
            for (let v = 0; v < size; v++) if (side(u) && !side(v)) sum += capacity[u * size + v]!;
          }
          return sum;
        };
        let smallest = Number.POSITIVE_INFINITY;
        for (let rest = 0; rest < 1 << (size - 2); rest++) {
          smallest = Math.min(
            smallest,
            cut((v) => v === 0 || (v < size - 1 && ((rest >>> (v - 1)) & 1) === 1)),
          );
        }
        const flow = maxFlow(Float64Array.from(capacity), size, 0, size - 1, scratch);
        const marked = cut((v) => scratch.level[v]! >= 0);
        const close = (x: number) => Math.abs(x - smallest) <= 1e-12 * Math.max(smallest, 1);
        expect(close(flow) && close(marked), `flow ${flow}, marked ${marked}, smallest ${smallest}`).toBe(
          true,
        );
      }),
      { seed: SEED, numRuns: 1000 },
    );
  });
});
