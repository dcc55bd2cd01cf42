import { XGMI_LINKS_MAX } from '../server/import-options.js';
import { invalidFormat } from '../text/format-errors.js';
import type { RocmSection } from './matrix.js';
import type { RocmTable } from './table.js';

/** How two GPUs are joined, as far as the text tells. */
export interface RocmPair {
  /**
   * `xgmi`: direct xGMI links; `xgmi-indirect`: xGMI through other GPUs; `near`: PCIe inside one NUMA node; `far`: PCIe
   * between NUMA nodes; `unknown`: the text does not tell.
   */
  readonly kind: 'xgmi' | 'xgmi-indirect' | 'near' | 'far' | 'unknown';
  /** xGMI links of the pair, where the text tells. */
  readonly links?: number;
  /** Line rate of all of them, GB/s per direction, where the text tells. */
  readonly rawGBps?: number;
}

/** The weight of one xGMI hop in the kernel driver (amdkfd). */
export const XGMI_HOP_WEIGHT = 15;
/** The least weight of PCIe: two segments of 20. */
const PCIE_WEIGHT_MIN = 40;
/** The weight of three xGMI hops, as between the farthest GPUs of an MI250X server. */
const XGMI_WEIGHT_FAR = 45;

/**
 * Reads the matrices pair by pair.
 *
 * - The kind of link is the cell of the type matrix. Without that matrix, 1 hop is xGMI and more hops are PCIe. Without
 *   hops, the weight decides: below 40, or 45, is xGMI.
 * - The tool prints 1 hop for xGMI through any number of GPUs. Only the bandwidth matrix (0-0 between GPUs that are not
 *   neighbours) or the weight (15 for each link on the way) tells that two GPUs have no direct links. Without both, all
 *   xGMI pairs count as neighbours.
 * - PCIe of 2 hops, or of weight 40, is inside one NUMA node; of 3 hops, or of a larger weight, between two.
 * - The bandwidth matrix holds the line rate of one link and of all: 50000-200000 is four links. Where all its
 *   cells are 0-0, as in virtual machines, it says nothing.
 *
 * @param table - what the tool printed
 * @returns `pairs[a][b]`, symmetric; the diagonal is `unknown`
 * @throws CorralError `invalid-format` if two matrices contradict each other
 * @complexity O(GPUs^2)
 * @see ROCm/rocm-systems, projects/amdsmi/docs/how-to/amdsmi-cli-tool.md, on hops and weights
 */
export function pairsOf(table: RocmTable): readonly (readonly RocmPair[])[] {
  const known = hasBandwidths(table) ? table : withoutBandwidths(table);
  return table.labels.map((_, a) =>
    table.labels.map((__, b) => (a === b ? { kind: 'unknown' } : pairOf(known, a, b))),
  );
}

/** Whether a bandwidth matrix says anything. */
export function hasBandwidths({ matrices }: RocmTable): boolean {
  return (
    matrices
      .get('bandwidth')
      ?.flat()
      .some((cell) => cell !== undefined && cell !== '0-0') ?? false
  );
}

function withoutBandwidths(table: RocmTable): RocmTable {
  return { ...table, matrices: new Map([...table.matrices].filter(([section]) => section !== 'bandwidth')) };
}

function pairOf(table: RocmTable, a: number, b: number): RocmPair {
  const cell = (section: RocmSection): string | undefined => table.matrices.get(section)?.[a]?.[b];
  const weight = numberOf(cell('weight'));
  const hops = numberOf(cell('hops'));
  const bandwidth = cell('bandwidth');
  switch (mediumOf(cell('type'), hops, weight, bandwidth)) {
    case 'XGMI': {
      if (bandwidth !== undefined)
        return bandwidth === '0-0' ? { kind: 'xgmi-indirect' } : measured(bandwidth);
      const links = weight === undefined ? (hops ?? 1) : Math.round(weight / XGMI_HOP_WEIGHT);
      return { kind: links > 1 ? 'xgmi-indirect' : 'xgmi' };
    }
    case 'PCIE':
      if (hops === 1) {
        throw invalidFormat(
          ['line', table.lines[a]!, table.labels[b]!],
          `${table.labels[a]} and ${table.labels[b]} are PCIE and one hop apart, which the tool prints for xGMI only: check these cells`,
        );
      }
      if (hops !== undefined) return { kind: hops === 2 ? 'near' : 'far' };
      // Two segments of PCIe weigh 40; the way between NUMA nodes adds to it.
      if (weight !== undefined) return { kind: weight > PCIE_WEIGHT_MIN ? 'far' : 'near' };
      return { kind: 'unknown' };
    default:
      return { kind: 'unknown' };
  }
}

function numberOf(cell: string | undefined): number | undefined {
  return cell === undefined ? undefined : Number(cell);
}

function mediumOf(
  type: string | undefined,
  hops: number | undefined,
  weight: number | undefined,
  bandwidth: string | undefined,
): string | undefined {
  if (type !== undefined) return type;
  if (hops !== undefined) return hops === 1 ? 'XGMI' : 'PCIE';
  if (bandwidth !== undefined && bandwidth !== '0-0') return 'XGMI';
  if (weight === undefined) return undefined;
  return weight < PCIE_WEIGHT_MIN || weight === XGMI_WEIGHT_FAR ? 'XGMI' : 'PCIE';
}

/** A pair with a cell `min-max`, the MB/s of one link and of all links. */
function measured(cell: string): RocmPair {
  const [one, all] = cell.split('-').map(Number) as [number, number];
  const links = all / one;
  const rawGBps = all / 1000;
  return Number.isInteger(links) && links <= XGMI_LINKS_MAX
    ? { kind: 'xgmi', links, rawGBps }
    : { kind: 'xgmi', rawGBps };
}
