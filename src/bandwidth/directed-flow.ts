import type { DirectedNetwork } from '../topology/directed-network.js';
import { FORWARDS } from '../topology/network.js';
import { feedRate } from './feed-rate.js';

/** A vertex that takes a flow in, and at most how much. */
export interface Outlet {
  /** Vertex of the network, as a rule a NIC. */
  readonly vertex: number;
  /** GB/s; Infinity where only the links inside the server limit it. */
  readonly GBps: number;
}

/** What {@link directedFlow} reads besides the network. */
export interface DirectedFlowEnds {
  /** Vertices that send any amount and forward for each other. */
  readonly sources: readonly number[];
  readonly outlets: readonly Outlet[];
  /** GPUs and NICs besides that forward as well; default none. */
  readonly relays?: readonly number[];
}

/**
 * The largest flow from some devices to others on a directed network: what a set of GPUs sends to its NICs where
 * traffic between two sockets follows their route.
 *
 * @param directed - a server's directed network
 * @param ends - who sends, where it ends, and who forwards besides switches, NUMA nodes and sockets
 * @returns GB/s; 0 if there is no outlet that a source reaches
 * @complexity one or two max-flows; a linear programme where routes between sockets share links
 */
export function directedFlow(directed: DirectedNetwork, ends: DirectedFlowEnds): number {
  const { network, tails, heads, crossed, vertexOf } = directed;
  const isSource = new Set(ends.sources);
  const isOutlet = new Set(ends.outlets.map(({ vertex }) => vertex));
  const isRelay = new Set(ends.relays);
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
    const [tail, head] = [numberOf[tails[i]!]!, numberOf[heads[i]!]!];
    const endsThere = isOutlet.has(vertexOf[tails[i]!]!) && !isRelay.has(vertexOf[tails[i]!]!);
    if (tail < 0 || head < 0 || tail === head || head === source || endsThere) continue;
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
