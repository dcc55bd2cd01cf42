import { CorralError } from '../../errors.js';
import { type Device, parseServerDocument, type ServerDocument } from '../../topology/server-document.js';
import { NOT_LIMITING_GBPS, socketOfCpu } from '../server/constants.js';
import { addToGroup } from '../server/grouped.js';
import { DEVICES_MAX, refuseTooMany, SOCKETS_MAX } from '../server/limits.js';
import {
  type LinkFigures,
  notLimiting,
  portOfCaller,
  rounded,
  socketLink,
  statedSocketLink,
} from '../server/link-figures.js';
import { partitionNotes, unknownPortNotes } from '../server/notes.js';
import { type Location, ServerWriter, sharedSocketOf } from '../server/server-writer.js';
import { cardOf, hasPort, type ServerTree } from './devices.js';
import type { NcclFabric } from './fabric.js';
import { broadcomGeneration, pcieFigures } from './figures.js';
import type { NcclXmlOptions } from './options.js';
import { modelOf, portOf } from './ports.js';
import type { PciBranch } from './stated.js';
import type { NcclCpu, NcclNet, NcclPci, NcclSystem } from './tree.js';

/** Longest name taken from the file, in characters. */
const NAME_LENGTH_MAX = 128;

/**
 * Writes the server document of a file.
 *
 * Every `cpu` becomes a NUMA node on a socket, bridges become PCIe switches. The two levels of bridges that one Broadcom
 * switch shows are joined by a link that limits nothing: NCCL takes them for one. A GPU with C2C that hangs on its CPU
 * has that link alone, because it carries the data.
 *
 * @param system - the file
 * @param tree - its devices
 * @param fabric - links between GPUs
 * @param options - what the file does not say
 * @returns the document; GPUs are `gpu` and their number, NICs `nic` and theirs
 * @throws CorralError `invalid-option`, `limit-exceeded`
 * @complexity O(devices + links)
 */
export function writeNcclDocument(
  system: NcclSystem,
  tree: ServerTree,
  fabric: NcclFabric,
  options: NcclXmlOptions,
): ServerDocument {
  refuseTooMany('CPUs', tree.cpus.length, SOCKETS_MAX);
  const document = new DocumentWriter(system, tree, fabric, options).document();
  refuseTooMany('devices with CPUs and NVSwitches', document.devices.length, DEVICES_MAX);
  return parseServerDocument(document);
}

/** What was assumed or left out while a document was written. */
interface Counts {
  /** PCIe links whose speed or width is not in the file. */
  assumedPcie: number;
  /** Ports without a speed, for which NCCL's default stands. */
  assumedPorts: number;
  /** Ports whose speed was taken for kb/s. */
  kbpsPorts: number;
  /** Ports that are no PCI devices and were written before. */
  repeatedPorts: number;
  /** NICs whose rate is left out. */
  unknownPorts: number;
}

class DocumentWriter {
  readonly #system: NcclSystem;
  readonly #tree: ServerTree;
  readonly #fabric: NcclFabric;
  readonly #options: NcclXmlOptions;
  readonly #writer = new ServerWriter();
  readonly #gpus = new Map<NcclPci, Device>();
  readonly #nics: { readonly device: Device; readonly dev: number }[] = [];
  /** CPUs of each socket, by its id. */
  readonly #sockets = new Map<string, NcclCpu[]>();
  readonly #gpuIds = new Map<NcclPci, string>();
  /** Switch id by the address of its bridge. */
  readonly #bridges = new Map<string, string>();
  /** Switch id and address of the bridge that its peer port leads to. */
  readonly #peers: (readonly [string, string])[] = [];
  /** Ports that are no PCI devices, by dev and name. */
  readonly #hostPorts = new Set<string>();
  readonly #counts: Counts = {
    assumedPcie: 0,
    assumedPorts: 0,
    kbpsPorts: 0,
    repeatedPorts: 0,
    unknownPorts: 0,
  };

  constructor(system: NcclSystem, tree: ServerTree, fabric: NcclFabric, options: NcclXmlOptions) {
    this.#system = system;
    this.#tree = tree;
    this.#fabric = fabric;
    this.#options = options;
    const devs = tree.gpus.map(({ gpu }) => gpu?.dev);
    const numbered = devs.every((dev) => dev !== undefined && dev >= 0) && new Set(devs).size === devs.length;
    for (const [i, pci] of tree.gpus.entries()) {
      this.#gpuIds.set(pci, this.#writer.freshId(`gpu${numbered ? devs[i]! : i}`));
    }
  }

  document(): ServerDocument {
    const { hosts, switches } = this.#writer;
    for (const [i, { cpu, branches }] of this.#tree.cpus.entries()) this.#writeCpu(cpu, i, branches);
    this.#joinPeers();
    this.#joinSockets();
    this.#writeFabric();
    const gpus = this.#tree.gpus.map((pci) => this.#gpus.get(pci)!);
    const nics = [...this.#nics].sort((a, b) => a.dev - b.dev).map(({ device }) => device);
    return this.#writer.document(this.#options, {
      name: this.#system.name?.slice(0, NAME_LENGTH_MAX) ?? 'nccl-xml',
      title: `server with ${gpus.length} GPUs and ${nics.length} NICs, read from an NCCL topology`,
      gpuModel: gpus[0]!.model!,
      devices: [...hosts, ...switches, ...gpus, ...nics],
      confidence: 'file',
      source: `${this.#system.version === 2 ? 'RCCL' : 'NCCL'} topology XML`,
      notes: this.#notes(),
    });
  }

  #writeCpu(cpu: NcclCpu, position: number, branches: readonly PciBranch[]): void {
    const socket = this.#socketOf(cpu, position);
    const location: Location = { ...(cpu.numa !== undefined && { numa: cpu.numa }), socket };
    const socketId = this.#writer.socket(socket);
    addToGroup(this.#sockets, socketId, cpu);
    const id = this.#writer.numaNode(cpu.numa ?? `-unknown${position}`, location);
    this.#writer.link(id, socketId, notLimiting('on-package', 'not limiting, NCCL 2.30.7 topo.h, LOC'));
    for (const branch of branches) this.#writeBranch(branch, id, id, location, false);
    for (const net of cpu.nets) {
      if (net.dev === undefined) continue;
      // NCCL lists a port that is near no CPU below every CPU.
      const port = JSON.stringify([net.dev, net.name]);
      if (this.#hostPorts.has(port)) {
        this.#counts.repeatedPorts++;
        continue;
      }
      this.#hostPorts.add(port);
      this.#writePort(net, 1, id, location, notLimiting('pcie', 'no PCI device, NCCL 2.30.7 topo.h, LOC'));
    }
  }

  /** The socket of a NUMA node: what the caller or the file says, else one of its own. */
  #socketOf(cpu: NcclCpu, position: number): number | string {
    const perSocket = this.#options.numaNodesPerSocket;
    if (perSocket !== undefined) return sharedSocketOf(cpu.numa, perSocket, position);
    const stated = cpu.socket?.slice(0, NAME_LENGTH_MAX);
    if (stated === undefined) return position;
    return /^(?:0|[1-9]\d{0,8})$/.test(stated) ? Number(stated) : stated;
  }

  /**
   * Writes a device and the devices below it.
   *
   * @param flattened - whether the bridge above is the lower level of a Broadcom switch
   * @param above - the bridge above
   */
  #writeBranch(
    { pci, kind, branches }: PciBranch,
    aboveId: string,
    numaId: string,
    location: Location,
    flattened: boolean,
    above?: NcclPci,
  ): void {
    const place = {
      ...location,
      ...(pci.hostBridge !== undefined && { hostBridge: pci.hostBridge.slice(0, NAME_LENGTH_MAX) }),
    };
    const { stated, ...pcie } = pcieFigures(pci, this.#options.pcieGeneration);
    if (kind === 'gpu') {
      this.#writeGpu(pci, aboveId, numaId, place, pcie, stated);
      return;
    }
    if (!stated) this.#counts.assumedPcie++;
    if (kind === 'nic') {
      const ports = (pci.nets ?? []).filter(({ dev }) => dev !== undefined);
      if (!hasPort(pci.nets ?? [])) this.#writeTemplateNic(pci, aboveId, place, pcie);
      const sharing = this.#tree.portsOfCard.get(cardOf(pci.address))!;
      for (const port of ports) this.#writePort(port, sharing, aboveId, place, pcie);
      return;
    }
    const id = this.#writer.pcieSwitch(place);
    if (!this.#bridges.has(pci.address)) this.#bridges.set(pci.address, id);
    for (const target of pci.pciLinks) this.#peers.push([id, target]);
    const generation = above === undefined || flattened ? 0 : broadcomGeneration(above.ids, 0);
    const lower = generation !== 0 && broadcomGeneration(pci.ids, 1) === generation;
    if (lower) {
      const source = `lower level of a Broadcom Gen${generation} switch, which NCCL 2.30.7 flattens: not limiting`;
      this.#writer.link(aboveId, id, notLimiting('on-chip', source));
    } else this.#writer.link(aboveId, id, pcie);
    for (const branch of branches) this.#writeBranch(branch, id, numaId, location, lower, pci);
  }

  #writeGpu(
    pci: NcclPci,
    aboveId: string,
    numaId: string,
    place: Location,
    pcie: LinkFigures,
    stated: boolean,
  ): void {
    const id = this.#gpuIds.get(pci)!;
    const model = this.#options.gpuModel ?? modelOf(pci);
    this.#gpus.set(pci, { id, kind: 'gpu', ...place, model });
    const toCpu = this.#fabric.toCpu.get(this.#tree.gpus.indexOf(pci));
    const GBps = rounded((pci.gpu?.c2cGBps ?? 0) + (toCpu?.GBps ?? 0));
    const links = (pci.gpu?.c2cLinks ?? 0) + (toCpu?.links ?? 0);
    if (GBps > 0) {
      const what = toCpu === undefined ? 'NVLink-C2C' : 'NVLink to the CPU';
      this.#writer.link(numaId, id, {
        medium: 'c2c',
        bandwidthGBps: GBps,
        basis: 'nccl',
        ncclGBps: GBps,
        links,
        source: `${what}, NCCL 2.30.7 topo.cc; from the file`,
        verified: true,
      });
      if (aboveId === numaId) return;
    }
    if (!stated) this.#counts.assumedPcie++;
    this.#writer.link(aboveId, id, pcie);
  }

  #writePort(net: NcclNet, ports: number, aboveId: string, place: Location, above: LinkFigures): void {
    const { fields, figures, inKbps, isAssumed } = portOf(net, ports, above, this.#options.portGbps);
    if (inKbps) this.#counts.kbpsPorts++;
    if (isAssumed) this.#counts.assumedPorts++;
    if (fields.portGBps === undefined) this.#counts.unknownPorts++;
    const id = this.#writer.freshId(`nic${net.dev}`);
    this.#nics.push({ device: { id, kind: 'nic', ...place, ...fields }, dev: net.dev! });
    this.#writer.link(aboveId, id, figures);
  }

  #writeTemplateNic(pci: NcclPci, aboveId: string, place: Location, pcie: LinkFigures): void {
    const dev = this.#tree.portDevMax + 1 + this.#tree.portlessNics.indexOf(pci);
    const id = this.#writer.freshId(`nic${dev}`);
    const port = portOfCaller(this.#options.portGbps);
    if (port.portGBps === undefined) this.#counts.unknownPorts++;
    this.#nics.push({ device: { id, kind: 'nic', ...place, ...port }, dev });
    this.#writer.link(aboveId, id, pcie);
  }

  #joinPeers(): void {
    for (const [id, address] of this.#peers) {
      const peer = this.#bridges.get(address);
      if (peer === undefined || peer === id || this.#writer.isLinked(id, peer)) continue;
      const source = 'peer ports of switches, NCCL 2.30.7 topo.cc, LOC';
      this.#writer.link(id, peer, notLimiting('on-chip', source));
    }
  }

  #joinSockets(): void {
    const sockets = [...this.#sockets];
    for (const [i, [a, cpus]] of sockets.entries()) {
      for (const [b, others] of sockets.slice(i + 1)) {
        this.#writer.link(a, b, this.#socketFigures([...cpus, ...others]));
      }
    }
  }

  /** The link between two sockets with these NUMA nodes: the slowest CPU decides. */
  #socketFigures(cpus: readonly NcclCpu[]): LinkFigures {
    const { socketGBps } = this.#options;
    if (socketGBps !== undefined) return statedSocketLink(socketGBps, 'nccl', '');
    const constants = cpus.map((cpu) => {
      const constant = socketOfCpu(cpu);
      if (constant !== undefined) return constant;
      throw new CorralError(
        'invalid-option',
        ['socketGBps'],
        `line ${cpu.line} does not say which CPU it is (arch, vendor, familyid, modelid): give GB/s between two sockets`,
      );
    });
    const least = constants.reduce((a, b) => (b.ncclGBps < a.ncclGBps ? b : a));
    return socketLink(least, {}, '');
  }

  #writeFabric(): void {
    const idOf = (ordinal: number): string => this.#gpuIds.get(this.#tree.gpus[ordinal]!)!;
    for (const gpus of this.#fabric.switches) {
      const id = this.#writer.nvswitch();
      for (const { gpu, figures } of gpus) this.#writer.link(idOf(gpu), id, figures);
    }
    for (const { gpus, figures } of this.#fabric.pairs) {
      this.#writer.link(idOf(gpus[0]), idOf(gpus[1]), figures);
    }
  }

  /** What was left out, what was assumed, and what such files never say. */
  #notes(): string[] {
    const [tree, counts] = [this.#tree, this.#counts];
    const notes = [...tree.notes, ...this.#fabric.notes];
    notes.push('The file does not tell host bridges apart: pairs that nvidia-smi calls NODE are PHB here.');
    if (tree.cpus.length > 1 && this.#options.numaNodesPerSocket === undefined) {
      notes.push(
        'The file does not say which NUMA nodes share a socket: each has one of its own, as in NCCL.',
      );
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
    if (
      this.#writer.links.some(({ medium, ncclGBps }) => medium === 'socket' && ncclGBps === NOT_LIMITING_GBPS)
    ) {
      notes.push(
        'NCCL does not know these CPUs and takes the links between their sockets for ones that limit nothing: give socketGBps.',
      );
    }
    if (counts.kbpsPorts > 0) {
      notes.push(
        `The speed of ${counts.kbpsPorts} ports is beyond any: taken to be in kb/s instead of Mb/s.`,
      );
    }
    if (counts.assumedPorts > 0) {
      notes.push(
        `${counts.assumedPorts} ports state no speed: each carries 10 Gb/s, which NCCL assumes. Give portGbps.`,
      );
    }
    notes.push(...unknownPortNotes(counts.unknownPorts));
    for (const { cpu } of tree.cpus) {
      if (cpu.affinity !== undefined)
        notes.push(`CPU affinity of NUMA node ${cpu.numa ?? 'unknown'}: ${cpu.affinity}`);
    }
    notes.push(...partitionNotes(tree.gpus.map(({ address }, i) => ({ id: `gpu ${i}`, address }))));
    return notes;
  }
}
