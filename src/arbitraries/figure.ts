import * as fc from 'fast-check';

/**
 * A bandwidth in GB/s: figures of real links, small integers (which make ties), and other numbers. It is a multiple
 * of 1/1024, so that sums of a few are exact and equal cuts are equal in every order of summation.
 */
export const bandwidthGBps: fc.Arbitrary<number> = fc.oneof(
  fc.integer({ min: 1, max: 8 }),
  fc.constantFrom(12, 16, 20, 24, 31.5, 48, 64, 240, 450),
  fc.integer({ min: 1, max: 1024 * 1000 }).map((steps) => steps / 1024),
);
