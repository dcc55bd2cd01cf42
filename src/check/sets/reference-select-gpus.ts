import { readFields } from '../../checks/fields.js';
import { unexpected } from '../../checks/values.js';
import { CorralError } from '../../errors.js';
import { checkServer } from '../../topology/expected-topology.js';
import type { ServerTopology } from '../../topology/index.js';
import { sortedGpus, subsetsOfSize } from '../bandwidth/gpu-set.js';
import { referenceBandwidth } from '../bandwidth/reference-bandwidth.js';
import {
  DEFAULT_SIZES,
  holdGpuCount,
  leftoverValue,
  readSizes,
  type SizeWeights,
  sizeWeights,
  straddleLoss,
} from './reference-leftover-value.js';
import { loadOfSet, nicBandwidthOfSet, same } from './set-figures.js';

/** Options of {@link referenceSelectGpus}, as those of `selectGpus`. */
export interface ReferenceSelectGpusOptions {
  /** Ordinals of the GPUs to choose from, in any order; default: all. */
  readonly free?: readonly number[] | undefined;
  /** Ordinals that must be among the chosen, each free; default: none. */
  readonly required?: readonly number[] | undefined;
  /**
   * GPU count → weight in future requests; default `{ 1: 3, 2: 2, 4: 1, 8: 1 }`. Counts above the GPUs of the server
   * are left out.
   */
  readonly sizes?: Readonly<Record<number, number>> | undefined;
}

/** The best set with the figures that sets are compared by. */
export interface ReferenceSelection {
  /** Ordinals, ascending. */
  readonly gpus: readonly number[];
  /** GB/s per GPU and direction; Infinity for one GPU. */
  readonly bandwidthGBps: number;
  /** Load on links that others could use, GB/s summed over links and directions. */
  readonly sharedLoadGBps: number;
  /** The value of the GPUs that are left free, 0 … 1. */
  readonly leftoverValue: number;
}

/**
 * The best `count` GPUs among the free ones, by enumeration of all sets. It checks `selectGpus`, shares no code with
 * it except `route`, and is far slower.
 *
 * Sets are compared in steps; each step decides only between sets that are equal in the steps before: (1) highest
 * {@link referenceBandwidth}; (2) least {@link referenceSharedLoad} on links that others could use; (3) highest
 * leftover value of the GPUs left, see `leftoverValue`, minus a thousandth for each socket more than the set needs;
 * (4) highest flow to the ports of its NICs, as the mean of the flow of the set alone and of what the set adds to the
 * flow of all others; (5) lowest ordinals. Figures that differ by less than a billionth of themselves are equal.
 *
 * @param server - a server type of at most 12 GPUs
 * @param count - GPUs wanted, 1 or more
 * @param options - see {@link ReferenceSelectGpusOptions}
 * @returns the selection; undefined if fewer GPUs are free
 * @throws CorralError `invalid-option` for ordinals that do not exist, are listed twice, or are required and not
 * free, for a count that is no integer from 1 or below the number of required GPUs, and for sizes or weights out of
 * range; `limit-exceeded` as {@link referenceBandwidth} does
 * @complexity O(3^GPUs) besides the cuts of each set, which are kept with the server
 */
export function referenceSelectGpus(
  server: ServerTopology,
  count: number,
  options: ReferenceSelectGpusOptions = {},
): ReferenceSelection | undefined {
  checkServer(server, ['server']);
  const given = readFields(options, ['free', 'required', 'sizes'], ['options']);
  const free = sortedGpus(server, given.free ?? [...server.gpus.keys()], 'free');
  const required = sortedGpus(server, given.required ?? [], 'required');
  if (!Number.isInteger(count) || count < 1) {
    throw unexpected('a number of GPUs from 1', count, ['count']);
  }
  for (const ordinal of required) {
    if (!free.includes(ordinal)) {
      throw new CorralError('invalid-option', ['required'], `GPU ${ordinal} is required and not free`);
    }
  }
  if (required.length > count) {
    throw new CorralError(
      'invalid-option',
      ['count'],
      `${count} GPUs cannot contain ${required.length} required ones`,
    );
  }
  const weights = sizeWeights(readSizes(given.sizes ?? DEFAULT_SIZES), server.gpus.length);

  if (count > free.length) return undefined;
  holdGpuCount(server);
  let best: Candidate | undefined;
  // Sets come in lexicographic order, and the first of equal sets is kept.
  for (const gpus of subsetsOfSize(free, count)) {
    if (!required.every((ordinal) => gpus.includes(ordinal))) continue;
    const left = free.filter((ordinal) => !gpus.includes(ordinal));
    const candidate = new Candidate(server, { gpus, left, weights });
    if (best === undefined || candidate.isBetterThan(best)) best = candidate;
  }
  if (best === undefined) return undefined;
  const { gpus, bandwidthGBps, sharedLoadGBps, leftoverValue } = best;
  return { gpus, bandwidthGBps, sharedLoadGBps, leftoverValue };
}

/** One set with its figures; figures of later steps are computed only for a tie. */
class Candidate {
  readonly gpus: readonly number[];
  readonly bandwidthGBps: number;
  readonly sharedLoadGBps: number;
  readonly #server: ServerTopology;
  readonly #left: readonly number[];
  readonly #weights: SizeWeights;

  constructor(
    server: ServerTopology,
    set: {
      readonly gpus: readonly number[];
      readonly left: readonly number[];
      readonly weights: SizeWeights;
    },
  ) {
    this.gpus = set.gpus;
    this.bandwidthGBps = referenceBandwidth(server, set.gpus);
    this.sharedLoadGBps = loadOfSet(server, set.gpus);
    this.#server = server;
    this.#left = set.left;
    this.#weights = set.weights;
  }

  get leftoverValue(): number {
    return leftoverValue(this.#server, this.#left, this.#weights);
  }

  /** The mean of the flow of the set alone through the ports, and of what it adds to the flow of all others. */
  get nicGBps(): number {
    const everybody = [...this.#server.gpus.keys()];
    const others = everybody.filter((gpu) => !this.gpus.includes(gpu));
    const sent = (gpus: readonly number[]): number => nicBandwidthOfSet(this.#server, gpus);
    return (sent(this.gpus) + (sent(everybody) - sent(others))) / 2;
  }

  /** The leftover value minus the loss for further sockets; plus 1, so that it is above 0. */
  get netValue(): number {
    return 1 + this.leftoverValue - straddleLoss(this.#server, this.gpus);
  }

  isBetterThan(other: Candidate): boolean {
    const { bandwidthGBps, sharedLoadGBps } = this;
    if (!same(bandwidthGBps, other.bandwidthGBps)) return bandwidthGBps > other.bandwidthGBps;
    if (!same(sharedLoadGBps, other.sharedLoadGBps)) return sharedLoadGBps < other.sharedLoadGBps;
    const value = this.netValue;
    const otherValue = other.netValue;
    if (!same(value, otherValue)) return value > otherValue;
    return !same(this.nicGBps, other.nicGBps) && this.nicGBps > other.nicGBps;
  }
}
