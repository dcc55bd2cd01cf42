import { CorralError, quote } from '../errors.js';
import { QUANTITY_MAX } from '../units.js';
import type { CsvRow } from './csv.js';

/**
 * A count in a trace that a table library printed: `8`, or `8.0` where its column had blanks.
 *
 * @throws CorralError `invalid-format` with line and column
 */
export function wholeCell(row: CsvRow, column: string, min: number, max: number): number {
  const value = row.decimal(column, min, max);
  if (Number.isInteger(value)) return value;
  throw new CorralError(
    'invalid-format',
    ['line', row.line, column],
    `expected a whole number, got ${quote(row.text(column))}`,
  );
}

/**
 * Cores as thousandths of a core, rounded to the nearest.
 *
 * @throws CorralError `invalid-format` with line and column
 */
export function cpuMilliCell(row: CsvRow, column: string): number {
  return Math.round(row.decimal(column, 0, Math.floor(QUANTITY_MAX / 1000)) * 1000);
}
