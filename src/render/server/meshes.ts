import { bitCount, lowestBit } from '../../masks.js';
import { remembered } from '../../remembered.js';
import type { Link } from '../../topology/server-document.js';

/** A link for every pair of some devices, all alike, drawn as one. */
export interface Mesh {
  readonly members: readonly string[];
  readonly links: readonly Link[];
}

/** Most devices among which meshes are sought: sets of them are bit masks. GPUs are at most 16. */
const MEMBERS_MAX = 16;

/**
 * Takes full meshes of equal links out of a set of links, the largest first, until there is none of `sizeMin`.
 *
 * @param ids - the devices, in document order
 * @param links - between them
 * @param sizeMin - the fewest members of a mesh
 * @returns the meshes, and the links that are in none, in document order. Above 16 devices none is sought.
 * @complexity of the cliques of a graph of at most 16 vertices, per mesh
 */
export function meshesOf(
  ids: readonly string[],
  links: readonly Link[],
  sizeMin: number,
): { readonly meshes: readonly Mesh[]; readonly pairs: readonly Link[] } {
  if (ids.length > MEMBERS_MAX) return { meshes: [], pairs: links };
  const position = new Map(ids.map((id, i) => [id, i]));
  const classes = new Map<string, Link[]>();
  for (const link of links) {
    const key = JSON.stringify([link.medium, link.bandwidthGBps, link.flowCapGBps, link.links]);
    remembered(classes, key, () => []).push(link);
  }
  const meshes: Mesh[] = [];
  const bundled = new Set<Link>();
  for (const alike of classes.values()) {
    let left = alike;
    // Ends: a mesh takes its links out of those that are left.
    for (;;) {
      const neighbours = new Array<number>(ids.length).fill(0);
      for (const { between } of left) {
        const [a, b] = between.map((end) => position.get(end)!) as [number, number];
        neighbours[a]! |= 1 << b;
        neighbours[b]! |= 1 << a;
      }
      const mask = largestClique(neighbours);
      const members = ids.filter((_, i) => mask & (1 << i));
      if (members.length < sizeMin) break;
      const inside = (link: Link): boolean => link.between.every((end) => mask & (1 << position.get(end)!));
      const own = left.filter(inside);
      for (const link of own) bundled.add(link);
      meshes.push({ members, links: own });
      left = left.filter((link) => !inside(link));
    }
  }
  return { meshes, pairs: links.filter((link) => !bundled.has(link)) };
}

/** The largest set of vertices that are all neighbours; of equal ones the first in lexicographic order. */
function largestClique(neighbours: readonly number[]): number {
  let best = 0;
  let bestSize = 0;
  const grow = (clique: number, size: number, candidates: number): void => {
    if (size > bestSize) {
      best = clique;
      bestSize = size;
    }
    let rest = candidates;
    // Ends: each round takes a vertex out of the rest.
    while (rest !== 0 && size + bitCount(rest) > bestSize) {
      const vertex = lowestBit(rest);
      rest &= rest - 1;
      grow(clique | (1 << vertex), size + 1, rest & neighbours[vertex]!);
    }
  };
  grow(0, 0, (1 << neighbours.length) - 1);
  return best;
}
