import { readFields } from '../checks/fields.js';
import { readList } from '../checks/plain-data.js';
import { checkServer } from '../topology/expected-topology.js';
import { type Network, networkOf } from '../topology/network.js';
import { type PeerToPeerOption, peerToPeerOf } from '../topology/peer-to-peer-option.js';
import type { ServerTopology } from '../topology/types.js';
import { pairRoutesOf } from './directed/pair-routes.js';
import { type Flow, maxMinRates } from './fair-shares.js';
import { gpuMask } from './gpu-mask.js';
import { packRings } from './rings/ring.js';

/** Options of {@link sharedBandwidth}. */
export type SharedBandwidthOptions = PeerToPeerOption;

/** Most groups of one call: each may take as long as one `ring` search. */
const GROUPS_MAX = 256;

/**
 * The bus bandwidth of several sets of GPUs of one server that communicate at the same time.
 *
 * Each group runs the rings that it would run alone (`ring` of {@link collectiveBandwidth}) and loads their links in
 * proportion. Each direction of a link is shared max-min fairly among the groups, by bus bandwidth. The traffic of
 * one ordered pair of GPUs stays under the per-flow caps of its route. One group alone gets its `ring` bandwidth.
 * Groups may have GPUs in common, as the tensor- and data-parallel groups of one job do; they then share the links of
 * these GPUs as well.
 *
 * Max-min sharing on full-duplex links is within 10 % of measurements for single flows, disjoint pairs and shared
 * uplinks. It is 1.4 to 1.6 times too high where every GPU behind one PCIe switch sends to every other, and 2 times
 * for many flows in both directions across the sockets.
 *
 * @param server - a server topology
 * @param groups - GPU ordinals of each group, in any order; at most 256 groups
 * @param options - see {@link SharedBandwidthOptions}
 * @returns GB/s per GPU and direction of each group; `Infinity` for a group of fewer than two GPUs, 0 for one
 * that no links join
 * @throws CorralError `invalid-option` for an ordinal that does not exist or is listed twice in a group, too many groups,
 * or a `peerToPeer` that is not a boolean
 * @complexity that of the rings of each set of GPUs, once, then one round of filling per group
 * @example
 * const server = topology('cert-2s-4gpu-switch'); // two GPUs per socket
 * sharedBandwidth(server, [[0, 1], [2, 3]]); // [55.4, 55.4]: each pair behind its own switch
 * sharedBandwidth(server, [[0, 2], [1, 3]]); // [25, 25]: both across the socket link
 */
export function sharedBandwidth(
  server: ServerTopology,
  groups: readonly (readonly number[])[],
  options: SharedBandwidthOptions = {},
): number[] {
  checkServer(server, ['server']);
  const network = networkOf(server, peerToPeerOf(readFields(options, ['peerToPeer'], ['options'])));
  const masks = readList(groups, ['groups'], 'invalid-option', GROUPS_MAX).map((gpus, i) =>
    gpuMask(server, gpus, ['groups', i]),
  );
  const flowOf = new Map([...new Set(masks)].map((mask) => [mask, groupFlow(network, mask)]));
  const flows = masks.map((mask) => flowOf.get(mask)!);
  const capacities = Float64Array.from(
    { length: 2 * network.linkCount },
    (_, arc) => network.capacityGBps[arc >> 1]!,
  );
  return Array.from(maxMinRates(capacities, flows));
}

/** A group as one flow. Per GB/s of bus bandwidth, the load of an arc is the share of the rings that cross it. */
function groupFlow(network: Network, mask: number): Flow {
  const { rings, bandwidthGBps } = packRings(network, mask);
  if (bandwidthGBps === Number.POSITIVE_INFINITY) return { links: [] };
  const routes = pairRoutesOf(network);
  const total = rings.reduce((sum, ring) => sum + ring.bandwidthGBps, 0);
  const arcLoads = new Map<number, number>();
  const pairLoads = new Map<number, number>();
  for (const ring of rings) {
    const share = ring.bandwidthGBps / total;
    ring.order.forEach((from, i) => {
      const pair = from * routes.gpuCount + ring.order[(i + 1) % ring.order.length]!;
      pairLoads.set(pair, (pairLoads.get(pair) ?? 0) + share);
      for (const arc of routes.arcs[pair]!) arcLoads.set(arc, (arcLoads.get(arc) ?? 0) + share);
    });
  }
  let cap = bandwidthGBps;
  for (const [pair, load] of pairLoads) cap = Math.min(cap, routes.widthGBps[pair]! / load);
  return { links: [...arcLoads.keys()], loads: [...arcLoads.values()], cap };
}
