import type { Device, ServerDocument } from '../../topology/server-document.js';
import { NVLINK_GENERATIONS, RAW_SHARE, SOCKETS } from '../server/constants.js';
import { groupedBy } from '../server/grouped.js';
import { refuseTooMany, SOCKETS_MAX } from '../server/limits.js';
import {
  assumedHostFigures,
  basisSource,
  type HostFigures,
  type LinkFigures,
  portOfCaller,
  rounded,
} from '../server/link-figures.js';
import { listed, unknownPortNotes } from '../server/notes.js';
import { type Location, ServerWriter, sharedSocketOf } from '../server/server-writer.js';
import { numaOf } from './affinity.js';
import { nvlinksOfTable } from './nvlink.js';
import type { NvidiaSmiTopoOptions } from './options.js';
import type { BridgeGroup, NumaGroup, PortGroup } from './places.js';
import type { SmiTable } from './table.js';

/** Longest NUMA name that becomes part of an id, in characters. */
const NUMA_ID_LENGTH_MAX = 64;
/** The generation of NVLink that is assumed: that of H100. */
const NVLINK_ASSUMED = NVLINK_GENERATIONS.find(({ name }) => name === 'H100')!;
/** How the source of every link begins: the text has no figures. */
const ASSUMED = 'assumed, not in nvidia-smi topo -m';

/**
 * Writes the server document of a matrix.
 *
 * Each group becomes a device or a name: a NUMA node per `NODE` group, a `hostBridge` name per `PHB` group, a PCIe switch
 * per `PXB` group, and below it a switch per `PIX` group of two or more. If several devices hang on the upper switch
 * alone, they are `PXB` of each other, so that switch gets two levels. Every NUMA node has a socket of its own unless
 * the caller says otherwise, and all sockets are joined pairwise. A NUMA node that `SYS` splits becomes several NUMA
 * devices of one socket.
 *
 * @param table - the matrix
 * @param places - the groups of its devices, see {@link placesOf}
 * @param options - what the text does not say
 * @returns the document; GPUs and NICs have the headings of the matrix as ids, except that a NIC called like a
 * member of every JavaScript object (`constructor`, `__proto__`) has `.nic` appended
 * @throws CorralError `limit-exceeded` beyond {@link NUMA_NODES_MAX} NUMA nodes
 * @complexity O(devices^2)
 */
export function writeDocument(
  table: SmiTable,
  places: readonly NumaGroup[],
  options: NvidiaSmiTopoOptions,
): ServerDocument {
  refuseTooMany('NUMA nodes', places.length, SOCKETS_MAX);
  return new DocumentWriter(table, options).document(places);
}

class DocumentWriter {
  readonly #table: SmiTable;
  readonly #options: NvidiaSmiTopoOptions;
  readonly #figures: HostFigures;
  readonly #writer: ServerWriter;
  /** Id of the device of each heading. */
  readonly #deviceIds: readonly string[];
  /** Location of the device of each heading. */
  readonly #locations: Location[] = [];
  #bridgeCount = 0;

  constructor(table: SmiTable, options: NvidiaSmiTopoOptions) {
    this.#table = table;
    this.#options = options;
    this.#figures = assumedHostFigures(options, SOCKETS.sapphireRapids, ASSUMED);
    // Inferred devices must not have the id of a heading.
    this.#writer = new ServerWriter(table.labels);
    this.#deviceIds = table.labels.map((label) =>
      label in Object.prototype ? this.#writer.freshId(label) : label,
    );
  }

  #writeHosts(places: readonly NumaGroup[]): void {
    for (const [i, node] of places.entries()) {
      const numa = this.#numaOf(node.bridges.flat(3));
      const socket = this.#socketOf(numa, places, i);
      const socketId = this.#writer.socket(socket, this.#figures.socket);
      const location = { ...(numa !== undefined && { numa }), socket };
      const name = String(numa ?? '-unknown').slice(0, NUMA_ID_LENGTH_MAX);
      const id = this.#writer.numaNode(name, location);
      this.#writer.link(socketId, id, this.#figures.onPackage);
      for (const bridge of node.bridges) this.#writeBridge(bridge, id, location);
    }
  }

  /** The socket of the NUMA node at a position: which nodes share one is known only where the caller says. */
  #socketOf(
    numa: number | string | undefined,
    places: readonly NumaGroup[],
    position: number,
  ): number | string {
    const perSocket = this.#options.numaNodesPerSocket;
    if (perSocket === undefined) {
      const first = places[position]!.sameNumaAs;
      // Sockets are numbered in the order of their first NUMA nodes.
      return places.slice(0, first).filter(({ sameNumaAs }, i) => sameNumaAs === i).length;
    }
    return sharedSocketOf(numa, perSocket, position);
  }

  #writeBridge(bridge: BridgeGroup, numaId: string, location: Location): void {
    const hostBridge = `hb${this.#bridgeCount++}`;
    for (const port of bridge) this.#writePort(port, numaId, { ...location, hostBridge });
  }

  #writePort(port: PortGroup, numaId: string, location: Location): void {
    const alone = port.filter((group) => group.length === 1).length;
    // Several groups need a switch above them; a single group hangs on the NUMA node.
    const upperId =
      port.length === 1 ? numaId : this.#writeSwitch(numaId, location, alone > 1 ? { levels: 2 } : {});
    for (const group of port) {
      const lowerId = group.length === 1 ? upperId : this.#writeSwitch(upperId, location, {});
      for (const device of group) {
        this.#locations[device] = location;
        this.#writer.link(lowerId, this.#deviceIds[device]!, this.#figures.pcie);
      }
    }
  }

  #writeSwitch(aboveId: string, location: Location, levels: Pick<Device, 'levels'>): string {
    const id = this.#writer.pcieSwitch({ ...location, ...levels });
    this.#writer.link(aboveId, id, this.#figures.pcie);
    return id;
  }

  #writeNvlinks(): void {
    const { switched, pairs } = nvlinksOfTable(this.#table);
    for (const { gpus } of switched) {
      const id = this.#writer.nvswitch();
      for (const { gpu, links } of gpus) {
        this.#writer.link(this.#deviceIds[gpu]!, id, this.#nvlinkFigures(links));
      }
    }
    for (const { gpus, links } of pairs) {
      this.#writer.link(this.#deviceIds[gpus[0]]!, this.#deviceIds[gpus[1]]!, this.#nvlinkFigures(links));
    }
  }

  #nvlinkFigures(links: number): LinkFigures {
    const { basis = 'nccl', nvlinkGBpsPerLink } = this.#options;
    const { ncclGBps, rawGBps } = NVLINK_ASSUMED;
    const one = nvlinkGBpsPerLink ?? (basis === 'nccl' ? ncclGBps : rounded(rawGBps * RAW_SHARE));
    const source =
      nvlinkGBpsPerLink === undefined
        ? `NVLink 4, ${basisSource(basis, 'NCCL 2.30.7 topo.h')}`
        : 'stated by the caller';
    return {
      medium: 'nvlink',
      bandwidthGBps: rounded(links * one),
      basis,
      links,
      source: `${ASSUMED}, which gives the number of links only: ${one} GB/s per link, ${source}`,
      verified: false,
    };
  }

  document(places: readonly NumaGroup[]): ServerDocument {
    this.#writeHosts(places);
    this.#writeNvlinks();
    const { labels, gpuCount } = this.#table;
    const gpuModel = this.#options.gpuModel ?? 'unknown';
    const port = portOfCaller(this.#options.portGbps);
    const devices = labels.map((label, i): Device => {
      const id = this.#deviceIds[i]!;
      // A GPU's own NUMA affinity, even where the cells place it in the node of another.
      const numa = this.#numaOf([i]) ?? this.#locations[i]!.numa;
      const location = { ...this.#locations[i]!, ...(numa !== undefined && { numa }) };
      if (i < gpuCount) return { id, kind: 'gpu', ...location, model: gpuModel };
      const model = this.#table.nicNames.get(label);
      return { id, kind: 'nic', ...location, ...(model !== undefined && { model }), ...port };
    });
    const nicCount = labels.length - gpuCount;
    return this.#writer.document(this.#options, {
      name: 'nvidia-smi-topo',
      title: `server with ${gpuCount} GPUs and ${nicCount} NICs, read from nvidia-smi`,
      gpuModel,
      devices: [...this.#writer.hosts, ...this.#writer.switches, ...devices],
      confidence: 'matrix',
      source: 'nvidia-smi topo -m',
      notes: this.#notes(places),
    });
  }

  #notes(places: readonly NumaGroup[]): string[] {
    const { labels, gpuCount, cells, affinities } = this.#table;
    const notes = [
      'Switches, host bridges, NUMA nodes and sockets are inferred from the words of the matrix; other machines may print the same words.',
      'The text has no bandwidth figures: those of the links are assumed.',
    ];
    if (this.#options.numaNodesPerSocket === undefined && this.#writer.socketCount > 1) {
      notes.push('The text does not say which NUMA nodes share a socket: each has one of its own here.');
    }
    if (places.some(({ sameNumaAs }, i) => sameNumaAs !== i)) {
      notes.push(
        'GPUs of one NUMA node are SYS of each other: the node is several NUMA devices of one socket here.',
      );
    }
    notes.push(...unknownPortNotes(this.#options.portGbps === undefined ? labels.length - gpuCount : 0));
    const hides = (row: number): boolean => cells[row]!.some((word) => word === undefined);
    const hidden = labels.filter((_, i) => i >= gpuCount && hides(i));
    if (hidden.length > 0) {
      notes.push(
        `The driver printed NV# for ${listed(hidden)}, which hides the PCIe path to GPUs: where these NICs hang is not known.`,
      );
    }
    // A note, because documents have no field for it.
    for (const [cpus, rows] of groupedBy(labels.keys(), (row) => affinities[row]!.cpu)) {
      if (cpus !== undefined)
        notes.push(`CPU affinity of ${rows.map((row) => labels[row]).join(', ')}: ${cpus}`);
    }
    return notes;
  }

  /** The NUMA node of the first of some devices that has one. */
  #numaOf(devices: readonly number[]): number | string | undefined {
    for (const device of devices) {
      const { numa } = this.#table.affinities[device]!;
      if (numa !== undefined) return numaOf(numa);
    }
    return undefined;
  }
}
