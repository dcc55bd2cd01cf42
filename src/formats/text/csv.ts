import { CorralError, quote } from '../../errors.js';
import { QUANTITY_MAX, TEXT_LENGTH_MAX } from '../../units.js';
import { invalidFormat, limitExceeded } from './format-errors.js';
import { isMissing, readInteger, readNumber } from './numbers.js';
import { readText } from './read-text.js';

/** Longest text an importer reads, in characters: 256 Mi. */
const LENGTH_MAX = 2 ** 28;

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

/** What a table may hold. */
export interface CsvTable {
  /** Columns that must be there. */
  readonly required: readonly string[];
  /** Columns that may be there; any other is refused. */
  readonly optional: readonly string[];
  /** What a row is, for messages: `node`. */
  readonly record: string;
  /** Most rows. */
  readonly rowsMax: number;
}

/**
 * Reads a table of comma-separated values: a header, then one record per line. The published traces have no quoted
 * cells, so a quotation mark is refused.
 *
 * @param input - the whole file, at most 256 Mi characters; LF or CRLF, with or without a byte order mark or a last line end
 * @param table - see {@link CsvTable}
 * @param read - makes a record of a row. It gets one row at a time: a million rows at once need several times the memory
 * of their records
 * @returns the records in order, at least one
 * @throws CorralError `invalid-format` with the line, `limit-exceeded`, and what `read` throws
 * @complexity O(characters)
 */
export function parseCsv<T>(input: unknown, table: CsvTable, read: (row: CsvRow) => T): T[] {
  const text = readText(input, {
    what: 'the text of a CSV file',
    lengthMax: LENGTH_MAX,
    remedy: 'split the file',
  });
  const quotation = text.indexOf('"');
  if (quotation !== -1) {
    const before = countOf('\n', text.slice(0, quotation));
    throw invalidFormat(
      ['line', before + 1],
      'quoted cells are not part of this format: remove the quotation marks',
    );
  }
  const content = withoutLastLineEnds(text);
  // One cell more than there are columns is enough to find an unknown or a repeated one.
  const header = lineFrom(content, 0, table.required.length + table.optional.length + 1);
  const position = columnsOf(header.cells, table);
  const records: T[] = [];
  let line = 1;
  for (let start = header.end; start < content.length; ) {
    const { cells, end } = lineFrom(content, start, position.size + 1);
    line++;
    if (cells.length !== position.size) {
      const count = countOf(',', content.slice(start, end)) + 1;
      throw invalidFormat(
        ['line', line],
        `expected ${position.size} cells, got ${count}: the line may be cut off`,
      );
    }
    if (records.length === table.rowsMax) {
      throw limitExceeded(
        ['line', line],
        `more than ${table.rowsMax} lines of a ${table.record} each: split the file`,
      );
    }
    records.push(read(new Row(line, cells, position)));
    start = end;
  }
  if (records.length === 0)
    throw invalidFormat(['line', 2], `no ${table.record} in the file: it may be cut off`);
  return records;
}

function withoutLastLineEnds(text: string): string {
  let end = text.length;
  while (text[end - 1] === '\n') end -= text[end - 2] === '\r' ? 2 : 1;
  return text.slice(0, end);
}

/** The cells of the line that starts at a position, at most `cellsMax`, and where the next line starts. */
function lineFrom(
  text: string,
  start: number,
  cellsMax: number,
): { readonly cells: readonly string[]; readonly end: number } {
  const found = text.indexOf('\n', start);
  const end = found === -1 ? text.length : found;
  const content = text.slice(start, end > start && text[end - 1] === '\r' && found !== -1 ? end - 1 : end);
  return { cells: content.split(',', cellsMax), end: end + 1 };
}

/** Column → its position. */
function columnsOf(header: readonly string[], { required, optional }: CsvTable): ReadonlyMap<string, number> {
  const known = [...required, ...optional];
  const position = new Map<string, number>();
  for (const [i, column] of header.entries()) {
    if (!known.includes(column)) {
      throw invalidFormat(['line', 1], `unknown column ${quote(column)}: expected ${known.join(',')}`);
    }
    if (position.has(column))
      throw invalidFormat(['line', 1], `column ${quote(column)} stands twice in the header`);
    position.set(column, i);
  }
  for (const column of required) {
    if (!position.has(column))
      throw invalidFormat(['line', 1], `column ${quote(column)} is missing from the header`);
  }
  return position;
}

function countOf(character: string, text: string): number {
  let count = 0;
  for (let at = text.indexOf(character); at !== -1; at = text.indexOf(character, at + 1)) count++;
  return count;
}

/**
 * The cell of a column; a cell that is too long for a document or a request is refused.
 *
 * @param lengthMax - most characters; default {@link TEXT_LENGTH_MAX}
 * @throws CorralError `invalid-format` with line and column
 */
export function shortText(row: CsvRow, column: string, lengthMax: number = TEXT_LENGTH_MAX): string {
  const text = row.text(column);
  if (text.length <= lengthMax) return text;
  throw invalidFormat(
    ['line', row.line, column],
    `${text.length} characters, at most ${lengthMax}: shorten the name`,
  );
}

/**
 * The cell of a column that names a row.
 *
 * @param names - names of earlier rows; this one is added
 * @throws CorralError `invalid-format` if it is blank or too long, `duplicate-id` if an earlier row has it
 */
export function uniqueName(row: CsvRow, column: string, names: Set<string>): string {
  const name = shortText(row, column);
  if (name === '') throw invalidFormat(['line', row.line, column], 'the name is blank');
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

/**
 * The cell of a column in thousandths, rounded to the nearest: cores become thousandths of a core.
 *
 * @throws CorralError `invalid-format` with line and column
 */
export function milliCell(row: CsvRow, column: string): number {
  return Math.round(row.decimal(column, 0, Math.floor(QUANTITY_MAX / 1000)) * 1000);
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
    throw invalidFormat(
      ['line', this.line, column],
      `expected ${what} from ${min} to ${max}, got ${quote(this.text(column))}`,
    );
  }
}
