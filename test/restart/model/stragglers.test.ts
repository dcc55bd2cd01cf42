import { describe, expect, it } from 'vitest';
import { randomStream } from '../../../src/random.js';
import {
  degradedSeconds,
  jitterSlowdown,
  largestNormalMean,
  normalTail,
  stragglerThroughput,
} from '../../../src/restart/model/stragglers.js';
import { refused } from '../refusals.js';

describe('jitterSlowdown', () => {
  it('is what is known of the largest of a few normal deviates', () => {
    const excess = (workers: number): number => jitterSlowdown({ workers, variation: 1 }) - 1;
    const root = Math.sqrt(Math.PI);
    expect(jitterSlowdown({ workers: 1, variation: 0.3 })).toBe(1);
    expect(excess(2)).toBeCloseTo(1 / root, 12);
    expect(excess(3)).toBeCloseTo(3 / (2 * root), 12);
    expect(excess(4)).toBeCloseTo((6 / root) * (0.25 + Math.asin(1 / 3) / (2 * Math.PI)), 12);
    expect(excess(5)).toBeCloseTo((10 / root) * (1 / 8 + (3 / (4 * Math.PI)) * Math.asin(1 / 3)), 12);
    // Tables of order statistics.
    expect(excess(10)).toBeCloseTo(1.53875, 5);
    expect(excess(100)).toBeCloseTo(2.50759, 5);
    expect(excess(1000)).toBeCloseTo(3.24144, 5);
  });

  it('grows in proportion to the jitter', () => {
    const excess = jitterSlowdown({ workers: 16_384, variation: 1 }) - 1;
    expect(jitterSlowdown({ workers: 16_384, variation: 0.01 })).toBeCloseTo(1 + 0.01 * excess, 14);
    expect(jitterSlowdown({ workers: 100, variation: 0 })).toBe(1);
  });

  it('equals what comes out by drawing', () => {
    const stream = randomStream(1, 'workload');
    const normal = (): number =>
      Math.sqrt(-2 * Math.log1p(-stream.unit())) * Math.cos(2 * Math.PI * stream.unit());
    for (const [workers, draws] of [
      [2, 40_000],
      [7, 20_000],
      [64, 5000],
      [1000, 500],
    ] as const) {
      const steps = Array.from({ length: draws }, () => {
        let slowest = 0;
        for (let i = 0; i < workers; i++) slowest = Math.max(slowest, 1 + 0.05 * normal());
        return slowest;
      });
      const mean = steps.reduce((sum, x) => sum + x, 0) / draws;
      const variance = steps.reduce((sum, x) => sum + (x - mean) ** 2, 0) / (draws - 1);
      const errors = (mean - jitterSlowdown({ workers, variation: 0.05 })) / Math.sqrt(variance / draws);
      expect(Math.abs(errors), `${workers} workers`).toBeLessThan(4);
    }
  });
});

describe('stragglerThroughput', () => {
  const base = { servers: 64, episodesPerServerSecond: 1e-6, episodeSeconds: 600, slowdown: 1.34 };

  it('mixes full and slow throughput', () => {
    const slow = 1 - Math.exp(-64 * 1e-6 * 600);
    expect(stragglerThroughput(base)).toBeCloseTo(1 - slow + slow / 1.34, 14);
    expect(stragglerThroughput({ ...base, servers: 1e8 })).toBeCloseTo(1 / 1.34, 12);
    expect(stragglerThroughput({ ...base, servers: 0 })).toBe(1);
    expect(stragglerThroughput({ ...base, slowdown: 1 })).toBe(1);
  });
});

describe('degradedSeconds', () => {
  it('is the useful time that a slower step loses', () => {
    expect(degradedSeconds({ slowdown: 1.25, seconds: 1000 })).toBeCloseTo(200, 12);
    expect(degradedSeconds({ slowdown: 1, seconds: 1000 })).toBe(0);
  });
});

describe('stragglers', () => {
  it('refuse nonsense', () => {
    expect(() => jitterSlowdown({ workers: 0, variation: 1 })).toThrow(refused('workers'));
    expect(() => jitterSlowdown({ workers: 2, variation: -1 })).toThrow(refused('variation'));
    expect(() => degradedSeconds({ slowdown: 0.5, seconds: 1 })).toThrow(refused('slowdown'));
    expect(() => degradedSeconds({ slowdown: 2, seconds: Number.NaN })).toThrow(refused('seconds'));
    expect(() =>
      stragglerThroughput({ servers: 1, episodesPerServerSecond: -1, episodeSeconds: 1, slowdown: 2 }),
    ).toThrow(refused('episodesPerServerSecond'));
  });
});

describe('normalTail', () => {
  it('is what tables print, in all digits also where it is tiny', () => {
    expect(normalTail(0)).toBe(0.5);
    for (const [x, tail] of [
      [1, 0.158_655_253_931_457_05],
      [-1, 0.841_344_746_068_542_9],
      [2, 0.022_750_131_948_179_21],
      [3, 1.349_898_031_630_094e-3],
      [6, 9.865_876_450_376_98e-10],
      [10, 7.619_853_024_160_527e-24],
    ] as const) {
      expect(Math.abs(normalTail(x) / tail - 1), `at ${x}`).toBeLessThan(1e-13);
    }
  });

  it('goes down without a step where one form takes over from the other', () => {
    expect(normalTail(2 - 1e-9)).toBeGreaterThan(normalTail(2));
    expect(normalTail(2 - 1e-9) / normalTail(2) - 1).toBeLessThan(1e-8);
  });
});

describe('largestNormalMean', () => {
  it('grows with n and stays below √(2 ln n), to which it tends', () => {
    let before = 0;
    for (const n of [2, 3, 10, 1000, 1e6, 1e9]) {
      const mean = largestNormalMean(n);
      expect(mean).toBeGreaterThan(before);
      expect(mean).toBeLessThan(Math.sqrt(2 * Math.log(n)));
      before = mean;
    }
    expect(before / Math.sqrt(2 * Math.log(1e9))).toBeGreaterThan(0.94);
  });
});
