import { CorralError, quote } from '../errors.js';
import { isMissing, readInteger, readNumber } from './numbers.js';
import { readText } from './text.js';

/** Longest text an importer reads, in characters: 256 Mi. */
const TEXT_LENGTH_MAX = 2 ** 28;

/** One line of a table: its cells by column, and where it stands for errors. */
export interface CsvRow {
  /** Line number in the file, from 1; the header is line 1. */
  readonly line: number;
  /** The cell of a column; '' where the table has no such column. */
  text(column: string): string;
  /** The cell of a column as an integer in `min … max`; `8.0` and `1e3` are integers too. */
  integer(column: string, min: number, max: number): number;
  /** The cell of a column as an integer in `min … max`, or undefined where it has no value or there is no column. */
  optionalInteger(column: string, min: number, max: number): number | undefined;
  /** The cell of a column as a number in `min … max`. */
  decimal(column: string, min: number, max: number): number;
  /** The cell of a column as a number in `min … max`, or undefined where it has no value or there is no column. */
  optionalDecimal(column: string, min: number, max: number): number | undefined;
}

/**
 * Reads a table of plain comma-separated values: a header, one record a line, no quoting. The published
 * traces are of this kind; a quotation mark is refused rather than guessed at.
 *
 * @param input - the whole file; LF or CRLF, with or without a byte order mark or a last line end
 * @param columns.required - columns that must be there
 * @param columns.optional - columns that may be there; any other is refused
 * @returns the rows in order
 * @throws CorralError `invalid-format` with the line
 * @complexity O(characters)
 */
export function parseCsv(
  input: unknown,
  columns: { readonly required: readonly string[]; readonly optional: readonly string[] },
): CsvRow[] {
  const text = readText(input, {
    what: 'the text of a CSV file',
    lengthMax: TEXT_LENGTH_MAX,
    remedy: 'split the file',
  });
  const quotation = text.indexOf('"');
  if (quotation !== -1) {
    const line = text.slice(0, quotation).split('\n').length;
    throw new CorralError(
      'invalid-format',
      ['line', line],
      'quoted cells are not part of this format: remove the quotation marks',
    );
  }
  const lines = text.split(/\r?\n/);
  while (lines.length > 0 && lines[lines.length - 1] === '') lines.pop();
  const header = (lines[0] ?? '').split(',');
  const position = new Map<string, number>();
  header.forEach((column, i) => {
    if (!columns.required.includes(column) && !columns.optional.includes(column)) {
      throw new CorralError(
        'invalid-format',
        ['line', 1],
        `unknown column ${quote(column)}: expected ${[...columns.required, ...columns.optional].join(',')}`,
      );
    }
    if (position.has(column)) {
      throw new CorralError(
        'invalid-format',
        ['line', 1],
        `column ${quote(column)} stands twice in the header`,
      );
    }
    position.set(column, i);
  });
  for (const column of columns.required) {
    if (!position.has(column)) {
      throw new CorralError(
        'invalid-format',
        ['line', 1],
        `column ${quote(column)} is missing from the header`,
      );
    }
  }
  return lines.slice(1).map((content, i) => {
    const cells = content.split(',');
    const line = i + 2;
    if (cells.length !== header.length) {
      throw new CorralError(
        'invalid-format',
        ['line', line],
        `expected ${header.length} cells, got ${cells.length}: the line may be cut off`,
      );
    }
    return new Row(line, cells, position);
  });
}

/**
 * The cell of a column that names a row.
 *
 * @param names - names of earlier rows; this one is added
 * @throws CorralError `invalid-format` if it is blank, `duplicate-id` if an earlier row has it
 */
export function uniqueName(row: CsvRow, column: string, names: Set<string>): string {
  const name = row.text(column);
  if (name === '') throw new CorralError('invalid-format', ['line', row.line, column], 'the name is blank');
  if (names.has(name)) {
    throw new CorralError(
      'duplicate-id',
      ['line', row.line, column],
      `${quote(name)} stands on an earlier line too`,
    );
  }
  names.add(name);
  return name;
}

class Row implements CsvRow {
  readonly line: number;
  readonly #cells: readonly string[];
  readonly #position: ReadonlyMap<string, number>;

  constructor(line: number, cells: readonly string[], position: ReadonlyMap<string, number>) {
    this.line = line;
    this.#cells = cells;
    this.#position = position;
  }

  text(column: string): string {
    const position = this.#position.get(column);
    return position === undefined ? '' : this.#cells[position]!;
  }

  integer(column: string, min: number, max: number): number {
    return this.#inRange(readInteger(this.text(column)), 'an integer', column, min, max);
  }

  decimal(column: string, min: number, max: number): number {
    return this.#inRange(readNumber(this.text(column)), 'a number', column, min, max);
  }

  optionalInteger(column: string, min: number, max: number): number | undefined {
    return isMissing(this.text(column)) ? undefined : this.integer(column, min, max);
  }

  optionalDecimal(column: string, min: number, max: number): number | undefined {
    return isMissing(this.text(column)) ? undefined : this.decimal(column, min, max);
  }

  #inRange(value: number, what: string, column: string, min: number, max: number): number {
    if (value >= min && value <= max) return value;
    throw new CorralError(
      'invalid-format',
      ['line', this.line, column],
      `expected ${what} from ${min} to ${max}, got ${quote(this.text(column))}`,
    );
  }
}
