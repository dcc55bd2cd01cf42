import { clusterTopology } from '../../src/index.js';
import type { ClusterTopology } from '../../src/topology/index.js';
import { gpuBox } from '../placement/random-cluster.js';

/** So many servers of one GPU each, in no tier. */
export function oneGpuServers(count: number): ClusterTopology {
  return clusterTopology({
    tiers: [],
    types: { one: gpuBox(1) },
    servers: Array.from({ length: count }, (_, i) => ({ id: `s${i}`, type: 'one' })),
  });
}
