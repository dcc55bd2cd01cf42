import type { DeviceId } from '../ids.js';
import { remembered } from '../remembered.js';
import type { DeviceKind } from './server-document.js';
import { isFabric, switchFabrics } from './switch-fabrics.js';
import type { ServerTopology } from './types.js';

/** Role of a vertex that forwards all traffic: switch, NUMA node, socket. */
export const FORWARDS = 0;
/** Role of a GPU: it forwards only for the set of GPUs that it belongs to. */
export const GPU = 1;
/** Role of a NIC: traffic ends there. */
export const LEAF = 2;

/**
 * A server graph flattened for path and flow computations: dense indices in document order.
 *
 * Link `l` is two arcs, one per direction: arc `2l` and arc `2l + 1`. Arc `a` runs from `ends[a]` to `ends[a ^ 1]`,
 * and the arc back is `a ^ 1`. It is never changed after it was built.
 */
export interface Network {
  /** True if GPUs may exchange data across PCIe and sockets without passing through host memory. */
  readonly peerToPeer: boolean;
  readonly vertexCount: number;
  /** Vertex → device id; the NVSwitches of a fabric are one vertex with the id of the first. */
  readonly devices: readonly DeviceId[];
  readonly vertexOf: ReadonlyMap<DeviceId, number>;
  /** Vertex → FORWARDS, GPU or LEAF. */
  readonly roles: Uint8Array;
  /** Vertex → 1 if it is a host, that is a NUMA node or a socket: host memory is there. */
  readonly hosts: Uint8Array;
  /** GPU ordinal → vertex. */
  readonly gpuVertices: Int32Array;
  readonly linkCount: number;
  /** Arc → the vertex that it leaves; length 2 * linkCount. */
  readonly ends: Int32Array;
  /** Link → GB/s per direction. */
  readonly capacityGBps: Float64Array;
  /** Link → highest rate of one flow, GB/s; the capacity where the document has no cap. */
  readonly flowGBps: Float64Array;
  /** Link → 1 if it belongs to the accelerator fabric. */
  readonly fabric: Uint8Array;
  /** Link → 1 if it joins two CPUs: its medium is `socket`, and neither end is a GPU or a NIC. */
  readonly betweenSockets: Uint8Array;
  /** Compressed rows: the arcs that leave vertex `v` are `arcs[rows[v]] … arcs[rows[v + 1] - 1]`, by head. */
  readonly rows: Int32Array;
  readonly arcs: Int32Array;
}

const merged = new WeakMap<ServerTopology, Network>();
const unmerged = new WeakMap<ServerTopology, Network>();
/** Network → the same network with the opposite `peerToPeer`. */
const otherwise = new WeakMap<Network, Network>();

/**
 * The network of a server. The NVSwitches of a fabric are one vertex with their links summed, see {@link
 * switchFabrics}: the traffic of a pair is spread over all of them, so that a single switch would show too low a
 * bandwidth. Links between switches of one fabric are not limiting.
 *
 * @param server - a server topology
 * @param peerToPeer - default: what the document says
 * @returns the network; built on first use, then kept with the topology
 */
export function networkOf(server: ServerTopology, peerToPeer?: boolean): Network {
  const network = remembered(merged, server, () => flatten(server, switchFabrics(server.document)));
  if (network.peerToPeer === (peerToPeer ?? network.peerToPeer)) return network;
  return remembered(otherwise, network, () => ({ ...network, peerToPeer: !network.peerToPeer }));
}

/** The network of a server with each NVSwitch by itself: for paths that begin or end at one. */
export function unmergedNetworkOf(server: ServerTopology): Network {
  return remembered(unmerged, server, () => flatten(server, new Map()));
}

function flatten(server: ServerTopology, mergedInto: ReadonlyMap<DeviceId, DeviceId>): Network {
  const { devices, links } = server.document;
  const kept: DeviceId[] = [];
  const roles: number[] = [];
  const hosts: number[] = [];
  const vertexOf = new Map<DeviceId, number>();
  for (const device of devices) {
    if ((mergedInto.get(device.id) ?? device.id) !== device.id) continue;
    vertexOf.set(device.id, kept.length);
    kept.push(device.id);
    roles.push(roleOf(device.kind));
    hosts.push(device.kind === 'numa' || device.kind === 'socket' ? 1 : 0);
  }
  for (const [id, first] of mergedInto) vertexOf.set(id, vertexOf.get(first)!);

  const ends: number[] = [];
  const capacityGBps: number[] = [];
  const flowGBps: number[] = [];
  const fabric: number[] = [];
  const betweenSockets: number[] = [];
  // Links between the same two vertices are summed, but links of the fabric are not added to others.
  const linkOf = new Map<number, number>();
  for (const link of links) {
    const a = vertexOf.get(link.between[0])!;
    const b = vertexOf.get(link.between[1])!;
    if (a === b) continue;
    const inFabric = isFabric(link.medium) ? 1 : 0;
    const key = (Math.min(a, b) * kept.length + Math.max(a, b)) * 2 + inFabric;
    const flow = Math.min(link.flowCapGBps ?? link.bandwidthGBps, link.bandwidthGBps);
    const known = linkOf.get(key);
    if (known !== undefined) {
      capacityGBps[known]! += link.bandwidthGBps;
      flowGBps[known]! += flow;
      continue;
    }
    linkOf.set(key, fabric.length);
    ends.push(a, b);
    capacityGBps.push(link.bandwidthGBps);
    flowGBps.push(flow);
    fabric.push(inFabric);
    const isBetween = link.medium === 'socket' && roles[a] === FORWARDS && roles[b] === FORWARDS;
    betweenSockets.push(isBetween ? 1 : 0);
  }
  const compressed = compress(kept.length, ends);
  return {
    peerToPeer: server.document.peerToPeer ?? true,
    vertexCount: kept.length,
    devices: kept,
    vertexOf,
    roles: Uint8Array.from(roles),
    hosts: Uint8Array.from(hosts),
    gpuVertices: Int32Array.from(server.gpus, (id) => vertexOf.get(id)!),
    linkCount: fabric.length,
    ends: Int32Array.from(ends),
    capacityGBps: Float64Array.from(capacityGBps),
    flowGBps: Float64Array.from(flowGBps),
    fabric: Uint8Array.from(fabric),
    betweenSockets: Uint8Array.from(betweenSockets),
    rows: compressed.rows,
    arcs: compressed.arcs,
  };
}

function roleOf(kind: DeviceKind): number {
  if (kind === 'gpu') return GPU;
  return kind === 'nic' ? LEAF : FORWARDS;
}

/** Compressed rows of arcs, each row sorted by the vertex that the arc leads to, then by arc. */
function compress(
  vertexCount: number,
  ends: readonly number[],
): { readonly rows: Int32Array; readonly arcs: Int32Array } {
  const rows = new Int32Array(vertexCount + 1);
  for (const tail of ends) rows[tail + 1]!++;
  for (let v = 0; v < vertexCount; v++) rows[v + 1]! += rows[v]!;
  const arcs = Int32Array.from(ends.keys());
  arcs.sort((x, y) => ends[x]! - ends[y]! || ends[x ^ 1]! - ends[y ^ 1]! || x - y);
  return { rows, arcs };
}
