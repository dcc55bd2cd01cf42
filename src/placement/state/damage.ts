/** Adding and taking away so many times a double leaves its 33 leading binary digits (Dekker, 1971). */
const SPLIT = 2 ** 20 + 1;

/**
 * Damage as it is compared: of two damages the one with the lower key is less, and equal keys are equal damage. Sums of
 * quotients that are equal on paper differ by rounding when they are added up otherwise; keys are cut below that, to a
 * ten-billionth. A key hangs on its own figure alone, so that comparing is transitive, and whoever compares finds the same
 * best in whatever order: sets, tournaments, rankings and searches all compare these.
 *
 * @param damageGpus - GPU-equivalents, 0 or more, finite
 * @returns a number to compare with other keys
 */
export function damageKey(damageGpus: number): number {
  // From 1 on: what is nothing but rounding is equal to 0. Cuts fall on multiples of binary fractions; damages, which are
  // fractions themselves, would lie on them, and π parts the two.
  const shifted = (damageGpus + 1) * Math.PI;
  const multiple = SPLIT * shifted;
  return multiple - (multiple - shifted);
}
