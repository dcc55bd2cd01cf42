import { describe, expect, it } from 'vitest';
import { largestNormalMean, normalTail } from '../../../src/restart/model/largest-normal.js';

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
