/** The distribution of one figure over jobs. */
export interface Distribution {
  /** Jobs counted. */
  readonly count: number;
  readonly mean: number;
  readonly min: number;
  readonly p50: number;
  readonly p90: number;
  readonly p95: number;
  readonly p99: number;
  readonly max: number;
}

/**
 * Describes figures by mean and percentiles (nearest rank: the p-th is the smallest figure that at least p % do not
 * exceed, so always one that occurred).
 *
 * @param figures - sorted in place
 * @returns all 0 where there are none
 * @complexity O(n log n)
 */
export function distribution(figures: Float64Array): Distribution {
  const count = figures.length;
  if (count === 0) return { count, mean: 0, min: 0, p50: 0, p90: 0, p95: 0, p99: 0, max: 0 };
  figures.sort();
  let sum = 0;
  for (let i = 0; i < count; i++) sum += figures[i]!;
  const rank = (percent: number): number => figures[Math.max(0, Math.ceil((percent * count) / 100) - 1)]!;
  return {
    count,
    mean: sum / count,
    min: figures[0]!,
    p50: rank(50),
    p90: rank(90),
    p95: rank(95),
    p99: rank(99),
    max: figures[count - 1]!,
  };
}
