import type { ClusterTables } from '../../compile/cluster-tables.js';
import type { FabricTables } from '../../compile/fabric-tables.js';
import type { GpuSetTables } from '../../compile/gpu-set-tables.js';
import { setBandwidthGBps } from '../../compile/set-bandwidth.js';
import { GPU_MILLI } from '../../units.js';
import type { PodNeed } from '../state/pod-need.js';
import { SERVER } from './gang.js';
import { gangBandwidth } from './gang-bandwidth.js';
import { type GangPlan, merged } from './gang-plan.js';

/** The narrowest level with a domain that holds all servers: -1 one server, 0 the narrowest tier … */
export function levelOfServers(
  { groupOf, cellDomain, domainParent }: FabricTables,
  servers: readonly number[],
): number {
  if (servers.every((server) => server === servers[0])) return SERVER;
  let domains = new Set(servers.map((server) => cellDomain[groupOf[server]!]!));
  let level = 0;
  for (; domains.size > 1; level++) domains = new Set([...domains].map((domain) => domainParent[domain]!));
  return level;
}

/**
 * The bandwidth of pods that were chosen one by one, without regard to it.
 *
 * @param setTablesOf - kind → tables of the sets of its GPUs
 * @returns GB/s per GPU and direction; null below two GPUs, for shares, and where the GPUs do not communicate
 */
export function planBandwidth(
  tables: ClusterTables,
  setTablesOf: (kind: number) => GpuSetTables,
  need: PodNeed,
  plan: Pick<GangPlan, 'servers' | 'masks' | 'pods'>,
): number | null {
  if (!need.communicates || need.gpuMilli !== GPU_MILLI || plan.pods * need.gpus < 2) return null;
  const pieces = merged(plan);
  const { servers, masks } = pieces;
  const level = levelOfServers(tables.fabric, servers);
  if (level !== SERVER) return gangBandwidth(tables.fabric, setTablesOf, level, pieces);
  return setBandwidthGBps(tables.shapeType[tables.shapeOf[servers[0]!]!]!, masks[0]!);
}
