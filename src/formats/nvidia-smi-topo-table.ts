import { CorralError, quote } from '../errors.js';
import { GPUS_PER_SERVER_MAX } from '../units.js';
import {
  type Affinity,
  type AffinityColumn,
  affinityCells,
  readAffinity,
} from './nvidia-smi-topo-affinity.js';

/** Longest text, in characters; the matrix of the largest machine known (8 GPUs, 32 NICs) has 10,000. */
const TEXT_LENGTH_MAX = 2 ** 20;
/** Most rows and columns: 16 GPUs and 112 NICs. */
const LABELS_MAX = 128;
/** Longest heading, in characters; Linux allows 64 for an RDMA device. */
const LABEL_LENGTH_MAX = 128;
/** Longest cell of the affinity columns and longest name in the NIC legend. */
const CELL_LENGTH_MAX = 1024;
/** Most NVLinks of a pair; the largest GPU of today has 18. */
const NVLINKS_MAX = 256;

/** What `nvidia-smi topo -m` printed, each quirk of its layout resolved. */
export interface SmiTable {
  /** Headings: GPUs, then NICs, each in the order of the columns. */
  readonly labels: readonly string[];
  readonly gpuCount: number;
  /**
   * `cells[row][column]`, symmetric, `X` on the diagonal, `SYS` for the `SOC` of old drivers. Undefined where
   * the tool printed `NV#` for a pair with a NIC: drivers of the 580 series do so, and it hides the word.
   */
  readonly cells: readonly (readonly (string | undefined)[])[];
  /** One per heading; NIC rows have none. */
  readonly affinities: readonly Affinity[];
  /** Device names by heading, from the NIC legend: `NIC0` to `mlx5_0`. */
  readonly nicNames: ReadonlyMap<string, string>;
  /** The line of each row, from 1. */
  readonly lines: readonly number[];
}

/** Words for a PCIe path. */
const PCIE_WORDS: ReadonlySet<string> = new Set(['PIX', 'PXB', 'PHB', 'NODE', 'SYS', 'SOC']);
/** Words of `nvidia-smi topo -p2p`, which is laid out alike. */
const P2P_WORDS: ReadonlySet<string> = new Set(['OK', 'CNS', 'GNS', 'TNS', 'NS', 'DR', 'U']);

const GPU_LABEL = /^GPU\d{1,4}$/;
/** A first heading that the next may have run into: `GPU0GPU1`; `GPU0:` is prose. */
const GPU_LABEL_FIRST = /^GPU\d[\w.-]*$/;

/**
 * The number of NVLinks that a word stands for.
 *
 * @param word - a cell
 * @returns # of `NV#`; 0 for another word, or for more than any machine has
 */
export function nvlinksOf(word: string | undefined): number {
  if (word === undefined || !/^NV[1-9]\d{0,2}$/.test(word)) return 0;
  const links = Number(word.slice(2));
  return links <= NVLINKS_MAX ? links : 0;
}

/** Whether a word can be a cell of the matrix or of its `-p2p` sister. */
export function isMatrixWord(word: string): boolean {
  return word === 'X' || PCIE_WORDS.has(word) || P2P_WORDS.has(word) || nvlinksOf(word) > 0;
}

/**
 * Reads the text of `nvidia-smi topo -m` as it is pasted into reports: with tabs or spaces, with or without
 * terminal escapes, a shell prompt before and after it, and any of the affinity columns.
 *
 * @param text - what the tool printed
 * @returns headings, words, affinities and NIC names
 * @throws CorralError `invalid-format` with line and column, `limit-exceeded`
 * @complexity O(characters + rows * columns)
 */
export function readSmiTable(text: unknown): SmiTable {
  const lines = linesOf(text);
  const header = findHeader(lines);
  const rows = findRows(lines, header);
  const columns = resolveColumns(header, rows);
  const labels = [
    ...columns.filter((label) => GPU_LABEL.test(label)),
    ...columns.filter((label) => !GPU_LABEL.test(label)),
  ];
  const gpuCount = labels.filter((label) => GPU_LABEL.test(label)).length;
  if (gpuCount > GPUS_PER_SERVER_MAX) {
    throw new CorralError(
      'limit-exceeded',
      ['line', header.line],
      `${gpuCount} GPUs, at most ${GPUS_PER_SERVER_MAX} in one server`,
    );
  }
  const wordsOf = new Map<string, ReadonlyMap<string, string>>();
  const affinityCellsOf = new Map<string, string[]>();
  for (const row of rows.values()) {
    const { words, rest } = cutRow(row, columns);
    wordsOf.set(row.label, words);
    affinityCellsOf.set(row.label, affinityOf(row, rest, header));
  }
  const cellCount = Math.max(...labels.slice(0, gpuCount).map((label) => affinityCellsOf.get(label)!.length));
  return {
    labels,
    gpuCount,
    cells: labels.map((row, i) =>
      labels.map((column, j) =>
        cellOf(
          rows.get(row)!,
          column,
          wordsOf.get(row)!.get(column)!,
          wordsOf.get(column)!.get(row)!,
          i < gpuCount && j < gpuCount,
        ),
      ),
    ),
    affinities: labels.map((label) =>
      readAffinity(header.affinityColumns, affinityCellsOf.get(label)!, cellCount),
    ),
    nicNames: readNicLegend(lines, new Set(labels)),
    lines: labels.map((label) => rows.get(label)!.line),
  };
}

/** Lines without terminal escapes. */
function linesOf(text: unknown): string[] {
  if (typeof text !== 'string') {
    throw new CorralError(
      'invalid-format',
      [],
      `expected the text that nvidia-smi topo -m prints, got ${quote(text)}`,
    );
  }
  if (text.length > TEXT_LENGTH_MAX) {
    throw new CorralError(
      'limit-exceeded',
      [],
      `${text.length} characters, at most ${TEXT_LENGTH_MAX}: give the matrix of one server only`,
    );
  }
  if (text.includes('ROCm System Management') || text.includes('between two GPUs')) {
    throw new CorralError(
      'invalid-format',
      [],
      'this is the output of rocm-smi --showtopo: give the output of nvidia-smi topo -m',
    );
  }
  const plain = text
    .split('\u001b')
    .map((part, i) => (i === 0 ? part : part.replace(/^(?:\[[0-9:;<=>?]*[ -/]*[@-~]|[()][0-9A-Za-z])/, '')))
    .join('')
    // A web form drops the escape character, or spells it ^[, and leaves the rest.
    .replace(/(?:\^\[)?\[\d{1,3}m/g, '')
    .replace(/^\uFEFF/, '');
  return plain.split(/\r\n|\r|\n/);
}

interface Header {
  readonly line: number;
  /** Headings as printed, those that ran together not yet parted. */
  readonly tokens: readonly string[];
  readonly affinityColumns: readonly AffinityColumn[];
}

/** Titles of the affinity columns; their own words may have run together, as in `CPU AffinityNUMA Affinity`. */
const AFFINITY_TITLE =
  /CPU\s{1,8}Affinity|GPU\s{1,8}NUMA\s{1,8}ID|NUMA\s{1,8}Affinity|(?<=\s)NUMA(?:\s{1,8}ID)?(?=\s|$)/g;

function findHeader(lines: readonly string[]): Header {
  for (const [i, content] of lines.entries()) {
    const [first, second] = leadingTokens(content, 2).tokens;
    // A row of the matrix begins with a heading too, but a word follows.
    if (first === undefined || !GPU_LABEL_FIRST.test(first)) continue;
    if (second !== undefined && isMatrixWord(second)) continue;
    const titles = [...content.matchAll(AFFINITY_TITLE)];
    const end = titles[0]?.index ?? content.length;
    const { tokens, rest } = leadingTokens(content.slice(0, end), LABELS_MAX);
    if (rest.trim() !== '') {
      throw new CorralError('limit-exceeded', ['line', i + 1], `more than ${LABELS_MAX} columns`);
    }
    return {
      line: i + 1,
      tokens,
      affinityColumns: titles.map(([title]) => {
        if (title.startsWith('CPU')) return 'cpu';
        return title.startsWith('GPU') ? 'gpu-numa' : 'numa';
      }),
    };
  }
  throw new CorralError(
    'invalid-format',
    [],
    'no line with the headings GPU0 GPU1 …: give the whole output of nvidia-smi topo -m',
  );
}

interface Row {
  readonly line: number;
  readonly label: string;
  readonly content: string;
}

/** The rows of the matrix by heading; other lines (legend, prompt) are passed over. */
function findRows(lines: readonly string[], header: Header): ReadonlyMap<string, Row> {
  const headings = new Set(header.tokens);
  const rows = new Map<string, Row>();
  for (let i = header.line; i < lines.length; i++) {
    const content = lines[i]!;
    const [label, second] = leadingTokens(content, 2).tokens;
    if (label === undefined || second === undefined) continue;
    if (!headings.has(label) && !isMatrixWord(second)) continue;
    const row = { line: i + 1, label, content };
    if (label.length > LABEL_LENGTH_MAX) {
      throw invalid(row, undefined, `a heading of ${label.length} characters, at most ${LABEL_LENGTH_MAX}`);
    }
    if (rows.has(label)) {
      throw invalid(row, undefined, `row ${quote(label)} stands twice: give the matrix of one server only`);
    }
    if (rows.size === LABELS_MAX) {
      throw new CorralError('limit-exceeded', ['line', row.line], `more than ${LABELS_MAX} rows`);
    }
    rows.set(label, row);
  }
  return rows;
}

/** The headings of the columns; where some ran together, the headings of the rows part them. */
function resolveColumns(header: Header, rows: ReadonlyMap<string, Row>): string[] {
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
        throw new CorralError(
          'invalid-format',
          ['line', header.line],
          `no row for column ${quote(token)}: the text may be cut off`,
        );
      }
      columns.push(label);
      at += label.length;
      if (columns.length > LABELS_MAX) {
        throw new CorralError('limit-exceeded', ['line', header.line], `more than ${LABELS_MAX} columns`);
      }
    }
  }
  const seen = new Set<string>();
  for (const label of columns) {
    if (seen.has(label)) {
      throw new CorralError(
        'invalid-format',
        ['line', header.line, label],
        `column ${quote(label)} stands twice in the header`,
      );
    }
    seen.add(label);
  }
  for (const row of rows.values()) {
    if (!seen.has(row.label)) throw invalid(row, undefined, `no column for row ${quote(row.label)}`);
  }
  return columns;
}

/** The matrix cells of a row by column, and what follows them. */
function cutRow(
  row: Row,
  columns: readonly string[],
): { readonly words: ReadonlyMap<string, string>; readonly rest: string } {
  const { tokens, rest } = leadingTokens(row.content, columns.length + 1);
  const words = new Map<string, string>();
  columns.forEach((column, i) => {
    const word = tokens[i + 1];
    if (word === undefined) {
      throw invalid(
        row,
        column,
        `expected ${columns.length} cells, got ${tokens.length - 1}: the line may be cut off`,
      );
    }
    if (P2P_WORDS.has(word)) {
      throw invalid(
        row,
        column,
        `${quote(word)} is a word of nvidia-smi topo -p2p: give the output of nvidia-smi topo -m`,
      );
    }
    if (!isMatrixWord(word)) {
      throw invalid(
        row,
        column,
        `expected X, NV1 … NV${NVLINKS_MAX}, PIX, PXB, PHB, NODE or SYS, got ${quote(word)}`,
      );
    }
    if ((word === 'X') !== (row.label === column)) {
      throw invalid(
        row,
        column,
        word === 'X' ? 'X stands for the device itself' : `expected X, got ${quote(word)}`,
      );
    }
    words.set(column, word === 'SOC' ? 'SYS' : word);
  });
  return { words, rest };
}

function affinityOf(row: Row, rest: string, header: Header): string[] {
  const cells = affinityCells(rest);
  const given = cells.filter((cell) => cell !== '');
  if (given.length > header.affinityColumns.length) {
    throw invalid(
      row,
      undefined,
      `more cells than columns, the first too many is ${quote(given[header.affinityColumns.length])}`,
    );
  }
  if (given.some((cell) => cell.length > CELL_LENGTH_MAX)) {
    throw invalid(row, undefined, `an affinity of more than ${CELL_LENGTH_MAX} characters`);
  }
  return cells;
}

/** The word of a pair, from its two cells. */
function cellOf(
  row: Row,
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
  throw invalid(
    row,
    column,
    `${row.label} to ${column} is ${word}, but ${column} to ${row.label} is ${mirrored}: the matrix must be symmetric`,
  );
}

function readNicLegend(lines: readonly string[], labels: ReadonlySet<string>): ReadonlyMap<string, string> {
  const names = new Map<string, string>();
  const start = lines.findIndex((line) => /^\s{0,64}NIC Legend/.test(line));
  for (let i = start + 1; start !== -1 && i < lines.length; i++) {
    const entry = lines[i]!.trim();
    const colon = entry.indexOf(':');
    const label = entry.slice(0, Math.max(0, colon));
    const name = entry.slice(colon + 1).trim();
    if (!labels.has(label) || name === '') continue;
    if (name.length > CELL_LENGTH_MAX) {
      throw new CorralError(
        'invalid-format',
        ['line', i + 1, label],
        `a name of more than ${CELL_LENGTH_MAX} characters`,
      );
    }
    names.set(label, name);
  }
  return names;
}

/** The first words of a line, at most `count`, and what follows them. */
function leadingTokens(
  content: string,
  count: number,
): { readonly tokens: readonly string[]; readonly rest: string } {
  const tokens: string[] = [];
  const token = /\S+/g;
  let end = 0;
  while (tokens.length < count) {
    const match = token.exec(content);
    if (match === null) break;
    tokens.push(match[0]);
    end = token.lastIndex;
  }
  return { tokens, rest: content.slice(end) };
}

function invalid(row: Row, column: string | undefined, problem: string): CorralError {
  const path = column === undefined ? ['line', row.line] : ['line', row.line, column];
  return new CorralError('invalid-format', path, problem);
}
