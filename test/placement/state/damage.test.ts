import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { damageKey } from '../../../src/placement/state/damage.js';

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
