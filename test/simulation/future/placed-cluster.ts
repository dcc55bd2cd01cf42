import { compileClusterTables } from '../../../src/compile/cluster-tables.js';
import { clusterTopology } from '../../../src/index.js';
import { PlacementEngine } from '../../../src/placement/engine.js';
import { type Gang, gangOf, Levels } from '../../../src/placement/gangs/gang.js';
import type { PlacementRequest } from '../../../src/placement/request/request.js';
import { podNeed } from '../../../src/placement/state/pod-need.js';
import { topologyAware } from '../../../src/policies/index.js';
import type { Assignment } from '../../../src/simulation/allocation/holdings.js';
import { gpuBox } from '../../placement/random-cluster.js';

/** An engine of servers of four GPUs, 8,000 milli-cores and 8,000 MiB, with nothing placed. */
export function fourGpuEngine(servers: number): PlacementEngine {
  const cluster = clusterTopology({
    tiers: [],
    types: { four: gpuBox(4) },
    servers: Array.from({ length: servers }, (_, i) => ({
      id: `s${i}`,
      type: 'four',
      cpuMilli: 8000,
      memoryMiB: 8000,
    })),
  });
  return new PlacementEngine(compileClusterTables(cluster), {
    policy: topologyAware(),
    workload: undefined,
    sizes: undefined,
    seed: 0,
  });
}

export function gangFor(engine: PlacementEngine, request: PlacementRequest): Gang {
  return gangOf(request, podNeed(request, engine.tables), new Levels([]));
}

/** An assignment of one pod on one server. */
export function assignmentOn(server: number, mask: number): Assignment {
  return { server, mask, pieces: undefined, pods: 1, bandwidthGBps: Number.NaN };
}
