import type { Network } from '../topology/network.js';
import { equalRings } from './equal-rings.js';
import { fabricBandwidth } from './optimal.js';
import { pairRoutesOf } from './pair-routes.js';
import { ordinalsOf, packRings, type RingPacking, sumOf } from './ring.js';

/** Differences below this part of a figure are rounding. */
const RELATIVE_TOLERANCE = 1e-12;

/**
 * Into how many equal rings the widest one is split before equal rings are packed: whole, and halves. A full mesh
 * of 4 or of 6 GPUs is no sum of whole rings, but one of halves.
 */
const WIDEST_RING_PARTS = [1, 2];

/**
 * The better of two packings of rings over a set of GPUs.
 *
 * The first is greedy, see {@link packRings}. If it stays below what the accelerator fabric could do, rings of one bandwidth
 * are packed with backtracking, see {@link equalRings}; the greedy packing stays if those are no better. The model of NCCL's
 * ring search (NVIDIA/nccl src/graph/search.cc), which takes rings back as well, without its speed ladder and channel limits:
 * NCCL's own figures are these, rounded down to a step of the ladder.
 *
 * @param network - a server's network
 * @param mask - the GPUs, bit i for ordinal i
 * @returns the rings in the order in which they are found, and their sum, which never exceeds `optimal`
 * @complexity that of both packings
 */
export function searchRings(network: Network, mask: number): RingPacking {
  const greedy = packRings(network, mask);
  const limit = fabricBandwidth(network, mask);
  const widest = greedy.rings[0]?.bandwidthGBps;
  const routes = pairRoutesOf(network);
  if (widest === undefined || limit === 0) return greedy;
  let best = greedy;
  for (const parts of WIDEST_RING_PARTS) {
    const ringGBps = widest / parts;
    const atMost = Math.floor(limit / ringGBps + RELATIVE_TOLERANCE);
    if (atMost * ringGBps <= best.bandwidthGBps * (1 + RELATIVE_TOLERANCE)) continue;
    const rings = equalRings(network, routes, ordinalsOf(mask), ringGBps, atMost);
    const bandwidthGBps = Math.min(limit, sumOf(rings));
    if (bandwidthGBps > best.bandwidthGBps * (1 + RELATIVE_TOLERANCE)) best = { rings, bandwidthGBps };
  }
  return best;
}
