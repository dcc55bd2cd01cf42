import { uniformFloat64 } from 'pure-rand/distribution/uniformFloat64';
import { uniformInt } from 'pure-rand/distribution/uniformInt';
import { xoroshiro128plusFromState } from 'pure-rand/generator/xoroshiro128plus';
import { CorralError, quote } from './errors.js';

/**
 * The purposes of random numbers. Each purpose has its own stream, 2^64 numbers apart, so that a further draw for one
 * purpose does not change the numbers of another.
 */
const PURPOSES = ['ties', 'gpu', 'workload', 'failures', 'phases', 'hardware'] as const;
/** A purpose of random numbers. */
export type RandomPurpose = (typeof PURPOSES)[number];

/** A seeded stream of random numbers. Its state can be saved and restored. */
export interface RandomStream {
  /** A uniform integer in `0 … bound - 1`; `bound` is 1 … 2^31. */
  below(bound: number): number;
  /** A uniform double from 0 (included) to 1 (excluded), a multiple of 2^-53. */
  unit(): number;
  /** The state, as integers. */
  state(): readonly number[];
  /** Restores a state that {@link RandomStream.state} returned. */
  reset(state: readonly number[]): void;
}

/** The increment of SplitMix64 per number: 2^64 divided by the golden ratio, made odd. */
const SPLIT_MIX_STEP = 0x9e3779b97f4a7c15n;

/**
 * Opens the stream of one purpose (xoroshiro128+, jumped once per purpose).
 *
 * The state is a hash of the seed, so that streams of consecutive seeds are unrelated. With the seed itself as state
 * the first numbers would grow or fall with the seed.
 *
 * @param seed - any safe integer; equal seeds give equal streams on every machine, different ones different streams
 * @param purpose - the purpose of the numbers
 * @throws CorralError `invalid-option` if the seed is not a safe integer
 * Source: Blackman and Vigna, "Scrambled linear pseudorandom number generators" (2021), who seed their generators
 * with SplitMix64; Steele, Lea and Flood, "Fast splittable pseudorandom number generators" (2014).
 */
export function randomStream(seed: number, purpose: RandomPurpose): RandomStream {
  if (!Number.isSafeInteger(seed)) {
    throw new CorralError('invalid-option', ['seed'], `expected an integer, got ${quote(seed)}`);
  }
  let generator = xoroshiro128plusFromState(hashed(BigInt(seed)));
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

/**
 * The first two numbers of SplitMix64, as four words. They are never both 0, a state that xoroshiro128+ would never
 * leave. Safe integers differ by less than a step, so no two seeds have a number in common.
 */
function hashed(seed: bigint): number[] {
  const words: number[] = [];
  for (const steps of [1n, 2n]) {
    const bits = mixed(BigInt.asUintN(64, seed + steps * SPLIT_MIX_STEP));
    words.push(Number(bits >> 32n) | 0, Number(bits & 0xffffffffn) | 0);
  }
  return words;
}

/**
 * The finaliser of SplitMix64: a one-to-one map of 64 bits in which every bit of the result depends on every bit of
 * the input.
 */
function mixed(bits: bigint): bigint {
  const once = BigInt.asUintN(64, (bits ^ (bits >> 30n)) * 0xbf58476d1ce4e5b9n);
  const twice = BigInt.asUintN(64, (once ^ (once >> 27n)) * 0x94d049bb133111ebn);
  return twice ^ (twice >> 31n);
}
