import { UndirectedGraph } from 'graphology';
import { unweighted } from 'graphology-shortest-path';

/**
 * The connected components of a graph.
 *
 * @param members - the vertices, each once; objects are compared by identity
 * @param pairs - the edges between members
 * @returns the components in the order of their first members, each in the order of the members
 * @complexity O(members + pairs)
 */
export function components<T>(members: readonly T[], pairs: Iterable<readonly [T, T]>): T[][] {
  const graph = graphOf(members, pairs);
  const components: T[][] = [];
  const seen = new Set<number>();
  for (const first of members.keys()) {
    if (seen.has(first)) continue;
    const component = [...hopsFrom(graph, first).keys()].sort((a, b) => a - b);
    for (const position of component) seen.add(position);
    components.push(component.map((position) => members[position]!));
  }
  return components;
}

/**
 * The number of edges on the shortest path between every two vertices.
 *
 * @param members - the vertices, each once
 * @param pairs - the edges between members
 * @returns `hops[from][to]` by position; undefined where there is no path
 * @complexity O(members × pairs)
 */
export function hopsBetween<T>(
  members: readonly T[],
  pairs: Iterable<readonly [T, T]>,
): (number | undefined)[][] {
  const graph = graphOf(members, pairs);
  return members.map((_, from) => {
    const hops = hopsFrom(graph, from);
    return members.map((_, to) => hops.get(to));
  });
}

/** The vertices of the graph are positions, because members may be of any type. */
function graphOf<T>(members: readonly T[], pairs: Iterable<readonly [T, T]>): UndirectedGraph {
  const positions = new Map(members.map((member, i) => [member, i]));
  const graph = new UndirectedGraph();
  for (const position of members.keys()) graph.addNode(position);
  for (const pair of pairs) {
    const [a, b] = pair.map((member) => positions.get(member)!) as [number, number];
    // With an explicit key, because graphology starts its own keys at random.
    if (a !== b) graph.mergeUndirectedEdgeWithKey(`${Math.min(a, b)} ${Math.max(a, b)}`, a, b);
  }
  return graph;
}

function hopsFrom(graph: UndirectedGraph, from: number): ReadonlyMap<number, number> {
  const hops = Object.entries(unweighted.singleSourceLength(graph, from));
  return new Map(hops.map(([position, count]) => [Number(position), count]));
}
