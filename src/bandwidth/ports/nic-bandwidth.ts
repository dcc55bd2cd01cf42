import { ROUNDING } from '../../figures.js';
import { directedNetworkOf } from '../../topology/directed-network.js';
import { checkServer } from '../../topology/expected-topology.js';
import { networkOf } from '../../topology/network.js';
import type { ServerTopology } from '../../topology/server-topology.js';
import { gpuMask } from '../gpu-mask.js';
import { type FlowScratch, flowScratch, maxFlow } from '../max-flow.js';
import { directedOutflow } from './directed-outflow.js';
import { type OutflowNetwork, outflowNetwork } from './outflow-network.js';

/**
 * What a set of GPUs can send out of its server, or receive, through the ports of its NICs together.
 *
 * The maximum flow from the GPUs to the ports of every compute NIC that is nearest to some GPU of the set: the
 * best word of {@link relation}, PIX before PXB, PHB, NODE and SYS, and all NICs that tie. Every link on the way
 * limits, and so does `portGBps` of each NIC, once, however many links lead to it; a NIC that does not state it is
 * limited by its links alone. Switches, NUMA nodes, sockets and GPUs of the set forward (as NCCL's PXN does), other
 * GPUs do not. One exception: a GPU that has no NIC nearer than SYS reaches one that hangs on another GPU through
 * that GPU, if a link of the accelerator fabric joins the two (the GCDs of a Frontier node without a NIC). Between two
 * sockets traffic follows their route, as everywhere: it makes no detour through a third one.
 *
 * @param server - a server topology
 * @param gpus - GPU ordinals, in any order
 * @returns GB/s in all, per direction; 0 for no GPUs or where no compute NIC is reached
 * @throws CorralError `invalid-option` for an ordinal that does not exist or is listed twice
 * @complexity one max-flow among the switches of the server: microseconds; a linear programme of about a millisecond
 * where routes between sockets share links
 * @example
 * nicBandwidth(topology('dgx-h100'), [0, 1]) // 100: two ports of 400 Gb/s
 */
export function nicBandwidth(server: ServerTopology, gpus: readonly number[]): number {
  checkServer(server, ['server']);
  return nicBandwidthOfMask(server, gpuMask(server, gpus, ['gpus']));
}

/** {@link nicBandwidth} of a mask, unchecked: bit i for ordinal i. */
export function nicBandwidthOfMask(server: ServerTopology, mask: number): number {
  const network = outflowNetwork(server);
  const most = flow(network, network.between, mask);
  if (network.betweenInside === undefined) return most;
  // With any detour, and without leaving a socket: where both reach the same, so do the routes between sockets.
  const least = flow(network, network.betweenInside, mask);
  if (least >= most * (1 - ROUNDING)) return most;
  // Host memory concerns pairs of GPUs alone: without peer-to-peer too a NIC reads from a GPU.
  return directedOutflow(server, directedNetworkOf(networkOf(server), true)!, mask, most);
}

/** The largest flow over undirected links, those among the vertices as given. */
function flow(network: OutflowNetwork, between: Float64Array, mask: number): number {
  const { gpuCount, vertexCount, fromGpu, owners, lent, outlets } = network;
  const { residual, scratch } = workOf(network);
  const size = vertexCount + 2;
  // All GPUs of the set are one vertex: between them nothing limits.
  const source = vertexCount;
  const sink = vertexCount + 1;
  residual.fill(0);
  for (let v = 0; v < vertexCount; v++) {
    for (let u = 0; u < vertexCount; u++) residual[v * size + u] = between[v * vertexCount + u]!;
    const owner = owners[v]!;
    const rows = owner >= 0 && ((mask >>> owner) & 1) === 0 ? lent : fromGpu;
    for (let gpu = 0; gpu < gpuCount; gpu++) {
      if (((mask >>> gpu) & 1) === 1) residual[source * size + v]! += rows[gpu * vertexCount + v]!;
    }
  }
  for (const { vertex, nearestTo, GBps } of outlets) {
    if ((nearestTo & mask) !== 0) residual[vertex * size + sink]! += GBps;
  }
  return maxFlow(residual, size, source, sink, scratch);
}

/** Working memory of a call. */
interface Work {
  readonly residual: Float64Array;
  readonly scratch: FlowScratch;
}

const cache = new WeakMap<OutflowNetwork, Work>();

function workOf(network: OutflowNetwork): Work {
  let work = cache.get(network);
  if (work === undefined) {
    const size = network.vertexCount + 2;
    work = { residual: new Float64Array(size * size), scratch: flowScratch(size) };
    cache.set(network, work);
  }
  return work;
}
