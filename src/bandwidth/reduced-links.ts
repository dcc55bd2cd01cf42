import { FORWARDS, type Network } from '../topology/network.js';

/** Undirected capacities among vertices: `links.get(a).get(b)` is GB/s per direction, as is the reverse. */
export type ReducedLinks = Map<number, Map<number, number>>;

/** Adds capacity between two vertices that are both in `links`. */
export function addCapacity(links: ReducedLinks, a: number, b: number, gbps: number): void {
  links.get(a)!.set(b, (links.get(a)!.get(b) ?? 0) + gbps);
  links.get(b)!.set(a, (links.get(b)!.get(a) ?? 0) + gbps);
}

/**
 * Removes what no cut between GPUs, or between GPUs and NICs, needs: dead ends, and forwarding vertices
 * between just two others, which a minimum cut puts on the cheaper side, so that the two links act as one of
 * the smaller capacity.
 *
 * @param network - says which vertices forward; a vertex it does not know is kept
 * @param links - changed in place
 * @param kept - forwarding vertices that stay in any case; default none
 */
export function contractForwarders(
  network: Network,
  links: ReducedLinks,
  kept: ReadonlySet<number> = new Set(),
): void {
  const queue = [...links.keys()].filter((v) => network.roles[v] === FORWARDS && !kept.has(v));
  // Ends: vertices are looked at again only when one was removed.
  for (const v of queue) {
    const around = links.get(v);
    if (around === undefined || around.size > 2) continue;
    const [first, second] = [...around];
    links.delete(v);
    for (const [other] of around) links.get(other)!.delete(v);
    if (first !== undefined && second !== undefined) {
      addCapacity(links, first[0], second[0], Math.min(first[1], second[1]));
    }
    for (const [other] of around) {
      if (network.roles[other] === FORWARDS && !kept.has(other)) queue.push(other);
    }
  }
}
