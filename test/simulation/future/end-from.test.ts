import { describe, expect, it } from 'vitest';
import { endFrom } from '../../../src/simulation/future/end-from.js';
import { ExpectedEnds } from '../../../src/simulation/kernel/expected-ends.js';

describe('endFrom', () => {
  it('finds the first end at a time or later', () => {
    const ends = new ExpectedEnds();
    expect(endFrom(ends, 0)).toBe(Number.POSITIVE_INFINITY);
    for (const [job, end] of [30, 10, 20, 20].entries()) ends.add(job, end);
    expect([0, 10, 11, 20, 21, 30].map((time) => endFrom(ends, time))).toEqual([10, 10, 20, 20, 30, 30]);
    expect(endFrom(ends, 31)).toBe(Number.POSITIVE_INFINITY);
  });
});
