/** The columns to the right of the matrix. */
export type AffinityColumn = 'cpu' | 'numa' | 'gpu-numa';

/** The cells to the right of the matrix for one device, as printed. */
export interface Affinity {
  /** CPUs near the device: `0-55,112-167`. */
  readonly cpu?: string;
  /** NUMA nodes near the device: `0`, `0-1`, or on Grace `0,2-17`. */
  readonly numa?: string;
}

/** Most digits of a CPU or NUMA number. */
const NUMBER_DIGITS_MAX = 5;
/** Longest CPU list that is searched for a NUMA list at its end. */
const MERGED_LENGTH_MAX = 1024;
/** Longest NUMA list at the end of a CPU list. */
const NUMA_LENGTH_MAX = 64;

/** A cell of the affinity columns; anything else behind the last cell is a remark. */
const CELL = /^(?:[\d,-]+|N\/A)$/i;

/**
 * Splits the text behind the matrix cells of a row into the cells of the affinity columns.
 *
 * A blank cell is seen between tabs only, not between spaces. A remark (`<- the slow one`) ends the cells.
 *
 * @param rest - the row behind its last matrix cell
 * @returns the cells from the left, blank ones as '', and what stands behind them
 * @complexity O(characters)
 */
export function affinityCells(rest: string): { readonly cells: readonly string[]; readonly remark: string } {
  // '0-15, 32-47' is one list.
  const text = rest.replace(/,\s/g, ',');
  const parts = text.includes('\t')
    ? text
        .replace(/^\s*?\t/, '')
        .split('\t')
        .map((part) => part.trim())
    : text.split(/\s+/).filter((part) => part !== '');
  const cells: string[] = [];
  for (const [i, part] of parts.entries()) {
    const words = part.split(/\s+/);
    for (const [j, word] of words.entries()) {
      if (word !== '' && !CELL.test(word)) {
        return { cells, remark: [words.slice(j), parts.slice(i + 1)].flat().join(' ') };
      }
      cells.push(word);
    }
  }
  return { cells, remark: '' };
}

/**
 * Reads the affinity cells of one row.
 *
 * After a wide CPU list the tool prints no blank before the NUMA column: `0-45,92-1370` is CPUs 0-45,92-137 and NUMA node
 * 0. Such a cell is split if the NUMA cell is missing and only the split list is regular ({@link isRegular}) or has
 * ascending numbers, or if other rows have one cell more.
 *
 * @param columns - the affinity columns of the header, from the left
 * @param cells - the cells of the row, see {@link affinityCells}
 * @param cellCount - the most cells that any GPU row of the text has
 * @returns CPU and NUMA lists; absent where blank, `N/A` or not printed
 * @complexity O(length of the CPU list), at most {@link NUMA_LENGTH_MAX} times
 */
export function readAffinity(
  columns: readonly AffinityColumn[],
  cells: readonly string[],
  cellCount: number,
): Affinity {
  const cpuAt = columns.indexOf('cpu');
  const numaAt = columns.indexOf('numa');
  const cpu = known(cells[cpuAt]);
  const numa = known(cells[numaAt]);
  const fewer = cells.length < cellCount;
  if (cpu !== undefined && numaAt === cpuAt + 1 && (numa === undefined || fewer)) {
    const parted = partMerged(cpu, fewer);
    if (parted !== undefined) return parted;
  }
  return { ...(cpu !== undefined && { cpu }), ...(numa !== undefined && { numa }) };
}

function known(cell: string | undefined): string | undefined {
  return cell === undefined || cell === '' || cell.toUpperCase() === 'N/A' ? undefined : cell;
}

/** A cell split into CPU list and NUMA list; undefined where nothing shows that it holds both. */
function partMerged(cell: string, isMerged: boolean): Required<Affinity> | undefined {
  if (cell.length > MERGED_LENGTH_MAX) return undefined;
  const whole = parseRanges(cell);
  if (whole !== undefined && isRegular(whole)) return undefined;
  let shortest: Required<Affinity> | undefined;
  for (let at = cell.length - 1; at >= Math.max(1, cell.length - NUMA_LENGTH_MAX); at--) {
    const cpu = cell.slice(0, at);
    const numa = cell.slice(at);
    const cpus = parseRanges(cpu);
    if (cpus === undefined || parseRanges(numa) === undefined) continue;
    if (isRegular(cpus)) return { cpu, numa };
    shortest ??= { cpu, numa };
  }
  return isMerged || whole === undefined ? shortest : undefined;
}

export type Range = readonly [from: number, to: number];

const RANGE = new RegExp(
  `^(0|[1-9]\\d{0,${NUMBER_DIGITS_MAX - 1}})(?:-([1-9]\\d{0,${NUMBER_DIGITS_MAX - 1}}))?$`,
);

/** `0-45,92-137` as ranges, or `undefined` unless its numbers ascend. */
export function parseRanges(list: string): Range[] | undefined {
  const ranges: Range[] = [];
  let last = -1;
  for (const part of list.split(',')) {
    const match = RANGE.exec(part);
    if (match === null) return undefined;
    const from = Number(match[1]);
    const to = match[2] === undefined ? from : Number(match[2]);
    if (from <= last || (match[2] !== undefined && to <= from)) return undefined;
    ranges.push([from, to]);
    last = to;
  }
  return ranges;
}

/**
 * Whether the last entries of a list have one pattern: two ranges of equal length (first and second threads of the same
 * cores), or single CPUs a constant step apart (sockets alternate).
 */
function isRegular(ranges: readonly Range[]): boolean {
  const [first, second, third] = ranges.slice(-3).reverse();
  if (first === undefined || second === undefined) return false;
  const length = second[1] - second[0];
  if (first[1] - first[0] !== length) return false;
  return length > 0 || (third !== undefined && first[0] - second[0] === second[0] - third[0]);
}

/**
 * The NUMA node of a NUMA list: the number 0 for `0`; the first for `0,2-17` (on Grace the CPU's node comes first, then
 * those of GPU memory); the text itself for `0-1`, because the tool prefers neither.
 *
 * @param numa - a NUMA list as printed
 * @returns a number, or a name
 */
export function numaOf(numa: string): number | string {
  const first = numa.split(',')[0]!;
  if (!/^\d{1,9}$/.test(first)) return first === '' ? numa : first;
  return Number(first);
}
