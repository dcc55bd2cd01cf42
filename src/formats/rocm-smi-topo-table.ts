import { CorralError, quote } from '../errors.js';
import { GPUS_PER_SERVER_MAX } from '../units.js';
import {
  columnsOf,
  type MatrixDraft,
  matrixOf,
  type RocmMatrix,
  type RocmSection,
  readMatrixLine,
} from './rocm-smi-topo-matrix.js';

/** Longest text, in characters; the output for 16 GPUs has 12,000. */
const TEXT_LENGTH_MAX = 2 ** 20;
/** Highest NUMA node that is one; tools print -1 as 65535 or 4294967295. */
const NUMA_MAX = 65_534;

/** What `rocm-smi --showtopo` printed, each quirk of its layout resolved. */
export interface RocmTable {
  /** Headings `GPU0`, `GPU1`, … in the order of the columns. */
  readonly labels: readonly string[];
  /** The matrices that the text has, each symmetric. */
  readonly matrices: ReadonlyMap<RocmSection, RocmMatrix>;
  /** NUMA node of each GPU, undefined where not known. */
  readonly numa: readonly (number | undefined)[];
  /** Headings whose NUMA affinity is another node than the NUMA node. */
  readonly otherAffinity: readonly string[];
  /** A line of each GPU, from 1, for errors. */
  readonly lines: readonly number[];
}

/**
 * The titles between the `====`; old versions and the C++ sample leave `Link` out. A run of `=` is entered at its
 * start only, or a long one would cost its square.
 */
const TITLES: readonly (readonly [RegExp, RocmSection | 'other'])[] = [
  [/Weight between two GPUs/i, 'weight'],
  [/Hops between two GPUs/i, 'hops'],
  [/Type between two GPUs/i, 'type'],
  [/(?<!=)={3,}\s{0,9}Bandwidth\s{0,9}={3,}/i, 'bandwidth'],
  [/Access(?:ibility)? between two GPUs/i, 'other'],
  [/Numa Nodes/i, 'other'],
  [/(?<!=)={3,}\s{0,9}[A-Za-z][^=]{0,99}={3,}/, 'other'],
];

const NUMA_LINE =
  /GPU\s?\[?(\d{1,4})\]?\s{0,16}:\s{0,16}\(Topology\)\s{1,4}Numa\s{1,4}(Node|Affinity)\s{0,4}:\s{0,4}(\S{1,16})/i;

/**
 * Reads the text of `rocm-smi --showtopo`, or of its parts (`--showtopoweight`, `--shownodesbw`, …), as it
 * is pasted into reports: with terminal escapes, log lines, prefixes and table marks around and between.
 *
 * @param text - what the tool printed
 * @returns headings, matrices, NUMA nodes
 * @throws CorralError `invalid-format` with line and column, `limit-exceeded`
 * @complexity O(characters + GPUs^2)
 */
export function readRocmTable(text: unknown): RocmTable {
  const lines = linesOf(text);
  const drafts = new Map<RocmSection, MatrixDraft>();
  const nodes = new Map<
    string,
    { readonly line: number; node?: number | undefined; affinity?: number | undefined }
  >();
  let open: MatrixDraft | undefined;
  for (const [i, content] of lines.entries()) {
    const title = TITLES.find(([pattern]) => pattern.test(content));
    if (title !== undefined) {
      open = title[1] === 'other' ? undefined : draftOf(drafts, title[1], i + 1);
      continue;
    }
    const match = NUMA_LINE.exec(content);
    if (match !== null) readNuma(nodes, `GPU${Number(match[1])}`, match[2]!, match[3]!, i + 1);
    else if (open !== undefined) readMatrixLine(open, content, i + 1);
  }
  const first = [...drafts.values()][0];
  const labels = first === undefined ? [...nodes.keys()] : columnsOf(first);
  refuseTooFewOrMany(labels, drafts, lines);
  const matrices = new Map([...drafts].map(([section, draft]) => [section, matrixOf(draft, labels, first!)]));
  for (const [label, { line }] of nodes) {
    if (!labels.includes(label)) {
      throw new CorralError(
        'invalid-format',
        ['line', line],
        `${label} has a NUMA node and no column: give the output of one run`,
      );
    }
  }
  return {
    labels,
    matrices,
    numa: labels.map((label) => nodes.get(label)?.node ?? nodes.get(label)?.affinity),
    otherAffinity: labels.filter((label) => {
      const { node, affinity } = nodes.get(label) ?? {};
      return node !== undefined && affinity !== undefined && node !== affinity;
    }),
    lines: labels.map((label) => first?.rows.get(label)?.line ?? nodes.get(label)?.line ?? 1),
  };
}

/** Lines without terminal escapes and marks of tables. */
function linesOf(text: unknown): string[] {
  if (typeof text !== 'string') {
    throw new CorralError(
      'invalid-format',
      [],
      `expected the text that rocm-smi --showtopo prints, got ${quote(text)}`,
    );
  }
  if (text.length > TEXT_LENGTH_MAX) {
    throw new CorralError(
      'limit-exceeded',
      [],
      `${text.length} characters, at most ${TEXT_LENGTH_MAX}: give the topology of one server only`,
    );
  }
  return text
    .split('\u001b')
    .map((part, i) => (i === 0 ? part : part.replace(/^(?:\[[0-9:;<=>?]*[ -/]*[@-~]|[()][0-9A-Za-z])/, '')))
    .join('')
    .replace(/(?:\^\[)?\[\d{1,3}m/g, '')
    .replace(/[|*`\uFEFF]/g, ' ')
    .split(/\r\n|\r|\n/);
}

function draftOf(drafts: Map<RocmSection, MatrixDraft>, section: RocmSection, line: number): MatrixDraft {
  if (drafts.has(section)) {
    throw new CorralError(
      'invalid-format',
      ['line', line],
      `the ${section} matrix stands twice: give the output of one server and one run`,
    );
  }
  const draft: MatrixDraft = { section, line, columns: undefined, rows: new Map() };
  drafts.set(section, draft);
  return draft;
}

/** NUMA numbers of a GPU; -1 and the like stand for none. */
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
    throw new CorralError(
      'invalid-format',
      ['line', line],
      `expected the number of a NUMA node, got ${quote(value)}`,
    );
  }
  const key = kind.toLowerCase() === 'node' ? 'node' : 'affinity';
  if (key in entry) {
    throw new CorralError(
      'invalid-format',
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
): void {
  if (labels.length === 0) {
    throw new CorralError('invalid-format', [], whatElse(lines));
  }
  if (drafts.size === 0 && labels.length > 1) {
    throw new CorralError(
      'invalid-format',
      [],
      'NUMA nodes but no matrix, so nothing says how the GPUs are linked: give the output of rocm-smi --showtopo',
    );
  }
  if (labels.length > GPUS_PER_SERVER_MAX) {
    throw new CorralError(
      'limit-exceeded',
      [],
      `${labels.length} GPUs, at most ${GPUS_PER_SERVER_MAX} in one server: describe a larger domain as a tier of servers`,
    );
  }
}

/** Why a text without any matrix is refused. */
function whatElse(lines: readonly string[]): string {
  const has = (pattern: RegExp): boolean => lines.some((line) => pattern.test(line));
  const want = 'give the output of rocm-smi --showtopo';
  if (has(/^\s{0,16}\{/)) return `this looks like JSON: ${want}, without --json`;
  if (has(/(?:WEIGHT|HOPS|LINK TYPE|ACCESS) TABLE/)) return `this is the output of amd-smi topology: ${want}`;
  if (has(/CPU Affinity|\sNV\d+\s|\sPIX\s|\sSYS\s/))
    return `this is the output of nvidia-smi topo -m: ${want}`;
  return `no matrix "Weight between two GPUs", "Hops between two GPUs" or "Link Type between two GPUs": ${want}`;
}
