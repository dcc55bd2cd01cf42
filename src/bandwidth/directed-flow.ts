import type { DirectedNetwork } from '../topology/directed-network.js';
import { FORWARDS, GPU } from '../topology/network.js';
import { feedRate } from './feed-rate.js';

/** A vertex that takes a flow in, and at most how much. */
export interface FlowOutlet {
  /** Vertex of the network, as a rule a NIC. */
  readonly vertex: number;
  /** GB/s; Infinity where only the links inside the server limit it. */
  readonly GBps: number;
}

/** What {@link directedFlow} reads besides the network. */
export interface DirectedFlowEnds {
  /** Vertices that send any amount and forward for each other. */
  readonly sources: readonly number[];
  readonly outlets: readonly FlowOutlet[];
  /** Arcs of the network into and out of other GPUs that count as well; default none: other GPUs forward nothing. */
  readonly lent?: ReadonlySet<number>;
}

/**
 * The largest flow from some devices to others on a directed network: what a set of GPUs sends to its NICs where
 * traffic between two sockets follows their route.
 *
 * @param directed - a server's directed network
 * @param ends - who sends, where it ends, and what counts besides the links of switches, NUMA nodes and sockets
 * @returns GB/s; 0 if there is no outlet that a source reaches
 * @complexity one or two max-flows; a linear programme where routes between sockets share links
 */
export function directedFlow(directed: DirectedNetwork, ends: DirectedFlowEnds): number {
  const { network, tails, heads, crossed, vertexOf } = directed;
  const lent = ends.lent ?? new Set();
  const isSource = new Set(ends.sources);
  const isOutlet = new Set(ends.outlets.map(({ vertex }) => vertex));
  /** GPUs that forward by the lent arcs alone. */
  const isRelay = new Set<number>();
  for (const arc of lent) {
    for (const v of [network.ends[arc]!, network.ends[arc ^ 1]!]) {
      if (network.roles[v] === GPU && !isSource.has(v)) isRelay.add(v);
    }
  }
  const source = 0;
  /** Half to vertex of the problem, -1 for devices that do not forward. */
  let vertexCount = 1;
  const numberOf = vertexOf.map((v) => {
    if (isSource.has(v)) return source;
    const counts = network.roles[v] === FORWARDS || isOutlet.has(v) || isRelay.has(v);
    return counts ? vertexCount++ : -1;
  });
  const sink = vertexCount++;
  const problem = { tails: [] as number[], heads: [] as number[], uses: [] as number[][] };
  const capacities: number[] = [];
  const capacityOf = new Map<number, number>();
  let used = 0;
  for (let i = 0; i < tails.length; i++) {
    const [from, to] = [vertexOf[tails[i]!]!, vertexOf[heads[i]!]!];
    const [tail, head] = [numberOf[tails[i]!]!, numberOf[heads[i]!]!];
    if (tail < 0 || head < 0 || tail === head || head === source || isOutlet.has(from)) continue;
    if ((isRelay.has(from) || isRelay.has(to)) && !lent.has(crossed[i]![0]!)) continue;
    problem.tails.push(tail);
    problem.heads.push(head);
    used += crossed[i]!.length;
    problem.uses.push(
      Array.from(crossed[i]!, (arc) => {
        const known = capacityOf.get(arc) ?? capacities.push(network.capacityGBps[arc >> 1]!) - 1;
        capacityOf.set(arc, known);
        return known;
      }),
    );
  }
  const isJoint = used > capacities.length;
  for (const { vertex, GBps } of ends.outlets) {
    problem.tails.push(numberOf[directed.outbound[vertex]!]!);
    problem.heads.push(sink);
    problem.uses.push(GBps < Number.POSITIVE_INFINITY ? [capacities.push(GBps) - 1] : []);
  }
  const supplies = new Int32Array(vertexCount);
  supplies[source] = 1;
  return feedRate({ vertexCount, supplies, ...problem, capacities, isJoint }, Number.POSITIVE_INFINITY);
}
