import type { DirectedNetwork } from '../topology/directed-network.js';
import type { Network } from '../topology/network.js';
import type { ServerTopology } from '../topology/server-topology.js';
import { directedFlow, type FlowOutlet } from './directed-flow.js';
import { nearestNics } from './nearest-nics.js';

/** Where the traffic of a server's GPUs to its NICs ends, whichever GPUs are the senders. */
interface OutflowEnds {
  readonly outlets: readonly (FlowOutlet & { readonly nearestTo: number })[];
  /** GPU ordinal to the arcs of the fabric from it to GPUs that NICs hang on, if it has no NIC nearer than SYS. */
  readonly borrowed: readonly (readonly number[])[];
  /** GPU ordinal to the arcs from it to NICs that hang on GPUs alone. */
  readonly owned: readonly (readonly number[])[];
}

const cache = new WeakMap<ServerTopology, OutflowEnds>();

/**
 * What a set of GPUs sends to the ports of its NICs on a server where traffic between two sockets follows their
 * route.
 *
 * @param server - a server topology
 * @param directed - its directed network, with peer-to-peer
 * @param mask - the GPUs, bit i for ordinal i
 * @returns GB/s in all; 0 for no GPUs or where no compute NIC is reached
 * @complexity that of {@link directedFlow}
 */
export function directedOutflow(server: ServerTopology, directed: DirectedNetwork, mask: number): number {
  const { network } = directed;
  let ends = cache.get(server);
  if (ends === undefined) {
    ends = readEnds(server, network);
    cache.set(server, ends);
  }
  const { outlets, borrowed, owned } = ends;
  const sources: number[] = [];
  const lent = new Set<number>();
  for (let gpu = 0; gpu < network.gpuVertices.length; gpu++) {
    const isChosen = ((mask >>> gpu) & 1) === 1;
    if (isChosen) sources.push(network.gpuVertices[gpu]!);
    for (const arc of isChosen ? borrowed[gpu]! : owned[gpu]!) lent.add(arc);
  }
  return directedFlow(directed, {
    sources,
    outlets: outlets.filter(({ nearestTo }) => (nearestTo & mask) !== 0),
    lent,
  });
}

function readEnds(server: ServerTopology, network: Network): OutflowEnds {
  const { gpuVertices, vertexOf, rows, arcs, ends, fabric } = network;
  const { nics, nearestTo, hangsOnGpus, farGpus } = nearestNics(server);
  const vertices = nics.map((id) => vertexOf.get(id)!);
  const hanging = new Set(vertices.filter((_, i) => hangsOnGpus[i]));
  const arcsOf = (v: number): number[] => Array.from(arcs.subarray(rows[v]!, rows[v + 1]!));
  const headOf = (arc: number): number => ends[arc ^ 1]!;
  const owned = Array.from(gpuVertices, (v) => arcsOf(v).filter((arc) => hanging.has(headOf(arc))));
  const owners = new Set(Array.from(gpuVertices).filter((_, gpu) => owned[gpu]!.length > 0));
  return {
    outlets: vertices.map((vertex, i) => ({
      vertex,
      GBps: server.graph.getNodeAttribute(nics[i]!, 'portGBps') ?? Number.POSITIVE_INFINITY,
      nearestTo: nearestTo[i]!,
    })),
    borrowed: Array.from(gpuVertices, (v, gpu) =>
      ((farGpus >>> gpu) & 1) === 0
        ? []
        : arcsOf(v).filter((arc) => fabric[arc >> 1] === 1 && owners.has(headOf(arc))),
    ),
    owned,
  };
}
