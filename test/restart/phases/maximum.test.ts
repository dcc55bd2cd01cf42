import { describe, expect, it } from 'vitest';
import { exponential, fixed, gamma } from '../../../src/restart/phases/basic-phases.js';
import { logGammaRatio, maximum } from '../../../src/restart/phases/maximum.js';
import { refusedAs } from '../refusals.js';

/** The product that the Gamma functions stand for, term by term, and the sums of mean and variance. */
function termByTerm(n: number, m: number, z: number): { laplace: number; mean: number; variance: number } {
  let logarithm = 0;
  let mean = 0;
  let variance = 0;
  for (let k = n; k >= 1; k--) {
    logarithm -= Math.log1p((z * m) / k);
    mean += m / k;
    variance += (m / k) ** 2;
  }
  return { laplace: Math.exp(logarithm), mean, variance };
}

describe('maximum', () => {
  it.each([2, 3, 15, 16, 17, 18, 63, 64, 65, 66, 100, 1024, 16_384, 1_000_000])(
    'of %d exponentials equals the product over all of them',
    (n) => {
      for (const z of [0, 1e-7, 1e-4, 0.01, 0.2, 1, 10]) {
        const p = maximum(n, exponential(5));
        const expected = termByTerm(n, 5, z);
        expect(p.laplace(z) / expected.laplace).toBeCloseTo(1, 10);
        expect(p.mean / expected.mean).toBeCloseTo(1, 12);
        expect(p.variance / expected.variance).toBeCloseTo(1, 12);
      }
    },
  );

  it('does not take longer for more of them', () => {
    // 10^9 terms would take seconds each.
    const p = maximum(1e9, exponential(5));
    expect(p.mean).toBeCloseTo(5 * (Math.log(1e9) + 0.577_215_664_901_532_9), 6);
    let sum = 0;
    for (let i = 0; i < 10_000; i++) sum += p.laplace(i * 1e-6);
    expect(sum).toBeGreaterThan(0);
  });

  it('is the phase itself for a count of 1 or a fixed phase', () => {
    const one = gamma(2, 3);
    expect(maximum(1, one)).toBe(one);
    const d = fixed(8);
    expect(maximum(100, d)).toBe(d);
  });

  it('refuses other families, and counts that are none', () => {
    const refusal = (path: string): object => refusedAs('invalid-option', [path]);
    expect(() => maximum(2, gamma(2, 3))).toThrow(refusal('of'));
    for (const count of [0, 1.5, -1, Number.NaN, 1e10]) {
      expect(() => maximum(count, exponential(1))).toThrow(refusal('count'));
    }
  });
});

describe('logGammaRatio', () => {
  it('is the logarithm of a product for whole steps: Γ(n+a)/Γ(n) = n(n+1)…(n+a−1)', () => {
    for (const n of [16, 17, 30, 1000, 16_385]) {
      for (let a = 0; a <= 20; a++) {
        let expected = 0;
        for (let i = 0; i < a; i++) expected += Math.log(n + i);
        expect(logGammaRatio(n, a)).toBeCloseTo(expected, 10);
      }
    }
  });

  it('obeys the functional equation between whole steps', () => {
    for (const a of [0.001, 0.3, 0.5, 2.7, 100.1]) {
      for (const n of [16, 40, 5000]) {
        // Γ(n+1+a)/Γ(n+1) = Γ(n+a)/Γ(n) · (n+a)/n
        expect(logGammaRatio(n + 1, a) - logGammaRatio(n, a)).toBeCloseTo(Math.log1p(a / n), 11);
      }
    }
  });
});
