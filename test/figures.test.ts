import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { atLeast, damageKey, sameFigure } from '../src/figures.js';

describe('damageKey', () => {
  it('is equal for sums that are equal on paper', () => {
    // The narrowest racks of the case that showed it: 13 of 15 servers free, and all of 3.
    expect((8 / 15) * 12.5).not.toBe((8 / 3) * 2.5);
    expect(damageKey((8 / 15) * 12.5)).toBe(damageKey((8 / 3) * 2.5));
    expect(damageKey(0.1 + 0.2)).toBe(damageKey(0.3));
    expect(damageKey(1e-17)).toBe(damageKey(0));
  });

  it('tells apart what differs by a billionth, and keeps the order', () => {
    expect(damageKey(1 + 1e-9)).toBeGreaterThan(damageKey(1));
    expect(damageKey(1e-9)).toBeGreaterThan(damageKey(0));
    fc.assert(
      fc.property(
        fc.double({ min: 0, max: 1e6, noNaN: true }),
        fc.double({ min: 0, max: 1e6, noNaN: true }),
        (a, b) => {
          expect(Math.sign(damageKey(a) - damageKey(b)) * Math.sign(a - b)).toBeGreaterThanOrEqual(0);
        },
      ),
    );
  });

  it('says the same whatever was added first', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.integer({ min: 1, max: 16 }), fc.integer({ min: 1, max: 60 })), {
          maxLength: 8,
        }),
        (terms) => {
          const sum = (values: readonly number[]): number =>
            values.reduce((total, value) => total + value, 0);
          const values = terms.map(([n, all]) => n / all);
          expect(damageKey(sum(values))).toBe(damageKey(sum([...values].reverse())));
        },
      ),
      { numRuns: 2000, seed: 1 },
    );
  });
});

describe('sameFigure', () => {
  it('takes Infinity for itself only', () => {
    expect(sameFigure(Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY)).toBe(true);
    expect(sameFigure(1e300, Number.POSITIVE_INFINITY)).toBe(false);
    expect(sameFigure(0, 1e-300)).toBe(false);
  });
});

describe('atLeast', () => {
  it('forgives a billionth and no more', () => {
    expect([atLeast(1, 1), atLeast(1 - 0.9e-9, 1), atLeast(1 - 2e-9, 1)]).toEqual([true, true, false]);
    expect([atLeast(0, 0), atLeast(0, 1e-300), atLeast(Infinity, 1e300)]).toEqual([true, false, true]);
  });
});
