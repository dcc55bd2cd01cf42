import { sameFigure } from '../figures.js';
import type { GpuSetTables } from './gpu-set-tables.js';

/**
 * The ranks of the GPU sets of several server types among each other: highest bandwidth first, of equal ones least load on
 * links of others. Figures that differ by rounding share a rank, as in the tables of one type; ranks compare transitively.
 *
 * @param types - tables of the types, each once
 * @returns type → mask → rank, 0 = the best; lengths 2^n
 * @complexity O(figures log different figures)
 */
export function speedRanks(types: readonly GpuSetTables[]): Float64Array[] {
  const [only] = types;
  // The order of one type has its ranks in the upper half.
  if (types.length === 1) return [only!.order.map((order) => Math.floor(order / 2 ** 32))];
  const bandwidthRank = ranksOf(types.map(({ bandwidthGBps }) => bandwidthGBps));
  const loadRank = ranksOf(types.map(({ sharedLoadGBps }) => sharedLoadGBps));
  const bandwidths = new Set(bandwidthRank.values()).size;
  const loads = new Set(loadRank.values()).size;
  return types.map(({ bandwidthGBps, sharedLoadGBps }) =>
    bandwidthGBps.map(
      (bandwidth, mask) =>
        (bandwidths - 1 - bandwidthRank.get(bandwidth)!) * loads + loadRank.get(sharedLoadGBps[mask]!)!,
    ),
  );
}

/** Figure → its rank among all, lowest first; neighbours that differ by rounding share one. */
function ranksOf(lists: readonly Float64Array[]): Map<number, number> {
  const figures = new Set<number>();
  for (const list of lists) for (const figure of list) figures.add(figure);
  const ranks = new Map<number, number>();
  let rank = -1;
  let before = Number.NaN;
  for (const figure of Float64Array.from(figures).sort()) {
    if (!sameFigure(before, figure)) rank++;
    ranks.set(figure, rank);
    before = figure;
  }
  return ranks;
}
