import { describe, expect, it } from 'vitest';
import { bandwidthGBps, integer, nonNegative, positive, probability } from '../../src/checks/quantity.js';
import { refusedAs } from '../restart/refusals.js';

const refusal = refusedAs('invalid-option', ['a', 2]);
const NONSENSE = [
  Number.NaN,
  Number.POSITIVE_INFINITY,
  Number.NEGATIVE_INFINITY,
  -1,
  '1',
  null,
  undefined,
  {},
];

describe('quantities', () => {
  it.each(NONSENSE)('are not %o', (value) => {
    expect(() => nonNegative(value, 'a', 2)).toThrow(refusal);
    expect(() => positive(value, 'a', 2)).toThrow(refusal);
    expect(() => probability(value, 'a', 2)).toThrow(refusal);
    expect(() => integer(value, 0, 10, 'a', 2)).toThrow(refusal);
  });

  it('are returned when right, ends included', () => {
    expect(nonNegative(0, 'a')).toBe(0);
    expect(() => positive(0, 'a', 2)).toThrow(refusal);
    expect([positive(1e-18, 'a'), positive(1e18, 'a'), nonNegative(1e18, 'a')]).toEqual([1e-18, 1e18, 1e18]);
    for (const value of [5e-324, 9e-19, 1.1e18]) expect(() => positive(value, 'a', 2)).toThrow(refusal);
    expect([bandwidthGBps(1e-6, 'a'), bandwidthGBps(1e9, 'a')]).toEqual([1e-6, 1e9]);
    for (const value of [1e-310, 9e-7, 1.1e9]) expect(() => bandwidthGBps(value, 'a', 2)).toThrow(refusal);
    expect([probability(0, 'a'), probability(1, 'a')]).toEqual([0, 1]);
    expect(() => probability(1.001, 'a', 2)).toThrow(refusal);
    expect([integer(3, 3, 5, 'a'), integer(5, 3, 5, 'a')]).toEqual([3, 5]);
    for (const value of [2, 6, 3.5]) expect(() => integer(value, 3, 5, 'a', 2)).toThrow(refusal);
  });
});
