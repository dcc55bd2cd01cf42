import { FORWARDS, type Network } from '../topology/network.js';

/** Undirected capacities: `links.get(a).get(b)` and `links.get(b).get(a)` are the same GB/s per direction. */
export type ReducedLinks = Map<number, Map<number, number>>;

/** Adds capacity between two vertices that are both in `links`. */
export function addCapacity(links: ReducedLinks, a: number, b: number, gbps: number): void {
  links.get(a)!.set(b, (links.get(a)!.get(b) ?? 0) + gbps);
  links.get(b)!.set(a, (links.get(b)!.get(a) ?? 0) + gbps);
}

/**
 * Removes forwarding vertices that no smallest cut between GPUs, or between GPUs and NICs, needs: dead ends, and
 * vertices between just two others. The two links of the latter act as one link of the smaller capacity.
 *
 * @param network - tells which vertices forward; vertices that are not part of it are kept
 * @param links - changed in place
 * @param kept - forwarding vertices that are not removed; default none
 */
export function contractForwarders(
  network: Network,
  links: ReducedLinks,
  kept: ReadonlySet<number> = new Set(),
): void {
  const queue = [...links.keys()].filter((v) => network.roles[v] === FORWARDS && !kept.has(v));
  // Ends: a vertex enters the queue again only after another one was removed.
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
