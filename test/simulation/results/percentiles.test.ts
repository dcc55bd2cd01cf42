import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { distribution } from '../../../src/simulation/results/percentiles.js';

describe('distribution', () => {
  it('gives the nearest rank, which is a figure that occurred', () => {
    const hundred = Float64Array.from({ length: 100 }, (_, i) => 100 - i);
    expect(distribution(hundred)).toEqual({
      count: 100,
      censored: 0,
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

  it('counts what is not known yet as longer than all that is', () => {
    const known = Float64Array.from({ length: 93 }, (_, i) => i + 1);
    const atLeast = Float64Array.of(1, 2, 3, 4, 5, 6, 7);
    expect(distribution(known, atLeast)).toEqual({
      count: 93,
      censored: 7,
      mean: (4371 + 28) / 100,
      min: 1,
      p50: 50,
      p90: 90,
      p95: Number.POSITIVE_INFINITY,
      p99: Number.POSITIVE_INFINITY,
      max: Number.POSITIVE_INFINITY,
    });
    expect(distribution(new Float64Array(0), Float64Array.of(8))).toMatchObject({
      count: 0,
      mean: 8,
      min: Number.POSITIVE_INFINITY,
    });
  });

  it('never says less than what comes out if one waits', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 100 }), { minLength: 1, maxLength: 40 }),
        fc.integer({ min: 0, max: 100 }),
        (figures, stop) => {
          // Whatever is longer than `stop` is not known when one stops there.
          const now = distribution(
            Float64Array.from(figures.filter((x) => x <= stop)),
            Float64Array.from(
              figures.filter((x) => x > stop),
              () => stop,
            ),
          );
          const later = distribution(Float64Array.from(figures));
          for (const p of ['min', 'p50', 'p90', 'p95', 'p99', 'max'] as const) {
            expect(now[p]).toBe(later[p] <= stop ? later[p] : Number.POSITIVE_INFINITY);
          }
          expect(now.mean).toBeLessThanOrEqual(later.mean);
        },
      ),
    );
  });
});
