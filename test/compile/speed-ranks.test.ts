import { describe, expect, it } from 'vitest';
import { topology } from '../../src/catalogue/index.js';
import type { GpuSetTables } from '../../src/compile/gpu-set-tables.js';
import { gpuSetTables } from '../../src/compile/gpu-set-tables.js';
import { speedRanks } from '../../src/compile/speed-ranks.js';

/** Tables with nothing but the figures that are ranked. */
function figures(bandwidth: readonly number[], load: readonly number[]): GpuSetTables {
  return {
    bandwidthGBps: Float64Array.from(bandwidth),
    sharedLoadGBps: Float64Array.from(load),
  } as GpuSetTables;
}

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
