import { QUANTITY_MAX } from '../../units.js';
import type { CsvRow } from '../text/csv.js';

/**
 * Cores as thousandths of a core, rounded to the nearest.
 *
 * @throws CorralError `invalid-format` with line and column
 */
export function cpuMilliCell(row: CsvRow, column: string): number {
  return Math.round(row.decimal(column, 0, Math.floor(QUANTITY_MAX / 1000)) * 1000);
}
