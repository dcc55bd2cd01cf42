import type { Device, Link, ServerDocument } from '../../topology/server-document.js';
import { refuseTooManyGpus } from '../server/gpu-partitions.js';
import type { LinkFigures } from '../server/link-figures.js';
import { fittingNotes } from '../server/notes.js';
import { unknownPortsNote } from '../server/port-figures.js';
import { refuseOtherPairs } from '../server/xgmi-links.js';
import { limitExceeded } from '../text/format-errors.js';
import type { HwlocDevice, HwlocDevices } from './devices.js';
import { type FabricEnd, fabricLinksOf } from './fabric.js';
import { mendedFabric } from './fabric-quirks.js';
import { type HwlocFigures, hwlocFigures } from './figures.js';
import { gpuModelOf, memoryGiBOf, nicNameOf } from './names.js';
import { notesOf } from './notes.js';
import type { HwlocTopology } from './objects.js';
import type { HwlocXmlOptions } from './options.js';
import { type PciItem, type PciRoot, pciRootsOf } from './pci.js';
import { type HwlocPlace, type HwlocPlaces, placesOf } from './places.js';
import { portOf } from './ports.js';
import { isOfFirstGenerations } from './rates.js';

/** Most NICs; virtual functions are not among them. */
const NICS_MAX = 256;
const NOWHERE_NOTE = 'The file has devices near no processor: they are as far from one as from the others.';

/** Where a device hangs, as its fields say it. */
type Location = Pick<Device, 'numa' | 'socket' | 'hostBridge'>;

/**
 * Writes the server document of an hwloc topology.
 *
 * @param topology - the file
 * @param found - its devices; at least one GPU
 * @param options - what the file does not say
 * @returns the document: GPUs `GPU0`, `GPU1`, …; NICs called as the system calls them
 * @throws CorralError `limit-exceeded`, `invalid-format`
 * @complexity O(objects + packages^2)
 */
export function writeHwlocDocument(
  topology: HwlocTopology,
  found: HwlocDevices,
  options: HwlocXmlOptions,
): ServerDocument {
  const gpus = found.devices.filter(({ kind }) => kind === 'gpu');
  const nics = found.devices.filter(({ kind }) => kind === 'nic');
  refuseTooManyGpus(gpus.length, []);
  refuseTooMany('NICs', nics.length, NICS_MAX);
  const writer = new DocumentWriter(topology, gpus, nics, options);
  writer.writeHosts();
  for (const root of pciRootsOf(topology.machine, found.devices)) writer.writeRoot(root);
  writer.writeIntegrated();
  writer.writeFabric(found.devices);
  return writer.document(found);
}

function refuseTooMany(what: string, count: number, max: number): void {
  if (count > max)
    throw limitExceeded([], `${count} ${what}, at most ${max} in one server: is the file of one machine?`);
}

class DocumentWriter {
  readonly #topology: HwlocTopology;
  readonly #options: HwlocXmlOptions;
  readonly #gpus: readonly HwlocDevice[];
  readonly #nics: readonly HwlocDevice[];
  readonly #figures: HwlocFigures;
  readonly #places: HwlocPlaces;
  readonly #ids = new Set<string>();
  /** Ids of GPUs, NICs, NVSwitches by device, and of sockets by package. */
  readonly #idOf = new Map<FabricEnd, string>();
  readonly #locations = new Map<HwlocDevice, Location>();
  readonly #hosts: Device[] = [];
  readonly #switches: Device[] = [];
  readonly #links: Link[] = [];
  /** Ids of the NUMA nodes by home. */
  readonly #homeIds: string[] = [];
  /** Position of the link of two ends, so that none are linked twice. */
  readonly #linked = new Map<string, number>();
  #nowhereId: string | undefined;
  #fabricNotes: readonly string[] = [];
  #bridgeCount = 0;
  /** Links of GPUs that show the speed of a GPU at rest. */
  #restingCount = 0;

  constructor(
    topology: HwlocTopology,
    gpus: readonly HwlocDevice[],
    nics: readonly HwlocDevice[],
    options: HwlocXmlOptions,
  ) {
    this.#topology = topology;
    this.#options = options;
    this.#gpus = gpus;
    this.#nics = nics;
    this.#places = placesOf(topology.machine);
    const architecture = topology.infos.get('Architecture');
    this.#figures = hwlocFigures(options, this.#places.packages[0], architecture);
    for (const [i, gpu] of gpus.entries()) this.#idOf.set(gpu, this.#freshId(`GPU${i}`));
    for (const nic of nics) this.#idOf.set(nic, this.#freshId(nicNameOf(nic)));
  }

  writeHosts(): void {
    const { packages, homes } = this.#places;
    for (const [i, object] of packages.entries()) {
      const socket = this.#socketOf(i);
      const id = this.#freshId(`socket${socket}`);
      for (const other of packages.slice(0, i)) this.#link(this.#idOf.get(other)!, id, this.#figures.socket);
      this.#idOf.set(object, id);
      const model = object.infos.get('CPUModel');
      this.#hosts.push({ id, kind: 'socket', socket, ...(model !== undefined && { model }) });
    }
    for (const [i, home] of homes.entries()) {
      const id = this.#freshId(`numa${home.numa ?? `-unknown${i}`}`);
      this.#homeIds.push(id);
      this.#hosts.push({ id, kind: 'numa', ...this.#locationOf({ home: i }) });
      for (const position of home.packages) {
        this.#link(this.#idOf.get(packages[position]!)!, id, this.#figures.onPackage);
      }
    }
  }

  /** The number of a package, or its position where not all have a number of their own. */
  #socketOf(position: number): number {
    const numbers = this.#places.packages.map(({ osIndex }) => osIndex);
    const areNumbered = !numbers.includes(undefined) && new Set(numbers).size === numbers.length;
    return areNumbered ? numbers[position]! : position;
  }

  #locationOf(place: HwlocPlace): Location {
    const home = place.home === undefined ? undefined : this.#places.homes[place.home]!;
    const position = place.package ?? (home?.packages.length === 1 ? home.packages[0] : undefined);
    return {
      ...(home?.numa !== undefined && { numa: home.numa }),
      ...(position !== undefined && { socket: this.#socketOf(position) }),
    };
  }

  /** The NUMA node or socket that a place stands for. */
  #hostOf({ home, package: position }: HwlocPlace): string {
    if (home !== undefined) return this.#homeIds[home]!;
    if (position !== undefined) return this.#idOf.get(this.#places.packages[position]!)!;
    if (this.#nowhereId === undefined) {
      this.#nowhereId = this.#freshId('numa-unknown');
      this.#hosts.push({ id: this.#nowhereId, kind: 'numa' });
      for (const object of this.#places.packages) {
        this.#link(this.#idOf.get(object)!, this.#nowhereId, this.#figures.socket);
      }
    }
    return this.#nowhereId;
  }

  writeRoot({ above, isHostBridge, items }: PciRoot): void {
    const place = this.#places.placeOf(above);
    const hostBridge = isHostBridge ? { hostBridge: `hb${this.#bridgeCount++}` } : {};
    const location = { ...this.#locationOf(place), ...hostBridge };
    const host = this.#hostOf(place);
    for (const item of items) this.#writeItem(item, host, location, place);
  }

  #writeItem(item: PciItem, aboveId: string, location: Location, place: HwlocPlace | undefined): void {
    if ('device' in item) {
      this.#locations.set(item.device, location);
      const coherent = place === undefined ? undefined : this.#graceLink(item.device, place);
      const figures = coherent ?? this.#figures.pcie(item.rawGBps, item.functions);
      const isResting =
        item.device.kind === 'gpu' &&
        figures.medium === 'pcie' &&
        figures.verified &&
        isOfFirstGenerations(item.rawGBps!);
      if (isResting) this.#restingCount++;
      this.#link(
        aboveId,
        this.#idOf.get(item.device)!,
        isResting ? { ...figures, verified: false } : figures,
      );
      return;
    }
    const id = this.#freshId(`pcie-switch ${item.busId}`);
    const model = item.model === undefined ? {} : { model: item.model };
    this.#switches.push({ id, kind: 'pcie-switch', ...location, ...model });
    this.#link(aboveId, id, this.#figures.pcie(item.rawGBps, 1));
    for (const inner of item.items) this.#writeItem(inner, id, location, undefined);
  }

  /** NVLink-C2C, where the memory of a GPU is a NUMA node beside that of its processor. */
  #graceLink({ kind, pci }: HwlocDevice, { home }: HwlocPlace): LinkFigures | undefined {
    if (kind !== 'gpu' || home === undefined || pci === undefined) return undefined;
    const coherent = new Set(this.#places.homes[home]!.coherentGpus);
    return coherent.has(pci.busId.toLowerCase()) ? this.#figures.graceC2c(coherent.size) : undefined;
  }

  /** GPUs that are no PCI devices share the package of the processor. */
  writeIntegrated(): void {
    for (const gpu of this.#gpus) {
      if (gpu.pci !== undefined) continue;
      const place = this.#places.placeOf(gpu.object.parent!);
      this.#locations.set(gpu, this.#locationOf(place));
      this.#link(this.#hostOf(place), this.#idOf.get(gpu)!, this.#figures.onPackage);
    }
  }

  writeFabric(devices: readonly HwlocDevice[]): void {
    refuseOtherPairs(
      this.#options.xgmiLinks,
      this.#gpus.map((gpu) => this.#idOf.get(gpu)!),
    );
    const fabric = mendedFabric(fabricLinksOf(this.#topology.matrices, devices), {
      modelOf: (gpu) => this.#modelOf(gpu),
      idOf: (end) => this.#idOf.get(end),
      xgmiLinks: this.#options.xgmiLinks,
    });
    this.#fabricNotes = fabric.notes;
    for (const link of fabric.links) {
      const { ends } = link;
      const gpu = ends.find((end): end is HwlocDevice => 'kind' in end && end.kind === 'gpu');
      const model = gpu === undefined ? '' : this.#modelOf(gpu);
      const joinsProcessor = ends.some((end) => !('kind' in end));
      const figures = joinsProcessor
        ? this.#figures.processorNvlink(link, model)
        : this.#figures.fabric(link, model);
      const [a, b] = ends.map((end) => this.#fabricId(end));
      this.#link(a!, b!, figures);
    }
  }

  #fabricId(end: FabricEnd): string {
    const known = this.#idOf.get(end);
    if (known !== undefined) return known;
    const id = this.#freshId(`nvswitch${this.#switches.filter(({ kind }) => kind === 'nvswitch').length}`);
    this.#switches.push({ id, kind: 'nvswitch' });
    this.#idOf.set(end, id);
    return id;
  }

  document(found: HwlocDevices): ServerDocument {
    const { infos, otherBandwidths } = this.#topology;
    const models = [...new Set(this.#gpus.map((gpu) => this.#modelOf(gpu)))];
    const product = infos.get('DMIProductName') ?? infos.get('PlatformModel');
    const nics = this.#nicDevices();
    const unknownPortCount = nics.filter(({ portGBps }) => portGBps === undefined).length;
    const gpuIds = this.#gpus.map((gpu) => this.#idOf.get(gpu)!);
    const notes = [
      ...notesOf(found, gpuIds, otherBandwidths, this.#restingCount, this.#links),
      ...this.#fabricNotes,
    ];
    if (unknownPortCount > 0) notes.push(unknownPortsNote(unknownPortCount));
    if (this.#nowhereId !== undefined) notes.push(NOWHERE_NOTE);
    return {
      name: this.#options.name ?? 'hwloc',
      title:
        this.#options.title ??
        `${product ?? 'server'} with ${this.#gpus.length} GPUs and ${this.#nics.length} NICs, read from hwloc`,
      gpuModel: models.join(', ').slice(0, 1024),
      devices: [...this.#gpus.map((gpu) => this.#gpuDevice(gpu)), ...nics, ...this.#hosts, ...this.#switches],
      links: this.#links,
      confidence: 'file',
      sources: ['hwloc XML'],
      ...(notes.length > 0 && { notes: fittingNotes(notes) }),
    };
  }

  #gpuDevice(gpu: HwlocDevice): Device {
    const memoryGiB = memoryGiBOf(gpu);
    return {
      id: this.#idOf.get(gpu)!,
      kind: 'gpu',
      ...this.#locations.get(gpu)!,
      model: this.#modelOf(gpu),
      ...(memoryGiB !== undefined && { memoryGiB }),
    };
  }

  #nicDevices(): Device[] {
    const hasRdma = this.#nics.some(({ rdma }) => rdma !== undefined);
    return this.#nics.map((nic) => {
      const model = nic.object.infos.get('PCIDevice');
      return {
        id: this.#idOf.get(nic)!,
        kind: 'nic',
        ...this.#locations.get(nic)!,
        ...(model !== undefined && { model }),
        role: hasRdma && nic.rdma === undefined ? 'frontend' : 'compute',
        ...portOf(nic, this.#options.portGbps),
      };
    });
  }

  #modelOf(gpu: HwlocDevice): string {
    return this.#options.gpuModel ?? gpuModelOf(gpu);
  }

  /** `base`, or `base.2` and so on where that is taken. */
  #freshId(base: string): string {
    // graphology looks neighbours up in plain objects, where a vertex called `constructor` is always found.
    const free = base in Object.prototype ? `${base}.nic` : base;
    let id = free;
    for (let n = 2; this.#ids.has(id); n++) id = `${free}.${n}`;
    this.#ids.add(id);
    return id;
  }

  /** Joins two vertices; the faster of two links of one medium stays, of two media the first. */
  #link(a: string, b: string, figures: LinkFigures): void {
    const before = this.#linked.get(JSON.stringify([a, b])) ?? this.#linked.get(JSON.stringify([b, a]));
    if (before === undefined) {
      this.#linked.set(JSON.stringify([a, b]), this.#links.length);
      this.#links.push({ between: [a, b], ...figures });
      return;
    }
    const other = this.#links[before]!;
    if (other.medium === figures.medium && other.bandwidthGBps < figures.bandwidthGBps) {
      this.#links[before] = { between: other.between, ...figures };
    }
  }
}
