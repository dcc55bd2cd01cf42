import { lowestBit } from '../../masks.js';
import { remembered } from '../../remembered.js';
import type { DirectedNetwork } from '../../topology/directed-network.js';
import { FORWARDS } from '../../topology/network.js';
import { pairRoutesOf } from './pair-routes.js';

/** GPU ordinal → arcs of the network that all its paths from host memory cross; undefined if there is no path. */
type NeededArcs = readonly (ReadonlySet<number> | undefined)[];

const cache = new WeakMap<DirectedNetwork, NeededArcs>();

/**
 * An upper bound that cuts do not show without peer-to-peer: each GPU below a PCIe switch receives its own copy of
 * the data.
 *
 * With peer-to-peer the first GPU below a switch passes on what it received, so that one copy comes down to the
 * switch. Without it no traffic turns round below host memory and a switch does not copy, so that all copies come
 * down. Let a group be the GPUs of the set that the accelerator fabric joins; they share what they receive. Of n GPUs
 * a group of g needs n - g shares of the data from host memory. Groups that need the same link add up:
 *
 *     (n - 1) x <= (n - 1) c / sum of (n - g) over the groups whose every path from memory crosses the link
 *
 * Together with the cuts this is exact where no group is below several switches, and an upper bound otherwise. Data
 * on its way up needs no bound of its own, because links carry the same in both directions.
 *
 * @param directed - a server's directed network without peer-to-peer
 * @param mask - the GPUs of the set, bit i for ordinal i; two or more
 * @returns GB/s, Infinity if no link is needed
 * @complexity O(GPUs^2 + GPUs × depth)
 */
export function intakeBound(directed: DirectedNetwork, mask: number): number {
  const needed = remembered(cache, directed, () =>
    Array.from(directed.network.gpuVertices, (vertex) => neededArcs(directed, vertex)),
  );
  const groups = fabricGroups(directed, mask);
  const n = groups.reduce((sum, group) => sum + group.length, 0);
  const shares = new Map<number, number>();
  for (const group of groups) {
    const [first, ...others] = group.flatMap((gpu) => needed[gpu] ?? []);
    for (const arc of first ?? []) {
      if (others.every((arcs) => arcs.has(arc))) shares.set(arc, (shares.get(arc) ?? 0) + n - group.length);
    }
  }
  let bound = Number.POSITIVE_INFINITY;
  for (const [arc, count] of shares) {
    if (count > 0) bound = Math.min(bound, (directed.network.capacityGBps[arc >> 1]! * (n - 1)) / count);
  }
  return bound;
}

/** The groups of GPUs of the set that the accelerator fabric joins, directly or through others of the set. */
function fabricGroups({ network }: DirectedNetwork, mask: number): number[][] {
  const { gpuCount, inFabric } = pairRoutesOf(network);
  const groups: number[][] = [];
  let left = mask;
  // Ends: each round removes a GPU from those that are left.
  while (left !== 0) {
    const group = [lowestBit(left)];
    left &= left - 1;
    for (const gpu of group) {
      for (let other = 0; other < gpuCount; other++) {
        if (((left >>> other) & 1) === 0 || inFabric[gpu * gpuCount + other] === 0) continue;
        left &= ~(1 << other);
        group.push(other);
      }
    }
    groups.push(group);
  }
  return groups;
}

function neededArcs(directed: DirectedNetwork, gpu: number): ReadonlySet<number> | undefined {
  const path = arcsFromHost(directed, gpu, -1);
  if (path === undefined) return undefined;
  return new Set(path.filter((arc) => arcsFromHost(directed, gpu, arc) === undefined));
}

/** Arcs of the network on some path from a host to a GPU that crosses no GPU and not the avoided arc. */
function arcsFromHost(
  directed: DirectedNetwork,
  gpu: number,
  avoided: number,
): readonly number[] | undefined {
  const { network, tails, heads, crossed, vertexOf, inbound, outbound } = directed;
  const paths = new Map<number, readonly number[]>([[outbound[gpu]!, []]]);
  for (const [half, path] of paths) {
    if (network.hosts[vertexOf[half]!] === 1) return path;
    for (let i = 0; i < tails.length; i++) {
      const tail = tails[i]!;
      const isBlocked = heads[i] !== half || paths.has(tail) || crossed[i]!.includes(avoided);
      const v = vertexOf[tail]!;
      if (isBlocked || network.roles[v] !== FORWARDS || inbound[v] !== tail) continue;
      paths.set(tail, [...crossed[i]!, ...path]);
    }
  }
  return undefined;
}
