import { ROUNDING } from '../../figures.js';
import { remembered } from '../../remembered.js';
import { directedNetworkOf } from '../../topology/directed-network.js';
import { checkServer } from '../../topology/expected-topology.js';
import { networkOf } from '../../topology/network.js';
import type { ServerTopology } from '../../topology/types.js';
import { gpuMask } from '../gpu-mask.js';
import { type FlowScratch, flowScratch, maxFlow } from '../max-flow.js';
import { directedOutflow } from './directed-outflow.js';
import { type OutflowNetwork, outflowNetwork } from './outflow-network.js';

/**
 * The bandwidth at which a set of GPUs can send out of its server, or receive, through the ports of its NICs
 * together.
 *
 * It is the maximum flow from the GPUs to the ports of the compute NICs that are nearest to some GPU of the set.
 * Nearest means the best word of {@link relation}, PIX before PXB, PHB, NODE and SYS; all NICs that tie count. Every
 * link on the way limits the flow. `portGBps` of a NIC limits it once, however many links lead to the NIC; a NIC
 * without it is limited by its links alone. Switches, NUMA nodes, sockets and GPUs of the set forward (as NCCL's PXN
 * does), other GPUs do not. One exception: a GPU without a NIC nearer than SYS may use a NIC that is linked only to
 * another GPU, through that GPU, if a link of the accelerator fabric joins the two (the GCDs of a Frontier node
 * without a NIC). Traffic between two sockets follows their route and makes no detour through a third one.
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
  // `most` allows every detour, `least` no way between sockets. If both are equal, the socket routes reach the same.
  const least = flow(network, network.betweenInside, mask);
  if (least >= most * (1 - ROUNDING)) return most;
  // Peer-to-peer is about pairs of GPUs: a NIC reads from a GPU in any case.
  return directedOutflow(server, directedNetworkOf(networkOf(server), true)!, mask, most);
}

/** The largest flow when the vertices are joined by the capacities `between`. */
function flow(network: OutflowNetwork, between: Float64Array, mask: number): number {
  const { gpuCount, vertexCount, fromGpu, owners, lent, outlets } = network;
  const { residual, scratch } = workOf(network);
  const size = vertexCount + 2;
  // All GPUs of the set are one vertex: nothing limits the flow between them.
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

/** Working memory, reused by all calls for one network. */
interface Work {
  readonly residual: Float64Array;
  readonly scratch: FlowScratch;
}

const cache = new WeakMap<OutflowNetwork, Work>();

function workOf(network: OutflowNetwork): Work {
  return remembered(cache, network, () => {
    const size = network.vertexCount + 2;
    return { residual: new Float64Array(size * size), scratch: flowScratch(size) };
  });
}
