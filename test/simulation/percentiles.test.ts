import { describe, expect, it } from 'vitest';
import { distribution } from '../../src/simulation/percentiles.js';

describe('distribution', () => {
  it('gives the nearest rank, which is a figure that occurred', () => {
    const hundred = Float64Array.from({ length: 100 }, (_, i) => 100 - i);
    expect(distribution(hundred)).toEqual({
      count: 100,
      mean: 50.5,
      min: 1,
      p50: 50,
      p90: 90,
      p95: 95,
      p99: 99,
      max: 100,
    });
    expect(distribution(Float64Array.of(7, 3))).toMatchObject({ p50: 3, p90: 7, mean: 5 });
  });

  it('is zero where there is nothing', () => {
    expect(distribution(new Float64Array(0))).toMatchObject({ count: 0, mean: 0, max: 0 });
  });
});
