import { readFields } from '../checks/fields.js';
import { CorralError, quote } from '../errors.js';
import type { Policy } from '../placement/request/policy.js';

/** Options of {@link random}. */
export interface RandomOptions {
  /** Seed of the draws; default: the seed given to `compile`, else 0. */
  readonly seed?: number | undefined;
}

/**
 * A server drawn uniformly from those that fit, and for a share a GPU drawn uniformly from those that fit:
 * the baseline every other policy must beat.
 *
 * @param options - see {@link RandomOptions}
 * @returns the policy; equal seeds give equal placements
 * @throws CorralError `invalid-option` for an unknown option, and for a seed that is no integer
 * @example
 * compile(topology('dgx-h100'), { policy: random({ seed: 7 }) }).place({ gpus: 1 }).ok; // true
 */
export function random(options: RandomOptions = {}): Policy {
  const { seed } = readFields(options, ['seed']);
  if (seed !== undefined && !Number.isSafeInteger(seed)) {
    throw new CorralError('invalid-option', ['seed'], `expected an integer, got ${quote(seed)}`);
  }
  return {
    name: 'random',
    ties: 'random',
    ...(seed !== undefined && { seed }),
    // All servers that fit have one score, so the tie is the draw.
    prepare: () => ({ by: 'server', shareGpu: 'random', score: () => 0 }),
  };
}
