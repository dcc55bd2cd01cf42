/**
 * The distribution of one figure over jobs.
 *
 * A simulation that stops may leave jobs whose figure is not known yet, only that it is at least so much: they are
 * censored. In `min`, the percentiles and `max` they count as longer than any figure that is known, so one of these that
 * falls on them is `Infinity`, and one that does not is no less than it would be if the simulation had gone on.
 */
export interface Distribution {
  /** Jobs whose figure is known. */
  readonly count: number;
  /** Jobs whose figure is not. */
  readonly censored: number;
  /** Of all, the censored ones with what they had reached at the end: the least that it can be where there are any. */
  readonly mean: number;
  readonly min: number;
  readonly p50: number;
  readonly p90: number;
  readonly p95: number;
  readonly p99: number;
  /** `Infinity` as soon as there is a censored one. */
  readonly max: number;
}

/**
 * Describes figures by mean and percentiles (nearest rank: the p-th is the smallest figure that at least p % do not
 * exceed, so always one that occurred, or `Infinity`).
 *
 * @param known - the figures that are known; sorted in place
 * @param atLeast - what each of the others is at least
 * @returns all 0 where there are neither
 * @complexity O(n log n)
 */
export function distribution(known: Float64Array, atLeast: Float64Array = new Float64Array(0)): Distribution {
  const all = known.length + atLeast.length;
  known.sort();
  let sum = 0;
  for (const figures of [known, atLeast]) {
    for (let i = 0; i < figures.length; i++) sum += figures[i]!;
  }
  const ranked = (rank: number): number => {
    if (all === 0) return 0;
    return rank < known.length ? known[rank]! : Number.POSITIVE_INFINITY;
  };
  const percentile = (percent: number): number => ranked(Math.max(0, Math.ceil((percent * all) / 100) - 1));
  return {
    count: known.length,
    censored: atLeast.length,
    mean: all === 0 ? 0 : sum / all,
    min: ranked(0),
    p50: percentile(50),
    p90: percentile(90),
    p95: percentile(95),
    p99: percentile(99),
    max: ranked(all - 1),
  };
}
