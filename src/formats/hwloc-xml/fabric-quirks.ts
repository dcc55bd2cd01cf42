import { CorralError, quote } from '../../errors.js';
import { components } from '../server/components.js';
import { XGMI_MODELS } from '../server/constants.js';
import type { XgmiLinks } from '../server/import-options.js';
import { statedXgmiLinks } from '../server/xgmi-links.js';
import type { HwlocDevice } from './devices.js';
import type { FabricEnd, FabricLink } from './fabric.js';

/** Links after known errors were corrected, and notes on the corrections. */
export interface MendedFabric {
  readonly links: readonly FabricLink[];
  readonly notes: readonly string[];
}

/** NVLinks of each GPU whose link rate old versions of hwloc doubled; the rate of one link is 25 GB/s. */
const NVLINKS: readonly (readonly [RegExp, number])[] = [
  [/A800|H800/i, 8],
  [/A100/i, 12],
  [/A30\b/i, 4],
  [/H100|H200|H20\b/i, 18],
];
const NVLINK_RAW_GBPS = 25;
/** Allows for rounded rates. */
const TOLERANCE = 1.01;

/** The rate that the RSMI backend of hwloc 2 writes for every xGMI pair. */
const RSMI_GBPS = 100;

/**
 * Corrects known errors of hwloc in the matrices of bandwidths.
 *
 * - Old versions write NVLink 3 and 4 with 50 instead of 25 GB/s per link. If a GPU has more than its links carry, all
 *   NVLinks of the file are halved.
 * - hwloc 2 writes 100 GB/s for every xGMI pair. If all pairs have this rate, the caller or the model gives the number of
 *   links; pairs of MI250 differ, so the caller must.
 * - Links between NVSwitches are missing (DGX-2 has some). If the NVSwitches form several groups, they become one switch,
 *   as in NCCL.
 *
 * @param links - links as the matrices have them
 * @param known.modelOf - model of a GPU
 * @param known.idOf - id of a GPU
 * @param known.xgmiLinks - option of that name
 * @returns the links and what was done
 * @throws CorralError `invalid-option` where the xGMI links of a pair cannot be told
 * @complexity O(links)
 * @see open-mpi/hwloc, issue 574 and hwloc/topology-rsmi.c
 */
export function mendedFabric(
  links: readonly FabricLink[],
  known: {
    readonly modelOf: (gpu: HwlocDevice) => string;
    readonly idOf: (gpu: FabricEnd) => string | undefined;
    readonly xgmiLinks: number | readonly XgmiLinks[] | undefined;
  },
): MendedFabric {
  const { modelOf, xgmiLinks } = known;
  const notes: string[] = [];
  let mended = links;
  if (isDoubled(links, modelOf)) {
    mended = mended.map((link) =>
      link.medium === 'nvlink' ? { ...link, rawGBps: link.rawGBps / 2, isDoubtful: true } : link,
    );
    notes.push(
      'NVLinkBandwidth is more than the GPUs have: old versions of hwloc count their links twice as fast, so it is halved here.',
    );
  }
  const xgmi = links.filter(({ medium }) => medium === 'xgmi');
  if (xgmiLinks !== undefined) {
    const statedOf = statedXgmiLinks(xgmiLinks);
    mended = mended.map((link) => {
      if (link.medium !== 'xgmi') return link;
      const [a, b] = link.ends.map((end) => known.idOf(end)!) as [string, string];
      return { ...link, links: { count: statedOf(a, b), source: 'links of the pair stated by the caller' } };
    });
  } else if (xgmi.length > 0 && xgmi.every(({ rawGBps }) => rawGBps === RSMI_GBPS)) {
    mended = mended.map((link) => (link.medium === 'xgmi' ? withLinksOfModel(link, modelOf) : link));
    notes.push(
      'XGMIBandwidth is 100 GB/s for all pairs, which hwloc 2 writes whatever links they have, also over other GPUs: the links are those of the model.',
    );
  }
  const united = withOneSwitch(mended);
  if (united !== undefined) {
    mended = united.links;
    notes.push(
      `The NVSwitches fall into ${united.groups} groups, as hwloc lists no links between NVSwitches: they are one here, as to NCCL.`,
    );
  }
  return { links: mended, notes };
}

/** Replaces all NVSwitches by the first one and adds up the links of each GPU; undefined if they form one group. */
function withOneSwitch(
  links: readonly FabricLink[],
): { readonly links: readonly FabricLink[]; readonly groups: number } | undefined {
  const isSwitch = (end: FabricEnd): boolean => 'kind' in end && end.kind === 'nvswitch';
  const nvlinks = links.filter(({ medium }) => medium === 'nvlink');
  const ends = [...new Set(nvlinks.flatMap(({ ends }) => ends))];
  const pairs = nvlinks.map(({ ends }) => ends);
  const groups = components<FabricEnd>(ends, pairs).filter((group) => group.some(isSwitch)).length;
  if (groups < 2) return undefined;
  const first = ends.find(isSwitch)!;
  const byGpu = new Map<FabricEnd, Map<FabricEnd, FabricLink>>();
  const others: FabricLink[] = [];
  for (const link of links) {
    const [gpu, to] = isSwitch(link.ends[0]) ? [link.ends[1], link.ends[0]] : link.ends;
    if (link.medium !== 'nvlink' || !isSwitch(to) || isSwitch(gpu)) {
      if (!link.ends.every(isSwitch)) others.push(link);
      continue;
    }
    const own = byGpu.get(gpu) ?? new Map<FabricEnd, FabricLink>();
    byGpu.set(gpu, own);
    // A GPU that two libraries list has its links once per library.
    const before = own.get(to);
    if (before === undefined || before.rawGBps < link.rawGBps) own.set(to, link);
  }
  const summed = [...byGpu].map(([gpu, own]): FabricLink => {
    const all = [...own.values()];
    return {
      medium: 'nvlink',
      ends: [gpu, first],
      rawGBps: all.reduce((sum, { rawGBps }) => sum + rawGBps, 0),
      ...(all.some(({ isDoubtful }) => isDoubtful) && { isDoubtful: true }),
    };
  });
  return { links: [...others, ...summed], groups };
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
  const model = gpu === undefined ? '' : modelOf(gpu);
  const known = XGMI_MODELS.find(({ models }) => models.test(model))?.links;
  if (known === undefined) {
    throw new CorralError(
      'invalid-option',
      ['xgmiLinks'],
      `XGMIBandwidth is 100 GB/s for all pairs, which hwloc 2 writes whatever links they have, and the model ${quote(model)} does not tell the links: an MI250X has 1, 2 or 4 of a pair. Give xgmiLinks, or gpuModel where that is another`,
    );
  }
  return { ...link, links: { count: known, source: 'links and line rate of the model' } };
}
