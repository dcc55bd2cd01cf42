import { readFields } from '../../checks/fields.js';
import { integer, nonNegative, positive } from '../../checks/quantity.js';
import { CorralError } from '../../errors.js';

/**
 * The factor by which a synchronous step takes longer because all wait for the slowest of n workers: 1 + c·e(n). The
 * step times of workers are independent and normally distributed; e(n) is the mean of the largest of n standard
 * normal deviates.
 *
 * @param options.workers - n, 1 … 1e9
 * @param options.variation - c, standard deviation of a worker's step over its mean
 * @returns a factor of 1 or more, exact. The common approximation 1 + c·√(2 ln n) has an excess that is twice too
 * large for two workers and 11 % too large for ten thousand
 * @throws CorralError `invalid-option`
 * @complexity O(1)
 */
export function jitterSlowdown(options: { readonly workers: number; readonly variation: number }): number {
  const { workers, variation } = readFields(options, ['workers', 'variation']);
  const n = integer(workers, 1, 1e9, 'workers');
  return 1 + nonNegative(variation, 'variation') * largestNormalMean(n);
}

/**
 * Share of full throughput if servers are slow at times and the whole job waits for them: (1 − P) + P/f with P = 1 −
 * e^(−n·λ·d), the chance that some server is slow.
 *
 * @param options.servers - n
 * @param options.episodesPerServerSecond - λ
 * @param options.episodeSeconds - d, mean length
 * @param options.slowdown - f, 1 or more: steps take f times as long
 * @throws CorralError `invalid-option`
 * Source: derived. Observed (digests): Greyhound, 16 of 27 jobs with 512 or more GPUs affected, episodes of 10 to 24
 * minutes, jobs 1.34 times longer; ByteDance, 42.5 % of jobs at least 10 % slower.
 */
export function stragglerThroughput(options: {
  readonly servers: number;
  readonly episodesPerServerSecond: number;
  readonly episodeSeconds: number;
  readonly slowdown: number;
}): number {
  const given = readFields(options, ['servers', 'episodesPerServerSecond', 'episodeSeconds', 'slowdown']);
  const slow = -Math.expm1(
    -integer(given.servers, 0, 1e9, 'servers') *
      nonNegative(given.episodesPerServerSecond, 'episodesPerServerSecond') *
      nonNegative(given.episodeSeconds, 'episodeSeconds'),
  );
  return 1 - slow + slow / slowdownOf(given.slowdown);
}

/**
 * Useful seconds that a slow replacement costs until the next planned repack: (1 − 1/f) × seconds. Taking a distant
 * spare is better if waiting for a near one takes longer than that.
 *
 * @param options.slowdown - f, 1 or more
 * @param options.seconds - until the next repack, or the end of the job
 * @throws CorralError `invalid-option`
 */
export function degradedSeconds(options: { readonly slowdown: number; readonly seconds: number }): number {
  const { slowdown, seconds } = readFields(options, ['slowdown', 'seconds']);
  return (1 - 1 / slowdownOf(slowdown)) * nonNegative(seconds, 'seconds');
}

function slowdownOf(slowdown: number): number {
  if (positive(slowdown, 'slowdown') >= 1) return slowdown;
  throw new CorralError(
    'invalid-option',
    ['slowdown'],
    `expected 1 or more, got ${slowdown}: steps take so many times as long, so a speed is its inverse`,
  );
}

/** Range in which the integrand is above 1e-30, for up to 1e9 deviates, and the distance of its points. */
const FROM = -12;
const UNTIL = 14;
const STEP = 1 / 32;

/**
 * The chance that a standard normal deviate is above x, to about thirteen digits even if it is tiny.
 *
 * Source: Marsaglia, "Evaluating the normal distribution" (2004), the series; Abramowitz and Stegun, 26.2.14, the continued
 * fraction.
 */
export function normalTail(x: number): number {
  if (x < 0) return 1 - normalTail(-x);
  const density = Math.exp(-0.5 * x * x) / Math.sqrt(2 * Math.PI);
  if (x < 2) {
    let sum = 0;
    let term = x;
    // Ends: terms shrink at least by the factor x²/k, so that at some k they no longer change the sum.
    for (let k = 3; sum + term !== sum; k += 2) {
      sum += term;
      term *= (x * x) / k;
    }
    return 0.5 - density * sum;
  }
  let fraction = x;
  // This many terms are enough for all digits if x is 2 or more.
  for (let k = Math.ceil(20 + 500 / (x * x)); k > 0; k--) fraction = x + k / fraction;
  return density / fraction;
}

/**
 * Mean of the largest of n independent standard normal deviates: ∫ x · n φ(x) Φ(x)^(n − 1) dx.
 *
 * Computed by the trapezoidal rule, whose error falls exponentially for such a smooth integrand.
 *
 * @param n - 1 … 1e9
 * @returns to about twelve digits: 0, 1/√π, 3/(2√π), 1.0294 …
 * @complexity O(1), some 40,000 operations
 */
export function largestNormalMean(n: number): number {
  if (n === 1) return 0;
  let sum = 0;
  for (let x = FROM; x <= UNTIL; x += STEP) {
    sum += x * Math.exp(Math.log(n) - 0.5 * x * x + (n - 1) * Math.log1p(-normalTail(x)));
  }
  return (sum * STEP) / Math.sqrt(2 * Math.PI);
}
