import { FIGURE_TOLERANCE } from '../figures.js';

/**
 * The rank of each figure among all, lowest first, equal ones sharing a rank.
 *
 * Neighbours in the sorted order are compared. So a chain of figures, each equal to the next, has one rank, and ranks compare
 * transitively; rounding to a grid would part equal figures that lie on both sides of a border.
 *
 * @param figures - 0 or more each; Infinity is allowed
 * @param tolerance - neighbours that differ by at most this share are equal; 0 = only what is the same number
 * @returns position → rank, 0 … distinct figures − 1; length that of `figures`
 * @complexity O(m log m)
 */
export function figureRanks(figures: Float64Array, tolerance: number = FIGURE_TOLERANCE): Int32Array {
  const sorted = figures.slice().sort();
  let levels = 0;
  for (let i = 0, before = Number.NaN; i < sorted.length; i++) {
    const figure = sorted[i]!;
    // The lowest figure of each rank moves to the front of the array.
    if (!(figure === before || figure <= before + before * tolerance)) sorted[levels++] = figure;
    before = figure;
  }
  const ranks = new Int32Array(figures.length);
  for (let i = 0; i < figures.length; i++) {
    let low = 0;
    for (let high = levels; high - low > 1; ) {
      const middle = (low + high) >> 1;
      if (sorted[middle]! <= figures[i]!) low = middle;
      else high = middle;
    }
    ranks[i] = low;
  }
  return ranks;
}

/**
 * The ranks of the GPU sets of several server types among each other: highest bandwidth first, of equal ones the least load on
 * links of others.
 *
 * @param types - figures of each type by mask, in GB/s
 * @returns type → mask → rank, 0 = the best; lengths those of the figures
 * @complexity O(figures × log figures)
 */
export function speedRanks(
  types: readonly { readonly bandwidthGBps: Float64Array; readonly sharedLoadGBps: Float64Array }[],
): Int32Array[] {
  const bandwidth = figureRanks(joined(types.map(({ bandwidthGBps }) => bandwidthGBps)));
  const load = figureRanks(joined(types.map(({ sharedLoadGBps }) => sharedLoadGBps)));
  const count = bandwidth.length;
  const both = Float64Array.from(bandwidth, (rank, i) => (count - rank) * count + load[i]!);
  const ranks = figureRanks(both, 0);
  let end = 0;
  return types.map(({ bandwidthGBps: { length } }) => {
    end += length;
    return ranks.slice(end - length, end);
  });
}

function joined(lists: readonly Float64Array[]): Float64Array {
  const all = new Float64Array(lists.reduce((length, list) => length + list.length, 0));
  let at = 0;
  for (const list of lists) {
    all.set(list, at);
    at += list.length;
  }
  return all;
}
