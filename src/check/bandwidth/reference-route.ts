import { UndirectedGraph } from 'graphology';
import { unweighted } from 'graphology-shortest-path';
import { deviceAt } from '../../topology/device-at.js';
import { checkServer } from '../../topology/expected-topology.js';
import type { ServerTopology } from '../../topology/index.js';
import { holdSize, kindOf, type MergedLink, mergedLinks, plainLinks } from './merged-links.js';

/** Bandwidth and length of the route between two devices. */
export interface ReferenceRoute {
  /** The smallest bandwidth on the way, GB/s per direction; `Infinity` from a device to itself. */
  readonly bandwidthGBps: number;
  /** Number of links on the way; links to NVSwitches that count as one are one link. */
  readonly hops: number;
}

/**
 * The bottleneck of `route` and its number of hops, by trying all link bandwidths as thresholds: the largest one for
 * which the links with at least that bandwidth join the pair, and the fewest such links that do. First only links of
 * the accelerator fabric count, then all. No GPU or NIC is crossed.
 *
 * NVSwitches count as one as in `referenceBandwidth`, unless one end of the pair is an NVSwitch.
 *
 * @param server - a server topology
 * @param from - id of any device
 * @param to - id of any device
 * @returns bottleneck and hops; `undefined` if nothing joins the two
 * @throws CorralError `unknown-reference` if a device does not exist, `limit-exceeded` beyond 256 devices or 1,024 links
 * @complexity O(links²)
 * @example
 * referenceRoute(topology('l40s-8-dual-root'), 'gpu0', 'gpu4') // { bandwidthGBps: 26.3, hops: 7 }
 */
export function referenceRoute(server: ServerTopology, from: string, to: string): ReferenceRoute | undefined {
  checkServer(server, ['server']);
  holdSize(server);
  for (const [name, id] of Object.entries({ from, to })) {
    deviceAt(server, id, [name]);
  }
  if (from === to) return { bandwidthGBps: Number.POSITIVE_INFINITY, hops: 0 };
  const endsAtSwitch = [from, to].some((id) => kindOf(server, id) === 'nvswitch');
  const mayBeOn = (id: string): boolean =>
    id === from || id === to || !['gpu', 'nic'].includes(kindOf(server, id));
  const links = (endsAtSwitch ? plainLinks(server) : mergedLinks(server)).filter(
    ({ a, b }) => a !== b && mayBeOn(a) && mayBeOn(b),
  );
  return (
    widest(
      links.filter(({ inFabric }) => inFabric),
      from,
      to,
    ) ?? widest(links, from, to)
  );
}

function widest(links: readonly MergedLink[], from: string, to: string): ReferenceRoute | undefined {
  const bundles = bundled(links);
  const figures = [...new Set(bundles.map(({ flowGBps }) => flowGBps))].sort((a, b) => b - a);
  for (const bandwidthGBps of figures) {
    const graph = new UndirectedGraph();
    graph.addNode(from);
    for (const { key, a, b, flowGBps } of bundles) {
      if (flowGBps >= bandwidthGBps) graph.mergeUndirectedEdgeWithKey(key, a, b);
    }
    const hops = unweighted.singleSourceLength(graph, from)[to];
    if (hops !== undefined) return { bandwidthGBps, hops };
  }
  return undefined;
}

/** The sum of the links between the same two vertices; links of the fabric and others are separate. */
interface Bundle extends MergedLink {
  /** JSON of the two vertices and of `inFabric`. */
  readonly key: string;
}

function bundled(links: readonly MergedLink[]): Bundle[] {
  const bundles = new Map<string, Bundle>();
  for (const link of links) {
    const key = JSON.stringify([...[link.a, link.b].sort(), link.inFabric]);
    const flowGBps = (bundles.get(key)?.flowGBps ?? 0) + link.flowGBps;
    bundles.set(key, { ...link, key, flowGBps });
  }
  return [...bundles.values()];
}
