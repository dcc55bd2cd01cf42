import type { FabricTables } from '../../compile/fabric-tables.js';
import type { GpuSetTables } from '../../compile/gpu-set-tables.js';
import { popcount16 } from '../state/state.js';
import type { GangPlan } from './gang-plan.js';

/**
 * The bandwidth of a gang of whole GPUs over several servers, GB/s per GPU and direction.
 *
 * Inside one accelerator domain that of its fabric. Otherwise the least of: what every island reaches by itself, and
 * (n − 1) · c / max(g, n − g) for every island and domain around islands that holds g of the n GPUs, some but not all;
 * c is what its uplink carries, and for islands also what the chosen GPUs bring to the ports of their servers.
 *
 * Source: the cut bound of Zhao and Krishnamurthy (arXiv 2305.18461) on a tree, closed form.
 * @param level - the narrowest level with a domain that holds all
 * @param pieces - one per server, in tree order
 * @complexity O(pieces × tiers)
 */
export function gangBandwidth(
  fabric: FabricTables,
  setTablesOf: (kind: number) => GpuSetTables,
  level: number,
  pieces: Pick<GangPlan, 'servers' | 'masks'>,
): number {
  const { servers, masks } = pieces;
  const { acceleratorLevel, acceleratorGBps, islandOf, uplinkGBps } = fabric;
  if (level <= acceleratorLevel) {
    const island = islandOf[fabric.cellDomain[fabric.groupOf[servers[0]!]!]!]!;
    if (island !== -1) return acceleratorGBps[island]!;
  }
  let all = 0;
  for (let i = 0; i < masks.length; i++) all += popcount16(masks[i]!);
  let least = Number.POSITIVE_INFINITY;
  /** Domains of a level that hold some of the gang, in tree order; GPUs in each, and what they bring to NICs. */
  const domains: number[] = [];
  const gpusIn: number[] = [];
  const nicsIn: number[] = [];
  let kind = -1;
  let tables: GpuSetTables | undefined;
  for (let i = 0; i < servers.length; i++) {
    const group = fabric.groupOf[servers[i]!]!;
    const mask = masks[i]!;
    if (fabric.cellKind[group] !== kind) {
      kind = fabric.cellKind[group]!;
      tables = setTablesOf(kind);
    }
    const gpus = tables!.sizeOf[mask]!;
    const nic = tables!.nicGBps[mask]!;
    const domain = fabric.cellDomain[group]!;
    if (islandOf[domain] === -1) {
      const own = Math.min(tables!.bandwidthGBps[mask]!, (nic * (all - 1)) / Math.max(gpus, all - gpus));
      if (own < least) least = own;
    }
    const last = domains.length - 1;
    if (domains[last] === domain) {
      gpusIn[last]! += gpus;
      nicsIn[last]! += nic;
    } else {
      domains.push(domain);
      gpusIn.push(gpus);
      nicsIn.push(nic);
    }
  }
  for (let at = 0; at < level; at++) {
    let parents = 0;
    for (let i = 0; i < domains.length; i++) {
      const domain = domains[i]!;
      const gpus = gpusIn[i]!;
      const nic = nicsIn[i]!;
      const island = islandOf[domain]!;
      if (island === domain && gpus > 1) least = Math.min(least, acceleratorGBps[domain]!);
      if ((island === -1 || island === domain) && gpus < all) {
        const out = island === domain ? Math.min(uplinkGBps[domain]!, nic) : uplinkGBps[domain]!;
        least = Math.min(least, (out * (all - 1)) / Math.max(gpus, all - gpus));
      }
      // Neighbours with one parent become one entry; what is written has been read.
      const parent = fabric.domainParent[domain]!;
      if (parents > 0 && domains[parents - 1] === parent) {
        gpusIn[parents - 1]! += gpus;
        nicsIn[parents - 1]! += nic;
      } else {
        domains[parents] = parent;
        gpusIn[parents] = gpus;
        nicsIn[parents] = nic;
        parents++;
      }
    }
    domains.length = parents;
  }
  return least;
}
