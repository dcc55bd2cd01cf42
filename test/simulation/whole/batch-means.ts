/** A mean with the half-width of its interval. */
export interface Estimate {
  readonly mean: number;
  readonly halfWidth: number;
}

const BATCHES = 30;
/** Student's t for 29 degrees of freedom, two-sided 99.9 %. */
const T_999 = 3.6594;

/**
 * The 99.9 % interval of the mean of a series that depends on its own past, by the method of batch means; the first of 31
 * batches warms up.
 */
export function batchMeans(series: readonly number[]): Estimate {
  const size = Math.floor(series.length / (BATCHES + 1));
  const means = Array.from({ length: BATCHES }, (_, batch) => {
    let sum = 0;
    for (let i = 0; i < size; i++) sum += series[(batch + 1) * size + i]!;
    return sum / size;
  });
  const mean = means.reduce((sum, x) => sum + x, 0) / BATCHES;
  const variance = means.reduce((sum, x) => sum + (x - mean) ** 2, 0) / (BATCHES - 1);
  return { mean, halfWidth: T_999 * Math.sqrt(variance / BATCHES) };
}
