import {
  type Device,
  type Link,
  parseServerDocument,
  type ServerDocument,
} from '../../topology/server-document.js';
import { type LinkFigures, rounded } from '../server/link-figures.js';
import { portOfCaller } from '../server/port-figures.js';
import { limitExceeded } from '../text/format-errors.js';
import { cardOf, DEVICES_MAX, hasPort, type ServerTree } from './devices.js';
import type { NcclFabric } from './fabric.js';
import { broadcomGeneration, LOC_GBPS, pcieFigures } from './figures.js';
import { type NcclCounts, ncclNotes } from './notes.js';
import type { NcclXmlOptions } from './options.js';
import { modelOf, portOf } from './ports.js';
import { socketFigures, socketOf } from './sockets.js';
import type { PciBranch } from './stated.js';
import type { NcclCpu, NcclNet, NcclPci, NcclSystem } from './tree.js';

/** Longest name taken from the file, in characters. */
const NAME_LENGTH_MAX = 128;
/** Most CPUs: their sockets are joined pairwise, and a document holds 8192 links. */
const CPUS_MAX = 64;

/**
 * Writes the server document of a file.
 *
 * Every `cpu` becomes a NUMA node on a socket, bridges become PCIe switches, and the two levels of bridges that
 * one Broadcom switch shows are joined by a link that limits nothing, as NCCL flattens them. A GPU with C2C
 * that hangs on its CPU has that link alone: it carries the data.
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
  if (tree.cpus.length > CPUS_MAX) {
    throw limitExceeded([], `${tree.cpus.length} CPUs, at most ${CPUS_MAX}: is this one server?`);
  }
  const document = new DocumentWriter(system, tree, fabric, options).document();
  const { length } = document.devices;
  if (length > DEVICES_MAX) {
    throw limitExceeded(
      [],
      `${length} devices with CPUs and NVSwitches, at most ${DEVICES_MAX}: is this one server?`,
    );
  }
  return parseServerDocument(document);
}

/** Where a device hangs, as its fields say it. */
type Location = Pick<Device, 'numa' | 'socket'>;

class DocumentWriter {
  readonly #system: NcclSystem;
  readonly #tree: ServerTree;
  readonly #fabric: NcclFabric;
  readonly #options: NcclXmlOptions;
  readonly #ids = new Set<string>();
  readonly #hosts: Device[] = [];
  readonly #switches: Device[] = [];
  readonly #gpus: Device[] = [];
  readonly #nics: { readonly device: Device; readonly dev: number }[] = [];
  readonly #links: Link[] = [];
  readonly #sockets = new Map<number | string, { readonly id: string; readonly cpus: NcclCpu[] }>();
  readonly #gpuIds = new Map<NcclPci, string>();
  /** Bridge address to switch id, and peer ports still to be joined. */
  readonly #bridges = new Map<string, string>();
  readonly #peers: (readonly [string, string])[] = [];
  /** Ports that are no PCI devices, by dev and name. */
  readonly #hostPorts = new Set<string>();
  readonly #counts: NcclCounts = {
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
      this.#gpuIds.set(pci, this.#freshId(`gpu${numbered ? devs[i]! : i}`));
    }
  }

  document(): ServerDocument {
    for (const [i, { cpu, branches }] of this.#tree.cpus.entries()) this.#writeCpu(cpu, i, branches);
    this.#joinPeers();
    this.#joinSockets();
    this.#writeFabric();
    const gpuOrder = new Map(this.#tree.gpus.map((pci, i) => [this.#gpuIds.get(pci)!, i]));
    const gpus = [...this.#gpus].sort((a, b) => gpuOrder.get(a.id)! - gpuOrder.get(b.id)!);
    const nics = [...this.#nics].sort((a, b) => a.dev - b.dev).map(({ device }) => device);
    const { name, title } = this.#options;
    const said = this.#system.name?.slice(0, NAME_LENGTH_MAX);
    return {
      name: name ?? said ?? 'nccl-xml',
      title: title ?? `server with ${gpus.length} GPUs and ${nics.length} NICs, read from an NCCL topology`,
      gpuModel: gpus[0]!.model!,
      devices: [...this.#hosts, ...this.#switches, ...gpus, ...nics],
      links: this.#links,
      confidence: 'file',
      sources: [`${this.#system.version === 2 ? 'RCCL' : 'NCCL'} topology XML`],
      notes: ncclNotes(this.#tree, this.#fabric, this.#links, this.#counts, this.#options),
    };
  }

  #writeCpu(cpu: NcclCpu, position: number, branches: readonly PciBranch[]): void {
    const socket = socketOf(cpu, position, this.#options);
    const location: Location = { ...(cpu.numa !== undefined && { numa: cpu.numa }), socket };
    const id = this.#freshId(`numa${cpu.numa ?? `-unknown${position}`}`);
    const known = this.#sockets.get(socket);
    const socketId = known?.id ?? this.#freshId(`socket${socket}`.slice(0, NAME_LENGTH_MAX));
    if (known === undefined) {
      this.#sockets.set(socket, { id: socketId, cpus: [cpu] });
      this.#hosts.push({ id: socketId, kind: 'socket', socket });
    } else known.cpus.push(cpu);
    this.#hosts.push({ id, kind: 'numa', ...location });
    this.#link(id, socketId, { medium: 'on-package', ...unlimited('not limiting, NCCL 2.30.7 topo.h, LOC') });
    for (const branch of branches) this.#writeBranch(branch, id, id, location, false);
    for (const net of cpu.nets) {
      if (net.dev === undefined) continue;
      // NCCL lists a port that is near no CPU below each of them.
      const port = JSON.stringify([net.dev, net.name]);
      if (this.#hostPorts.has(port)) {
        this.#counts.repeatedPorts++;
        continue;
      }
      this.#hostPorts.add(port);
      const figures = { medium: 'pcie' as const, ...unlimited('no PCI device, NCCL 2.30.7 topo.h, LOC') };
      this.#writePort(net, 1, id, location, figures);
    }
  }

  /** @param flattened - the bridge above is the lower level of a Broadcom switch */
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
    const id = this.#freshId(`pcie-switch${this.#switches.length}`);
    if (!this.#bridges.has(pci.address)) this.#bridges.set(pci.address, id);
    for (const target of pci.pciLinks) this.#peers.push([id, target]);
    const generation = above === undefined || flattened ? 0 : broadcomGeneration(above.ids, 0);
    const lower = generation !== 0 && broadcomGeneration(pci.ids, 1) === generation;
    this.#switches.push({ id, kind: 'pcie-switch', ...place });
    if (lower) {
      const source = `lower level of a Broadcom Gen${generation} switch, which NCCL 2.30.7 flattens: not limiting`;
      this.#link(aboveId, id, { medium: 'on-chip', ...unlimited(source) });
    } else this.#link(aboveId, id, pcie);
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
    this.#gpus.push({ id, kind: 'gpu', ...place, model });
    const toCpu = this.#fabric.toCpu.get(this.#tree.gpus.indexOf(pci));
    const GBps = rounded((pci.gpu?.c2cGBps ?? 0) + (toCpu?.GBps ?? 0));
    const links = (pci.gpu?.c2cLinks ?? 0) + (toCpu?.links ?? 0);
    if (GBps > 0) {
      const what = toCpu === undefined ? 'NVLink-C2C' : 'NVLink to the CPU';
      this.#link(numaId, id, {
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
    this.#link(aboveId, id, pcie);
  }

  #writePort(net: NcclNet, ports: number, aboveId: string, place: Location, above: LinkFigures): void {
    const { fields, figures, inKbps, isAssumed } = portOf(net, ports, above, this.#options.portGbps);
    if (inKbps) this.#counts.kbpsPorts++;
    if (isAssumed) this.#counts.assumedPorts++;
    if (fields.portGBps === undefined) this.#counts.unknownPorts++;
    const id = this.#freshId(`nic${net.dev}`);
    this.#nics.push({ device: { id, kind: 'nic', ...place, ...fields }, dev: net.dev! });
    this.#link(aboveId, id, figures);
  }

  #writeTemplateNic(pci: NcclPci, aboveId: string, place: Location, pcie: LinkFigures): void {
    const dev = this.#tree.portDevMax + 1 + this.#tree.portlessNics.indexOf(pci);
    const id = this.#freshId(`nic${dev}`);
    const { portGbps } = this.#options;
    const port = portGbps === undefined ? {} : portOfCaller(portGbps);
    if (portGbps === undefined) this.#counts.unknownPorts++;
    this.#nics.push({ device: { id, kind: 'nic', ...place, ...port }, dev });
    this.#link(aboveId, id, pcie);
  }

  #joinPeers(): void {
    const joined = new Set<string>();
    for (const [id, address] of this.#peers) {
      const peer = this.#bridges.get(address);
      if (peer === undefined || peer === id || joined.has(`${peer} ${id}`) || joined.has(`${id} ${peer}`))
        continue;
      if (this.#links.some(({ between: [a, b] }) => (a === id && b === peer) || (a === peer && b === id)))
        continue;
      joined.add(`${id} ${peer}`);
      this.#link(id, peer, {
        medium: 'on-chip',
        ...unlimited('peer ports of switches, NCCL 2.30.7 topo.cc, LOC'),
      });
    }
  }

  #joinSockets(): void {
    const sockets = [...this.#sockets.values()];
    for (const [i, a] of sockets.entries()) {
      for (const b of sockets.slice(i + 1)) {
        this.#link(a.id, b.id, socketFigures([...a.cpus, ...b.cpus], this.#options));
      }
    }
  }

  #writeFabric(): void {
    const idOf = (ordinal: number): string => this.#gpuIds.get(this.#tree.gpus[ordinal]!)!;
    for (const [i, gpus] of this.#fabric.switches.entries()) {
      const id = this.#freshId(`nvswitch${i}`);
      this.#switches.push({ id, kind: 'nvswitch' });
      for (const { gpu, figures } of gpus) this.#link(idOf(gpu), id, figures);
    }
    for (const { gpus, figures } of this.#fabric.pairs) this.#link(idOf(gpus[0]), idOf(gpus[1]), figures);
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

function unlimited(source: string): Omit<LinkFigures, 'medium'> {
  return { bandwidthGBps: LOC_GBPS, basis: 'nccl', ncclGBps: LOC_GBPS, source, verified: false };
}
