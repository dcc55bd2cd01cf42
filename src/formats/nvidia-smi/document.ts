import type { Device, Link, ServerDocument } from '../../topology/server-document.js';
import type { LinkFigures } from '../server/link-figures.js';
import { fittingNotes, listed } from '../server/notes.js';
import { portOfCaller, unknownPortsNote } from '../server/port-figures.js';
import { limitExceeded } from '../text/format-errors.js';
import { numaOf } from './affinity.js';
import { type AssumedFigures, assumedFigures } from './figures.js';
import { nvlinksOfTable } from './nvlink.js';
import type { NvidiaSmiTopoOptions } from './options.js';
import type { BridgeGroup, NumaGroup, PortGroup } from './places.js';
import type { SmiTable } from './table.js';

/** Most NUMA nodes: sockets are joined pairwise, and a document holds 8192 links. */
const NUMA_NODES_MAX = 64;

/** Longest NUMA name that becomes part of an id, in characters. */
const NUMA_ID_LENGTH_MAX = 64;

/**
 * Writes the server document of a matrix.
 *
 * Each group of the words becomes a vertex or a name: a NUMA node per `NODE` group, a `hostBridge` name per
 * `PHB` group, a PCIe switch per `PXB` group, below it a switch per `PIX` group of two or more. Devices that
 * hang on the upper switch by themselves are `PXB` of each other, so it then reports as two levels. NUMA
 * nodes hang on sockets, one each unless the caller knows better, and all sockets are joined pairwise. A NUMA node
 * that `SYS` parts is several NUMA devices of one socket: `SYS` then names a way through the CPU, not out of it.
 *
 * @param table - the matrix
 * @param places - where its devices hang, see {@link placesOf}
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
  if (places.length > NUMA_NODES_MAX) {
    throw limitExceeded([], `the cells ask for ${places.length} NUMA nodes, at most ${NUMA_NODES_MAX}`);
  }
  const writer = new DocumentWriter(table, options);
  writer.writeHosts(places);
  writer.writeNvlinks();
  return writer.document(places);
}

/** Where a device hangs, as its fields say it. */
type Location = Pick<Device, 'numa' | 'socket' | 'hostBridge'>;

class DocumentWriter {
  readonly #table: SmiTable;
  readonly #options: NvidiaSmiTopoOptions;
  readonly #figures: AssumedFigures;
  /** Ids taken: no inferred device may be called like a heading. */
  readonly #ids: Set<string>;
  /** Id of the device of each heading. */
  readonly #deviceIds: readonly string[];
  readonly #hosts: Device[] = [];
  readonly #switches: Device[] = [];
  readonly #links: Link[] = [];
  /** Location of the device of each heading. */
  readonly #locations: Location[] = [];
  readonly #socketIds = new Map<number | string, string>();
  #bridgeCount = 0;
  #switchCount = 0;

  constructor(table: SmiTable, options: NvidiaSmiTopoOptions) {
    this.#table = table;
    this.#options = options;
    this.#figures = assumedFigures(options);
    this.#ids = new Set(table.labels);
    // graphology looks neighbours up in plain objects, where a vertex called `constructor` is always found.
    this.#deviceIds = table.labels.map((label) =>
      label in Object.prototype ? this.#freshId(`${label}.nic`) : label,
    );
  }

  writeHosts(places: readonly NumaGroup[]): void {
    for (const [i, node] of places.entries()) {
      const numa = this.#numaOf(node.bridges.flat(3));
      const socket = this.#socketOf(numa, places, i);
      const socketId = this.#socketId(socket);
      const location = { ...(numa !== undefined && { numa }), socket };
      const id = this.#freshId(`numa${String(numa ?? '-unknown').slice(0, NUMA_ID_LENGTH_MAX)}`);
      this.#hosts.push({ id, kind: 'numa', ...location });
      this.#link(socketId, id, this.#figures.onPackage);
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
    return typeof numa === 'number' ? Math.floor(numa / perSocket) : `-unknown${position}`;
  }

  /** The id of a socket, which is written on first use and joined to all before it. */
  #socketId(socket: number | string): string {
    const known = this.#socketIds.get(socket);
    if (known !== undefined) return known;
    const id = this.#freshId(`socket${socket}`);
    for (const other of this.#socketIds.values()) this.#link(other, id, this.#figures.socket);
    this.#socketIds.set(socket, id);
    this.#hosts.push({ id, kind: 'socket', socket });
    return id;
  }

  #writeBridge(bridge: BridgeGroup, numaId: string, location: Location): void {
    const hostBridge = `hb${this.#bridgeCount++}`;
    for (const port of bridge) this.#writePort(port, numaId, { ...location, hostBridge });
  }

  #writePort(port: PortGroup, numaId: string, location: Location): void {
    const alone = port.filter((group) => group.length === 1).length;
    // One group of one needs no switch, one group of several one, several groups one above them.
    const upperId =
      port.length === 1 ? numaId : this.#writeSwitch(numaId, location, alone > 1 ? { levels: 2 } : {});
    for (const group of port) {
      const lowerId = group.length === 1 ? upperId : this.#writeSwitch(upperId, location, {});
      for (const device of group) {
        this.#locations[device] = location;
        this.#link(lowerId, this.#deviceIds[device]!, this.#figures.pcie);
      }
    }
  }

  #writeSwitch(aboveId: string, location: Location, levels: Pick<Device, 'levels'>): string {
    const id = this.#freshId(`pcie-switch${this.#switchCount++}`);
    this.#switches.push({ id, kind: 'pcie-switch', ...location, ...levels });
    this.#link(aboveId, id, this.#figures.pcie);
    return id;
  }

  writeNvlinks(): void {
    const { switched, pairs } = nvlinksOfTable(this.#table);
    for (const [i, { gpus }] of switched.entries()) {
      const id = this.#freshId(`nvswitch${i}`);
      this.#switches.push({ id, kind: 'nvswitch' });
      for (const { gpu, links } of gpus) {
        this.#link(this.#deviceIds[gpu]!, id, this.#figures.nvlink(links));
      }
    }
    for (const { gpus, links } of pairs) {
      this.#link(this.#deviceIds[gpus[0]]!, this.#deviceIds[gpus[1]]!, this.#figures.nvlink(links));
    }
  }

  document(places: readonly NumaGroup[]): ServerDocument {
    const { labels, gpuCount } = this.#table;
    const gpuModel = this.#options.gpuModel ?? 'unknown';
    const nicCount = labels.length - gpuCount;
    const { portGbps } = this.#options;
    const port = portGbps === undefined ? {} : portOfCaller(portGbps);
    const devices = labels.map((label, i): Device => {
      const id = this.#deviceIds[i]!;
      // A GPU's own NUMA affinity, even where the cells place it in the node of another.
      const numa = this.#numaOf([i]) ?? this.#locations[i]!.numa;
      const location = { ...this.#locations[i]!, ...(numa !== undefined && { numa }) };
      if (i < gpuCount) return { id, kind: 'gpu', ...location, model: gpuModel };
      const model = this.#table.nicNames.get(label);
      return { id, kind: 'nic', ...location, ...(model !== undefined && { model }), ...port };
    });
    return {
      name: this.#options.name ?? 'nvidia-smi-topo',
      title: this.#options.title ?? `server with ${gpuCount} GPUs and ${nicCount} NICs, read from nvidia-smi`,
      gpuModel,
      devices: [...this.#hosts, ...this.#switches, ...devices],
      links: this.#links,
      confidence: 'matrix',
      sources: ['nvidia-smi topo -m'],
      notes: this.#notes(places),
    };
  }

  #notes(places: readonly NumaGroup[]): string[] {
    const { labels, gpuCount, cells, affinities } = this.#table;
    const notes = [
      'Switches, host bridges, NUMA nodes and sockets are inferred from the words of the matrix; other machines may print the same words.',
      'The text has no bandwidth figures: those of the links are assumed.',
    ];
    if (this.#options.numaNodesPerSocket === undefined && this.#socketIds.size > 1) {
      notes.push('The text does not say which NUMA nodes share a socket: each has one of its own here.');
    }
    if (places.some(({ sameNumaAs }, i) => sameNumaAs !== i)) {
      notes.push(
        'GPUs of one NUMA node are SYS of each other: the node is several NUMA devices of one socket here.',
      );
    }
    if (this.#options.portGbps === undefined && labels.length > gpuCount) {
      notes.push(unknownPortsNote(labels.length - gpuCount));
    }
    const hides = (row: number): boolean => cells[row]!.some((word) => word === undefined);
    const hidden = labels.filter((_, i) => i >= gpuCount && hides(i));
    if (hidden.length > 0) {
      notes.push(
        `The driver printed NV# for ${listed(hidden)}, which hides the PCIe path to GPUs: where these NICs hang is not known.`,
      );
    }
    const gpusByCpus = new Map<string, string[]>();
    affinities.forEach(({ cpu }, i) => {
      if (cpu === undefined) return;
      const gpus = gpusByCpus.get(cpu);
      if (gpus === undefined) gpusByCpus.set(cpu, [labels[i]!]);
      else gpus.push(labels[i]!);
    });
    // A note, because documents have no field for it.
    for (const [cpus, gpus] of gpusByCpus) {
      notes.push(`CPU affinity of ${gpus.join(', ')}: ${cpus}`);
    }
    return fittingNotes(notes);
  }

  /** The NUMA node of the first of some devices that has one. */
  #numaOf(devices: readonly number[]): number | string | undefined {
    for (const device of devices) {
      const { numa } = this.#table.affinities[device]!;
      if (numa !== undefined) return numaOf(numa);
    }
    return undefined;
  }

  /** `base`, or `base.2` and so on where that is taken. */
  #freshId(base: string): string {
    let id = base;
    for (let n = 2; this.#ids.has(id); n++) id = `${base}.${n}`;
    this.#ids.add(id);
    return id;
  }

  #link(a: string, b: string, figures: LinkFigures): void {
    this.#links.push({ between: [a, b], ...figures });
  }
}
