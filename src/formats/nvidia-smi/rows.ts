import { quote } from '../../errors.js';
import { invalidFormat } from '../text/format-errors.js';
import { parseRanges } from './affinity.js';
import type { SmiRow } from './lines.js';
import { isMatrixWord, isP2pWord, NVLINKS_MAX, wordsAt } from './words.js';

/** The cells of a row by column, and the text behind them. */
export interface RowReading {
  readonly words: readonly string[];
  readonly rest: string;
}

/**
 * The ways to split a row into cells.
 *
 * Cells between blanks have one reading. Cells without blanks between them (`XNV4`, `NODESYS`, `NV120-15`) are split so
 * that `X` is in the column of the row's own device, and a list of CPUs may follow the last cell.
 *
 * @param row - the row
 * @param columns - headings of the columns
 * @param hasAffinity - whether columns of affinities follow
 * @returns one reading or more
 * @throws CorralError `invalid-format` with line and column if there is none
 * @complexity O(characters)
 */
export function readingsOf(
  row: SmiRow,
  columns: readonly string[],
  hasAffinity: boolean,
): readonly RowReading[] {
  const words: string[] = [];
  const token = /\S+/g;
  let end = 0;
  for (const column of columns) {
    const word = token.exec(row.cells)?.[0];
    const problem = problemOf(row, columns, words.length, word);
    if (problem === undefined) {
      words.push(word!);
      end = token.lastIndex;
      continue;
    }
    const readings = partedReadings(row, columns, hasAffinity);
    if (readings.length > 0) return readings;
    throw invalidFormat(['line', row.line, column], problem);
  }
  return [{ words: words.map(modern), rest: row.cells.slice(end) }];
}

/** What is wrong with a word as the cell of a column. */
function problemOf(
  row: SmiRow,
  columns: readonly string[],
  position: number,
  word: string | undefined,
): string | undefined {
  if (word === undefined) {
    return `expected ${columns.length} cells, got ${position}: the line may be cut off`;
  }
  if (isP2pWord(word)) {
    return `${quote(word)} is a word of nvidia-smi topo -p2p: give the output of nvidia-smi topo -m`;
  }
  if (!isMatrixWord(word)) {
    return `expected X, NV1 … NV${NVLINKS_MAX}, PIX, PXB, PHB, NODE or SYS, got ${quote(word)}`;
  }
  if ((word === 'X') === (row.label === columns[position])) return undefined;
  return word === 'X' ? 'X stands for the device itself' : `expected X, got ${quote(word)}`;
}

/** Readings of cells without blanks between them. Only the digits of a last `NV#` leave a choice. */
function partedReadings(row: SmiRow, columns: readonly string[], hasAffinity: boolean): RowReading[] {
  const { cells } = row;
  const readings: RowReading[] = [];
  const words: string[] = [];
  let at = 0;
  for (const [i, column] of columns.entries()) {
    while (/\s/.test(cells[at] ?? '')) at++;
    const isLast = i === columns.length - 1;
    const fitting = wordsAt(cells, at).filter((word) => (word === 'X') === (row.label === column));
    if (isLast) {
      for (const word of fitting) {
        const rest = cells.slice(at + word.length);
        if (mayFollow(rest, hasAffinity))
          readings.push({ words: [...words, word].map(modern), rest: ` ${rest}` });
      }
    }
    const word = fitting[0];
    if (word === undefined) return [];
    words.push(word);
    at += word.length;
  }
  return readings;
}

/** Whether a text may follow the last cell: nothing, a blank, a remark, or a list of CPUs. */
function mayFollow(rest: string, hasAffinity: boolean): boolean {
  const first = /^\S*/.exec(rest)![0];
  if (/^\w/.test(first)) return hasAffinity && (first === 'N/A' || parseRanges(first) !== undefined);
  return true;
}

function modern(word: string): string {
  return word === 'SOC' ? 'SYS' : word;
}

/**
 * Chooses one reading of each row; of several, the one that agrees with the mirrored cells.
 *
 * @param rows - rows with their readings
 * @param columns - headings of the columns, which are those of the rows
 * @returns a reading by heading
 * @throws CorralError `invalid-format` if more than one is left
 * @complexity O(rows * columns)
 */
export function chosenReadings(
  rows: readonly { readonly row: SmiRow; readonly readings: readonly RowReading[] }[],
  columns: readonly string[],
): ReadonlyMap<string, RowReading> {
  const chosen = new Map<string, RowReading>();
  for (const { row, readings } of rows) if (readings.length === 1) chosen.set(row.label, readings[0]!);
  for (const { row, readings } of rows) {
    if (readings.length === 1) continue;
    const own = columns.indexOf(row.label);
    const agreeing = readings.filter(({ words }) =>
      columns.every((column, i) => {
        const mirrored = chosen.get(column)?.words[own];
        return mirrored === undefined || mirrored === words[i];
      }),
    );
    if (agreeing.length !== 1) {
      const last = columns.at(-1)!;
      const choices = readings.map(({ words }) => words.at(-1)).join(' or ');
      throw invalidFormat(
        ['line', row.line, last],
        `cells ran together and may be ${choices}: put a blank between them`,
      );
    }
    chosen.set(row.label, agreeing[0]!);
  }
  return chosen;
}
