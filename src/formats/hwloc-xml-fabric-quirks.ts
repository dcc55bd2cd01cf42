import type { HwlocDevice } from './hwloc-xml-devices.js';
import type { FabricLink } from './hwloc-xml-fabric.js';

/** Links with what is known to be wrong in them put right, and sentences that say so. */
export interface MendedFabric {
  readonly links: readonly FabricLink[];
  readonly notes: readonly string[];
}

/** NVLinks of a GPU of the generations whose rate old versions of hwloc doubled; each has 25 GB/s. */
const NVLINKS: readonly (readonly [RegExp, number])[] = [
  [/A800|H800/i, 8],
  [/A100/i, 12],
  [/A30\b/i, 4],
  [/H100|H200|H20\b/i, 18],
];
const NVLINK_RAW_GBPS = 25;
/** Rates are rounded. */
const TOLERANCE = 1.01;

/** xGMI links of every pair of a machine, and the line rate of one, GB/s; pairs of MI250 differ. */
const XGMI_LINKS: readonly (readonly [RegExp, { readonly links: number; readonly rawGBps: number }])[] = [
  [/MI3(?:00X|08X|25X)/i, { links: 1, rawGBps: 64 }],
  [/MI300A/i, { links: 2, rawGBps: 64 }],
  [/MI210|MI(?:50|60|100)(?!\d)|Vega|Radeon (?:Pro )?VII/i, { links: 1, rawGBps: 50 }],
];
/** What the RSMI backend of hwloc 2 writes for every pair that xGMI joins. */
const RSMI_GBPS = 100;

/**
 * Puts right what versions of hwloc are known to write wrongly.
 *
 * - NVLink 3 and 4 at 50 instead of 25 GB/s per link. Where a GPU has more than all its links carry, all NVLinks
 *   of the file are halved.
 * - xGMI at 100 GB/s for every pair, whatever its links. Where all pairs have just that, the model tells the
 *   links; of MI250, whose pairs differ, the figure stays.
 *
 * @param links - links as the matrices have them
 * @param modelOf - model of a GPU
 * @returns the links and what was done
 * @complexity O(links)
 * @see open-mpi/hwloc, issue 574 and hwloc/topology-rsmi.c
 */
export function mendedFabric(
  links: readonly FabricLink[],
  modelOf: (gpu: HwlocDevice) => string,
): MendedFabric {
  const notes: string[] = [];
  let mended = links;
  if (isDoubled(links, modelOf)) {
    mended = mended.map((link) => (link.medium === 'nvlink' ? { ...link, rawGBps: link.rawGBps / 2 } : link));
    notes.push(
      'NVLinkBandwidth is more than the GPUs have: old versions of hwloc count their links twice as fast, so it is halved here.',
    );
  }
  const xgmi = links.filter(({ medium }) => medium === 'xgmi');
  if (xgmi.length > 0 && xgmi.every(({ rawGBps }) => rawGBps === RSMI_GBPS)) {
    mended = mended.map((link) => (link.medium === 'xgmi' ? withLinksOfModel(link, modelOf) : link));
    notes.push(
      'XGMIBandwidth is 100 GB/s for all pairs, which hwloc 2 writes whatever links they have, also over other GPUs: the links are those of the model where its pairs are alike, else check them.',
    );
  }
  return { links: mended, notes };
}

function isDoubled(links: readonly FabricLink[], modelOf: (gpu: HwlocDevice) => string): boolean {
  const sums = new Map<HwlocDevice, number>();
  // A GPU that two libraries list has its links once per library.
  const seen = new Map<HwlocDevice, Set<unknown>>();
  for (const { medium, ends, rawGBps } of links) {
    if (medium !== 'nvlink') continue;
    for (const [i, end] of ends.entries()) {
      if (!('kind' in end) || end.kind !== 'gpu') continue;
      const others = seen.get(end) ?? new Set();
      seen.set(end, others);
      const other = ends[1 - i]!;
      if (others.has(other)) continue;
      others.add(other);
      sums.set(end, (sums.get(end) ?? 0) + rawGBps);
    }
  }
  return [...sums].some(([gpu, sum]) => {
    const known = NVLINKS.find(([models]) => models.test(modelOf(gpu)));
    return known !== undefined && sum > known[1] * NVLINK_RAW_GBPS * TOLERANCE;
  });
}

function withLinksOfModel(link: FabricLink, modelOf: (gpu: HwlocDevice) => string): FabricLink {
  const gpu = link.ends.find((end): end is HwlocDevice => 'kind' in end && end.kind === 'gpu');
  const known = gpu && XGMI_LINKS.find(([models]) => models.test(modelOf(gpu)))?.[1];
  if (known === undefined) return link;
  return { ...link, rawGBps: known.links * known.rawGBps, isOfModel: true };
}
