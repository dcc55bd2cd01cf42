import { describe, expect, it } from 'vitest';
import { studentQuantile, studentWithin } from '../../src/simulation/student-t.js';

describe('studentQuantile', () => {
  it('is what tables print', () => {
    const table: readonly (readonly [degrees: number, probability: number, t: number])[] = [
      [1, 0.95, 12.7062],
      [2, 0.95, 4.30265],
      [3, 0.95, 3.18245],
      [9, 0.95, 2.26216],
      [29, 0.999, 3.65941],
      [100, 0.99, 2.62589],
    ];
    for (const [degrees, probability, t] of table) {
      expect(studentQuantile(probability, degrees)).toBeCloseTo(t, 4);
    }
  });
});

describe('studentWithin', () => {
  it('is the quantile the other way round, and grows with t', () => {
    for (const degrees of [1, 2, 3, 4, 7, 30]) {
      expect(studentWithin(studentQuantile(0.9, degrees), degrees)).toBeCloseTo(0.9, 12);
      expect(studentWithin(0, degrees)).toBe(0);
      expect(studentWithin(1e9, degrees)).toBeCloseTo(1, 6);
    }
  });
});
