import { CorralError, quote } from '../errors.js';
import { relation, route, type ServerTopology } from '../topology/index.js';
import { maskOf, sortedGpus, subsetsOfSize } from './gpu-set.js';
import { referenceBandwidth } from './reference-bandwidth.js';
import { referenceNicBandwidth } from './reference-nic-bandwidth.js';

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
  /** GB/s summed over the links that touch none of the chosen GPUs. */
  readonly sharedLoadGBps: number;
  /** What the GPUs left free are worth, 0 … 1. */
  readonly leftoverValue: number;
}

const DEFAULT_SIZES: Readonly<Record<number, number>> = { 1: 3, 2: 2, 4: 1, 8: 1 };

/**
 * The best `count` GPUs among the free ones, by looking at every set. It judges `selectGpus`, shares nothing with
 * it but `route`, and is far slower.
 *
 * Each step only among equals of the one before: (1) highest {@link referenceBandwidth}; (2) least load on links
 * that touch none of the chosen GPUs, where each GPU sends bandwidth / (count − 1) to each other one along its
 * route, inside the accelerator fabric alone where that carries a ring over the set; (3) highest leftover value: over the sizes k to come, weight × P(k, left) / P(k, whole server), P the
 * largest total worth of disjoint sets of k GPUs (k = 1: their number), a set being worth its bandwidth / (1 + the
 * links of others that a byte of it crosses on average), weights scaled to a sum of 1;
 * (4) highest flow to the compute NICs; (5) lowest ordinals. GB/s are compared after rounding to 10⁻⁶, values
 * to 10⁻⁹.
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
    this.sharedLoadGBps = sharedLoad(facts, set.gpus, this.bandwidthGBps);
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
    const bandwidth = steps(this.bandwidthGBps, 1e6);
    const otherBandwidth = steps(other.bandwidthGBps, 1e6);
    if (bandwidth !== otherBandwidth) return bandwidth > otherBandwidth;
    const load = steps(this.sharedLoadGBps, 1e6);
    const otherLoad = steps(other.sharedLoadGBps, 1e6);
    if (load !== otherLoad) return load < otherLoad;
    const value = steps(this.leftoverValue, 1e9);
    const otherValue = steps(other.leftoverValue, 1e9);
    if (value !== otherValue) return value > otherValue;
    return steps(this.nicGBps, 1e6) > steps(other.nicGBps, 1e6);
  }
}

function steps(figure: number, perUnit: number): number {
  return Math.round(figure * perUnit);
}

/** What is remembered of a server between calls; keys are the bits of a set. */
interface Facts {
  /** `linksOn[a][b]`: the devices along the route from GPU a to GPU b in pairs, or none. */
  readonly linksOn: readonly (readonly (readonly [string, string])[])[][];
  /** `joined[a][b]`: whether the accelerator fabric joins GPUs a and b without a third GPU. */
  readonly joined: readonly (readonly boolean[])[];
  /** Set → whether the fabric alone carries a ring over it. */
  readonly ringed: Map<number, boolean>;
  /** GPU ordinal to device id. */
  readonly ids: readonly string[];
  readonly nicGBps: Map<number, number>;
  /** Set size → set → largest total worth of disjoint sets of that size in it. */
  readonly packings: Map<number, Map<number, number>>;
}

const known = new WeakMap<ServerTopology, Facts>();

function factsOf(server: ServerTopology): Facts {
  return remembered(known, server, () => ({
    linksOn: server.gpus.map((a) => server.gpus.map((b) => linksOnRoute(server, a, b))),
    joined: server.gpus.map((a) =>
      server.gpus.map((b) => /^(NV\d+|XGMI|SCALEUP)$/.test(relation(server, a, b))),
    ),
    ringed: new Map(),
    ids: server.gpus,
    nicGBps: new Map(),
    packings: new Map(),
  }));
}

/** The links of a route by their ends; none if nothing joins the two without crossing a third GPU. */
function linksOnRoute(server: ServerTopology, a: string, b: string): (readonly [string, string])[] {
  let devices: readonly string[];
  try {
    devices = route(server, a, b).devices;
  } catch (error) {
    if (error instanceof CorralError && error.code === 'invalid-option') return [];
    throw error;
  }
  return devices.slice(1).map((device, i) => [devices[i]!, device] as const);
}

/**
 * GB/s that a collective of the set puts on links that touch none of its GPUs, summed over links; routes inside the
 * accelerator fabric alone count where that carries a ring over the set.
 */
function sharedLoad(facts: Facts, gpus: readonly number[], bandwidthGBps: number): number {
  if (gpus.length < 2) return 0;
  const staysInFabric = remembered(facts.ringed, maskOf(gpus), () =>
    hasRing(facts, gpus.slice(0, 1), gpus.slice(1)),
  );
  const chosen = new Set(gpus.map((ordinal) => facts.ids[ordinal]!));
  let links = 0;
  for (const a of gpus) {
    for (const b of gpus) {
      if (a === b || (staysInFabric && !facts.joined[a]![b]!)) continue;
      links += facts.linksOn[a]![b]!.filter(([x, y]) => !chosen.has(x) && !chosen.has(y)).length;
    }
  }
  return (bandwidthGBps / (gpus.length - 1)) * links;
}

/** Whether the path can be led through the others and back to its start, the fabric joining every two neighbours. */
function hasRing(facts: Facts, path: readonly number[], others: readonly number[]): boolean {
  const last = facts.joined[path.at(-1)!]!;
  if (others.length === 0) return last[path[0]!]!;
  return others.some(
    (next) =>
      last[next]! &&
      hasRing(
        facts,
        [...path, next],
        others.filter((other) => other !== next),
      ),
  );
}

/** Bandwidth / (1 + links of others that a byte of the set crosses on average). */
function worth(server: ServerTopology, facts: Facts, gpus: readonly number[]): number {
  const bandwidthGBps = referenceBandwidth(server, gpus);
  if (bandwidthGBps === 0) return 0;
  return bandwidthGBps / (1 + sharedLoad(facts, gpus, bandwidthGBps) / (gpus.length * bandwidthGBps));
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
