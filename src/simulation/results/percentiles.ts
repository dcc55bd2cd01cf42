/**
 * The distribution of one figure over jobs.
 *
 * When a simulation stops, the figure of some jobs may not be known, only a lower bound: they are censored. In `min`,
 * the percentiles and `max` they count as longer than any known figure. So a percentile that falls on a censored job
 * is `Infinity`; any other percentile is no larger than it would be if the simulation had gone on.
 */
export interface Distribution {
  /** Jobs whose figure is known. */
  readonly count: number;
  /** Censored jobs, whose figure is not known. */
  readonly censored: number;
  /** Mean of all, where censored jobs count with their lower bounds: so it is a lower bound too. */
  readonly mean: number;
  readonly min: number;
  readonly p50: number;
  readonly p90: number;
  readonly p95: number;
  readonly p99: number;
  /** `Infinity` if any job is censored. */
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
