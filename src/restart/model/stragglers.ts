import { readFields } from '../../checks/fields.js';
import { integer, nonNegative, positive } from '../../checks/quantity.js';
import { CorralError } from '../../errors.js';
import { largestNormalMean } from './largest-normal.js';

/**
 * How much longer a synchronous step takes because all wait for the slowest of n workers, whose times are independent
 * normal deviates: 1 + c·e(n), where e(n) is the mean of the largest of n standard ones.
 *
 * @param options.workers - n, 1 … 1e9
 * @param options.variation - c, standard deviation of a worker's step over its mean
 * @returns a factor of 1 or more; exact: the excess of the usual 1 + c·√(2 ln n) is twice too large for two workers and
 *   11 % too large for ten thousand
 * @throws CorralError `invalid-option`
 * @complexity O(1)
 */
export function jitterSlowdown(options: { readonly workers: number; readonly variation: number }): number {
  const { workers, variation } = readFields(options, ['workers', 'variation']);
  const n = integer(workers, 1, 1e9, 'workers');
  return 1 + nonNegative(variation, 'variation') * largestNormalMean(n);
}

/**
 * Share of full throughput where servers now and then run slow and the whole job waits for them:
 * (1 − P) + P/f with P = 1 − e^(−n·λ·d), the chance that some server is slow.
 *
 * @param options.servers - n
 * @param options.episodesPerServerSecond - λ
 * @param options.episodeSeconds - d, mean length
 * @param options.slowdown - f, 1 or more: steps take f times as long
 * @throws CorralError `invalid-option`
 * Source: derived. Seen (digests): Greyhound, of jobs with 512 GPUs and more 16 of 27 hit, episodes of 10 to 24
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
 * What a slow replacement costs until the next planned repack, useful seconds: (1 − 1/f) × seconds. A spare far
 * away is worth taking if waiting for a near one takes longer than that.
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
