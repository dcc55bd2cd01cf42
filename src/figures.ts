/** What one computation may err by, as a share of the figure: far above the rounding of a sum of a thousand doubles. */
export const ROUNDING = 1e-12;

/**
 * Two figures that differ by a smaller share of themselves are equal, also when they were computed in different ways: far
 * above {@link ROUNDING}, far below any difference that a document states.
 */
export const FIGURE_TOLERANCE = 1e-9;

/** True if the larger figure equals the smaller one but for rounding; `Infinity` equals only itself. */
export function sameFigure(smaller: number, larger: number): boolean {
  return larger <= smaller + smaller * FIGURE_TOLERANCE;
}

/** True if a figure is as high as a wanted one, but for rounding. */
export function atLeast(figure: number, wanted: number): boolean {
  return figure >= wanted - wanted * FIGURE_TOLERANCE;
}

/** Multiplying by this and subtracting leaves the 33 leading binary digits of a double (Dekker, 1971). */
const SPLIT = 2 ** 20 + 1;

/**
 * The number by which damages are compared: a lower key is less damage, equal keys are equal damage.
 *
 * Sums of the same quotients in another order differ by rounding. A key drops the digits that rounding can change. It
 * depends on its own damage alone, so comparisons are transitive, and every search finds the same best.
 *
 * @param damageGpus - GPU-equivalents, 0 or more, finite
 * @returns a number that is compared with other keys only
 */
export function damageKey(damageGpus: number): number {
  // Plus 1: what is nothing but rounding equals 0. Times π: damages are binary fractions, on which the cuts would fall.
  const shifted = (damageGpus + 1) * Math.PI;
  const multiple = SPLIT * shifted;
  return multiple - (multiple - shifted);
}
