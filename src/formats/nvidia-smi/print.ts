import { CorralError, quote } from '../../errors.js';
import { devicesOf } from '../../topology/device-at.js';
import { checkServer } from '../../topology/expected-topology.js';
import { relationMatrix } from '../../topology/relation.js';
import type { Device } from '../../topology/server-document.js';
import type { ServerTopology } from '../../topology/types.js';
import { isMatrixWord } from './words.js';

/** A heading that the tool itself prints for a GPU. */
const GPU_LABEL = /^GPU\d{1,4}$/;
/** An id of a NIC that can be a heading. */
const NIC_LABEL = /^[\w.-]{1,64}$/;

const LEGEND = `
Legend:

  X    = Self
  SYS  = Connection traversing PCIe as well as the SMP interconnect between NUMA nodes (e.g., QPI/UPI)
  NODE = Connection traversing PCIe as well as the interconnect between PCIe Host Bridges within a NUMA node
  PHB  = Connection traversing PCIe as well as a PCIe Host Bridge (typically the CPU)
  PXB  = Connection traversing multiple PCIe bridges (without traversing the PCIe Host Bridge)
  PIX  = Connection traversing at most a single PCIe bridge
  NV#  = Connection traversing a bonded set of # NVLinks
`;

/**
 * Prints the relations of a server as `nvidia-smi topo -m` does, with tabs, legend and NIC legend.
 *
 * Headings are the ids if the tool could print all of them (`GPU0`, `mlx5_0`), else `GPU0`, `GPU1`, … and `NIC0`, `NIC1`,
 * …, with model or id of each NIC in the NIC legend. Documents hold no CPU affinities, so that column is `N/A`; NUMA
 * affinity is `N/A` where the document has none.
 *
 * @param topology - a server topology
 * @returns the text, ending in a line end
 * @throws CorralError `invalid-option` if the server has no GPU, or if a fabric that nvidia-smi has no word
 * for (xGMI, scale-up Ethernet) joins two of its GPUs
 * @complexity O(devices * links)
 * @example
 * ```ts
 * toNvidiaSmiTopo(topology('dgx-h100')); // '\tGPU0\tGPU1\t…'
 * ```
 */
export function toNvidiaSmiTopo(topology: ServerTopology): string {
  checkServer(topology, ['topology']);
  const gpuCount = topology.gpus.length;
  if (gpuCount === 0) {
    throw new CorralError(
      'invalid-option',
      ['topology'],
      `server ${quote(topology.name)} has no GPU: nvidia-smi prints no matrix without one`,
    );
  }
  const { devices, cells } = relationMatrix(topology);
  const labels = labelsOf(topology);
  const lines = [['', ...labels, 'CPU Affinity', 'NUMA Affinity', 'GPU NUMA ID'].join('\t')];
  cells.forEach((row, i) => {
    row.forEach((word, j) => {
      if (isMatrixWord(word)) return;
      throw new CorralError(
        'invalid-option',
        ['topology'],
        `${quote(devices[i])} and ${quote(devices[j])} are ${word}, for which nvidia-smi topo -m has no word: only servers with NVLink and PCIe can be printed`,
      );
    });
    // The tool prints two tabs before the last column, and blank cells for a NIC.
    const affinity = i < gpuCount ? `N/A\t${numaCell(topology, devices[i]!)}\t\tN/A` : '\t\t\t';
    lines.push([labels[i], ...row.map((word) => (word === 'X' ? ' X ' : word)), affinity].join('\t'));
  });
  return `${lines.join('\n')}\n${LEGEND}${nicLegend(topology, labels.slice(gpuCount))}`;
}

function labelsOf({ gpus, nics }: ServerTopology): readonly string[] {
  // If one id cannot be a heading, all devices get numbered headings.
  const areLabels =
    gpus.every((id) => GPU_LABEL.test(id)) &&
    nics.every((id) => NIC_LABEL.test(id) && !isMatrixWord(id) && !/^(?:GPU|CPU|NUMA)/.test(id));
  if (areLabels) return [...gpus, ...nics];
  return [...gpus.map((_, i) => `GPU${i}`), ...nics.map((_, i) => `NIC${i}`)];
}

function numaCell(topology: ServerTopology, id: string): string {
  const numa = String(deviceOf(topology, id).numa ?? 'N/A');
  return /^[\w,./-]{1,64}$/.test(numa) ? numa : 'N/A';
}

function nicLegend(topology: ServerTopology, labels: readonly string[]): string {
  const entries = topology.nics.flatMap((id, i) => {
    const name = (deviceOf(topology, id).model ?? id).replace(/\s+/g, ' ').trim();
    return name === '' || name === labels[i] ? [] : [`  ${labels[i]}: ${name}\n`];
  });
  return entries.length === 0 ? '' : `\nNIC Legend:\n\n${entries.join('')}`;
}

function deviceOf(topology: ServerTopology, id: string): Device {
  return devicesOf(topology).get(id)!;
}
