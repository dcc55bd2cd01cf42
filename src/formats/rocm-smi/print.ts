import { CorralError, quote } from '../../errors.js';
import { devicesOf } from '../../topology/device-at.js';
import { checkServer } from '../../topology/expected-topology.js';
import { relationMatrix } from '../../topology/relation.js';
import type { Device, Link } from '../../topology/server-document.js';
import { serverTopology } from '../../topology/server-topology.js';
import type { ServerTopology } from '../../topology/types.js';
import { hopsBetween } from '../server/components.js';
import { XGMI_HOP_WEIGHT } from './pairs.js';
import { fromRocmSmiTopo } from './rocm-smi-topo.js';

/** A heading that the tool itself prints. */
const GPU_LABEL = /^GPU(?:0|[1-9]\d{0,3})$/;
/** Columns of a line of `====`. */
const WIDTH = 90;
/** Two PCIe segments weigh 20 each; between NUMA nodes their distance is added, 32 on EPYC. */
const PCIE_WEIGHT = { near: 40, far: 72 };

/** One pair as the tool prints it. */
interface PrintedPair {
  readonly type: 'XGMI' | 'PCIE';
  readonly hops: number;
  readonly weight: number;
}

/**
 * Prints the GPUs of a server as `rocm-smi --showtopo` does, with weights, hops, types and NUMA nodes.
 *
 * If pairs of GPUs have several xGMI links, or links of another rate than MI300X, the section of `rocm-smi --shownodesbw`
 * comes first, provided that the document has the line rates. NICs are not printed: the tool shows none.
 *
 * {@link fromRocmSmiTopo} reads the same relations of GPUs from the text, and the same figures where they are those that
 * it assumes. A server whose relations would change is refused.
 *
 * @param topology - a server topology
 * @returns the text, ending in a line end
 * @throws CorralError `invalid-option` if the server has no GPU, or if the relation of two GPUs is one that the
 * tool does not tell apart (`PIX`, `PXB`, `PHB`) or does not know (`NV#`, `SCALEUP`)
 * @complexity O(GPUs * links)
 * @example
 * ```ts
 * toRocmSmiTopo(topology('mi300x-8')); // '\n====… ROCm System Management Interface …====\n…'
 * ```
 */
export function toRocmSmiTopo(topology: ServerTopology): string {
  checkServer(topology, ['topology']);
  const { gpus } = topology;
  if (gpus.length === 0) {
    throw new CorralError(
      'invalid-option',
      ['topology'],
      `server ${quote(topology.name)} has no GPU: rocm-smi prints no matrix without one`,
    );
  }
  const labels = gpus.every((id) => GPU_LABEL.test(id)) ? gpus : gpus.map((_, i) => `GPU${i}`);
  const { cells } = relationMatrix(topology);
  const hops = xgmiHops(topology);
  const pairs = gpus.map((_, a) =>
    gpus.map((__, b) => (a === b ? undefined : pairOf(cells[a]![b]!, hops[a]![b]))),
  );
  const matrix = (title: string, cellOf: (pair: PrintedPair) => string | number): string =>
    section(title, labels, (a, b) => (pairs[a]![b] === undefined ? '0' : String(cellOf(pairs[a]![b]!))));
  const text = [
    `\n${spacer('ROCm System Management Interface')}`,
    bandwidthSection(topology, labels),
    `${matrix('Weight between two GPUs', ({ weight }) => weight)}\n`,
    `${matrix('Hops between two GPUs', (pair) => pair.hops)}\n`,
    `${matrix('Link Type between two GPUs', ({ type }) => type)}\n`,
    spacer('Numa Nodes'),
    ...gpus.map((id, i) => numaLines(labels[i]!.slice(3), devicesOf(topology).get(id)!)),
    spacer('End of ROCm SMI Log'),
  ].join('');
  refuseWhatIsLost(topology, text);
  return text;
}

/** xGMI links on the shortest path between two GPUs; undefined without a path. */
function xgmiHops({ gpus, document }: ServerTopology): (number | undefined)[][] {
  const isGpu = new Set<string>(gpus);
  const pairs = document.links.flatMap(({ medium, between }) =>
    medium === 'xgmi' && between.every((id) => isGpu.has(id)) ? [between] : [],
  );
  return hopsBetween<string>(gpus, pairs);
}

function pairOf(word: string, xgmiHops: number | undefined): PrintedPair {
  // The tool prints 1 hop for xGMI through any number of GPUs.
  if (xgmiHops !== undefined) return { type: 'XGMI', hops: 1, weight: XGMI_HOP_WEIGHT * xgmiHops };
  return word === 'SYS'
    ? { type: 'PCIE', hops: 3, weight: PCIE_WEIGHT.far }
    : { type: 'PCIE', hops: 2, weight: PCIE_WEIGHT.near };
}

/** A line of `====` around a title. */
function spacer(title: string): string {
  const pad = WIDTH - title.length - 2;
  const left = Math.floor(pad / 2);
  return `${'='.repeat(left)} ${title} ${'='.repeat(pad - left)}\n`;
}

function section(title: string, labels: readonly string[], cell: (a: number, b: number) => string): string {
  const row = (head: string, cells: readonly string[]): string =>
    `${head.padEnd(6)} ${cells.map((text) => `${text.padEnd(12)} `).join('')}\n`;
  return [
    spacer(title),
    row('', labels),
    ...labels.map((label, a) =>
      row(
        label,
        labels.map((_, b) => cell(a, b)),
      ),
    ),
  ].join('');
}

/** The section with the line rates of pairs; empty if the reader assumes the same, or if a rate is not known. */
function bandwidthSection({ gpus, document }: ServerTopology, labels: readonly string[]): string {
  const byPair = new Map<string, Link>();
  for (const link of document.links) {
    if (link.medium !== 'xgmi') continue;
    const [a, b] = link.between.map((id) => gpus.indexOf(id)) as [number, number];
    byPair.set(`${Math.min(a, b)} ${Math.max(a, b)}`, link);
  }
  const all = [...byPair.values()];
  if (all.some(({ rawGBps }) => rawGBps === undefined)) return '';
  if (all.every(({ rawGBps, links = 1 }) => links === 1 && rawGBps === DEFAULT_RAW_GBPS)) return '';
  const cell = (a: number, b: number): string => {
    if (a === b) return 'N/A';
    const link = byPair.get(`${Math.min(a, b)} ${Math.max(a, b)}`);
    if (link === undefined) return '0-0';
    const mbps = Math.max(1, Math.round((link.rawGBps! * 1000) / (link.links ?? 1)));
    return `${mbps}-${mbps * (link.links ?? 1)}`;
  };
  return `${section('Bandwidth', labels, cell)}Format: min-max; Units: mps\n"0-0" min-max bandwidth indicates devices are not connected directly\n`;
}

/** One xGMI link of MI300X, which the reader assumes. */
const DEFAULT_RAW_GBPS = 64;

function numaLines(number: string, { numa }: Device): string {
  // The tool prints numbers only; for named nodes the hops tell which GPUs share one.
  if (typeof numa !== 'number') return '';
  const head = `GPU[${number}]\t\t: (Topology) Numa`;
  return `${head} Node: ${numa}\n${head} Affinity: ${numa}\n`;
}

function refuseWhatIsLost(topology: ServerTopology, text: string): void {
  const { gpus } = topology;
  const { cells } = relationMatrix(topology);
  const fail = (a: number, b: number, why: string): never => {
    throw new CorralError(
      'invalid-option',
      ['topology'],
      `${quote(gpus[a])} and ${quote(gpus[b])} are ${cells[a]![b]}, ${why}: only servers with xGMI, NODE and SYS can be printed`,
    );
  };
  for (const a of gpus.keys()) {
    for (const b of gpus.keys()) {
      if (a !== b && !['XGMI', 'NODE', 'SYS'].includes(cells[a]![b]!)) {
        fail(a, b, 'for which rocm-smi has no word');
      }
    }
  }
  // The figures do not matter here; given ones keep the reader from asking for them.
  const read = relationMatrix(
    serverTopology(fromRocmSmiTopo(text, { xgmiGBpsPerLink: 1, xgmiLinks: 1 })),
  ).cells;
  for (const a of gpus.keys()) {
    for (const b of gpus.keys()) {
      if (read[a]![b] !== cells[a]![b]) fail(a, b, `which rocm-smi would show as ${read[a]![b]}`);
    }
  }
}
