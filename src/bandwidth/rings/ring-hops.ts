import { remembered } from '../../remembered.js';
import type { Network } from '../../topology/network.js';
import type { PairRoutes } from '../directed/pair-routes.js';
import { flowScratch, maxFlow } from '../max-flow.js';

/** The hops that rings over a set of GPUs may take. A GPU is named by its position in `ordinals`. */
export interface RingHops {
  /** The GPUs, ascending, two or more. */
  readonly ordinals: readonly number[];
  /** Arc → GB/s. */
  readonly capacityGBps: Float64Array;
  /** Arc `a` runs from vertex `ends[a]` to `ends[a ^ 1]`. */
  readonly ends: Int32Array;
  /** Position → vertex. */
  readonly vertices: Int32Array;
  /** `arcs[from * n + to]`: arcs of the route; `undefined` where no hop is permitted. */
  readonly arcs: readonly (Int32Array | undefined)[];
  /** `widthGBps[from * n + to]`: bandwidth of the pair alone, GB/s; 0 where no hop is permitted. */
  readonly widthGBps: Float64Array;
  /** Position → positions that its hops lead to, fewest links first, then by ordinal. */
  readonly nearest: readonly (readonly number[])[];
}

/**
 * The hops of a set of GPUs.
 *
 * @param network - a server's network
 * @param routes - of its pairs of GPUs
 * @param ordinals - the GPUs, ascending, two or more
 * @param fabricOnly - whether only pairs that the accelerator fabric joins are hops
 * @complexity O(n^2 log n)
 */
export function ringHops(
  network: Network,
  routes: PairRoutes,
  ordinals: readonly number[],
  fabricOnly: boolean,
): RingHops {
  const n = ordinals.length;
  const arcs: (Int32Array | undefined)[] = [];
  const widthGBps = new Float64Array(n * n);
  for (const from of ordinals) {
    for (const to of ordinals) {
      const pair = from * routes.gpuCount + to;
      const isHop = from !== to && !(fabricOnly && routes.inFabric[pair] === 0);
      if (isHop) widthGBps[arcs.length] = routes.widthGBps[pair]!;
      arcs.push(isHop ? routes.arcs[pair] : undefined);
    }
  }
  const lengthOf = (from: number, to: number): number => arcs[from * n + to]!.length;
  const nearest = ordinals.map((_, from) =>
    [...ordinals.keys()]
      .filter((to) => arcs[from * n + to] !== undefined)
      .sort((a, b) => lengthOf(from, a) - lengthOf(from, b) || a - b),
  );
  return {
    ordinals,
    capacityGBps: Float64Array.from(network.ends, (_, arc) => network.capacityGBps[arc >> 1]!),
    ends: network.ends,
    vertices: Int32Array.from(ordinals, (ordinal) => network.gpuVertices[ordinal]!),
    arcs,
    widthGBps,
    nearest,
  };
}

/** The arcs of all hops, each once. */
export function usedArcs(hops: RingHops): ReadonlySet<number> {
  const used = new Set<number>();
  for (const path of hops.arcs) for (const arc of path ?? []) used.add(arc);
  return used;
}

/**
 * An upper bound on the sum of all rings over a set of GPUs, GB/s.
 *
 * A ring passes every GPU, so it is a flow from the first GPU to any other. All rings together are therefore at most
 * the smallest cut between the two, over the links that hops use. They are also at most the sum of the hops that
 * leave one GPU.
 *
 * @param hops - see {@link ringHops}
 * @returns GB/s; 0 if the hops do not connect the set
 * @complexity n - 1 max-flows
 */
export function ringLimit(hops: RingHops): number {
  const { capacityGBps, ends, vertices, widthGBps } = hops;
  const n = vertices.length;
  const position = new Map<number, number>();
  const positionOf = (vertex: number): number => remembered(position, vertex, () => position.size);
  vertices.forEach(positionOf);
  const used = usedArcs(hops);
  for (const arc of used) positionOf(ends[arc]!);
  for (const arc of used) positionOf(ends[arc ^ 1]!);
  const size = position.size;
  const capacity = new Float64Array(size * size);
  for (const arc of used) {
    capacity[positionOf(ends[arc]!) * size + positionOf(ends[arc ^ 1]!)]! += capacityGBps[arc]!;
  }
  const scratch = flowScratch(size);
  let limit = Number.POSITIVE_INFINITY;
  for (let gpu = 0; gpu < n; gpu++) {
    const together = widthGBps.subarray(gpu * n, (gpu + 1) * n).reduce((sum, width) => sum + width, 0);
    limit = Math.min(limit, together);
    if (gpu > 0) limit = Math.min(limit, maxFlow(capacity.slice(), size, 0, gpu, scratch));
  }
  return limit;
}
