import { readFields } from '../checks/fields.js';
import { CorralError, quote } from '../errors.js';
import type { DeviceId } from '../ids.js';
import { deviceAt } from './device-at.js';
import { directedNetworkOf } from './directed-network.js';
import { directedPath } from './directed-path.js';
import { checkServer } from './expected-topology.js';
import { GPU, type Network, networkOf, unmergedNetworkOf } from './network.js';
import { type PeerToPeerOption, peerToPeerOf } from './peer-to-peer-option.js';
import { relation } from './relation.js';
import type { ServerTopology } from './types.js';
import { pathWidthGBps, widestPath } from './widest-path.js';

/** The path of a transfer between two devices. */
export interface Route {
  /** Devices from one end to the other, both included; the first NVSwitch of a fabric stands for all of them. */
  readonly devices: readonly DeviceId[];
  /** The relation of the pair in a word of `nvidia-smi topo -m`. */
  readonly relation: string;
  /**
   * Bandwidth of one transfer alone, GB/s per direction: the smallest bandwidth, or per-flow cap, of the links; links
   * to the NVSwitches of a fabric are summed. `Infinity` from a device to itself.
   */
  readonly bandwidthGBps: number;
}

/** Options of {@link route}. */
export type RouteOptions = PeerToPeerOption;

/**
 * The route of a transfer between two devices.
 *
 * If the accelerator fabric joins the two without another GPU between them, the route stays inside it, because
 * libraries do not leave NVLink for PCIe. Otherwise every link counts. Of the paths the widest wins, then the one
 * with the fewest hops, then document order. No route crosses another GPU (it may belong to another job) or a NIC
 * (traffic ends there). Between two sockets a route follows the socket route, which is chosen in the same way among
 * sockets and NUMA nodes; it makes no detour through a third socket. The way back is the same route reversed. The
 * NVSwitches of a fabric count as one, unless the route begins or ends at one of them.
 *
 * Without peer-to-peer, a route between two GPUs that the fabric does not join passes the nearest NUMA node or
 * socket, where host memory is; it may cross a PCIe switch on the way up and again on the way down.
 *
 * @param server - a server topology
 * @param from - id of any device
 * @param to - id of any device
 * @param options - see {@link RouteOptions}
 * @returns devices, relation, and the bottleneck in GB/s per direction
 * @throws CorralError `unknown-reference` if a device does not exist; `invalid-option` if no path joins
 * them, as from a GPU to a NIC that hangs on another GPU, or for a `peerToPeer` that is not a boolean
 * @complexity O(devices^2)
 * @example
 * route(topology('l40s-8-dual-root'), 'gpu0', 'gpu4').relation // 'SYS'
 */
export function route(
  server: ServerTopology,
  from: DeviceId,
  to: DeviceId,
  options: RouteOptions = {},
): Route {
  checkServer(server, ['server']);
  const peerToPeer = peerToPeerOf(readFields(options, ['peerToPeer'], ['options']));
  const endsAtSwitch = [deviceAt(server, from, ['from']), deviceAt(server, to, ['to'])].some(
    (device) => device.kind === 'nvswitch',
  );
  const word = relation(server, from, to);
  if (from === to) return { devices: [from], relation: word, bandwidthGBps: Number.POSITIVE_INFINITY };
  const network = endsAtSwitch ? unmergedNetworkOf(server) : networkOf(server, peerToPeer);
  const path = routeArcs(network, network.vertexOf.get(from)!, network.vertexOf.get(to)!)?.arcs;
  if (path === undefined) {
    throw new CorralError(
      'invalid-option',
      ['to'],
      `no path joins ${quote(from)} and ${quote(to)} without crossing a GPU or a NIC: ask for devices that are connected`,
    );
  }
  const devices = [from, ...Array.from(path, (arc) => network.devices[network.ends[arc ^ 1]!]!)];
  return { devices, relation: word, bandwidthGBps: pathWidthGBps(network, path) };
}

/**
 * The rule of {@link route} on vertices.
 *
 * @returns the arcs, and `inFabric`, true if the accelerator fabric joins the pair; `undefined` if there is no path
 */
export function routeArcs(
  network: Network,
  from: number,
  to: number,
): { readonly arcs: Int32Array; readonly inFabric: boolean } | undefined {
  const inside = widestPath(network, from, to, network.fabric);
  if (inside !== undefined) return { arcs: inside, inFabric: true };
  // Without peer-to-peer only traffic between two GPUs is restricted, not that between a GPU and a NIC or memory.
  const isDirect = network.peerToPeer || network.roles[from] !== GPU || network.roles[to] !== GPU;
  const directed = directedNetworkOf(network, isDirect);
  const path = directed === undefined ? widestPath(network, from, to) : directedPath(directed, from, to);
  return path === undefined ? undefined : { arcs: path, inFabric: false };
}
