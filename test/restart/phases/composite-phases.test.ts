import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { exponential, fixed, gamma } from '../../../src/restart/phases/basic-phases.js';
import { mixture, scaled, sequence } from '../../../src/restart/phases/composite-phases.js';
import type { Phase } from '../../../src/restart/phases/phase.js';
import { refusedAs } from '../refusals.js';

const refusal = (path: (string | number)[]): object => refusedAs('invalid-option', path);

describe('sequence', () => {
  const parts = fc.array(
    fc.oneof(
      fc.double({ min: 0, max: 50, noNaN: true }).map(fixed),
      fc.double({ min: 0.1, max: 50, noNaN: true }).map(exponential),
    ),
    { minLength: 1, maxLength: 6 },
  );

  it('multiplies transforms and adds means and variances, whatever the order', () => {
    fc.assert(
      fc.property(parts, fc.double({ min: 0, max: 1, noNaN: true }), (phases, z) => {
        const all = sequence(phases);
        const product = phases.reduce((p, part) => p * part.laplace(z), 1);
        expect(all.laplace(z)).toBeCloseTo(product, 12);
        expect(sequence([...phases].reverse()).laplace(z)).toBeCloseTo(product, 12);
        expect(all.mean).toBeCloseTo(
          phases.reduce((sum, part) => sum + part.mean, 0),
          9,
        );
        expect(all.variance).toBeCloseTo(
          phases.reduce((sum, part) => sum + part.variance, 0),
          9,
        );
      }),
      { seed: 1 },
    );
  });

  it('is nothing without parts, and its part with one', () => {
    expect(sequence().mean).toBe(0);
    const one = exponential(3);
    expect(sequence(one)).toBe(one);
  });

  it('refuses what is no phase', () => {
    expect(() => sequence(fixed(1), 30 as unknown as Phase)).toThrow(refusal(['phases', 1]));
  });
});

describe('mixture', () => {
  it('weighs transforms, and weights need not sum to 1', () => {
    const a = mixture([
      { weight: 0.9, phase: exponential(10) },
      { weight: 0.1, phase: fixed(600) },
    ]);
    const b = mixture([
      { weight: 9, phase: exponential(10) },
      { weight: 1, phase: fixed(600) },
    ]);
    expect(a.laplace(0.001)).toBeCloseTo(0.9 / 1.01 + 0.1 * Math.exp(-0.6), 14);
    expect(b.laplace(0.001)).toBeCloseTo(a.laplace(0.001), 14);
    expect(a.mean).toBeCloseTo(69, 12);
    expect(a.variance).toBeCloseTo(0.9 * 200 + 0.1 * 360_000 - 69 ** 2, 9);
  });

  it('draws each branch over a stretch of its weight', () => {
    const p = mixture([
      { weight: 1, phase: fixed(10) },
      { weight: 2, phase: fixed(20) },
      { weight: 4, phase: fixed(30) },
      { weight: 1, phase: fixed(40) },
    ]);
    const drawn = [0, 0.124, 0.125, 0.374, 0.375, 0.874, 0.875, 0.999].map((u) => p.sample(() => u));
    expect(drawn).toEqual([10, 10, 20, 20, 30, 30, 40, 40]);
  });

  it('draws the last branch where rounding leaves something over', () => {
    for (let branches = 1; branches <= 60; branches++) {
      const p = mixture(Array.from({ length: branches }, (_, i) => ({ weight: 1, phase: fixed(i) })));
      expect(p.sample(() => 1 - 2 ** -53)).toBe(branches - 1);
    }
  });

  it('never draws a branch of weight 0', () => {
    const p = mixture([
      { weight: 0, phase: fixed(1) },
      { weight: 1, phase: fixed(2) },
      { weight: 0, phase: fixed(3) },
    ]);
    for (const u of [0, 0.5, 1 - 2 ** -53]) expect(p.sample(() => u)).toBe(2);
  });

  it.each([
    [['parts'], []],
    [['parts'], [{ weight: 0, phase: fixed(1) }]],
    [['parts', 0, 'weight'], [{ weight: -1, phase: fixed(1) }]],
    [['parts', 0, 'phase'], [{ weight: 1, phase: {} }]],
    [
      ['parts', 1],
      [{ weight: 1, phase: fixed(1) }, undefined],
    ],
  ])('refuses nonsense at %j', (path, parts) => {
    expect(() => mixture(parts as never)).toThrow(refusal(path as string[]));
  });
});

describe('scaled', () => {
  it('stretches the distribution', () => {
    const p = scaled(3, gamma(2, 5));
    const q = gamma(2, 15);
    expect(p.mean).toBe(q.mean);
    expect(p.variance).toBe(q.variance);
    expect(p.laplace(0.2)).toBeCloseTo(q.laplace(0.2), 14);
  });

  it('refuses a negative factor and what is no phase', () => {
    expect(() => scaled(-1, fixed(1))).toThrow(refusal(['factor']));
    expect(() => scaled(1, null as unknown as Phase)).toThrow(refusal(['of']));
  });
});
