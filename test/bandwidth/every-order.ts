import { route } from '../../src/topology/route.js';
import type { ServerTopology } from '../../src/topology/server-topology.js';

/**
 * Rings packed greedily by trying every order, over links named by the ids of their ends. For servers without
 * NVSwitch and without per-flow caps.
 */
export function ringsByEveryOrder(
  server: ServerTopology,
  gpus: readonly number[],
  mayHop: (relation: string) => boolean,
): { order: number[]; bandwidthGBps: number }[] {
  const sorted = [...gpus].sort((a, b) => a - b);
  const left = new Map<string, number>();
  for (const {
    between: [a, b],
    bandwidthGBps,
  } of server.document.links) {
    left.set(JSON.stringify([a, b]), bandwidthGBps);
    left.set(JSON.stringify([b, a]), bandwidthGBps);
  }
  const hops = new Map<string, readonly string[] | undefined>();
  for (const from of sorted) {
    for (const to of sorted) if (from !== to) hops.set(`${from},${to}`, hop(server, from, to, mayHop));
  }
  const orders = permutations(sorted.slice(1)).map((rest) => [sorted[0]!, ...rest]);
  const rings: { order: number[]; bandwidthGBps: number }[] = [];
  for (;;) {
    let best = 0;
    let bestOrder: number[] | undefined;
    for (const order of orders) {
      const counts = crossings(order, hops);
      if (counts === undefined) continue;
      let width = Number.POSITIVE_INFINITY;
      for (const [arc, count] of counts) width = Math.min(width, left.get(arc)! / count);
      if (width > best * (1 + 1e-9) && width > 1e-9) {
        best = width;
        bestOrder = order;
      }
    }
    if (bestOrder === undefined) return rings;
    for (const [arc, count] of crossings(bestOrder, hops)!) left.set(arc, left.get(arc)! - count * best);
    rings.push({ order: bestOrder, bandwidthGBps: best });
  }
}

function hop(
  server: ServerTopology,
  from: number,
  to: number,
  mayHop: (relation: string) => boolean,
): readonly string[] | undefined {
  try {
    const { devices, relation } = route(server, server.gpus[from]!, server.gpus[to]!);
    if (!mayHop(relation)) return undefined;
    return devices.slice(1).map((id, i) => JSON.stringify([devices[i], id]));
  } catch {
    return undefined;
  }
}

function crossings(
  order: readonly number[],
  hops: ReadonlyMap<string, readonly string[] | undefined>,
): ReadonlyMap<string, number> | undefined {
  const counts = new Map<string, number>();
  for (const [i, from] of order.entries()) {
    const arcs = hops.get(`${from},${order[(i + 1) % order.length]}`);
    if (arcs === undefined) return undefined;
    for (const arc of arcs) counts.set(arc, (counts.get(arc) ?? 0) + 1);
  }
  return counts;
}

/** All orders, lexicographically. */
function permutations(items: readonly number[]): number[][] {
  if (items.length === 0) return [[]];
  return items.flatMap((first) =>
    permutations(items.filter((item) => item !== first)).map((rest) => [first, ...rest]),
  );
}
