import { sameFigure } from '../figures.js';

/**
 * The rank of each figure among all, lowest first, equal ones sharing a rank. Neighbours in the sorted order are
 * compared, so that rounding never parts what is equal, as it would at the borders of a grid.
 *
 * @param figures - 0 or more each, at most 65,536 of them
 * @returns position → rank, 0 … distinct figures - 1; length that of `figures`
 * @complexity O(m log m)
 */
export function figureRanks(figures: Float64Array): Uint16Array {
  const sorted = figures.slice().sort();
  let levels = 0;
  for (let i = 0, before = Number.NaN; i < sorted.length; i++) {
    const figure = sorted[i]!;
    // The lowest figure of each level takes the front of the array.
    if (!sameFigure(before, figure)) sorted[levels++] = figure;
    before = figure;
  }
  const ranks = new Uint16Array(figures.length);
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
