import type { Device, ServerDocument } from '../../topology/server-document.js';
import { refuseTooMany, refuseTooManyGpus } from '../server/limits.js';
import type { LinkFigures } from '../server/link-figures.js';
import { unknownPortNotes } from '../server/notes.js';
import { type Location, ServerWriter } from '../server/server-writer.js';
import { refuseOtherPairs } from '../server/xgmi-links.js';
import { gpuModelOf, memoryGiBOf, nicNameOf, portOf } from './device-facts.js';
import type { HwlocDevice, HwlocDevices } from './devices.js';
import { type FabricEnd, fabricLinksOf } from './fabric.js';
import { mendedFabric } from './fabric-quirks.js';
import { type HwlocFigures, hwlocFigures, isOfFirstGenerations } from './figures.js';
import { notesOf } from './notes.js';
import type { HwlocTopology } from './objects.js';
import type { HwlocXmlOptions } from './options.js';
import { type PciItem, type PciRoot, pciRootsOf } from './pci.js';
import { type HwlocPlace, type HwlocPlaces, placesOf } from './places.js';

/** Most NICs; virtual functions are not among them. */
const NICS_MAX = 256;
const NOWHERE_NOTE = 'The file has devices near no processor: they are as far from one as from the others.';

/**
 * Writes the server document of an hwloc topology.
 *
 * @param topology - the file
 * @param found - its devices; at least one GPU
 * @param options - what the file does not say
 * @returns the document: GPUs are `GPU0`, `GPU1`, …; NICs have the names of the operating system
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

class DocumentWriter {
  readonly #topology: HwlocTopology;
  readonly #options: HwlocXmlOptions;
  readonly #gpus: readonly HwlocDevice[];
  readonly #nics: readonly HwlocDevice[];
  readonly #figures: HwlocFigures;
  readonly #places: HwlocPlaces;
  readonly #writer = new ServerWriter();
  /** Ids of GPUs, NICs, NVSwitches by device, and of sockets by package. */
  readonly #idOf = new Map<FabricEnd, string>();
  readonly #locations = new Map<HwlocDevice, Location>();
  /** Ids of the NUMA nodes by home. */
  readonly #homeIds: string[] = [];
  #nowhereId: string | undefined;
  #fabricNotes: readonly string[] = [];
  #bridgeCount = 0;
  /** Links of GPUs that have the speed of an idle GPU. */
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
    for (const [i, gpu] of gpus.entries()) this.#idOf.set(gpu, this.#writer.freshId(`GPU${i}`));
    for (const nic of nics) this.#idOf.set(nic, this.#writer.freshId(nicNameOf(nic)));
  }

  writeHosts(): void {
    const { packages, homes } = this.#places;
    for (const [i, object] of packages.entries()) {
      const model = object.infos.get('CPUModel');
      this.#idOf.set(object, this.#writer.socket(this.#socketOf(i), this.#figures.socket, model));
    }
    for (const [i, home] of homes.entries()) {
      const id = this.#writer.numaNode(home.numa ?? `-unknown${i}`, this.#locationOf({ home: i }));
      this.#homeIds.push(id);
      for (const position of home.packages) {
        this.#writer.linkOnce(this.#idOf.get(packages[position]!)!, id, this.#figures.onPackage);
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

  /** The id of the NUMA node or socket of a place. */
  #hostOf({ home, package: position }: HwlocPlace): string {
    if (home !== undefined) return this.#homeIds[home]!;
    if (position !== undefined) return this.#idOf.get(this.#places.packages[position]!)!;
    if (this.#nowhereId === undefined) {
      this.#nowhereId = this.#writer.numaNode('-unknown', {});
      for (const object of this.#places.packages) {
        this.#writer.linkOnce(this.#idOf.get(object)!, this.#nowhereId, this.#figures.socket);
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
      this.#writer.linkOnce(
        aboveId,
        this.#idOf.get(item.device)!,
        isResting ? { ...figures, verified: false } : figures,
      );
      return;
    }
    const fields = { ...location, ...(item.model !== undefined && { model: item.model }) };
    const id = this.#writer.pcieSwitch(fields, `pcie-switch ${item.busId}`);
    this.#writer.linkOnce(aboveId, id, this.#figures.pcie(item.rawGBps, 1));
    for (const inner of item.items) this.#writeItem(inner, id, location, undefined);
  }

  /** NVLink-C2C, if the memory of the GPU is a NUMA node beside that of its processor. */
  #graceLink({ kind, pci }: HwlocDevice, { home }: HwlocPlace): LinkFigures | undefined {
    if (kind !== 'gpu' || home === undefined || pci === undefined) return undefined;
    const coherent = new Set(this.#places.homes[home]!.coherentGpus);
    return coherent.has(pci.busId.toLowerCase()) ? this.#figures.graceC2c(coherent.size) : undefined;
  }

  /** Writes the links of GPUs that are no PCI devices but part of the processor's package. */
  writeIntegrated(): void {
    for (const gpu of this.#gpus) {
      if (gpu.pci !== undefined) continue;
      const place = this.#places.placeOf(gpu.object.parent!);
      this.#locations.set(gpu, this.#locationOf(place));
      this.#writer.linkOnce(this.#hostOf(place), this.#idOf.get(gpu)!, this.#figures.onPackage);
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
      this.#writer.linkOnce(a!, b!, figures);
    }
  }

  #fabricId(end: FabricEnd): string {
    const known = this.#idOf.get(end);
    if (known !== undefined) return known;
    const id = this.#writer.nvswitch();
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
      ...notesOf(found, gpuIds, otherBandwidths, this.#restingCount, this.#writer.links),
      ...this.#fabricNotes,
      ...unknownPortNotes(unknownPortCount),
    ];
    if (this.#nowhereId !== undefined) notes.push(NOWHERE_NOTE);
    return this.#writer.document(this.#options, {
      name: 'hwloc',
      title: `${product ?? 'server'} with ${this.#gpus.length} GPUs and ${nics.length} NICs, read from hwloc`,
      gpuModel: models.join(', ').slice(0, 1024),
      devices: [
        ...this.#gpus.map((gpu) => this.#gpuDevice(gpu)),
        ...nics,
        ...this.#writer.hosts,
        ...this.#writer.switches,
      ],
      confidence: 'file',
      source: 'hwloc XML',
      notes,
    });
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
}
