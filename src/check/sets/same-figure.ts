/** Whether two figures, 0 or more, differ by rounding only. */
export function same(a: number, b: number): boolean {
  return a === b || Math.abs(a - b) <= 1e-9 * Math.min(a, b);
}
