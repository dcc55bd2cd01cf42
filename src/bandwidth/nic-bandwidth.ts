import { FORWARDS, GPU, LEAF, networkOf } from '../topology/network.js';
import type { ServerTopology } from '../topology/server-topology.js';
import { gpuMask } from './gpu-mask.js';
import { type FlowScratch, flowScratch, maxFlow } from './max-flow.js';
import { addCapacity, contractForwarders, type ReducedLinks } from './reduced-links.js';

/**
 * What a set of GPUs can send out of its server, or receive, through all compute NICs together.
 *
 * The maximum flow from the GPUs to the NICs inside the server. Every link counts; GPUs of the set forward
 * for each other (as NCCL's PXN does), other GPUs do not. The links of a NIC inside the server limit it, not
 * its port: the uplink of the server's tier in the cluster document does that.
 *
 * @param server - a server topology
 * @param gpus - GPU ordinals, in any order
 * @returns GB/s in all, per direction; 0 for no GPUs or where no compute NIC is reached
 * @throws CorralError `invalid-option` for an ordinal that does not exist or is listed twice
 * @complexity one max-flow among the switches of the server: microseconds
 */
export function nicBandwidth(server: ServerTopology, gpus: readonly number[]): number {
  return nicBandwidthOfMask(server, gpuMask(server, gpus, ['gpus']));
}

/** {@link nicBandwidth} of a mask, unchecked: bit i for ordinal i. */
export function nicBandwidthOfMask(server: ServerTopology, mask: number): number {
  const { gpuCount, forwarderCount, capacity, residual, scratch } = outflowOf(server);
  const stride = gpuCount + forwarderCount + 1;
  const size = forwarderCount + 2;
  // All GPUs of the set are one vertex: between them nothing limits.
  const source = forwarderCount;
  const sink = forwarderCount + 1;
  residual.fill(0);
  for (let v = gpuCount; v < stride; v++) {
    const at = v - gpuCount < forwarderCount ? v - gpuCount : sink;
    for (let u = gpuCount; u < stride; u++) {
      const to = u - gpuCount < forwarderCount ? u - gpuCount : sink;
      residual[at * size + to] = capacity[v * stride + u]!;
    }
    for (let ordinal = 0; ordinal < gpuCount; ordinal++) {
      if (((mask >>> ordinal) & 1) === 1) residual[source * size + at]! += capacity[ordinal * stride + v]!;
    }
  }
  return maxFlow(residual, size, source, sink, scratch);
}

/** A server reduced to its GPUs (by ordinal), the forwarding vertices that matter, and one vertex for all NICs. */
interface Outflow {
  readonly gpuCount: number;
  readonly forwarderCount: number;
  /** Symmetric, stride gpuCount + forwarderCount + 1, GB/s per direction; the last vertex is the NICs. */
  readonly capacity: Float64Array;
  /** Working memory of a call. */
  readonly residual: Float64Array;
  readonly scratch: FlowScratch;
}

const cache = new WeakMap<ServerTopology, Outflow>();

function outflowOf(server: ServerTopology): Outflow {
  let outflow = cache.get(server);
  if (outflow === undefined) {
    outflow = readOutflow(server);
    cache.set(server, outflow);
  }
  return outflow;
}

function readOutflow(server: ServerTopology): Outflow {
  const network = networkOf(server);
  const nics = network.vertexCount;
  const links: ReducedLinks = new Map([[nics, new Map()]]);
  const vertexOf = (v: number): number | undefined => {
    if (network.roles[v] !== LEAF) return v;
    const { role = 'compute' } = server.graph.getNodeAttributes(network.devices[v]!);
    return role === 'compute' ? nics : undefined;
  };
  for (let v = 0; v < network.vertexCount; v++) if (network.roles[v] !== LEAF) links.set(v, new Map());
  for (let link = 0; link < network.linkCount; link++) {
    const a = vertexOf(network.ends[2 * link]!);
    const b = vertexOf(network.ends[2 * link + 1]!);
    // Links among GPUs never count: a GPU of the set needs none, another does not forward.
    const amongGpus =
      a !== undefined && b !== undefined && network.roles[a] === GPU && network.roles[b] === GPU;
    if (a === undefined || b === undefined || a === b || amongGpus) continue;
    addCapacity(links, a, b, network.capacityGBps[link]!);
  }
  contractForwarders(network, links);
  const forwarders = [...links.keys()].filter((v) => network.roles[v] === FORWARDS);
  const order = [...network.gpuVertices, ...forwarders, nics];
  const position = new Map(order.map((v, i) => [v, i]));
  const capacity = new Float64Array(order.length * order.length);
  order.forEach((v, i) => {
    for (const [other, gbps] of links.get(v)!) capacity[i * order.length + position.get(other)!] = gbps;
  });
  const size = forwarders.length + 2;
  return {
    gpuCount: network.gpuVertices.length,
    forwarderCount: forwarders.length,
    capacity,
    residual: new Float64Array(size * size),
    scratch: flowScratch(size),
  };
}
