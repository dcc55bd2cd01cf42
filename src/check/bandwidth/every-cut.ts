import { CorralError } from '../../errors.js';
import { remembered } from '../../remembered.js';

/** Most vertices of a graph whose cuts are enumerated: 2^19 cuts take about a second. */
export const VERTICES_MAX = 20;

/** An undirected capacity, GB/s per direction, between two vertices of any name. */
export interface Capacity {
  readonly a: string;
  readonly b: string;
  readonly GBps: number;
}

/**
 * The smallest cost of a cut, by enumeration of all cuts.
 *
 * Vertices that no terminal reaches, and vertices with a single neighbour that are no terminals, are removed first:
 * in a smallest cut they are on the side of their neighbour.
 *
 * @param terminals - vertices that are never removed; the first is on the near side of each cut
 * @param capacities - links among terminals and other vertices
 * @param cost - returns the cost of a cut from its capacity and the number of terminals on the near side, 1 … all but
 * one; it is at least the capacity, and larger for a larger capacity
 * @returns the smallest cost; 0 if the links do not join all terminals; Infinity if there is only one
 * @throws CorralError `limit-exceeded` for more than {@link VERTICES_MAX} vertices
 * @complexity O(2^vertices × degree)
 */
export function smallestCut(
  terminals: readonly string[],
  capacities: readonly Capacity[],
  cost: (GBps: number, nearTerminals: number) => number,
): number {
  const neighbours = neighboursOf(terminals, capacities);
  const reached = reachedFrom(terminals[0]!, neighbours);
  if (!terminals.every((terminal) => reached.has(terminal))) return 0;
  dropDeadEnds(terminals, neighbours);
  const others = [...neighbours.keys()].filter((id) => reached.has(id) && !terminals.includes(id));
  const vertices = [...terminals, ...others];
  if (vertices.length > VERTICES_MAX) {
    throw new CorralError(
      'limit-exceeded',
      [],
      `${vertices.length} vertices, at most ${VERTICES_MAX} for an enumeration of all cuts: take a smaller server`,
    );
  }

  const near = new Array<boolean>(vertices.length).fill(false);
  let best = Number.POSITIVE_INFINITY;
  /**
   * Tries both sides for vertex `v` and all after it; `GBps` is the capacity of the cut among the vertices before it.
   */
  const decide = (v: number, GBps: number, nearTerminals: number): void => {
    // The cost is at least the capacity, and the capacity only grows.
    if (GBps >= best) return;
    if (v === vertices.length) {
      if (nearTerminals < terminals.length) best = Math.min(best, cost(GBps, nearTerminals));
      return;
    }
    for (const side of v === 0 ? [true] : [true, false]) {
      near[v] = side;
      let sum = GBps;
      for (let u = 0; u < v; u++) {
        if (near[u] !== side) sum += neighbours.get(vertices[v]!)!.get(vertices[u]!) ?? 0;
      }
      decide(v + 1, sum, nearTerminals + (side && v < terminals.length ? 1 : 0));
    }
  };
  decide(0, 0, 0);
  return best;
}

/** Vertex → neighbour → GB/s, parallel links summed. */
type Neighbours = Map<string, Map<string, number>>;

function neighboursOf(terminals: readonly string[], capacities: readonly Capacity[]): Neighbours {
  const neighbours: Neighbours = new Map(terminals.map((id) => [id, new Map()]));
  const add = (from: string, to: string, GBps: number): void => {
    const row = remembered(neighbours, from, () => new Map());
    row.set(to, (row.get(to) ?? 0) + GBps);
  };
  for (const { a, b, GBps } of capacities) {
    if (a === b) continue;
    add(a, b, GBps);
    add(b, a, GBps);
  }
  return neighbours;
}

function reachedFrom(start: string, neighbours: Neighbours): ReadonlySet<string> {
  const reached = new Set([start]);
  for (const at of reached) for (const next of neighbours.get(at)!.keys()) reached.add(next);
  return reached;
}

function dropDeadEnds(terminals: readonly string[], neighbours: Neighbours): void {
  // Ends: every round but the last removes a vertex.
  for (let dropped = true; dropped; ) {
    dropped = false;
    for (const [id, row] of neighbours) {
      if (row.size > 1 || terminals.includes(id)) continue;
      for (const neighbour of row.keys()) neighbours.get(neighbour)!.delete(id);
      neighbours.delete(id);
      dropped = true;
    }
  }
}
