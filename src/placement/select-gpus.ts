import { gpuMask } from '../bandwidth/gpu-mask.js';
import { bestSet, bestSetWith, type GpuSetTables, gpuSetTables } from '../compile/gpu-set-tables.js';
import { CorralError, quote } from '../errors.js';
import type { ServerTopology } from '../topology/server-topology.js';
import { ordinals, popcount16 } from './state.js';

/** Options of {@link selectGpus}. */
export interface SelectGpusOptions {
  /** Ordinals of the GPUs to choose from, in any order; default: all. */
  readonly free?: readonly number[];
  /** Ordinals that must be among the chosen, each free; default: none. */
  readonly required?: readonly number[];
  /**
   * Weight of each GPU count that pods to come ask for; default `{ 1: 3, 2: 2, 4: 1, 8: 1 }`. Only ratios count;
   * sizes beyond the server are left out.
   */
  readonly sizes?: Readonly<Record<number, number>>;
}

/** A set of GPUs, and why it was chosen. */
export interface GpuSelection {
  /** Ordinals, ascending. */
  readonly gpus: readonly number[];
  /** `optimal` bandwidth of the set, GB/s per GPU and direction; Infinity for one GPU. */
  readonly bandwidthGBps: number;
  /** Load on links that touch none of the chosen GPUs, GB/s summed over links. */
  readonly sharedLoadGBps: number;
  /** What the GPUs left free are worth, 0 … 1; 1 = the whole server free. */
  readonly leftoverValue: number;
  /** One sentence per step of the objective: how many sets were left after it. Written when read. */
  readonly why: readonly string[];
}

/**
 * The best `count` GPUs among the free ones of a server: exact, and a function of the sets, never of the order
 * in which they are listed.
 *
 * Step by step, later ones only among equals: (1) highest `optimal` bandwidth; (2) least load on links that
 * others could use: every GPU sends bandwidth / (count − 1) to each other one along its route, summed over the
 * links that touch no chosen GPU, and inside the accelerator fabric alone where that carries a ring over the set; (3) highest leftover value: over the sizes to come, weight × the largest total
 * worth of disjoint sets of that size among the GPUs left, relative to the empty server, where a set is worth
 * its bandwidth / (1 + the links of others that a byte of it crosses on average), a single GPU 1; (4) highest
 * bandwidth to the compute NICs; (5) lowest ordinals. Figures within 10⁻⁶ GB/s are equal.
 *
 * @param server - a server type
 * @param count - GPUs wanted, 1 … 16
 * @param options - see {@link SelectGpusOptions}
 * @returns the selection; undefined if fewer GPUs are free
 * @throws CorralError `invalid-option` for ordinals that do not exist, stand twice, or are required and not
 * free, for a count that is no number of GPUs, or below the number of required ones
 * @complexity O(count) once the server's tables are compiled (on first use: milliseconds for 8 GPUs, under a
 * second for 16); with `required`, O(2^(free − required))
 * @example
 * selectGpus(topology('l40s-8-dual-root'), 2, { free: [0, 4, 5] })?.gpus; // [4, 5]: one switch
 */
export function selectGpus(
  server: ServerTopology,
  count: number,
  options: SelectGpusOptions = {},
): GpuSelection | undefined {
  const all = 2 ** server.gpus.length - 1;
  const free = options.free === undefined ? all : gpuMask(server, options.free, ['free']);
  const required = options.required === undefined ? 0 : gpuMask(server, options.required, ['required']);
  if (!Number.isInteger(count) || count < 1) {
    throw new CorralError(
      'invalid-option',
      ['count'],
      `expected a number of GPUs from 1, got ${quote(count)}`,
    );
  }
  if ((required & ~free) !== 0) {
    throw new CorralError(
      'invalid-option',
      ['required'],
      `GPU ${ordinals(required & ~free)[0]} is required and not free`,
    );
  }
  if (popcount16(required) > count) {
    throw new CorralError(
      'invalid-option',
      ['count'],
      `${count} GPUs cannot contain ${popcount16(required)} required ones`,
    );
  }
  if (popcount16(free) < count) return undefined;
  const tables = gpuSetTables(server, options.sizes);
  const set = required === 0 ? bestSet(tables, free, count) : bestSetWith(tables, free, count, required);
  return new Selection(tables, set, free, required);
}

class Selection implements GpuSelection {
  readonly gpus: readonly number[];
  readonly bandwidthGBps: number;
  readonly sharedLoadGBps: number;
  readonly leftoverValue: number;
  // Private fields: a selection is compared and printed by what it says, not by what it was made from.
  readonly #tables: GpuSetTables;
  readonly #set: number;
  readonly #free: number;
  readonly #required: number;

  constructor(tables: GpuSetTables, set: number, free: number, required: number) {
    this.gpus = ordinals(set);
    this.bandwidthGBps = tables.bandwidthGBps[set]!;
    this.sharedLoadGBps = tables.sharedLoadGBps[set]!;
    this.leftoverValue = tables.value[free ^ set]!;
    this.#tables = tables;
    this.#set = set;
    this.#free = free;
    this.#required = required;
  }

  get why(): readonly string[] {
    const { bandwidthGBps, sharedLoadGBps, value, nicGBps } = this.#tables;
    const set = this.#set;
    const free = this.#free;
    const close = (a: number, b: number): boolean => a === b || Math.abs(a - b) <= 1e-6;
    let left = subsetsOf(free, this.gpus.length).filter((s) => (s & this.#required) === this.#required);
    const sentences = [
      `${plural(left.length, 'set')} of ${this.gpus.length} among ${popcount16(free)} free GPUs`,
    ];
    const keep = (what: string, figure: string, equal: (s: number) => boolean): void => {
      const before = left.length;
      left = left.filter(equal);
      if (before > 1) sentences.push(`${what} ${figure}: ${left.length} of ${plural(before, 'set')} left`);
    };
    if (this.gpus.length > 1) {
      keep('highest bandwidth', `${round(this.bandwidthGBps)} GB/s`, (s) =>
        close(bandwidthGBps[s]!, bandwidthGBps[set]!),
      );
      keep('least load on links of others', `${round(this.sharedLoadGBps)} GB/s`, (s) =>
        close(sharedLoadGBps[s]!, sharedLoadGBps[set]!),
      );
    }
    keep(
      'highest value of what stays free',
      round(this.leftoverValue),
      (s) => value[free ^ s] === value[free ^ set],
    );
    keep('highest bandwidth to the NICs', `${round(nicGBps[set]!)} GB/s`, (s) => nicGBps[s] === nicGBps[set]);
    keep('lowest ordinals', this.gpus.join(', '), (s) => s === set);
    return sentences;
  }
}

function subsetsOf(mask: number, size: number): number[] {
  const subsets: number[] = [];
  for (let sub = mask; sub !== 0; sub = (sub - 1) & mask) if (popcount16(sub) === size) subsets.push(sub);
  return subsets;
}

function plural(n: number, noun: string): string {
  return n === 1 ? `1 ${noun}` : `${n} ${noun}s`;
}

/** At most three decimals. */
function round(x: number): string {
  return String(Math.round(x * 1000) / 1000);
}
