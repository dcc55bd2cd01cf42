import { quote } from '../../errors.js';
import { invalidFormat, limitExceeded } from '../text/format-errors.js';
import { bareWord } from '../text/terminal-text.js';
import type { AffinityColumn } from './affinity.js';
import { isMatrixRun, isMatrixWord, isP2pWord } from './words.js';

/** Most rows and columns: 16 GPUs and 112 NICs. */
export const LABELS_MAX = 128;
/** Longest heading, in characters; Linux allows 64 for an RDMA device. */
const LABEL_LENGTH_MAX = 128;

/** A heading of a GPU. */
const GPU_LABEL = /^GPU\d{1,4}$/;
/** A first heading, also without a blank before the next: `GPU0GPU1`. `GPU0:` is prose. */
const GPU_LABEL_FIRST = /^GPU\d[\w.-]*$/;

/** Whether a heading is one of a GPU. */
export function isGpuLabel(label: string): boolean {
  return GPU_LABEL.test(label);
}

/** A line of headings. */
export interface SmiHeader {
  /** From 1. */
  readonly line: number;
  /** Headings as printed; those without a blank between them are not split yet. */
  readonly tokens: readonly string[];
  readonly affinityColumns: readonly AffinityColumn[];
}

/** A line of cells. */
export interface SmiRow {
  /** From 1. */
  readonly line: number;
  readonly label: string;
  /** What follows the heading. */
  readonly cells: string;
}

/** The lines of one matrix. */
export interface SmiLines {
  readonly header: SmiHeader;
  /** By heading. */
  readonly rows: ReadonlyMap<string, SmiRow>;
}

/** Titles of the affinity columns, also without a blank between them: `CPU AffinityNUMA Affinity`. */
const AFFINITY_TITLE =
  /CPU\s{1,8}Affinity|GPU\s{1,8}NUMA\s{1,8}ID|NUMA\s{1,8}Affinity|(?<=\s)NUMA(?:\s{1,8}ID)?(?=\s|$)/g;

/**
 * Finds the matrices in a text: each is a line of headings with the rows up to the next such line.
 *
 * Headings and rows may have any prefix: a quotation or diff mark, a time stamp, a host name. In a line of headings every
 * word from the first GPU on is the heading of a row or has a digit. A row is a heading with a cell behind it. Other
 * lines (legend, prompt, prose) are ignored.
 *
 * @param lines - the text
 * @returns matrices in the order of the text, those of `-p2p` too; one or more
 * @throws CorralError `invalid-format` with the line, `limit-exceeded`
 * @complexity O(characters)
 */
export function matricesIn(lines: readonly string[]): SmiLines[] {
  const rowLabels = new Set(lines.flatMap((content) => looseRow(content)?.label ?? []));
  const headers = lines.flatMap((content, i) => headerOf(content, i + 1, rowLabels) ?? []);
  const matrices = headers.map((header, i) => {
    const end = headers[i + 1]?.line ?? lines.length + 1;
    return { header, rows: rowsBetween(lines, header, end) };
  });
  const filled = matrices.filter(({ rows }) => rows.size > 0);
  if (matrices.length === 0) {
    throw invalidFormat(
      [],
      'no line with the headings GPU0 GPU1 …: give the whole output of nvidia-smi topo -m',
    );
  }
  return filled.length === 0 ? matrices.slice(0, 1) : filled;
}

/** Whether a matrix is that of `nvidia-smi topo -p2p`. */
export function isP2p({ rows }: SmiLines): boolean {
  return [...rows.values()].some(({ cells }) => cells.split(/\s+/).some(isP2pWord));
}

interface Token {
  readonly word: string;
  readonly end: number;
}

/** The first words of a line, at most `count`. */
function tokensOf(content: string, count: number): Token[] {
  const tokens: Token[] = [];
  const token = /\S+/g;
  while (tokens.length < count) {
    const word = token.exec(content)?.[0];
    if (word === undefined) break;
    tokens.push({ word, end: token.lastIndex });
  }
  return tokens;
}

/** A row with any heading: the first word that is followed by a cell. */
function looseRow(content: string): { readonly label: string; readonly cells: string } | undefined {
  const tokens = tokensOf(content.slice(0, ROW_START_MAX), ROW_START_MAX);
  const at = tokens.findIndex(({ word }, i) => i > 0 && isMatrixRun(word));
  if (at === -1) return undefined;
  const { word, end } = tokens[at - 1]!;
  return { label: bareWord(word), cells: content.slice(end) };
}

/** The first cell of a row must begin within so many characters, behind prefix and heading. */
const ROW_START_MAX = 2048;

function headerOf(content: string, line: number, rowLabels: ReadonlySet<string>): SmiHeader | undefined {
  if (!content.includes('GPU')) return undefined;
  const titles = [...content.matchAll(AFFINITY_TITLE)];
  const untitled = content.slice(0, titles[0]?.index ?? content.length);
  const prefix = tokensOf(untitled.slice(0, ROW_START_MAX), ROW_START_MAX);
  const first = prefix.findIndex(({ word }) => GPU_LABEL_FIRST.test(bareWord(word)));
  if (first === -1) return undefined;
  const start = first === 0 ? 0 : prefix[first - 1]!.end;
  const words = tokensOf(untitled.slice(start), LABELS_MAX + 1).map(({ word }) => word);
  const headings = [bareWord(words[0]!), ...words.slice(1)];
  // A remark may follow the last heading.
  const remark = headings.findIndex((word) => !/^[\w.:-]+$/.test(word) || /^-+$/.test(word));
  const tokens = remark === -1 ? headings : headings.slice(0, remark);
  // A row of the matrix begins with a heading too, but a cell follows.
  if (tokens[1] !== undefined && isMatrixRun(tokens[1])) return undefined;
  if (!tokens.every((word) => /\d/.test(word) || rowLabels.has(word))) return undefined;
  if (tokens.length > LABELS_MAX) {
    throw limitExceeded(['line', line], `more than ${LABELS_MAX} columns`);
  }
  return {
    line,
    tokens,
    affinityColumns: titles.map(([title]) => {
      if (title.startsWith('CPU')) return 'cpu';
      return title.startsWith('GPU') ? 'gpu-numa' : 'numa';
    }),
  };
}

function rowsBetween(lines: readonly string[], header: SmiHeader, end: number): ReadonlyMap<string, SmiRow> {
  const headings = new Set(header.tokens);
  const rows = new Map<string, SmiRow>();
  for (let line = header.line + 1; line < end; line++) {
    const found = rowOf(lines[line - 1]!, headings);
    if (found === undefined) continue;
    const row = { line, ...found };
    const fail = (problem: string): never => {
      throw invalidFormat(['line', line], problem);
    };
    if (row.label.length > LABEL_LENGTH_MAX) {
      fail(`a heading of ${row.label.length} characters, at most ${LABEL_LENGTH_MAX}`);
    }
    if (rows.has(row.label)) {
      fail(`row ${quote(row.label)} stands twice: give the matrix of one server only`);
    }
    if (rows.size === LABELS_MAX) {
      throw limitExceeded(['line', line], `more than ${LABELS_MAX} rows`);
    }
    rows.set(row.label, row);
  }
  return rows;
}

/** A row: a heading with cells behind it, also without a blank between heading and first cell. */
function rowOf(
  content: string,
  headings: ReadonlySet<string>,
): { readonly label: string; readonly cells: string } | undefined {
  const tokens = tokensOf(content.slice(0, ROW_START_MAX), ROW_START_MAX);
  for (const [i, { word, end }] of tokens.entries()) {
    const label = bareWord(word);
    if (headings.has(label)) {
      const [next, ...others] = tokens.slice(i + 1).map((token) => token.word);
      // A row with one bad word is kept if it has good ones, so that the error names the word.
      const isBad =
        /^[A-Z][A-Z\d]{0,7}$/.test(next ?? '') && !headings.has(next!) && others.some(isMatrixWord);
      if (next !== undefined && (isBad || isMatrixRun(next))) return { label, cells: content.slice(end) };
      continue;
    }
    for (const heading of headings) {
      const cells = label.startsWith(heading) ? label.slice(heading.length) : '';
      if (/^[A-Z]/.test(cells) && isMatrixRun(cells)) {
        return { label: heading, cells: content.slice(end - cells.length) };
      }
    }
  }
  // The heading is joined to others in the line of headings, or has no column. `X = Self` is the legend.
  const loose = looseRow(content);
  if (loose === undefined || headings.has(loose.label) || /^\s*\S+\s*=/.test(loose.cells)) return undefined;
  return /^[A-Za-z_][\w.-]*\d[\w.-]*$/.test(loose.label) || isPartOf(loose.label, headings)
    ? loose
    : undefined;
}

function isPartOf(label: string, headings: ReadonlySet<string>): boolean {
  return /\w/.test(label) && [...headings].some((heading) => heading.includes(label));
}
