import { type CorralError, quote } from '../../errors.js';
import { invalidFormat } from '../text/format-errors.js';
import { bareWord } from '../text/terminal-text.js';

/** The matrices that the tool prints. */
export type RocmSection = 'weight' | 'hops' | 'type' | 'bandwidth';

/** One matrix: `cells[row][column]` in the order of {@link RocmTable.labels}, undefined where not known. */
export type RocmMatrix = readonly (readonly (string | undefined)[])[];

/** The values that a cell of each matrix may have. */
const CELLS: Record<RocmSection, { readonly word: RegExp; readonly expected: string }> = {
  weight: { word: /^[1-9]\d{0,5}$/, expected: 'a weight' },
  hops: { word: /^[1-9]\d?$/, expected: 'a number of hops' },
  type: { word: /^(?:XGMI|PCIE)$/, expected: 'XGMI or PCIE' },
  bandwidth: { word: /^(?:0-0|[1-9]\d{0,7}-[1-9]\d{0,7})$/, expected: 'min-max in MB/s' },
};
/** A cell without a value: not supported, or a call of the tool failed. */
const UNKNOWN = /^(?:N\/?A|0|X|-|XXXX|UNKNOWN|NONE)$/;
/** A cell on the diagonal. */
const SELF = /^(?:N\/?A|0|X|-|SELF|TRUE)$/;
/** A cell of any matrix, to tell a row from prose that begins with a heading. */
const CELL_LIKE = /^(?:[A-Z][A-Z\d]{0,11}|N\/A|PCIe|None|Unknown|-|\d+|\d+-\d+|0x[\da-f]+|-\d+)$/;

/** Headings: `GPU0` of rocm-smi, PCI addresses of amd-smi. */
const HEADING = /^(?:GPU\d{1,4}|[\da-f]{4,8}:[\da-f]{2}:[\da-f]{2}\.[\da-f])$/i;

interface Row {
  readonly line: number;
  readonly cells: readonly string[];
}
/** One matrix as printed, line by line. */
export interface MatrixDraft {
  readonly section: RocmSection;
  readonly line: number;
  columns: readonly string[] | undefined;
  readonly rows: Map<string, Row>;
}

/**
 * Reads a line below a title into a matrix: the headings, a row, or a line to ignore.
 *
 * @param draft - the matrix, changed in place
 * @param content - the line
 * @param line - its number, from 1
 * @throws CorralError `invalid-format` with line and column
 * @complexity O(characters)
 */
export function readMatrixLine(draft: MatrixDraft, content: string, line: number): void {
  const words = content.trim().split(/\s+/).map(bareWord);
  const start = words.findIndex((word) => HEADING.test(word));
  if (start === -1) return;
  const [label, ...cells] = words.slice(start) as [string, ...string[]];
  if (cells.every((word) => HEADING.test(word))) {
    if (draft.columns === undefined) draft.columns = [label, ...cells];
    // A row that was cut off behind its heading.
    else if (cells.length === 0) throw cutOff(line, draft.columns, 0);
    return;
  }
  if (draft.columns === undefined || !CELL_LIKE.test(cells[0]!)) return;
  if (cells.length < draft.columns.length) throw cutOff(line, draft.columns, cells.length);
  // A remark may stand behind the last cell.
  if (CELL_LIKE.test(cells[draft.columns.length] ?? '')) {
    throw invalidFormat(
      ['line', line],
      `more cells than columns, the first too many is ${quote(cells[draft.columns.length])}`,
    );
  }
  if (draft.rows.has(label)) {
    throw invalidFormat(
      ['line', line],
      `row ${label} stands twice: give the output of one server and one run`,
    );
  }
  draft.rows.set(label, { line, cells });
}

function cutOff(line: number, columns: readonly string[], count: number): CorralError {
  return invalidFormat(
    ['line', line, columns[count]!],
    `expected ${columns.length} cells, got ${count}: the line may be cut off`,
  );
}

/**
 * The headings of a matrix.
 *
 * @param draft - a matrix
 * @returns the headings, in the order of the columns
 * @throws CorralError `invalid-format` if no line has any
 */
export function columnsOf(draft: MatrixDraft): readonly string[] {
  if (draft.columns === undefined) {
    throw invalidFormat(
      ['line', draft.line],
      'no line with the headings of GPUs below this title: the text may be cut off',
    );
  }
  return draft.columns;
}

/**
 * The cells of a matrix; a cell without a value gets that of the mirrored cell.
 *
 * @param draft - the matrix as printed
 * @param labels - the headings of `first`, in the order of the result
 * @param first - the first matrix of the text, for errors
 * @returns `cells[row][column]`, undefined where not known
 * @throws CorralError `invalid-format` with line and column
 * @complexity O(GPUs^2)
 */
export function matrixOf(draft: MatrixDraft, labels: readonly string[], first: MatrixDraft): RocmMatrix {
  const columns = columnsOf(draft);
  const at = new Map(columns.map((label, i) => [label, i]));
  if (at.size < columns.length) {
    throw invalidFormat(
      ['line', draft.line],
      `a heading of the ${draft.section} matrix stands twice: give the output of one run`,
    );
  }
  for (const label of new Set([...labels, ...columns, ...draft.rows.keys()])) {
    const missing = !labels.includes(label)
      ? first
      : !at.has(label) || !draft.rows.has(label)
        ? draft
        : undefined;
    if (missing === undefined) continue;
    throw invalidFormat(
      ['line', missing.line],
      `the ${missing.section} matrix has no ${missing.columns?.includes(label) ? 'row' : 'column'} ${label}: the text may be cut off`,
    );
  }
  const cellAt = (row: string, column: string): string | undefined =>
    readCell(draft, draft.rows.get(row)!, row, column, at.get(column)!);
  return labels.map((a) =>
    labels.map((b) => {
      const cell = cellAt(a, b);
      const mirrored = cellAt(b, a);
      if (cell !== undefined && mirrored !== undefined && cell !== mirrored) {
        throw invalidFormat(
          ['line', draft.rows.get(a)!.line, b],
          `${a} to ${b} is ${cell}, but ${b} to ${a} is ${mirrored}: the matrix must be symmetric`,
        );
      }
      return cell ?? mirrored;
    }),
  );
}

function readCell(draft: MatrixDraft, row: Row, a: string, b: string, column: number): string | undefined {
  const printed = row.cells[column]!;
  const cell = printed.toUpperCase();
  const { word, expected } = CELLS[draft.section];
  if (a === b ? SELF.test(cell) : UNKNOWN.test(cell)) return undefined;
  if (a !== b && word.test(cell)) return cell;
  throw invalidFormat(
    ['line', row.line, b],
    a === b
      ? `expected 0 for ${a} and itself, got ${quote(printed)}`
      : `expected ${expected} or N/A, got ${quote(printed)}`,
  );
}
