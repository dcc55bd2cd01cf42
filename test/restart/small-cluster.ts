import {
  type ClusterDocument,
  type ClusterTopology,
  clusterTopology,
  type Placement,
} from '../../src/index.js';

/** Blocks of racks of servers of 8 GPUs; ids say where a server stands: b0r1s2. */
export function smallCluster(
  sizes: { readonly blocks: number; readonly racks: number; readonly servers: number },
  more: Partial<ClusterDocument> = {},
): ClusterTopology {
  const servers: ClusterDocument['servers'][number][] = [];
  for (let b = 0; b < sizes.blocks; b++) {
    for (let r = 0; r < sizes.racks; r++) {
      for (let s = 0; s < sizes.servers; s++) {
        servers.push({
          id: `b${b}r${r}s${s}`,
          type: 'h100',
          domains: { block: `b${b}`, rack: `b${b}r${r}` },
        });
      }
    }
  }
  return clusterTopology({ tiers: ['block', 'rack'], types: { h100: 'dgx-h100' }, servers, ...more });
}

const ALL_GPUS = [0, 1, 2, 3, 4, 5, 6, 7];

/** A gang of whole servers. */
export function gangOn(...servers: readonly string[]): Placement {
  return {
    id: 1,
    pods: servers.map((server) => ({ server, gpus: ALL_GPUS })),
    tier: 'block',
    bandwidthGBps: null,
  };
}
