import { readFields } from '../../checks/fields.js';
import { CorralError, unexpected } from '../../errors.js';
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
  /** Weight of each GPU count to come; default `{ 1: 3, 2: 2, 4: 1, 8: 1 }`. Sizes beyond the server are left out. */
  readonly sizes?: Readonly<Record<number, number>> | undefined;
}

/** The set chosen, and the figures it was chosen by. */
export interface ReferenceSelection {
  /** Ordinals, ascending. */
  readonly gpus: readonly number[];
  /** GB/s per GPU and direction; Infinity for one GPU. */
  readonly bandwidthGBps: number;
  /** Load on links that others could use, GB/s summed over links and directions. */
  readonly sharedLoadGBps: number;
  /** What the GPUs left free are worth, 0 … 1. */
  readonly leftoverValue: number;
}

/**
 * The best `count` GPUs among the free ones, by looking at every set. It judges `selectGpus`, shares nothing with
 * it but `route`, and is far slower.
 *
 * Each step only among equals of the one before: (1) highest {@link referenceBandwidth}; (2) least
 * {@link referenceSharedLoad} on links that others could use; (3) highest leftover value: over the sizes k to come,
 * weight × P(k, left) / P(k, whole server), P the largest total worth of disjoint sets of k GPUs (k = 1: their
 * number), a set being worth its bandwidth / (1 + the links of others that a byte of it crosses on average), weights
 * scaled to a sum of 1, a thousandth of it for GPUs left on one socket, less a thousandth for each socket more than needed of the
 * set; (4) highest flow to the ports of its NICs, the mean of that of the set alone and of what it adds to all others; (5) lowest ordinals. Figures that differ by less than a billionth of
 * themselves are equal.
 *
 * @param server - a server type of at most 12 GPUs
 * @param count - GPUs wanted, 1 or more
 * @param options - see {@link ReferenceSelectGpusOptions}
 * @returns the selection; undefined if fewer GPUs are free
 * @throws CorralError `invalid-option` for ordinals that do not exist, stand twice, or are required and not free,
 * for a count that is no number of GPUs or below the number of required ones, and for sizes or weights out of
 * range; `limit-exceeded` as {@link referenceBandwidth} does
 * @complexity O(3^GPUs) beside the cuts of each set, which are remembered with the server
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
    throw unexpected(count, 'a number of GPUs from 1', ['count']);
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
  // Sets come in lexicographic order: of equals the first stays.
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

/** One set with its figures; those of late steps are computed when a tie asks for them. */
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

  /** The mean of what the set sends through the ports alone, and of what it adds to what all others send. */
  get nicGBps(): number {
    const everybody = [...this.#server.gpus.keys()];
    const others = everybody.filter((gpu) => !this.gpus.includes(gpu));
    const sent = (gpus: readonly number[]): number => nicBandwidthOfSet(this.#server, gpus);
    return (sent(this.gpus) + (sent(everybody) - sent(others))) / 2;
  }

  /** What stays, less what the set loses by being on several sockets; plus 1, which keeps it above 0. */
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
