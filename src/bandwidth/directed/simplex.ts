import { CorralError } from '../../errors.js';

/** A coefficient below this is rounding; limits are scaled to at most 1. */
const EPSILON = 1e-11;

/** Most pivots per row and variable. Usually two or three per row are enough. */
const PIVOTS_EACH = 100;

/**
 * The largest value of the first variable of a linear programme, by the simplex method.
 *
 * All variables are at least 0, and every row says: the sum of coefficient × variable is at most its limit. With
 * limits of 0 or more all variables at 0 are allowed, so no first phase is needed. The entering variable is the one
 * with the largest coefficient (Dantzig's rule); while the value does not grow, it is the first one (Bland,
 * Mathematics of Operations Research 2, 1977). So it ends in exact arithmetic; because of rounding the number of
 * pivots is limited as well.
 *
 * @param rows - row → its coefficients, one per variable; changed
 * @param limits - row → its limit, 0 or more, in any unit
 * @param enough - stop as soon as the value is at least this
 * @param pivotsMax - most pivots; default 100 per row and variable
 * @returns the largest value, or one of at least `enough`; Infinity if nothing limits it
 * @throws CorralError `limit-exceeded` beyond `pivotsMax`
 * @complexity O(rows × variables) per pivot, as a rule two or three pivots per row
 */
export function largestFirst(
  rows: readonly Float64Array[],
  limits: Float64Array,
  enough: number,
  pivotsMax: number = PIVOTS_EACH * (rows.length + (rows[0]?.length ?? 0)),
): number {
  const width = rows[0]?.length ?? 0;
  // The scale is a power of two, so that scaling does not round.
  const scale = 2 ** Math.ceil(Math.log2(limits.reduce((a, b) => Math.max(a, b), 0) || 1));
  const left = limits.map((limit) => limit / scale);
  /** Column → gain of the value per unit of its variable, which is 0 now. */
  const gains = new Float64Array(width);
  gains[0] = 1;
  // Numbers of the variables and slacks of columns and rows: Bland's rule needs their order.
  const columns = Int32Array.from({ length: width }, (_, i) => i);
  const basis = Int32Array.from({ length: rows.length }, (_, i) => width + i);
  let value = 0;
  let hasStalled = false;
  for (let pivots = 0; ; pivots++) {
    if (value * scale >= enough) return value * scale;
    if (pivots > pivotsMax) {
      throw new CorralError(
        'limit-exceeded',
        [],
        `a linear programme of ${rows.length} rows has not settled after ${pivotsMax} pivots: give links between sockets figures that are less far apart`,
      );
    }
    const column = entering(gains, columns, hasStalled);
    if (column < 0) return value * scale;
    const row = leaving(rows, left, basis, column);
    if (row < 0) return Number.POSITIVE_INFINITY;
    const step = left[row]! / rows[row]![column]!;
    const gain = gains[column]! * step;
    hasStalled = gain <= EPSILON * Math.max(1, value);
    value += gain;
    pivot(rows, left, gains, row, column);
    [columns[column], basis[row]] = [basis[row]!, columns[column]!];
  }
}

function entering(gains: Float64Array, columns: Int32Array, first: boolean): number {
  let best = -1;
  for (let i = 0; i < gains.length; i++) {
    if (gains[i]! <= EPSILON) continue;
    if (best < 0 || (first ? columns[i]! < columns[best]! : gains[i]! > gains[best]!)) best = i;
  }
  return best;
}

/** The row that limits the variable of a column first; of equal rows that of the first variable; -1 if none does. */
function leaving(
  rows: readonly Float64Array[],
  left: Float64Array,
  basis: Int32Array,
  column: number,
): number {
  let best = -1;
  let least = Number.POSITIVE_INFINITY;
  for (let i = 0; i < rows.length; i++) {
    const coefficient = rows[i]![column]!;
    if (coefficient <= EPSILON) continue;
    const ratio = left[i]! / coefficient;
    if (ratio < least || (ratio === least && basis[i]! < basis[best]!)) {
      best = i;
      least = ratio;
    }
  }
  return best;
}

/** Exchanges the variable of a column, which is 0, with that of a row, which becomes 0. */
function pivot(
  rows: readonly Float64Array[],
  left: Float64Array,
  gains: Float64Array,
  row: number,
  column: number,
): void {
  const pivotRow = rows[row]!;
  const inverse = 1 / pivotRow[column]!;
  pivotRow[column] = 1;
  for (let i = 0; i < pivotRow.length; i++) pivotRow[i]! *= inverse;
  left[row]! *= inverse;
  for (let r = 0; r < rows.length; r++) {
    const factor = rows[r]![column]!;
    if (r === row || factor === 0) continue;
    const target = rows[r]!;
    target[column] = 0;
    for (let i = 0; i < target.length; i++) target[i]! -= factor * pivotRow[i]!;
    // Rounding must not make a limit negative.
    left[r] = Math.max(0, left[r]! - factor * left[row]!);
  }
  const factor = gains[column]!;
  gains[column] = 0;
  for (let i = 0; i < gains.length; i++) gains[i]! -= factor * pivotRow[i]!;
}
