import { CorralError, quote } from '../errors.js';
import type { ServerTopology } from '../topology/index.js';
import { maskOf, sortedGpus, subsetsOfSize } from './gpu-set.js';
import { referenceBandwidth } from './reference-bandwidth.js';
import { referenceNicBandwidth } from './reference-nic-bandwidth.js';
import { referenceSharedLoad } from './reference-shared-load.js';

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

const DEFAULT_SIZES: Readonly<Record<number, number>> = { 1: 3, 2: 2, 4: 1, 8: 1 };

/**
 * The best `count` GPUs among the free ones, by looking at every set. It judges `selectGpus`, shares nothing with
 * it but `route`, and is far slower.
 *
 * Each step only among equals of the one before: (1) highest {@link referenceBandwidth}; (2) least
 * {@link referenceSharedLoad} on links that others could use; (3) highest leftover value: over the sizes k to come,
 * weight × P(k, left) / P(k, whole server), P the largest total worth of disjoint sets of k GPUs (k = 1: their
 * number), a set being worth its bandwidth / (1 + the links of others that a byte of it crosses on average), weights
 * scaled to a sum of 1; (4) highest flow to the compute NICs; (5) lowest ordinals. Figures that differ by less than
 * a billionth of themselves are equal.
 *
 * @param server - a server type
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
  const free = sortedGpus(server, options.free ?? [...server.gpus.keys()], 'free');
  const required = sortedGpus(server, options.required ?? [], 'required');
  if (!Number.isInteger(count) || count < 1) {
    throw new CorralError(
      'invalid-option',
      ['count'],
      `expected a number of GPUs from 1, got ${quote(count)}`,
    );
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
  const weights = weightsOf(options.sizes ?? DEFAULT_SIZES, server.gpus.length);
  const facts = factsOf(server);

  let best: Candidate | undefined;
  // Sets come in lexicographic order: of equals the first stays.
  for (const gpus of subsetsOfSize(free, count)) {
    if (!required.every((ordinal) => gpus.includes(ordinal))) continue;
    const left = free.filter((ordinal) => !gpus.includes(ordinal));
    const candidate = new Candidate(server, facts, { gpus, left, weights });
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
  readonly #facts: Facts;
  readonly #left: readonly number[];
  readonly #weights: ReadonlyMap<number, number>;

  constructor(
    server: ServerTopology,
    facts: Facts,
    set: {
      readonly gpus: readonly number[];
      readonly left: readonly number[];
      readonly weights: ReadonlyMap<number, number>;
    },
  ) {
    this.gpus = set.gpus;
    this.bandwidthGBps = referenceBandwidth(server, set.gpus);
    this.sharedLoadGBps = loadOf(server, facts, set.gpus);
    this.#server = server;
    this.#facts = facts;
    this.#left = set.left;
    this.#weights = set.weights;
  }

  get leftoverValue(): number {
    let value = 0;
    for (const [size, weight] of this.#weights) {
      const whole = packing(this.#server, this.#facts, size, [...this.#server.gpus.keys()]);
      if (whole > 0) value += (weight * packing(this.#server, this.#facts, size, this.#left)) / whole;
    }
    return value;
  }

  get nicGBps(): number {
    return remembered(this.#facts.nicGBps, maskOf(this.gpus), () =>
      referenceNicBandwidth(this.#server, this.gpus),
    );
  }

  isBetterThan(other: Candidate): boolean {
    const { bandwidthGBps, sharedLoadGBps } = this;
    if (!same(bandwidthGBps, other.bandwidthGBps)) return bandwidthGBps > other.bandwidthGBps;
    if (!same(sharedLoadGBps, other.sharedLoadGBps)) return sharedLoadGBps < other.sharedLoadGBps;
    const value = this.leftoverValue;
    const otherValue = other.leftoverValue;
    if (!same(value, otherValue)) return value > otherValue;
    return !same(this.nicGBps, other.nicGBps) && this.nicGBps > other.nicGBps;
  }
}

/** Whether two figures, 0 or more, differ by rounding only. */
function same(a: number, b: number): boolean {
  return a === b || Math.abs(a - b) <= 1e-9 * Math.min(a, b);
}

/** What is remembered of a server between calls; keys are the bits of a set. */
interface Facts {
  readonly sharedLoadGBps: Map<number, number>;
  readonly nicGBps: Map<number, number>;
  /** Set size → set → largest total worth of disjoint sets of that size in it. */
  readonly packings: Map<number, Map<number, number>>;
}

const known = new WeakMap<ServerTopology, Facts>();

function factsOf(server: ServerTopology): Facts {
  return remembered(known, server, () => ({
    sharedLoadGBps: new Map(),
    nicGBps: new Map(),
    packings: new Map(),
  }));
}

function loadOf(server: ServerTopology, facts: Facts, gpus: readonly number[]): number {
  return remembered(facts.sharedLoadGBps, maskOf(gpus), () =>
    referenceSharedLoad(server, gpus, referenceBandwidth(server, gpus)),
  );
}

/** Bandwidth / (1 + links of others that a byte of the set crosses on average). */
function worth(server: ServerTopology, facts: Facts, gpus: readonly number[]): number {
  const bandwidthGBps = referenceBandwidth(server, gpus);
  if (bandwidthGBps === 0) return 0;
  return bandwidthGBps / (1 + loadOf(server, facts, gpus) / (gpus.length * bandwidthGBps));
}

/** The largest total worth of disjoint sets of `size` of these GPUs (ascending); their number for size 1. */
function packing(server: ServerTopology, facts: Facts, size: number, gpus: readonly number[]): number {
  if (size === 1) return gpus.length;
  if (gpus.length < size) return 0;
  const ofSize = remembered(facts.packings, size, () => new Map<number, number>());
  return remembered(ofSize, maskOf(gpus), () => {
    // The first GPU is in no set, or in one with some of the others.
    const [first, ...others] = gpus;
    let most = packing(server, facts, size, others);
    for (const rest of subsetsOfSize(others, size - 1)) {
      const left = others.filter((ordinal) => !rest.includes(ordinal));
      const total = worth(server, facts, [first!, ...rest]) + packing(server, facts, size, left);
      most = Math.max(most, total);
    }
    return most;
  });
}

/** Sizes that the server can hold, with weights scaled to a sum of 1. */
function weightsOf(sizes: Readonly<Record<number, number>>, gpuCount: number): ReadonlyMap<number, number> {
  const weights = new Map<number, number>();
  for (const [name, weight] of Object.entries(sizes)) {
    const size = Number(name);
    if (!Number.isInteger(size) || size < 1) {
      throw new CorralError(
        'invalid-option',
        ['sizes', name],
        'expected a GPU count of 1 or more as the key',
      );
    }
    if (!Number.isFinite(weight) || weight < 0) {
      throw new CorralError(
        'invalid-option',
        ['sizes', name],
        `expected a weight of 0 or more, got ${quote(weight)}`,
      );
    }
    if (size <= gpuCount && weight > 0) weights.set(size, weight);
  }
  const total = [...weights.values()].reduce((sum, weight) => sum + weight, 0);
  return new Map([...weights].map(([size, weight]) => [size, weight / total]));
}

interface Memory<Key, Value> {
  get(key: Key): Value | undefined;
  set(key: Key, value: Value): unknown;
}

function remembered<Key, Value>(memory: Memory<Key, Value>, key: Key, compute: () => Value): Value {
  let value = memory.get(key);
  if (value === undefined) {
    value = compute();
    memory.set(key, value);
  }
  return value;
}
