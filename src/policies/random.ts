import type { Policy } from '../placement/policy.js';

/** Options of {@link random}. */
export interface RandomOptions {
  /** Seed of the draws; default: the seed given to `compile`, else 0. */
  readonly seed?: number;
}

/**
 * A server drawn uniformly from those that fit, and for a share a GPU drawn uniformly from those that fit:
 * the baseline every other policy must beat.
 *
 * @returns the policy; equal seeds give equal placements
 */
export function random(options: RandomOptions = {}): Policy {
  return {
    name: 'random',
    ties: 'random',
    ...(options.seed !== undefined && { seed: options.seed }),
    // All feasible servers score alike, so the tie is the draw.
    prepare: () => ({ by: 'server', shareGpu: 'random', score: () => 0 }),
  };
}
