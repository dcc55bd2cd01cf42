import { ROUNDING } from '../../figures.js';
import { type FlowScratch, flowScratch, maxFlow } from '../max-flow.js';
import { largestFirst } from './simplex.js';

/** Flows from several vertices of a directed graph to the last one. */
export interface FlowProblem {
  readonly vertexCount: number;
  /** Vertex → multiple of the rate that enters there; 0 at the last vertex. */
  readonly supplies: Int32Array;
  readonly tails: readonly number[];
  readonly heads: readonly number[];
  /** Arc → numbers of the capacities that it uses, each at most once. */
  readonly uses: readonly (readonly number[])[];
  /** Capacity by number, GB/s. */
  readonly capacities: readonly number[];
  /** True if two arcs use the same capacity. */
  readonly isJoint: boolean;
}

/**
 * The largest rate x such that the last vertex can receive x from every unit of supply at once.
 *
 * Where each arc has its own capacity this is a smallest cut. Otherwise it is the value of a linear programme,
 * because max-flow min-cut does not hold for shared capacities.
 *
 * @param problem - the graph, and what enters where
 * @param enough - the search may end at this rate, in GB/s
 * @returns GB/s, at least `enough` or the largest rate; finite, since every path to the last vertex uses some
 * capacity
 * @complexity a few max-flows, or one linear programme of vertices + capacities rows and arcs + 1 variables
 */
export function feedRate(problem: FlowProblem, enough: number): number {
  return problem.isJoint ? byProgramme(problem, enough) : bySmallestCut(problem, enough);
}

/**
 * At the rate of the best cut known, a max-flow either confirms that cut or shows a better one, whose rate is tried
 * next (Dinkelbach, Management Science 13, 1967).
 */
function bySmallestCut(problem: FlowProblem, enough: number): number {
  const { vertexCount, supplies, tails, heads, uses, capacities } = problem;
  const size = vertexCount + 1;
  const sink = vertexCount - 1;
  const source = vertexCount;
  const between = new Float64Array(size * size);
  tails.forEach((tail, arc) => {
    const gbps = uses[arc]!.reduce((least, i) => Math.min(least, capacities[i]!), Number.POSITIVE_INFINITY);
    between[tail * size + heads[arc]!]! += gbps;
  });
  let intake = 0;
  for (let v = 0; v < vertexCount; v++) intake += between[v * size + sink]!;
  const units = supplies.reduce((sum, supply) => sum + supply, 0);
  // The sum of all capacities is a bound even if arcs into the last vertex have no limit.
  const total = capacities.reduce((sum, capacity) => sum + capacity, 0);
  let best = Math.min(enough, Math.min(intake, total) / units);
  const residual = new Float64Array(size * size);
  const scratch: FlowScratch = flowScratch(size);
  // Ends: each round but the last finds a better cut, and there are finitely many.
  for (;;) {
    residual.set(between);
    for (let v = 0; v < vertexCount; v++) residual[source * size + v] = supplies[v]! * best;
    const received = maxFlow(residual, size, source, sink, scratch);
    if (received >= units * best * (1 - ROUNDING)) break;
    let fed = 0;
    let capacity = 0;
    for (let u = 0; u < vertexCount; u++) {
      if (scratch.level[u]! < 0) continue;
      fed += supplies[u]!;
      for (let v = 0; v < vertexCount; v++) if (scratch.level[v]! < 0) capacity += between[u * size + v]!;
    }
    const better = capacity / fed;
    if (!(better < best)) break;
    best = better;
  }
  return best;
}

/**
 * Solves the linear programme. Variables: x, then the flow over each arc. An upper bound on x is the rate that would
 * be possible if no two arcs shared a capacity. No capacity needs to be larger than all that enters at that rate, so
 * larger ones are cut. This keeps the coefficients of the programme close together, however far apart the figures of
 * the server are.
 */
function byProgramme(problem: FlowProblem, enough: number): number {
  const { vertexCount, supplies, tails, heads, uses, capacities } = problem;
  const most = bySmallestCut(problem, enough);
  const units = supplies.reduce((sum, supply) => sum + supply, 0);
  const width = 1 + tails.length;
  // Per vertex: what leaves is at most what arrives and what enters there; the last vertex receives all that enters.
  const rows = Array.from({ length: vertexCount + capacities.length }, () => new Float64Array(width));
  for (let v = 0; v < vertexCount - 1; v++) rows[v]![0] = -supplies[v]!;
  rows[vertexCount - 1]![0] = units;
  tails.forEach((tail, arc) => {
    rows[tail]![1 + arc] = 1;
    rows[heads[arc]!]![1 + arc] = -1;
    for (const i of uses[arc]!) rows[vertexCount + i]![1 + arc] = 1;
  });
  const limits = Float64Array.from(rows, (_, row) =>
    row < vertexCount ? 0 : Math.min(capacities[row - vertexCount]!, units * most),
  );
  return largestFirst(rows, limits, most);
}
