import { devicesOf } from '../../topology/device-at.js';
import type { Device, Link } from '../../topology/server-document.js';
import type { ServerTopology } from '../../topology/types.js';
import { NOT_LIMITING_GBPS } from '../server/constants.js';
import { addToGroup } from '../server/grouped.js';
import { switchGroupCount } from './fabric.js';
import { ncclFigure, refusal } from './print-figures.js';

/** A device below a host or switch, and the link above it. */
interface Child {
  readonly device: Device;
  readonly link: Link;
}

/** One NUMA node as a `cpu` element has it. The maps are those of the whole server. */
export interface HostTree {
  readonly host: Device;
  /** Position of its socket among the sockets, in document order. */
  readonly socket: number;
  readonly children: readonly Child[];
  /** Switch to what hangs on it. */
  readonly below: ReadonlyMap<string, readonly Child[]>;
  /** GPU to its C2C link to the CPU. */
  readonly c2c: ReadonlyMap<string, Link>;
  /** Switch to switches that its peer ports lead to. */
  readonly peers: ReadonlyMap<string, readonly string[]>;
  /** Both levels of switches that are one chip. */
  readonly broadcom: ReadonlySet<string>;
}

/**
 * The trees of devices below the NUMA nodes of a server, for nested elements.
 *
 * @param topology - a server topology
 * @returns one tree per NUMA node, or per socket without NUMA nodes, in document order; devices in the order of their links
 * @throws CorralError `invalid-option` if GPUs, NICs and switches do not form trees
 * @complexity O(devices * links)
 */
export function hostTrees(topology: ServerTopology): readonly HostTree[] {
  const { document } = topology;
  const devices = devicesOf(topology);
  const kind = (id: string): Device['kind'] => devices.get(id)!.kind;
  const socketOf = new Map<string, string>();
  const c2c = new Map<string, Link>();
  const branches: Link[] = [];
  for (const link of document.links) {
    const [a, b] = link.between;
    const kinds = [kind(a), kind(b)];
    const isHost = (i: number): boolean => kinds[i] === 'numa' || kinds[i] === 'socket';
    if (link.medium === 'nvlink' || link.medium === 'xgmi') holdFabric(link, kinds);
    else if (link.medium === 'scale-up-ethernet') {
      throw refusal(`${a} and ${b} are joined by scale-up Ethernet, which NCCL does not know`);
    } else if (link.medium === 'socket') {
      if (!isHost(0) || !isHost(1)) throw refusal(`${a} and ${b} are joined by a link between sockets`);
    } else if (isHost(0) && isHost(1)) {
      const numa = kinds[0] === 'numa' ? a : b;
      const socket = numa === a ? b : a;
      if (
        kind(numa) !== 'numa' ||
        kind(socket) !== 'socket' ||
        ncclFigure(link) < NOT_LIMITING_GBPS ||
        socketOf.has(numa)
      ) {
        throw refusal(`NCCL has no figure for the link between ${a} and ${b}`);
      }
      socketOf.set(numa, socket);
    } else if (link.medium === 'c2c') {
      const gpu = kinds[0] === 'gpu' ? a : b;
      if (kind(gpu) !== 'gpu' || !isHost(gpu === a ? 1 : 0) || c2c.has(gpu)) {
        throw refusal(`${a} and ${b} are joined by C2C, which leads from one GPU to its CPU`);
      }
      c2c.set(gpu, link);
    } else branches.push(link);
  }
  holdOneFabric(document.devices, document.links);
  const withNuma = new Set(socketOf.values());
  const hosts = document.devices.filter(
    (device) => device.kind === 'numa' || (device.kind === 'socket' && !withNuma.has(device.id)),
  );
  const sockets = [...new Set(hosts.map(({ id }) => socketOf.get(id) ?? id))];
  const grown = grow(topology, hosts, branches, c2c);
  return hosts.map((host) => ({
    host,
    socket: sockets.indexOf(socketOf.get(host.id) ?? host.id),
    children: grown.below.get(host.id) ?? [],
    c2c,
    ...grown,
  }));
}

function holdFabric(link: Link, kinds: readonly string[]): void {
  const [a, b] = link.between;
  if (kinds[0] === 'nvswitch' && kinds[1] === 'nvswitch') {
    throw refusal(`${a} and ${b} are NVSwitches joined by NVLink: to NCCL all NVSwitches are one`);
  }
  const ends = link.medium === 'xgmi' ? ['gpu'] : ['gpu', 'nvswitch'];
  if (!kinds.every((kind) => ends.includes(kind))) {
    throw refusal(`${a} and ${b} are joined by ${link.medium}, which leads to GPUs and NVSwitches only`);
  }
}

/** Refuses NVSwitches in several groups: NCCL, and so {@link fromNcclXml}, takes them for one switch. */
function holdOneFabric(devices: readonly Device[], links: readonly Link[]): void {
  const gpus = new Map(
    devices.flatMap(({ id, kind }) => (kind === 'nvswitch' ? [[id, new Set<string>()] as const] : [])),
  );
  for (const { between } of links) {
    for (const end of [0, 1] as const) gpus.get(between[end])?.add(between[1 - end]!);
  }
  const linked = [...gpus].filter(([, ends]) => ends.size > 0);
  if (switchGroupCount(linked.map(([, ends]) => ends)) > 1) {
    const names = linked.map(([id]) => id).join(', ');
    throw refusal(`no GPU joins the NVSwitches ${names.slice(0, 200)}, which are all one to NCCL`);
  }
}

/** Puts every device below a host, breadth first from all hosts, so that each has the shortest path. */
function grow(
  topology: ServerTopology,
  hosts: readonly Device[],
  branches: readonly Link[],
  c2c: ReadonlyMap<string, Link>,
): Pick<HostTree, 'below' | 'peers' | 'broadcom'> {
  const { document } = topology;
  const devices = devicesOf(topology);
  const below = new Map<string, Child[]>();
  const above = new Map<string, Link>();
  const used = new Set<Link>();
  const hang = (parent: string, device: Device, link: Link): void => {
    addToGroup(below, parent, { device, link });
    above.set(device.id, link);
    used.add(link);
  };
  const queue = [...hosts];
  const reached = new Set(queue.map(({ id }) => id));
  for (const parent of queue) {
    for (const link of branches) {
      const [a, b] = link.between;
      if (a !== parent.id && b !== parent.id) continue;
      const device = devices.get(a === parent.id ? b : a)!;
      if (reached.has(device.id) || device.kind === 'nvswitch') continue;
      reached.add(device.id);
      hang(parent.id, device, link);
      if (device.kind === 'pcie-switch') queue.push(device);
    }
  }
  for (const [gpu, link] of c2c) {
    if (reached.has(gpu)) continue;
    reached.add(gpu);
    hang(link.between[0] === gpu ? link.between[1] : link.between[0], devices.get(gpu)!, link);
  }
  for (const { id, kind } of document.devices) {
    if ((kind === 'gpu' || kind === 'nic') && !reached.has(id)) {
      throw refusal(`${id} hangs on no NUMA node by PCIe, only by way of another device or not at all`);
    }
  }
  const peers = peersOf(
    branches.filter((link) => !used.has(link)),
    devices,
    reached,
  );
  return {
    below,
    peers,
    broadcom: broadcomOf(
      branches.filter((link) => used.has(link)),
      below,
    ),
  };
}

/** The links outside the trees: the format has peer ports of two switches only, and others are refused. */
function peersOf(
  links: readonly Link[],
  devices: ReadonlyMap<string, Device>,
  reached: ReadonlySet<string>,
): ReadonlyMap<string, readonly string[]> {
  const peers = new Map<string, string[]>();
  for (const link of links) {
    const [a, b] = link.between;
    const bothSwitches = [a, b].every((id) => devices.get(id)!.kind === 'pcie-switch' && reached.has(id));
    if (!bothSwitches || ncclFigure(link) < NOT_LIMITING_GBPS) {
      throw refusal(`the link between ${a} and ${b} does not fit into a tree of PCI devices`);
    }
    addToGroup(peers, a, b);
    addToGroup(peers, b, a);
  }
  return peers;
}

/** Switches joined by a link inside a chip. NCCL merges one lower bridge into the upper one, but no further levels. */
function broadcomOf(
  links: readonly Link[],
  below: ReadonlyMap<string, readonly Child[]>,
): ReadonlySet<string> {
  const upper = new Set<string>();
  const lower = new Set<string>();
  for (const [parent, children] of below) {
    for (const { device, link } of children) {
      if (link.medium !== 'on-chip' || !links.includes(link)) continue;
      if (device.kind !== 'pcie-switch' || ncclFigure(link) < NOT_LIMITING_GBPS) {
        throw refusal(`${device.id} hangs on ${parent} by a link inside a chip that NCCL has no figure for`);
      }
      upper.add(parent);
      lower.add(device.id);
    }
  }
  for (const parent of upper) {
    const isSwitch = [...below.values()].some((list) => list.some(({ device }) => device.id === parent));
    const nested = (below.get(parent) ?? []).some(
      ({ device, link }) => link.medium !== 'on-chip' && upper.has(device.id),
    );
    if (!isSwitch || lower.has(parent) || nested) {
      throw refusal(`${parent} is one of more than two levels of a chip, which NCCL does not know`);
    }
  }
  return new Set([...upper, ...lower]);
}
