import type { Device, ServerDocument } from '../../topology/server-document.js';
import { SOCKETS } from '../server/constants.js';
import { assumedHostFigures } from '../server/link-figures.js';
import { listed, partitionNotes } from '../server/notes.js';
import { type Location, ServerWriter, sharedSocketOf } from '../server/server-writer.js';
import { refuseOtherPairs } from '../server/xgmi-links.js';
import type { RocmSmiTopoOptions } from './options.js';
import { hasBandwidths, type RocmPair } from './pairs.js';
import type { RocmNode } from './places.js';
import { COMMANDS, type RocmTable } from './table.js';
import { ASSUMED, xgmiFigures } from './xgmi-figures.js';

/**
 * Writes the server document of the matrices: every GPU has a host bridge of its own in its NUMA node, NUMA nodes hang on
 * sockets, all sockets are joined pairwise, and xGMI neighbours are joined by a link.
 *
 * @param table - what the tool printed
 * @param pairs - how the GPUs are joined, see `pairsOf`
 * @param nodes - which GPUs share a NUMA node, see `nodesOf`
 * @param options - what the text does not say
 * @returns the document; GPUs have the headings of the matrices as ids
 * @throws CorralError `invalid-option` where a figure of xGMI is not known
 * @complexity O(GPUs^2)
 */
export function writeRocmDocument(
  table: RocmTable,
  pairs: readonly (readonly RocmPair[])[],
  nodes: readonly RocmNode[],
  options: RocmSmiTopoOptions,
): ServerDocument {
  refuseOtherPairs(options.xgmiLinks, table.labels);
  const { pcie, onPackage, socket: between } = assumedHostFigures(options, SOCKETS.amd, ASSUMED);
  const xgmi = xgmiFigures(options, pairs);
  const writer = new ServerWriter(table.labels);
  const locations = new Map<number, Location>();
  const model = options.gpuModel ?? 'unknown';
  nodes.forEach(({ numa, gpus }, i) => {
    const perSocket = options.numaNodesPerSocket;
    const socket = perSocket === undefined ? i : sharedSocketOf(numa, perSocket, i);
    const socketId = writer.socket(socket, between);
    const location = { ...(numa !== undefined && { numa }), socket };
    const id = writer.numaNode(numa ?? `-unknown${i}`, location);
    writer.link(socketId, id, onPackage);
    for (const gpu of gpus) {
      locations.set(gpu, location);
      writer.link(id, table.labels[gpu]!, pcie);
    }
  });
  pairs.forEach((row, a) => {
    row.forEach((pair, b) => {
      if (a >= b || pair.kind !== 'xgmi') return;
      const [from, to] = [table.labels[a]!, table.labels[b]!];
      writer.link(from, to, xgmi(pair, from, to));
    });
  });
  const gpus = table.labels.map(
    (id, i): Device => ({ id, kind: 'gpu', ...locations.get(i)!, hostBridge: `hb${i}`, model }),
  );
  return writer.document(options, {
    name: table.tool === 'rocm-smi' ? 'rocm-smi-topo' : 'amd-smi-topology',
    title: `server with ${table.labels.length} GPUs, read from ${table.tool}`,
    gpuModel: model,
    devices: [...gpus, ...writer.hosts],
    confidence: 'matrix',
    source: `output of ${COMMANDS[table.tool]}`,
    notes: notesOf(table, pairs, options),
  });
}

function notesOf(
  table: RocmTable,
  pairs: readonly (readonly RocmPair[])[],
  options: RocmSmiTopoOptions,
): string[] {
  const notes = ['The text shows GPUs only: add NICs, with portGBps, and PCIe switches where you know them.'];
  const kinds = new Set(pairs.flat().map(({ kind }) => kind));
  if (kinds.has('xgmi-indirect')) {
    const indirect = pairs.flatMap((row, a) =>
      row.flatMap(({ kind }, b) =>
        a < b && kind === 'xgmi-indirect' ? [`${table.labels[a]}-${table.labels[b]}`] : [],
      ),
    );
    notes.push(`xGMI over other GPUs, no link of their own: ${listed(indirect)}`);
  }
  if (kinds.has('xgmi')) {
    if (!hasBandwidths(table) && options.xgmiLinks === undefined) {
      notes.push(
        'The text does not say how many xGMI links a pair has; rocm-smi --shownodesbw and amd-smi topology do, outside virtual machines.',
      );
    }
    if (!hasBandwidths(table) && !table.matrices.has('weight')) {
      notes.push('Without weights all pairs of type XGMI count as neighbours, also those over other GPUs.');
    }
  }
  if (table.otherAffinity.length > 0) {
    notes.push(
      `NUMA affinity is another node than the NUMA node, which is used, for ${listed(table.otherAffinity)}`,
    );
  }
  if (table.addresses.length > 0) {
    notes.push(
      `PCI addresses: ${table.addresses.map((address, i) => `${table.labels[i]} ${address}`).join(', ')}`,
    );
  }
  notes.push(...partitionNotes(table.addresses.map((address, i) => ({ id: table.labels[i]!, address }))));
  return notes;
}
