import type { Link } from '../../topology/server-document.js';
import { partitionNotes } from '../server/gpu-partitions.js';
import { fittingNotes } from '../server/notes.js';
import { unknownPortsNote } from '../server/port-figures.js';
import type { ServerTree } from './devices.js';
import type { NcclFabric } from './fabric.js';
import { LOC_GBPS } from './figures.js';
import type { NcclXmlOptions } from './options.js';

/** What was assumed or left out while a document was written. */
export interface NcclCounts {
  /** PCIe links whose speed or width is not in the file. */
  assumedPcie: number;
  /** Ports without a speed, for which NCCL's default stands. */
  assumedPorts: number;
  /** Ports whose speed was taken for kb/s. */
  kbpsPorts: number;
  /** Ports that are no PCI devices and were there before. */
  repeatedPorts: number;
  /** NICs whose rate is left out. */
  unknownPorts: number;
}

/**
 * What a reader of the document should know: what was left out, assumed, and what such files never say.
 *
 * @param tree - the devices
 * @param fabric - links between GPUs
 * @param links - links of the document
 * @param counts - what was assumed or left out
 * @param options - what the caller knows
 * @returns sentences
 * @complexity O(links)
 */
export function ncclNotes(
  tree: ServerTree,
  fabric: NcclFabric,
  links: readonly Link[],
  counts: Readonly<NcclCounts>,
  options: NcclXmlOptions,
): string[] {
  const notes = [...tree.notes, ...fabric.notes];
  notes.push('The file does not tell host bridges apart: pairs that nvidia-smi calls NODE are PHB here.');
  if (tree.cpus.length > 1 && options.numaNodesPerSocket === undefined) {
    notes.push('The file does not say which NUMA nodes share a socket: each has one of its own, as in NCCL.');
  }
  if (counts.assumedPcie > 0) {
    notes.push(
      `${counts.assumedPcie} PCIe links state no speed or width that NCCL knows: their source says what was assumed.`,
    );
  }
  if (counts.repeatedPorts > 0) {
    notes.push(
      `${counts.repeatedPorts} repeated ports that are no PCI devices are left out: the file does not say which CPU they are near, so they are below the first.`,
    );
  }
  if (links.some(({ medium, ncclGBps }) => medium === 'socket' && ncclGBps === LOC_GBPS)) {
    notes.push(
      'NCCL does not know these CPUs and takes the links between their sockets for ones that limit nothing: give socketGBps.',
    );
  }
  if (counts.kbpsPorts > 0) {
    notes.push(`The speed of ${counts.kbpsPorts} ports is beyond any: taken to be in kb/s instead of Mb/s.`);
  }
  if (counts.assumedPorts > 0) {
    notes.push(
      `${counts.assumedPorts} ports state no speed: each carries 10 Gb/s, which NCCL assumes. Give portGbps.`,
    );
  }
  if (counts.unknownPorts > 0) notes.push(unknownPortsNote(counts.unknownPorts));
  for (const { cpu } of tree.cpus) {
    if (cpu.affinity !== undefined)
      notes.push(`CPU affinity of NUMA node ${cpu.numa ?? 'unknown'}: ${cpu.affinity}`);
  }
  notes.push(...partitionNotes(tree.gpus.map(({ address }, i) => ({ id: `gpu ${i}`, address }))));
  return fittingNotes(notes);
}
