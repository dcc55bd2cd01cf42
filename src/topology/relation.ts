import type { DeviceId } from '../ids.js';
import { remembered } from '../remembered.js';
import { deviceAt, devicesOf } from './device-at.js';
import { checkServer } from './expected-topology.js';
import type { Device, Link, Medium } from './server-document.js';
import { switchFabrics } from './switch-fabrics.js';
import type { ServerTopology } from './types.js';

/** The relation of every pair of GPUs and NICs: the table that `nvidia-smi topo -m` prints. */
export interface RelationMatrix {
  /** Row and column headings: GPUs, then NICs, each in document order. */
  readonly devices: readonly DeviceId[];
  /** `cells[row][column]`, symmetric, see {@link relation} for the words. */
  readonly cells: readonly (readonly string[])[];
}

/**
 * The relation of every pair of GPUs and NICs of a server, in the words of `nvidia-smi topo -m`.
 *
 * @param server - a server topology
 * @returns headings and words: GPUs first, then NICs (of every role), in document order
 * @complexity O(devices * links)
 * @example
 * relationMatrix(topology('dgx-a100')).cells[0] // ['X', 'NV12', …, 'PXB', 'PXB', 'SYS', …]
 */
export function relationMatrix(server: ServerTopology): RelationMatrix {
  checkServer(server, ['server']);
  const devices = [...server.gpus, ...server.nics];
  const neighbourhood = neighbourhoodOf(server);
  const cells = devices.map((row) => {
    const levels = switchLevelsFrom(neighbourhood, row);
    return devices.map((column) => wordOf(neighbourhood, levels, row, column));
  });
  return { devices, cells };
}

/**
 * The relation of two devices, in the words of `nvidia-smi topo -m`:
 *
 * | word | meaning |
 * |---|---|
 * | `X` | the device itself |
 * | `NV#` | joined by # NVLinks; through NVSwitch, the links of the GPU that has fewer |
 * | `XGMI`, `SCALEUP` | joined by xGMI or scale-up Ethernet (our own words: nvidia-smi has none) |
 * | `PIX` | at most one PCIe switch between them |
 * | `PXB` | several PCIe switches, or one that reports as two levels, and no host bridge |
 * | `PHB` | one host bridge; host bridges that the document does not name count as one per NUMA node |
 * | `NODE` | two host bridges of one NUMA node |
 * | `SYS` | two NUMA nodes, also of one socket |
 *
 * The accelerator fabric joins two GPUs when it does so without a third GPU between them.
 *
 * @param server - a server topology
 * @param from - id of any device
 * @param to - id of any device
 * @returns the word
 * @throws CorralError `unknown-reference` if a device does not exist
 * @complexity O(devices + links)
 */
export function relation(server: ServerTopology, from: DeviceId, to: DeviceId): string {
  checkServer(server, ['server']);
  deviceAt(server, from, ['from']);
  deviceAt(server, to, ['to']);
  const neighbourhood = neighbourhoodOf(server);
  return wordOf(neighbourhood, switchLevelsFrom(neighbourhood, from), from, to);
}

/**
 * {@link relation} of one device to each of a list, in its order.
 *
 * @complexity O(devices + links) in all
 */
export function relationsFrom(server: ServerTopology, from: DeviceId, to: readonly DeviceId[]): string[] {
  const neighbourhood = neighbourhoodOf(server);
  const levels = switchLevelsFrom(neighbourhood, from);
  return to.map((id) => wordOf(neighbourhood, levels, from, id));
}

/** The word of each accelerator fabric. A pair that several fabrics join gets the first. */
const FABRIC_WORDS: readonly (readonly [Medium, string])[] = [
  ['nvlink', 'NV'],
  ['xgmi', 'XGMI'],
  ['scale-up-ethernet', 'SCALEUP'],
];

/** A link and the device at its other end. */
interface Neighbour {
  readonly device: Device;
  readonly link: Link;
}

/** The position of a device below the CPUs. */
interface Standing {
  /** NUMA node (or socket, where the document has no NUMA nodes) above the device. */
  readonly host: Device | undefined;
  /** Host bridge between the host and the device, where the document names one. */
  readonly bridge: string | undefined;
}

/** What {@link relation} needs of a server, by device id. */
interface Neighbourhood {
  readonly devices: ReadonlyMap<DeviceId, Device>;
  readonly neighbours: ReadonlyMap<DeviceId, readonly Neighbour[]>;
  readonly standings: ReadonlyMap<DeviceId, Standing>;
  /** NVSwitch → the first one of its fabric. */
  readonly fabrics: ReadonlyMap<DeviceId, DeviceId>;
}

const cache = new WeakMap<ServerTopology, Neighbourhood>();

function neighbourhoodOf(server: ServerTopology): Neighbourhood {
  return remembered(cache, server, readNeighbourhood);
}

function readNeighbourhood(server: ServerTopology): Neighbourhood {
  const { devices, links } = server.document;
  const byId = devicesOf(server);
  const neighbours = new Map<DeviceId, Neighbour[]>(devices.map((device) => [device.id, []]));
  for (const link of links) {
    const [a, b] = link.between;
    neighbours.get(a)!.push({ device: byId.get(b)!, link });
    neighbours.get(b)!.push({ device: byId.get(a)!, link });
  }
  const standings = new Map(devices.map((device) => [device.id, standingOf(neighbours, device)]));
  return { devices: byId, neighbours, standings, fabrics: switchFabrics(server.document) };
}

/** True for a link that is neither between accelerators nor between CPUs. */
function isHostLink(link: Link): boolean {
  return link.medium !== 'socket' && !FABRIC_WORDS.some(([medium]) => medium === link.medium);
}

function isHost(device: Device): boolean {
  return device.kind === 'numa' || device.kind === 'socket';
}

/** The nearest NUMA node above a device, breadth first through PCIe switches. */
function standingOf(neighbours: ReadonlyMap<DeviceId, readonly Neighbour[]>, device: Device): Standing {
  if (isHost(device)) return { host: device, bridge: undefined };
  const queue: { readonly device: Device; readonly bridge: string | undefined }[] = [
    { device, bridge: device.hostBridge },
  ];
  const seen = new Set([device.id]);
  for (const at of queue) {
    for (const next of neighbours.get(at.device.id)!) {
      if (!isHostLink(next.link) || seen.has(next.device.id)) continue;
      seen.add(next.device.id);
      if (isHost(next.device)) return { host: next.device, bridge: at.bridge };
      if (next.device.kind === 'pcie-switch') {
        queue.push({ device: next.device, bridge: at.bridge ?? next.device.hostBridge });
      }
    }
  }
  // A NIC on a GPU is on the NUMA node of the GPU, but not below its host bridge.
  for (const next of device.kind === 'nic' ? neighbours.get(device.id)! : []) {
    if (next.device.kind === 'gpu' && isHostLink(next.link)) {
      return { host: standingOf(neighbours, next.device).host, bridge: device.hostBridge };
    }
  }
  return { host: undefined, bridge: device.hostBridge };
}

/** The devices that links join to a device, in the order of the links. */
export function neighboursOf(server: ServerTopology, id: DeviceId): Device[] {
  return neighbourhoodOf(server)
    .neighbours.get(id)!
    .map(({ device }) => device);
}

/**
 * The NUMA node and the socket above a device, undefined where the document has no such device.
 *
 * @param id - id of a device of the server
 * @returns the nearest of the two through PCIe switches; above a NUMA node also the socket that it hangs on
 * @complexity O(links of the NUMA node), once the server's neighbourhood is read
 */
export function hostsAbove(
  server: ServerTopology,
  id: DeviceId,
): { readonly numa: Device | undefined; readonly socket: Device | undefined } {
  const { standings, neighbours } = neighbourhoodOf(server);
  const { host } = standings.get(id)!;
  if (host?.kind !== 'numa') return { numa: undefined, socket: host };
  const above = neighbours
    .get(host.id)!
    .find(({ device, link }) => device.kind === 'socket' && isHostLink(link));
  return { numa: host, socket: above?.device };
}

/**
 * The fewest PCIe switch levels between a device and every other that it reaches through PCIe switches
 * alone; 0 for a direct link.
 */
function switchLevelsFrom(neighbourhood: Neighbourhood, from: DeviceId): ReadonlyMap<DeviceId, number> {
  const levels = new Map<DeviceId, number>();
  if (isHost(neighbourhood.devices.get(from)!)) return levels;
  // A switch adds one or two levels, so the devices of each level are complete before the next level is read. Ends:
  // each device adds neighbours only once, when it is settled.
  const frontiers: DeviceId[][] = [[from]];
  const settled = new Set<DeviceId>();
  for (let count = 0; count < frontiers.length; count++) {
    for (const id of frontiers[count] ?? []) {
      if (settled.has(id)) continue;
      settled.add(id);
      for (const { device, link } of neighbourhood.neighbours.get(id)!) {
        if (!isHostLink(link) || isHost(device)) continue;
        levels.set(device.id, Math.min(levels.get(device.id) ?? Number.POSITIVE_INFINITY, count));
        if (device.kind !== 'pcie-switch') continue;
        const after = count + (device.levels ?? 1);
        while (frontiers.length <= after) frontiers.push([]);
        frontiers[after]!.push(device.id);
      }
    }
  }
  return levels;
}

function wordOf(
  neighbourhood: Neighbourhood,
  levelsFromA: ReadonlyMap<DeviceId, number>,
  a: DeviceId,
  b: DeviceId,
): string {
  if (a === b) return 'X';
  for (const [medium, word] of FABRIC_WORDS) {
    const links = fabricLinks(neighbourhood, medium, a, b);
    if (links > 0) return medium === 'nvlink' ? `${word}${links}` : word;
  }
  const levels = levelsFromA.get(b);
  if (levels !== undefined) return levels <= 1 ? 'PIX' : 'PXB';
  const standingA = neighbourhood.standings.get(a)!;
  const standingB = neighbourhood.standings.get(b)!;
  if (standingA.host === undefined || standingA.host !== standingB.host) return 'SYS';
  const endsAtHost = standingA.host.id === a || standingA.host.id === b;
  return endsAtHost || standingA.bridge === standingB.bridge ? 'PHB' : 'NODE';
}

/**
 * The number of links that join two devices in one fabric: direct links, and through switches the smaller number of
 * both devices. The NVSwitches of a fabric count as one, unless one of the two devices is an NVSwitch itself.
 */
function fabricLinks(neighbourhood: Neighbourhood, medium: Medium, a: DeviceId, b: DeviceId): number {
  const { devices, neighbours, fabrics } = neighbourhood;
  const areApart = [a, b].some((id) => devices.get(id)!.kind === 'nvswitch');
  /** Fabric → number of links from one of the two devices to it, without links to the other device. */
  const switched = (from: DeviceId, aside: DeviceId): ReadonlyMap<DeviceId, number> => {
    const counts = new Map<DeviceId, number>();
    for (const { device, link } of neighbours.get(from)!) {
      if (link.medium !== medium || device.kind !== 'nvswitch' || device.id === aside) continue;
      const fabric = areApart ? device.id : fabrics.get(device.id)!;
      counts.set(fabric, (counts.get(fabric) ?? 0) + (link.links ?? 1));
    }
    return counts;
  };
  const direct = neighbours.get(a)!.find(({ device, link }) => device.id === b && link.medium === medium);
  const switchedB = switched(b, a);
  let links = direct === undefined ? 0 : (direct.link.links ?? 1);
  for (const [fabric, count] of switched(a, b)) links += Math.min(count, switchedB.get(fabric) ?? 0);
  return links;
}
