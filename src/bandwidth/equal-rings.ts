import type { Network } from '../topology/network.js';
import type { PairRoutes } from './pair-routes.js';
import type { Ring } from './ring.js';

/**
 * Hops tried per packing, the first budget of NCCL's own search. Full meshes of up to 8 GPUs need 1,434 at most,
 * a DGX-1P 1,000; where no such packing exists the search ends here with the best it has.
 */
const SEARCH_STEPS_MAX = 2 ** 14;

/** Twice the channels that NCCL opens: more rings of one speed than this are of no use to anybody. */
const RINGS_MAX = 64;

/** A link that falls short of a whole number of rings by less than this share of one carries that number. */
const TOLERANCE = 1e-9;

/**
 * The most rings of one bandwidth that fit at once inside the accelerator fabric.
 *
 * Depth first with backtracking over the rings in lexicographic order, each not before the one found last, as
 * NCCL's search tries channels of one speed (NVIDIA/nccl src/graph/search.cc). A greedy packing has no second
 * thoughts: of a full mesh of 8 GPUs, which is exactly 7 rings, it finds 6.
 *
 * @param network - a server's network
 * @param routes - of its pairs of GPUs
 * @param ordinals - the GPUs, ascending, two or more
 * @param ringGBps - what each ring carries
 * @param count - stop when so many are found
 * @returns the rings found, at most {@link RINGS_MAX}; of equal numbers those found first
 * @complexity at most {@link SEARCH_STEPS_MAX} hops tried
 */
export function equalRings(
  network: Network,
  routes: PairRoutes,
  ordinals: readonly number[],
  ringGBps: number,
  count: number,
): Ring[] {
  const { gpuCount, arcs } = routes;
  const wanted = Math.min(count, RINGS_MAX);
  const whole = (gbps: number): number => Math.floor(gbps / ringGBps + TOLERANCE);
  /** Arc to the number of hops it still carries; ordered pair likewise, under its per-flow cap. */
  const arcRoom = Int32Array.from({ length: 2 * network.linkCount }, (_, arc) =>
    whole(network.capacityGBps[arc >> 1]!),
  );
  const pairRoom = Int32Array.from(routes.widthGBps, (width, pair) =>
    routes.inFabric[pair] === 1 ? whole(width) : 0,
  );
  const start = ordinals[0]!;
  const found: number[][] = [];
  let best: number[][] = [];
  let steps = 0;
  const isOver = (): boolean => best.length >= wanted || steps >= SEARCH_STEPS_MAX;

  /** Loads a hop, and says whether there was room; either way `leave` takes it back. */
  const enter = (pair: number): boolean => {
    let fits = --pairRoom[pair]! >= 0;
    for (const arc of arcs[pair]!) fits = --arcRoom[arc]! >= 0 && fits;
    return fits;
  };
  const leave = (pair: number): void => {
    pairRoom[pair]!++;
    for (const arc of arcs[pair]!) arcRoom[arc]!++;
  };
  const nextRing = (): void => {
    if (found.length > best.length) best = [...found];
    if (!isOver()) extend([start], 1 << start, found.at(-1));
  };
  /** `used`: the GPUs in the order. `after`: the ring found last, while the order equals its beginning. */
  const extend = (order: number[], used: number, after: readonly number[] | undefined): void => {
    const at = order.at(-1)!;
    const closing = order.length === ordinals.length;
    for (const next of closing ? [start] : ordinals) {
      if (isOver()) return;
      if (!closing && ((used >> next) & 1) === 1) continue;
      if (!closing && after !== undefined && next < after[order.length]!) continue;
      const pair = at * gpuCount + next;
      if (pairRoom[pair]! < 1) continue;
      steps++;
      if (enter(pair)) {
        if (closing) {
          found.push([...order]);
          nextRing();
          found.pop();
        } else {
          order.push(next);
          const isEqual = next === after?.[order.length - 1];
          extend(order, used | (1 << next), isEqual ? after : undefined);
          order.pop();
        }
      }
      leave(pair);
    }
  };
  nextRing();
  return best.map((order) => ({ order, bandwidthGBps: ringGBps }));
}
