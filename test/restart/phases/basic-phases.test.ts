import { describe, expect, it } from 'vitest';
import { exponential, fixed, gamma, uniform } from '../../../src/restart/phases/basic-phases.js';
import { refusedAs } from '../refusals.js';

const refusal = (path: (string | number)[]): object => refusedAs('invalid-option', path);

describe('basic phases', () => {
  it('have the transforms of the textbook', () => {
    const z = 0.03;
    expect(fixed(10).laplace(z)).toBe(Math.exp(-0.3));
    expect(exponential(10).laplace(z)).toBeCloseTo(1 / 1.3, 15);
    expect(gamma(4, 2.5).laplace(0.1)).toBeCloseTo(0.4096, 14);
    expect(uniform(10, 30).laplace(z)).toBeCloseTo((Math.exp(-0.3) - Math.exp(-0.9)) / (z * 20), 14);
  });

  it('know one another: a gamma of shape 1 is exponential, a uniform of no width fixed', () => {
    for (const z of [0, 1e-9, 0.01, 1, 100]) {
      expect(gamma(1, 7).laplace(z)).toBeCloseTo(exponential(7).laplace(z), 14);
      expect(uniform(7, 7).laplace(z)).toBe(fixed(7).laplace(z));
    }
    expect(fixed(0).laplace(5)).toBe(1);
  });

  it('keeps the digits of a uniform for tiny rates', () => {
    expect(1 - uniform(0, 2).laplace(1e-12)).toBeCloseTo(1e-12, 15);
  });

  it.each([
    ['seconds', () => fixed(-1)],
    ['seconds', () => fixed(Number.NaN)],
    ['seconds', () => fixed('30' as unknown as number)],
    ['meanSeconds', () => exponential(0)],
    ['meanSeconds', () => exponential(Number.POSITIVE_INFINITY)],
    ['shape', () => gamma(0, 1)],
    ['scaleSeconds', () => gamma(1, -1)],
    ['lowSeconds', () => uniform(-1, 1)],
    ['highSeconds', () => uniform(2, 1)],
  ])('refuses nonsense and names %s', (field, make) => {
    expect(make).toThrow(refusal([field]));
  });
});
