import { describe, expect, it } from 'vitest';
import { randomStream } from '../../../src/random.js';
import { lognormal, lognormalSigma } from '../../../src/restart/phases/lognormal.js';
import { refusedAs } from '../refusals.js';

/** E[e^(-zX)] of a true lognormal of median 1, by the trapezoid rule over its logarithm. */
function trueLaplace(z: number, sigma: number): number {
  const h = 0.002;
  let sum = 0;
  for (let u = -12; u <= 12; u += h) sum += Math.exp((-u * u) / 2 - z * Math.exp(sigma * u)) * h;
  return sum / Math.sqrt(2 * Math.PI);
}

describe('lognormal', () => {
  it('has the mean of a lognormal exactly and its variance to 1e-7, up to sigma 3', () => {
    for (const sigma of [0.01, 0.3, 1, 2, 2.17, 3]) {
      const p = lognormal({ medianSeconds: 100, sigma });
      const mean = 100 * Math.exp(sigma ** 2 / 2);
      expect(p.mean / mean).toBeCloseTo(1, 12);
      expect(p.variance / (Math.expm1(sigma ** 2) * mean ** 2)).toBeCloseTo(1, 7);
    }
  });

  it('has the transform of a lognormal within the stated error', () => {
    for (const [sigma, error] of [
      [0.5, 1e-12],
      [1, 1e-7],
      [1.5, 1e-5],
      [2.17, 2e-4],
      [3, 1e-3],
    ] as const) {
      const p = lognormal({ medianSeconds: 1, sigma });
      for (let exponent = -6; exponent <= 3; exponent += 0.5) {
        const z = 10 ** exponent;
        expect(Math.abs(p.laplace(z) - trueLaplace(z, sigma))).toBeLessThan(error);
      }
    }
  });

  it('draws nothing but the 32 durations that its transform sums', () => {
    const stream = randomStream(3, 'phases');
    const p = lognormal({ medianSeconds: 10, sigma: 0.7 });
    const seen = new Set(Array.from({ length: 20_000 }, () => p.sample(() => stream.unit())));
    expect(seen.size).toBeLessThanOrEqual(32);
    expect(seen.size).toBeGreaterThan(10);
  });

  it('draws the shortest duration at 0 and the longest just below 1, in order between', () => {
    const p = lognormal({ medianSeconds: 10, sigma: 0.7 });
    const draws = Array.from({ length: 1000 }, (_, i) => p.sample(() => i / 1000));
    const all = [p.sample(() => 0), ...draws, p.sample(() => 1 - 2 ** -53)];
    const isRising = all[0]! < all.at(-1)!;
    expect(all).toEqual([...all].sort((a, b) => (isRising ? a - b : b - a)));
    // Half of what is drawn lies on either side of the median.
    expect(p.sample(() => 0.499) < 10).toBe(isRising);
    expect(p.sample(() => 0.501) > 10).toBe(isRising);
  });

  it('has no spread where mean and median are equal', () => {
    expect(lognormalSigma({ medianSeconds: 5, meanSeconds: 5 })).toBe(0);
  });

  it('takes median and mean in place of sigma', () => {
    const p = lognormal({ medianSeconds: 222, meanSeconds: 2334 });
    expect(p.sigma).toBeCloseTo(2.169175618051347, 12);
    expect(p.mean).toBeCloseTo(2334, 8);
    expect(lognormalSigma({ medianSeconds: 222, meanSeconds: 2334 })).toBe(p.sigma);
  });

  it.each([
    ['medianSeconds', { medianSeconds: 0, sigma: 1 }],
    ['sigma', { medianSeconds: 1, sigma: 0 }],
    ['sigma', { medianSeconds: 1, sigma: 3.1 }],
    ['sigma', { medianSeconds: 1 }],
    ['sigma', { medianSeconds: 1, sigma: 1, meanSeconds: 2 }],
    ['meanSeconds', { medianSeconds: 1, meanSeconds: 0.5 }],
    ['meanSeconds', { medianSeconds: 1, meanSeconds: 1e9 }],
    ['mean', { medianSeconds: 1, mean: 2 }],
  ])('refuses nonsense and names %s', (field, options) => {
    expect(() => lognormal(options as never)).toThrow(refusedAs('invalid-option', [field]));
  });
});
