import { CorralError } from '../../errors.js';

/** Coefficients below this are rounding. */
const EPSILON = 1e-10;

/**
 * Most multiplications of one programme: some seconds. With Bland's rule the method ends in exact arithmetic, but
 * rounding can make it cycle.
 */
const WORK_MAX = 2 ** 31;

/** A linear programme; all variables are at least 0. */
export interface Programme {
  /** Row → its coefficients, one per variable. */
  readonly rows: readonly (readonly number[])[];
  /** Row → upper limit of the sum of coefficient × variable; 0 or more. */
  readonly right: readonly number[];
  /** Variable → its contribution to the value per unit. */
  readonly goal: readonly number[];
}

/**
 * The largest value of a linear programme, by the simplex method on the full tableau with Bland's rule (Mathematics of
 * Operations Research 2, 1977).
 *
 * @param programme - in any unit; its value must be bounded
 * @returns the largest value, in the unit of `right` times that of `goal`
 * @throws CorralError `limit-exceeded` if it takes too many steps
 * @complexity O(rows × (rows + variables)) per step
 */
export function largestValue({ rows, right, goal }: Programme): number {
  const width = goal.length;
  const tableau = rows.map((row, i) => [...row, ...rows.map((_, j) => Number(i === j)), right[i]!]);
  const gains = [...goal.map((gain) => -gain), ...new Array<number>(rows.length + 1).fill(0)];
  const basic = rows.map((_, i) => width + i);
  const stepsMax = Math.max(64, WORK_MAX / (rows.length * (rows.length + width)));
  for (let step = 0; step < stepsMax; step++) {
    const column = gains.findIndex((gain, i) => i < gains.length - 1 && gain < -EPSILON);
    if (column < 0) return gains.at(-1)!;
    const ratios = tableau.map((row) => (row[column]! > EPSILON ? row.at(-1)! / row[column]! : Infinity));
    const least = Math.min(...ratios);
    const row = ratios.reduce(
      (best, ratio, i) => (ratio <= least + EPSILON && (best < 0 || basic[i]! < basic[best]!) ? i : best),
      -1,
    );
    if (row < 0) break;
    const pivot = tableau[row]![column]!;
    tableau[row] = tableau[row]!.map((value) => value / pivot);
    basic[row] = column;
    for (const other of [...tableau, gains]) {
      if (other === tableau[row] || other[column] === 0) continue;
      const factor = other[column]!;
      tableau[row]!.forEach((value, i) => {
        other[i] = other[i]! - factor * value;
      });
    }
  }
  throw new CorralError(
    'limit-exceeded',
    [],
    `a linear programme of ${rows.length} rows and ${width} variables takes too many steps: take a smaller server`,
  );
}
