import { uniformFloat64 } from 'pure-rand/distribution/uniformFloat64';
import { uniformInt } from 'pure-rand/distribution/uniformInt';
import { xoroshiro128plusFromState } from 'pure-rand/generator/xoroshiro128plus';
import { CorralError, quote } from './errors.js';

/**
 * What random numbers are drawn for. Each purpose has a stream of its own, 2^64 numbers apart, so that one
 * more draw for one purpose never moves the numbers of another.
 */
const PURPOSES = ['ties', 'gpu', 'workload', 'failures', 'phases', 'hardware'] as const;
/** A purpose of random numbers. */
export type RandomPurpose = (typeof PURPOSES)[number];

/** A seeded stream of random integers; its state can be taken out and put back. */
export interface RandomStream {
  /** A uniform integer in `0 … bound - 1`; `bound` is 1 … 2^31. */
  below(bound: number): number;
  /** A uniform double from 0 (included) to 1 (excluded), a multiple of 2^-53. */
  unit(): number;
  /** The state, as integers. */
  state(): readonly number[];
  /** Continues from a state that {@link RandomStream.state} returned. */
  reset(state: readonly number[]): void;
}

/**
 * Opens the stream of one purpose (xoroshiro128+, jumped once per purpose).
 *
 * @param seed - any safe integer; equal seeds give equal streams on every machine, different ones different streams
 * @param purpose - what the numbers are for
 * @throws CorralError `invalid-option` if the seed is not a safe integer
 */
export function randomStream(seed: number, purpose: RandomPurpose): RandomStream {
  if (!Number.isSafeInteger(seed)) {
    throw new CorralError('invalid-option', ['seed'], `expected an integer, got ${quote(seed)}`);
  }
  // The state that pure-rand makes of a 32-bit seed, with the bits above in the word that it leaves 0.
  let generator = xoroshiro128plusFromState([-1, ~seed, seed | 0, Math.floor(seed / 2 ** 32) | 0]);
  for (let i = PURPOSES.indexOf(purpose); i > 0; i--) generator.jump();
  return {
    below: (bound) => (bound === 1 ? 0 : uniformInt(generator, 0, bound - 1)),
    unit: () => uniformFloat64(generator),
    state: () => generator.getState(),
    reset: (state) => {
      generator = xoroshiro128plusFromState(state);
    },
  };
}
