import { quote } from '../../errors.js';
import { LINKS_PER_PAIR_MAX } from '../server/limits.js';
import { invalidFormat } from '../text/format-errors.js';
import { readInteger } from '../text/numbers.js';
import { readXml, type XmlElement } from '../text/xml.js';

/** A `cpu` element: one NUMA node. */
export interface NcclCpu {
  /** Absent where the file has none or a negative one: a machine without NUMA. */
  readonly numa: number | undefined;
  readonly hostHash: string | undefined;
  readonly arch: string | undefined;
  readonly vendor: string | undefined;
  readonly family: number | undefined;
  readonly model: number | undefined;
  readonly affinity: string | undefined;
  /** The socket, in files that {@link toNcclXml} wrote. */
  readonly socket: string | undefined;
  readonly pcis: readonly NcclPci[];
  /** Ports of NICs that are no PCI device. */
  readonly nets: readonly NcclNet[];
  readonly line: number;
}

/** A `pci` element with the elements inside. */
export interface NcclPci {
  readonly address: string;
  readonly class: string | undefined;
  /** vendor, device, subsystem vendor, subsystem device. */
  readonly ids: readonly (number | undefined)[];
  readonly linkSpeed: string | undefined;
  readonly linkWidth: number | undefined;
  /** The host bridge above, in files that {@link toNcclXml} wrote. */
  readonly hostBridge: string | undefined;
  readonly gpu: NcclGpu | undefined;
  /** Ports of a `nic` element; absent where there is none. */
  readonly nets: readonly NcclNet[] | undefined;
  readonly pcis: readonly NcclPci[];
  /** Addresses of switches that a peer port leads to. */
  readonly pciLinks: readonly string[];
  readonly line: number;
}

/** A `gpu` element. */
export interface NcclGpu {
  readonly dev: number | undefined;
  readonly rank: number | undefined;
  readonly sm: number | undefined;
  readonly gcn: string | undefined;
  /** The model, in files that {@link toNcclXml} wrote. */
  readonly model: string | undefined;
  readonly links: readonly NcclGpuLink[];
  /** NVLink-C2C to the CPU, GB/s, and the number of links. */
  readonly c2cGBps: number;
  readonly c2cLinks: number;
}

/** An `nvlink` or `xgmi` element. */
export interface NcclGpuLink {
  readonly medium: 'nvlink' | 'xgmi';
  readonly target: string;
  readonly targetClass: string | undefined;
  readonly count: number;
}

/** A `net` element: one port. */
export interface NcclNet {
  readonly name: string | undefined;
  /** Absent: NCCL ignores the port. */
  readonly dev: number | undefined;
  readonly speedMbps: number | undefined;
  /** The role of the NIC, in files that {@link toNcclXml} wrote. */
  readonly role: string | undefined;
  /** In files that {@link toNcclXml} wrote: `none` if the server has no rate of the port, or `unverified`. */
  readonly rate: string | undefined;
}

/** A whole file. */
export interface NcclSystem {
  readonly name: string | undefined;
  /** 1: NCCL, 2: RCCL. */
  readonly version: 1 | 2;
  readonly cpus: readonly NcclCpu[];
}

/** Most elements of a file; NCCL itself stops at a few thousand. */
const ELEMENTS_MAX = 2 ** 15;
/** Fastest C2C, as in a server document. */
const C2C_MAX_GBPS = 1e6;
const INT_MAX = 2 ** 31 - 1;

/**
 * Reads the elements of an NCCL topology file that describe the server; others are ignored, as in NCCL.
 *
 * @param text - the whole file
 * @returns CPUs with what hangs below them, in document order
 * @throws CorralError `invalid-format` with line and attribute, `limit-exceeded`
 * @complexity O(characters)
 */
export function readNcclSystem(text: unknown): NcclSystem {
  const root = readXml(text, { what: 'an NCCL topology (<system>)', elementsMax: ELEMENTS_MAX });
  if (root.name !== 'system') throw invalidFormat(['line', root.line], wrongRoot(root));
  refuseText(root);
  const written = filled(root, 'version');
  const version = /^0*[12]$/.test(written ?? '') ? (Number(written) as 1 | 2) : undefined;
  if (version === undefined) {
    throw invalidFormat(
      ['line', root.line, 'version'],
      `expected version 1 (NCCL) or 2 (RCCL), got ${written === undefined ? 'none' : quote(written)}: other programs write <system> too, give the file that NCCL_TOPO_DUMP_FILE writes`,
    );
  }
  for (const parent of [root, ...named(root, 'cpu')]) refuseLooseGpu(parent);
  return { name: filled(root, 'name'), version, cpus: named(root, 'cpu').map(cpuOf) };
}

function wrongRoot(root: XmlElement): string {
  if (root.name === 'graphs') {
    return '<graphs> holds the rings and trees of a finished search, not the machine: give the file that NCCL_TOPO_DUMP_FILE writes';
  }
  const hint = root.name === 'topology' ? ', this looks like a file of hwloc' : '';
  return `expected <system>, the root of an NCCL topology, got <${root.name.slice(0, 64)}>${hint}`;
}

/** Refuses text between elements, where NCCL stops reading. */
function refuseText(element: XmlElement): void {
  if (element.text !== '') {
    throw invalidFormat(
      ['line', element.line],
      `text inside <${element.name.slice(0, 64)}>: ${quote(element.text)}; remove it`,
    );
  }
  for (const child of element.children) refuseText(child);
}

/** Refuses a GPU outside a `pci` element: NCCL ignores it silently, and the server would lack it. */
function refuseLooseGpu(parent: XmlElement): void {
  const [gpu] = named(parent, 'gpu');
  if (gpu === undefined) return;
  throw invalidFormat(
    ['line', gpu.line],
    `<gpu> inside <${parent.name}>: NCCL reads GPUs inside a <pci> with their busid only, add it`,
  );
}

function cpuOf(element: XmlElement): NcclCpu {
  const numa = integer(element, 'numaid', -INT_MAX, INT_MAX);
  return {
    numa: numa === undefined || numa < 0 ? undefined : numa,
    hostHash: filled(element, 'host_hash'),
    arch: filled(element, 'arch'),
    vendor: filled(element, 'vendor'),
    family: integer(element, 'familyid', -INT_MAX, INT_MAX),
    model: integer(element, 'modelid', -INT_MAX, INT_MAX),
    affinity: filled(element, 'affinity'),
    socket: filled(element, 'corral_socket'),
    pcis: named(element, 'pci').map(pciOf),
    nets: named(element, 'nic').flatMap(netsOf),
    line: element.line,
  };
}

function pciOf(element: XmlElement): NcclPci {
  const address = element.attributes.get('busid') ?? '';
  if (!/^[0-9a-fA-F]+(?:[:.-][0-9a-fA-F]+)*$/.test(address)) {
    throw invalidFormat(
      ['line', element.line, 'busid'],
      `expected a PCI address such as 0000:1d:00.0, got ${quote(address)}`,
    );
  }
  const gpus = named(element, 'gpu');
  if (gpus.length > 1) {
    throw invalidFormat(
      ['line', gpus[1]!.line],
      `${quote(address)} has ${gpus.length} gpu elements: a <pci> holds one, and partitions of one GPU (mlopart) are not read: leave one`,
    );
  }
  const nics = named(element, 'nic');
  return {
    address: addressKey(address),
    class: filled(element, 'class')?.toLowerCase(),
    ids: ['vendor', 'device', 'subsystem_vendor', 'subsystem_device'].map((name) =>
      integer(element, name, 0, INT_MAX),
    ),
    linkSpeed: filled(element, 'link_speed'),
    linkWidth: integer(element, 'link_width', -INT_MAX, INT_MAX),
    hostBridge: filled(element, 'corral_host_bridge'),
    gpu: gpus.length === 0 ? undefined : gpuOf(gpus[0]!),
    nets: nics.length === 0 ? undefined : nics.flatMap(netsOf),
    pcis: named(element, 'pci').map(pciOf),
    pciLinks: named(element, 'pcilink').map((link) => addressKey(link.attributes.get('target') ?? '')),
    line: element.line,
  };
}

function gpuOf(element: XmlElement): NcclGpu {
  const links = element.children
    .filter(({ name }) => name === 'nvlink' || name === 'xgmi')
    .map((link) => ({
      medium: link.name as 'nvlink' | 'xgmi',
      target: addressKey(link.attributes.get('target') ?? ''),
      targetClass: filled(link, 'tclass')?.toLowerCase(),
      count: required(link, 'count', 0, LINKS_PER_PAIR_MAX),
    }));
  let c2cGBps = 0;
  let c2cLinks = 0;
  for (const link of named(element, 'c2c')) {
    const count = required(link, 'count', 0, LINKS_PER_PAIR_MAX);
    c2cGBps += (required(link, 'bw', 0, INT_MAX) * count) / 1000;
    c2cLinks += count;
    if (c2cGBps > C2C_MAX_GBPS || c2cLinks > LINKS_PER_PAIR_MAX) {
      throw invalidFormat(
        ['line', link.line, 'bw'],
        `C2C of ${c2cGBps} GB/s: expected MB/s per link, got ${quote(link.attributes.get('bw'))}`,
      );
    }
  }
  return {
    dev: integer(element, 'dev', -INT_MAX, INT_MAX),
    rank: integer(element, 'rank', -INT_MAX, INT_MAX),
    sm: integer(element, 'sm', 0, INT_MAX),
    gcn: filled(element, 'gcn'),
    model: filled(element, 'corral_model'),
    links,
    c2cGBps,
    c2cLinks,
  };
}

function netsOf(nic: XmlElement): NcclNet[] {
  return named(nic, 'net').map((element) => ({
    name: filled(element, 'name'),
    dev: integer(element, 'dev', -INT_MAX, INT_MAX),
    speedMbps: integer(element, 'speed', -INT_MAX, INT_MAX),
    role: filled(element, 'corral_role'),
    rate: filled(element, 'corral_rate'),
  }));
}

function named(element: XmlElement, name: string): XmlElement[] {
  return element.children.filter((child) => child.name === name);
}

/** The value of an attribute; undefined where it is missing or blank. */
function filled(element: XmlElement, name: string): string | undefined {
  const value = element.attributes.get(name)?.trim();
  return value === '' ? undefined : value;
}

function integer(element: XmlElement, name: string, min: number, max: number): number | undefined {
  const text = filled(element, name);
  if (text === undefined) return undefined;
  // NCCL reads these with strtol: hexadecimal digits too.
  const hex = /^([-+]?)(0[xX][0-9a-fA-F]{1,8})$/.exec(text);
  const value = hex === null ? readInteger(text) : Number(hex[2]) * (hex[1] === '-' ? -1 : 1);
  if (!(value >= min && value <= max)) {
    throw invalidFormat(
      ['line', element.line, name],
      `expected an integer from ${min} to ${max}, got ${quote(text)}`,
    );
  }
  return value + 0;
}

function required(element: XmlElement, name: string, min: number, max: number): number {
  const value = integer(element, name, min, max);
  if (value === undefined) {
    throw invalidFormat(
      ['line', element.line, name],
      `<${element.name}> needs ${name}: is the file complete?`,
    );
  }
  return value;
}

/** A PCI address without separators and leading zeros, because NCCL compares the digits only. */
export function addressKey(address: string): string {
  const digits = address.toLowerCase().replace(/[^0-9a-f]/g, '');
  return digits.replace(/^0+(?=.)/, '');
}
