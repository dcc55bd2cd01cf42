import { describe, expect, it } from 'vitest';
import { logGammaRatio } from '../../../src/restart/phases/gamma-ratio.js';

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
