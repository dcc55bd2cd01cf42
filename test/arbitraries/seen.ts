import * as fc from 'fast-check';

/** The fixed seed of the property tests here; fast-check prints it with a failure. */
export const SEED = 20_240_207;

/**
 * Everything an arbitrary hands out when the property fails for every value that `fails` names, hence the values
 * of its shrinking too; returns only if shrinking ends.
 */
export function everythingSeen<T>(arbitrary: fc.Arbitrary<T>, fails: (value: T) => boolean): readonly T[] {
  const seen: T[] = [];
  const result = fc.check(
    fc.property(arbitrary, (value) => {
      seen.push(value);
      return !fails(value);
    }),
    { seed: SEED, numRuns: 200 },
  );
  if (result.failed && result.counterexample !== null) seen.push(result.counterexample[0]);
  return seen;
}
