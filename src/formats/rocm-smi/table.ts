import { quote } from '../../errors.js';
import { refuseTooManyGpus } from '../server/limits.js';
import { invalidFormat } from '../text/format-errors.js';
import { pastedLines } from '../text/terminal-text.js';
import {
  columnsOf,
  type MatrixDraft,
  matrixOf,
  type RocmMatrix,
  type RocmSection,
  readMatrixLine,
} from './matrix.js';

/** Longest text, in characters; the output for 16 GPUs has 12,000. */
const TEXT_LENGTH_MAX = 2 ** 20;
/** Highest NUMA node that is one; tools print -1 as 65535 or 4294967295. */
const NUMA_MAX = 65_534;

/** The tools that print matrices: `rocm-smi --showtopo` and `amd-smi topology`. */
export type RocmTool = 'rocm-smi' | 'amd-smi';

/** The content of the output of a tool, independent of its layout. */
export interface RocmTable {
  readonly tool: RocmTool;
  /** Headings `GPU0`, `GPU1`, … in the order of the columns; amd-smi has addresses, which are numbered here. */
  readonly labels: readonly string[];
  /** PCI addresses of the GPUs, in the same order; none where the tool prints none. */
  readonly addresses: readonly string[];
  /** The matrices that the text has, each symmetric. */
  readonly matrices: ReadonlyMap<RocmSection, RocmMatrix>;
  /** NUMA node of each GPU, undefined where not known. */
  readonly numa: readonly (number | undefined)[];
  /** Headings whose NUMA affinity is another node than the NUMA node. */
  readonly otherAffinity: readonly string[];
  /** A line of each GPU, from 1, for errors. */
  readonly lines: readonly number[];
}

type Titles = readonly (readonly [RegExp, RocmSection | 'other'])[];

/**
 * The titles of rocm-smi between the `====`; old versions and the C++ sample leave `Link` out. A run of `=` is matched from
 * its start only, otherwise a long run takes quadratic time.
 */
const ROCM_TITLES: Titles = [
  [/Weight between two GPUs/i, 'weight'],
  [/Hops between two GPUs/i, 'hops'],
  [/Type between two GPUs/i, 'type'],
  [/(?<!=)={3,}\s{0,9}Bandwidth\s{0,9}={3,}/i, 'bandwidth'],
  [/Access(?:ibility)? between two GPUs/i, 'other'],
  [/Numa Nodes/i, 'other'],
  [/(?<!=)={3,}\s{0,9}[A-Za-z][^=]{0,99}={3,}/, 'other'],
];
/** The titles of amd-smi; later versions add more tables. */
const AMD_TITLES: Titles = [
  [/\bWEIGHT TABLE\b/, 'weight'],
  [/\bHOPS TABLE\b/, 'hops'],
  [/\bLINK TYPE TABLE\b/, 'type'],
  [/\bNUMA BW TABLE\b/, 'bandwidth'],
  [/\b[A-Z]{3,20} TABLE\b|^\s*Legend:/, 'other'],
];
const TITLES: Readonly<Record<RocmTool, Titles>> = { 'rocm-smi': ROCM_TITLES, 'amd-smi': AMD_TITLES };

const NUMA_LINE =
  /GPU\s?\[?(\d{1,4})\]?\s{0,16}:\s{0,16}\(Topology\)\s{1,4}Numa\s{1,4}(Node|Affinity)\s{0,4}:\s{0,4}(\S{1,16})/i;

/**
 * Reads the text of `rocm-smi --showtopo` or `amd-smi topology`, or of their parts (`--showtopoweight`, `--shownodesbw`, …),
 * also pasted into a report with terminal escapes, log lines, prefixes and table borders. If the text has the tables of
 * both tools, those of one are read.
 *
 * @param text - what the tool printed
 * @param preferred - whose tables to read where the text has both
 * @returns headings, matrices, NUMA nodes
 * @throws CorralError `invalid-format` with line and column, `limit-exceeded`
 * @complexity O(characters + GPUs^2)
 */
export function readRocmTable(text: unknown, preferred: RocmTool): RocmTable {
  const lines = pastedLines(text, {
    what: `the text that ${COMMANDS[preferred]} prints`,
    lengthMax: TEXT_LENGTH_MAX,
    remedy: 'give the topology of one server only',
  });
  const tool = toolOf(lines, preferred);
  const drafts = new Map<RocmSection, MatrixDraft>();
  const nodes = new Map<
    string,
    { readonly line: number; node?: number | undefined; affinity?: number | undefined }
  >();
  let open: MatrixDraft | undefined;
  for (const [i, content] of lines.entries()) {
    const title = TITLES[tool].find(([pattern]) => pattern.test(content));
    if (title !== undefined) {
      open = title[1] === 'other' ? undefined : draftOf(drafts, title[1], i + 1);
      continue;
    }
    if (TITLES[OTHER[tool]].some(([pattern]) => pattern.test(content))) open = undefined;
    const match = NUMA_LINE.exec(content);
    if (match !== null) readNuma(nodes, `GPU${Number(match[1])}`, match[2]!, match[3]!, i + 1);
    else if (open !== undefined) readMatrixLine(open, content, i + 1);
  }
  const first = [...drafts.values()][0];
  const headings = first === undefined ? [...nodes.keys()] : columnsOf(first);
  refuseTooFewOrMany(headings, drafts, lines, preferred);
  const matrices = new Map(
    [...drafts].map(([section, draft]) => [section, matrixOf(draft, headings, first!)]),
  );
  const labels = tool === 'amd-smi' ? headings.map((_, i) => `GPU${i}`) : headings;
  for (const [label, { line }] of nodes) {
    if (!labels.includes(label)) {
      throw invalidFormat(
        ['line', line],
        `${label} has a NUMA node and no column: give the output of one run`,
      );
    }
  }
  return {
    tool,
    labels,
    addresses: tool === 'amd-smi' ? headings : [],
    matrices,
    numa: labels.map((label) => nodes.get(label)?.node ?? nodes.get(label)?.affinity),
    otherAffinity: labels.filter((label) => {
      const { node, affinity } = nodes.get(label) ?? {};
      return node !== undefined && affinity !== undefined && node !== affinity;
    }),
    lines: headings.map((heading) => first?.rows.get(heading)?.line ?? nodes.get(heading)?.line ?? 1),
  };
}

/** The command line of each tool. */
export const COMMANDS: Readonly<Record<RocmTool, string>> = {
  'rocm-smi': 'rocm-smi --showtopo',
  'amd-smi': 'amd-smi topology',
};
const OTHER: Readonly<Record<RocmTool, RocmTool>> = { 'rocm-smi': 'amd-smi', 'amd-smi': 'rocm-smi' };

/** The tool whose tables a text has. */
function toolOf(lines: readonly string[], preferred: RocmTool): RocmTool {
  const has = (tool: RocmTool): boolean =>
    lines.some((line) =>
      TITLES[tool].some(([pattern, section]) => section !== 'other' && pattern.test(line)),
    );
  return !has(preferred) && has(OTHER[preferred]) ? OTHER[preferred] : preferred;
}

function draftOf(drafts: Map<RocmSection, MatrixDraft>, section: RocmSection, line: number): MatrixDraft {
  if (drafts.has(section)) {
    throw invalidFormat(
      ['line', line],
      `the ${section} matrix stands twice: give the output of one server and one run`,
    );
  }
  const draft: MatrixDraft = { section, line, columns: undefined, rows: new Map() };
  drafts.set(section, draft);
  return draft;
}

/** Reads the NUMA node or affinity of a GPU; -1 and numbers out of range mean none. */
function readNuma(
  nodes: Map<string, { readonly line: number; node?: number | undefined; affinity?: number | undefined }>,
  label: string,
  kind: string,
  value: string,
  line: number,
): void {
  const entry = nodes.get(label) ?? { line };
  nodes.set(label, entry);
  if (!/^-?\d+$|^N\/?A$|^UNKNOWN$/i.test(value)) {
    throw invalidFormat(['line', line], `expected the number of a NUMA node, got ${quote(value)}`);
  }
  const key = kind.toLowerCase() === 'node' ? 'node' : 'affinity';
  if (key in entry) {
    throw invalidFormat(
      ['line', line],
      `the NUMA ${key} of ${label} stands twice: give the output of one server and one run`,
    );
  }
  const number = Number(value);
  entry[key] = Number.isInteger(number) && number >= 0 && number <= NUMA_MAX ? number : undefined;
}

function refuseTooFewOrMany(
  labels: readonly string[],
  drafts: ReadonlyMap<RocmSection, MatrixDraft>,
  lines: readonly string[],
  tool: RocmTool,
): void {
  if (labels.length === 0) {
    throw invalidFormat([], whatElse(lines, tool));
  }
  if (drafts.size === 0 && labels.length > 1) {
    throw invalidFormat(
      [],
      'NUMA nodes but no matrix, so nothing says how the GPUs are linked: give the output of rocm-smi --showtopo',
    );
  }
  refuseTooManyGpus(labels.length, []);
}

/** The message for a text without a matrix. */
function whatElse(lines: readonly string[], tool: RocmTool): string {
  const has = (pattern: RegExp): boolean => lines.some((line) => pattern.test(line));
  const want = `give the output of ${COMMANDS[tool]}`;
  if (has(/^\s{0,16}[[{]/)) return `this looks like JSON: ${want}, without --json`;
  if (has(/CPU Affinity|\sNV\d+\s|\sPIX\s|\sSYS\s/))
    return `this is the output of nvidia-smi topo -m: use fromNvidiaSmiTopo, or ${want}`;
  const titles =
    tool === 'rocm-smi'
      ? '"Weight between two GPUs", "Hops between two GPUs" or "Link Type between two GPUs"'
      : '"WEIGHT TABLE", "HOPS TABLE" or "LINK TYPE TABLE"';
  return `no matrix ${titles}: ${want}`;
}
