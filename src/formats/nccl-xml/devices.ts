import { CorralError, quote } from '../../errors.js';
import { DEVICES_MAX, refuseTooManyGpus } from '../server/limits.js';
import { invalidFormat, limitExceeded } from '../text/format-errors.js';
import type { NcclXmlOptions } from './options.js';
import { type PciBranch, statedDevices } from './stated.js';
import type { NcclCpu, NcclNet, NcclPci, NcclSystem } from './tree.js';

/** The CPUs of one server with the branches below each. */
export interface ServerTree {
  readonly cpus: readonly { readonly cpu: NcclCpu; readonly branches: readonly PciBranch[] }[];
  /** In the order of their ordinals. */
  readonly gpus: readonly NcclPci[];
  /** NICs without a `dev`, as templates have them, in the order of PCI addresses. */
  readonly portlessNics: readonly NcclPci[];
  /** The largest `dev` of a port, -1 without any. */
  readonly portDevMax: number;
  /** Number of ports by address of the card: the functions of a card share its lanes. */
  readonly portsOfCard: ReadonlyMap<string, number>;
  /** True if the file has `gpu` elements; in templates, GPUs come from classes and options. */
  readonly complete: boolean;
  readonly notes: readonly string[];
}

/**
 * Finds the GPUs and NICs of one server, and drops bridges without any below them.
 *
 * Files with a `gpu` element are complete: as in NCCL, GPUs are the elements with a rank and NICs those with ports,
 * whatever their classes are. In templates, the class decides, and options add what the file lacks.
 *
 * @param system - the file
 * @param options - the host, and the devices to add
 * @returns the tree; GPUs in the order of `dev`, in templates by PCI address, which is how drivers number them
 * @throws CorralError `invalid-format` or `invalid-option` if a GPU or NIC cannot be told, `unknown-reference`,
 * `limit-exceeded`
 * @complexity O(elements + options)
 */
export function serverTree(system: NcclSystem, options: NcclXmlOptions): ServerTree {
  const cpus = cpusOfHost(system, options);
  const all = cpus.flatMap((cpu) => allPcis(cpu.pcis));
  const withGpu = all.filter(({ gpu }) => gpu !== undefined);
  const complete = withGpu.length > 0;
  const ranked = withGpu.filter(({ gpu }) => gpu!.rank !== undefined);
  const notes: string[] = [];
  // NCCL writes ranks. A file without any was written by hand, and all its GPUs count.
  const counted = new Set(ranked.length > 0 ? ranked : withGpu);
  if (counted.size < withGpu.length) {
    notes.push(`${withGpu.length - counted.size} GPUs without rank are left out, as NCCL does.`);
  }
  const stated = statedDevices(cpus, all, options);
  const branch = (pci: NcclPci): PciBranch[] => {
    const extra = stated.under.get(pci) ?? [];
    const branches = [...pci.pcis.flatMap(branch), ...extra];
    // A bridge that has devices in the options only is a bridge, not a device without class.
    const bare = stated.bridges.has(pci.address) && pci.gpu === undefined && pci.nets === undefined;
    const said = stated.kinds.get(pci.address) ?? (bare ? 'none' : undefined);
    const kind = said ?? kindOf(pci, complete, counted, options);
    if (kind === 'gpu' || kind === 'nic') return [{ pci, kind, branches: [] }, ...branches];
    return branches.length === 0 ? [] : [{ pci, kind: 'bridge', branches }];
  };
  const trees = cpus.map((cpu) => ({
    cpu,
    branches: [...cpu.pcis.flatMap(branch), ...(stated.below.get(cpu) ?? [])],
  }));
  const gpus = inOrder(trees.flatMap(({ branches }) => ofKind('gpu', branches)));
  const nics = trees.flatMap(({ branches }) => ofKind('nic', branches));
  const portlessNics = nics.filter(({ nets }) => !hasPort(nets ?? [])).sort(byAddress);
  const count = trees.reduce((sum, { branches }) => sum + countBranches(branches), 0);
  holdLimits(gpus.length, count, cpus, nics);
  if (gpus.length === 0) {
    throw invalidFormat(
      [],
      'no GPU: the file leaves them to detection; name each in options.devices (busId, kind and under)',
    );
  }
  if (!complete && options.gpuModel === undefined) {
    throw new CorralError(
      'invalid-option',
      ['gpuModel'],
      'the file leaves the GPUs to detection: say which model they are',
    );
  }
  const addresses = new Set<string>();
  for (const pci of gpus) {
    if (addresses.has(pci.address)) {
      throw new CorralError(
        'duplicate-id',
        ['line', pci.line, 'busid'],
        `two GPUs have the PCI address ${quote(pci.address)} (without separators): give each its own`,
      );
    }
    addresses.add(pci.address);
  }
  return { cpus: trees, gpus, portlessNics, complete, notes, ...portsOf(cpus, nics) };
}

function holdLimits(
  gpus: number,
  branches: number,
  cpus: readonly NcclCpu[],
  nics: readonly NcclPci[],
): void {
  refuseTooManyGpus(gpus, []);
  const ports = [...cpus, ...nics].reduce((sum, { nets }) => sum + (nets?.length ?? 0), 0);
  if (branches + ports > DEVICES_MAX) {
    throw limitExceeded(
      [],
      `${branches} PCI devices and ${ports} ports, at most ${DEVICES_MAX} in all: is this one server?`,
    );
  }
}

function portsOf(
  cpus: readonly NcclCpu[],
  nics: readonly NcclPci[],
): Pick<ServerTree, 'portDevMax' | 'portsOfCard'> {
  const portsOfCard = new Map<string, number>();
  let portDevMax = -1;
  for (const { nets = [], ...nic } of [...cpus, ...nics]) {
    const devs = nets.flatMap(({ dev }) => dev ?? []);
    portDevMax = devs.reduce((most, dev) => Math.max(most, dev), portDevMax);
    if (!('address' in nic)) continue;
    const card = cardOf(nic.address);
    portsOfCard.set(card, (portsOfCard.get(card) ?? 0) + Math.max(1, devs.length));
  }
  return { portDevMax, portsOfCard };
}

/** The address of the card of a function: without the last digit, as in NCCL. */
export function cardOf(address: string): string {
  return address.slice(0, -1);
}

function countBranches(branches: readonly PciBranch[]): number {
  return branches.reduce((sum, branch) => sum + 1 + countBranches(branch.branches), 0);
}

function cpusOfHost(system: NcclSystem, options: NcclXmlOptions): readonly NcclCpu[] {
  const hosts = [...new Set(system.cpus.map(({ hostHash }) => hostHash))];
  if (options.host === undefined && hosts.length > 1) {
    throw new CorralError(
      'invalid-option',
      ['host'],
      `the file describes ${hosts.length} servers: name one by its host_hash (${hosts.slice(0, 4).map(quote).join(', ')})`,
    );
  }
  const host = options.host ?? hosts[0];
  const cpus = system.cpus.filter(({ hostHash }) => hostHash === host);
  if (cpus.length === 0) {
    if (options.host === undefined) {
      throw invalidFormat([], 'no <cpu>, so no machine: give the file that NCCL_TOPO_DUMP_FILE writes');
    }
    throw new CorralError(
      'unknown-reference',
      ['host'],
      `no host_hash ${quote(options.host)} in the file: it has ${hosts.slice(0, 4).map(quote).join(', ')}`,
    );
  }
  return cpus;
}

function allPcis(pcis: readonly NcclPci[]): NcclPci[] {
  return pcis.flatMap((pci) => [pci, ...allPcis(pci.pcis)]);
}

function kindOf(
  pci: NcclPci,
  complete: boolean,
  counted: ReadonlySet<NcclPci>,
  options: NcclXmlOptions,
): 'gpu' | 'nic' | 'none' {
  if (pci.gpu !== undefined) return counted.has(pci) ? 'gpu' : 'none';
  if (pci.nets !== undefined) return hasPort(pci.nets) ? 'nic' : 'none';
  if (complete || pci.pcis.length > 0) return 'none';
  if (pci.class === undefined) {
    if (options.classless !== undefined) return options.classless;
    throw new CorralError(
      'invalid-option',
      ['classless'],
      `line ${pci.line} has a PCI device without class and nothing below it: say whether such devices are gpu or nic, single ones in options.devices`,
    );
  }
  if (isGpuClass(pci.class)) return 'gpu';
  return pci.class.startsWith('0x02') ? 'nic' : 'none';
}

/** Display controllers, and the processing accelerators that AMD's are. */
export function isGpuClass(pciClass: string): boolean {
  return pciClass.startsWith('0x03') || pciClass.startsWith('0x12');
}

/** Whether a NIC has a port that NCCL uses. */
export function hasPort(nets: readonly NcclNet[]): boolean {
  return nets.some(({ dev }) => dev !== undefined);
}

function ofKind(wanted: 'gpu' | 'nic', branches: readonly PciBranch[]): NcclPci[] {
  return branches.flatMap(({ pci, kind, branches: inner }) =>
    kind === wanted ? [pci] : ofKind(wanted, inner),
  );
}

function inOrder(gpus: readonly NcclPci[]): readonly NcclPci[] {
  const dev = (pci: NcclPci): number => pci.gpu!.dev!;
  if (gpus.every(({ gpu }) => gpu?.dev !== undefined) && new Set(gpus.map(dev)).size === gpus.length) {
    return [...gpus].sort((a, b) => dev(a) - dev(b));
  }
  return gpus.every(({ gpu }) => gpu === undefined) ? [...gpus].sort(byAddress) : gpus;
}

/** Without separators and leading zeros, longer addresses are the larger ones. */
function byAddress(a: NcclPci, b: NcclPci): number {
  if (a.address.length !== b.address.length) return a.address.length - b.address.length;
  return a.address < b.address ? -1 : a.address > b.address ? 1 : 0;
}
