import { quote } from '../../errors.js';
import { refuseTooManyGpus } from '../server/limits.js';
import { invalidFormat, limitExceeded } from '../text/format-errors.js';
import { bareWord, pastedLines } from '../text/terminal-text.js';
import { type Affinity, affinityCells, readAffinity } from './affinity.js';
import {
  isGpuLabel,
  isP2p,
  LABELS_MAX,
  matricesIn,
  type SmiHeader,
  type SmiLines,
  type SmiRow,
} from './lines.js';
import { chosenReadings, readingsOf } from './rows.js';
import { isMatrixWord, nvlinksOf } from './words.js';

/** Longest text, in characters; the matrix of the largest machine known (8 GPUs, 32 NICs) has 10,000. */
const TEXT_LENGTH_MAX = 2 ** 20;
/** Longest cell of the affinity columns and longest name in the NIC legend. */
const CELL_LENGTH_MAX = 1024;

/** The content of `nvidia-smi topo -m`, independent of its layout. */
export interface SmiTable {
  /** Headings: GPUs, then NICs, each in the order of the columns. */
  readonly labels: readonly string[];
  readonly gpuCount: number;
  /**
   * `cells[row][column]`, symmetric, `X` on the diagonal, `SYS` for the `SOC` of old drivers. Undefined for a pair with a
   * NIC where the tool printed `NV#` in place of the word, as drivers of the 580 series do.
   */
  readonly cells: readonly (readonly (string | undefined)[])[];
  /** One per heading; NIC rows have none. */
  readonly affinities: readonly Affinity[];
  /** Device names by heading, from the NIC legend: `NIC0` to `mlx5_0`. */
  readonly nicNames: ReadonlyMap<string, string>;
  /** The line of each row, from 1. */
  readonly lines: readonly number[];
}

/**
 * Reads the text of `nvidia-smi topo -m`, also pasted into a report: with tabs or spaces, terminal escapes, marks of
 * Markdown, quotations and logs, a shell prompt, remarks, and any of the affinity columns.
 *
 * A further matrix of `-p2p` or `-mp`, or the same matrix once more, is ignored.
 *
 * @param text - what the tool printed
 * @returns headings, words, affinities and NIC names
 * @throws CorralError `invalid-format` with line and column, `limit-exceeded`
 * @complexity O(characters + rows * columns)
 */
export function readSmiTable(text: unknown): SmiTable {
  const lines = linesOf(text);
  const matrices = matricesIn(lines);
  const wanted = matrices.filter((matrix) => !isP2p(matrix));
  // If all are of -p2p, reading the first throws an error that says so.
  const tables = (wanted.length > 0 ? wanted : matrices.slice(0, 1)).map((matrix) => readMatrix(matrix));
  const table = tables.find((candidate) => tables.every((other) => covers(candidate, other)));
  if (table === undefined) {
    const [first, second] = wanted.map(({ header }) => header.line);
    throw invalidFormat(
      ['line', second!],
      `this matrix is not that of line ${first}: give the matrix of one server only`,
    );
  }
  return { ...table, nicNames: readNicLegend(lines, new Set(table.labels)) };
}

/** Whether a matrix contains another: it is equal, or has the NVLinks that `topo -mp` leaves out. */
function covers(table: Omit<SmiTable, 'nicNames'>, other: Omit<SmiTable, 'nicNames'>): boolean {
  return (
    table.labels.join() === other.labels.join() &&
    table.cells.every((row, i) =>
      row.every((word, j) => {
        const otherWord = other.cells[i]![j];
        return word === otherWord || (nvlinksOf(word) > 0 && nvlinksOf(otherWord) === 0);
      }),
    )
  );
}

function readMatrix({ header, rows }: SmiLines): Omit<SmiTable, 'nicNames'> {
  const columns = resolveColumns(header, rows);
  const labels = [
    ...columns.filter((label) => isGpuLabel(label)),
    ...columns.filter((label) => !isGpuLabel(label)),
  ];
  const gpuCount = labels.filter((label) => isGpuLabel(label)).length;
  refuseTooManyGpus(gpuCount, ['line', header.line]);
  const hasAffinity = header.affinityColumns.length > 0;
  const readings = chosenReadings(
    [...rows.values()].map((row) => ({ row, readings: readingsOf(row, columns, hasAffinity) })),
    columns,
  );
  const at = new Map(columns.map((label, i) => [label, i]));
  const wordOf = (row: string, column: string): string => readings.get(row)!.words[at.get(column)!]!;
  const affinities = labels.map((label) => affinityOf(rows.get(label)!, readings.get(label)!.rest, header));
  const cellCount = Math.max(...affinities.slice(0, gpuCount).map(({ length }) => length));
  return {
    labels,
    gpuCount,
    cells: labels.map((row, i) =>
      labels.map((column, j) =>
        cellOf(
          rows.get(row)!,
          column,
          wordOf(row, column),
          wordOf(column, row),
          i < gpuCount && j < gpuCount,
        ),
      ),
    ),
    affinities: affinities.map((cells) => readAffinity(header.affinityColumns, cells, cellCount)),
    lines: labels.map((label) => rows.get(label)!.line),
  };
}

function linesOf(text: unknown): string[] {
  const lines = pastedLines(text, {
    what: 'the text that nvidia-smi topo -m prints',
    lengthMax: TEXT_LENGTH_MAX,
    remedy: 'give the matrix of one server only',
  });
  const foreign = lines.some((line) => /ROCm System Management|between two GPUs/.test(line))
    ? 'rocm-smi --showtopo: use fromRocmSmiTopo'
    : lines.some((line) => /(?:WEIGHT|HOPS|LINK TYPE|ACCESS) TABLE/.test(line))
      ? 'amd-smi topology: use fromAmdSmiTopology'
      : undefined;
  if (foreign === undefined) return lines;
  throw invalidFormat([], `this is the output of ${foreign}, or give the output of nvidia-smi topo -m`);
}

/** The headings of the columns; headings without a blank between them are split by the headings of the rows. */
function resolveColumns(header: SmiHeader, rows: ReadonlyMap<string, SmiRow>): string[] {
  const byLength = [...rows.keys()].sort((a, b) => b.length - a.length);
  const columns: string[] = [];
  for (const token of header.tokens) {
    if (rows.has(token)) {
      columns.push(token);
      continue;
    }
    for (let at = 0; at < token.length; ) {
      const label = byLength.find((candidate) => token.startsWith(candidate, at));
      if (label === undefined) {
        throw invalidFormat(
          ['line', header.line],
          `no row for column ${quote(token)}: the text may be cut off`,
        );
      }
      columns.push(label);
      at += label.length;
      if (columns.length > LABELS_MAX) {
        throw limitExceeded(['line', header.line], `more than ${LABELS_MAX} columns`);
      }
    }
  }
  const seen = new Set<string>();
  for (const label of columns) {
    if (seen.has(label)) {
      throw invalidFormat(['line', header.line, label], `column ${quote(label)} stands twice in the header`);
    }
    seen.add(label);
  }
  for (const row of rows.values()) {
    if (!seen.has(row.label))
      throw invalidFormat(['line', row.line], `no column for row ${quote(row.label)}`);
  }
  return columns;
}

function affinityOf(row: SmiRow, rest: string, header: SmiHeader): readonly string[] {
  const { cells, remark } = affinityCells(rest);
  const given = cells.filter((cell) => cell !== '');
  const next = /^\S*/.exec(remark)![0];
  if (given.length > header.affinityColumns.length || isMatrixWord(next)) {
    const first = given[header.affinityColumns.length] ?? next;
    throw invalidFormat(['line', row.line], `more cells than columns, the first too many is ${quote(first)}`);
  }
  if (given.some((cell) => cell.length > CELL_LENGTH_MAX)) {
    throw invalidFormat(['line', row.line], `an affinity of more than ${CELL_LENGTH_MAX} characters`);
  }
  return cells;
}

/** The word of a pair, from its two cells. */
function cellOf(
  row: SmiRow,
  column: string,
  word: string,
  mirrored: string,
  joinsGpus: boolean,
): string | undefined {
  if (!joinsGpus) {
    const words = [word, mirrored].filter((candidate) => nvlinksOf(candidate) === 0);
    if (words.length < 2) return words[0];
  }
  if (word === mirrored) return word;
  throw invalidFormat(
    ['line', row.line, column],
    `${row.label} to ${column} is ${word}, but ${column} to ${row.label} is ${mirrored}: the matrix must be symmetric`,
  );
}

function readNicLegend(lines: readonly string[], labels: ReadonlySet<string>): ReadonlyMap<string, string> {
  const names = new Map<string, string>();
  const start = lines.findIndex((line) => line.includes('NIC Legend'));
  for (let i = start + 1; start !== -1 && i < lines.length; i++) {
    const entry = legendEntry(lines[i]!, labels);
    if (entry === undefined) continue;
    if (entry.name.length > CELL_LENGTH_MAX) {
      throw invalidFormat(['line', i + 1, entry.label], `a name of more than ${CELL_LENGTH_MAX} characters`);
    }
    names.set(entry.label, entry.name);
  }
  return names;
}

/** `NIC0: mlx5_0`, with any prefix. */
function legendEntry(
  line: string,
  labels: ReadonlySet<string>,
): { readonly label: string; readonly name: string } | undefined {
  for (const { 0: word, index } of line.matchAll(/\S+/g)) {
    const label = word.endsWith(':') ? bareWord(word.slice(0, -1)) : '';
    if (!labels.has(label)) continue;
    const name = line.slice(index + word.length).trim();
    if (name !== '') return { label, name };
  }
  return undefined;
}
