import { gpuMask } from '../bandwidth/gpu-mask.js';
import { readFields } from '../checks/fields.js';
import { callForeign, isPlain, readList, refuseSymbols } from '../checks/plain-data.js';
import {
  bestSet,
  bestSetWith,
  type GpuSetTables,
  gpuSetTables,
  isBetterSet,
  lossOf,
  ownNicGBps,
} from '../compile/gpu-set-tables.js';
import { CorralError, quote } from '../errors.js';
import { sameFigure } from '../figures.js';
import { checkServer } from '../topology/expected-topology.js';
import { GPU_PLACES, type GpuPlace, gpuPlaces, placeName, placesTouched } from '../topology/gpu-places.js';
import type { ServerTopology } from '../topology/types.js';
import { GPUS_PER_SERVER_MAX } from '../units.js';
import { ordinals, popcount16 } from './state/state.js';

/** Options of {@link selectGpus}. */
export interface SelectGpusOptions {
  /** Ordinals of the GPUs to choose from, in any order; default: all. */
  readonly free?: readonly number[] | undefined;
  /** Ordinals that must be among the chosen, each free; default: none. */
  readonly required?: readonly number[] | undefined;
  /**
   * Weight of each GPU count that pods to come ask for; default `{ 1: 3, 2: 2, 4: 1, 8: 1 }`. Only ratios count;
   * sizes beyond the server are left out.
   */
  readonly sizes?: Readonly<Record<number, number>> | undefined;
  /** All chosen GPUs on one CPU socket, or on one NUMA node; default: anywhere. */
  readonly place?: GpuPlace | undefined;
}

const OPTIONS: readonly (keyof SelectGpusOptions)[] = ['free', 'required', 'sizes', 'place'];
/** Asked millions of times: where nothing is given, nothing is checked. */
const NO_OPTIONS: SelectGpusOptions = {};

/** A set of GPUs, and why it was chosen. */
export interface GpuSelection {
  /** Ordinals, ascending. */
  readonly gpus: readonly number[];
  /** `optimal` bandwidth of the set, GB/s per GPU and direction; Infinity for one GPU. */
  readonly bandwidthGBps: number;
  /** Load on links that others could use, GB/s summed over links and directions. */
  readonly sharedLoadGBps: number;
  /** What the GPUs left free are worth, 0 … 1; 1 = the whole server free. */
  readonly leftoverValue: number;
  /**
   * One sentence on the choice there was, one per step that narrowed it, and one if the GPUs straddle sockets. Written
   * when read.
   */
  readonly why: readonly string[];
  /** The steps behind {@link why}, for machines. Found when read. */
  readonly steps: readonly SelectionStep[];
}

/** One step of the objective that ruled sets out. */
export interface SelectionStep {
  readonly step: 'bandwidth' | 'shared-load' | 'leftover-value' | 'nic-bandwidth' | 'ordinals';
  /** Sets to choose from before the step and after it. */
  readonly before: number;
  readonly after: number;
  /**
   * The figure of the sets kept: GB/s; a value 0 … 1, less a thousandth for every socket more than it needs; null for
   * `ordinals`.
   */
  readonly figure: number | null;
  /** The best of the sets that the step ruled out: what would have been chosen, were it not for those kept. */
  readonly against: { readonly gpus: readonly number[]; readonly figure: number | null };
}

/**
 * The best `count` GPUs among the free ones of a server: exact, and a function of the sets, never of the order
 * in which they are listed.
 *
 * Step by step, later ones only among equals:
 *
 * 1. highest `optimal` bandwidth;
 * 2. least load on links that others could use: every chosen GPU sends bandwidth / (count − 1) to each other one
 *    along its route, inside the accelerator fabric alone where that carries a ring over the set; summed over
 *    the links that lie on the route between two devices outside the set, a GPU and a GPU, NIC, NUMA node or
 *    socket;
 * 3. highest leftover value: over the sizes to come, weight × the largest total worth of disjoint sets of that
 *    size among the GPUs left, relative to the empty server, where a set is worth its bandwidth / (1 + the links
 *    of others that a byte of it crosses on average), a single GPU 1. A thousandth of it is Σ free² / Σ all² over the
 *    sockets, and a set loses a thousandth for every socket more than so many GPUs need: CPU, memory and NICs are local to a
 *    socket, and a pod may require one;
 * 4. highest bandwidth to the ports of its NICs, see `nicBandwidth`: the mean of what the set sends when no other GPU of the
 *    server does, and of what it adds when all others do;
 * 5. lowest ordinals.
 *
 * Figures that differ by less than a billionth of themselves are equal.
 *
 * @param server - a server type
 * @param count - GPUs wanted, 1 or more; there is nothing to choose for none
 * @param options - see {@link SelectGpusOptions}
 * @returns the selection; undefined if fewer GPUs are free, on one `place` if that is asked for
 * @throws CorralError `invalid-option` for ordinals that do not exist, stand twice, or are required and not
 * free, for a count that is no number of GPUs, or below the number of required ones, for a `place` that is none or that
 * the server does not know
 * @complexity O(count) once the server's tables are compiled (on first use: milliseconds for 8 GPUs, under a
 * second for 16); with `required`, O(2^(free − required)), with `place` O(2^free); `why` and `steps` look at every set
 * again
 * @example
 * selectGpus(topology('l40s-8-dual-root'), 2, { free: [0, 4, 5] })?.gpus; // [4, 5]: one switch
 */
export function selectGpus(
  server: ServerTopology,
  count: number,
  options: SelectGpusOptions = NO_OPTIONS,
): GpuSelection | undefined {
  checkServer(server, ['server']);
  const given = options === NO_OPTIONS ? NO_OPTIONS : callForeign(() => readOptions(options), ['options']);
  const all = 2 ** server.gpus.length - 1;
  const free = given.free === undefined ? all : gpuMask(server, given.free, ['free']);
  // Read once: an error names one of them.
  const wanted =
    given.required === undefined
      ? undefined
      : readList(given.required, ['required'], 'invalid-option', GPUS_PER_SERVER_MAX);
  const required = wanted === undefined ? 0 : gpuMask(server, wanted, ['required']);
  if (!Number.isInteger(count) || count < 1) {
    throw new CorralError(
      'invalid-option',
      ['count'],
      `expected a number of GPUs from 1, got ${quote(count)}`,
    );
  }
  if ((required & ~free) !== 0) {
    const at = wanted!.findIndex((gpu) => ((free >>> gpu) & 1) === 0);
    throw new CorralError(
      'invalid-option',
      ['required', at],
      `GPU ${wanted![at]} is required and not free: free it, or leave it out`,
    );
  }
  if (popcount16(required) > count) {
    throw new CorralError(
      'invalid-option',
      ['count'],
      `${count} GPUs cannot contain ${popcount16(required)} required ones`,
    );
  }
  const places = given.place === undefined ? undefined : placesNamed(server, given.place);
  const tables = gpuSetTables(server, given.sizes);
  if (popcount16(free) < count) return undefined;
  let set: number;
  if (places !== undefined) set = bestOnPlace(tables, free, count, required, places);
  else set = required === 0 ? bestSet(tables, free, count) : bestSetWith(tables, free, count, required);
  return set === 0 ? undefined : new Selection(tables, set, free, required, places);
}

/** Reads the options, each once; by hand, because the answer itself takes a quarter of a microsecond. */
function readOptions(given: SelectGpusOptions): SelectGpusOptions {
  if (typeof given !== 'object' || given === null || !isPlain(given)) return readFields(given, OPTIONS);
  refuseSymbols(given, { path: ['options'], code: 'invalid-option' });
  for (const field in given) {
    if (!(OPTIONS as readonly string[]).includes(field)) return readFields(given, OPTIONS);
  }
  return { free: given.free, required: given.required, sizes: given.sizes, place: given.place };
}

/** Whether a set has all required GPUs, and is on one of the places if there are any to keep to. */
function isAllowed(set: number, required: number, places: readonly number[] | undefined): boolean {
  return (set & required) === required && (places === undefined || placesTouched(places, set) === 1);
}

function placesNamed(server: ServerTopology, place: GpuPlace): readonly number[] {
  if (!GPU_PLACES.includes(place)) {
    throw new CorralError('invalid-option', ['place'], `expected socket or numa, got ${quote(place)}`);
  }
  const places = gpuPlaces(server)[place];
  if (places !== undefined) return places;
  throw new CorralError('invalid-option', ['place'], `${unknownPlace(server, [place])}: leave place out`);
}

/** Says which of several kinds of places a server type does not know. */
export function unknownPlace(server: ServerTopology, places: readonly GpuPlace[]): string {
  const unknown = places.filter((place) => gpuPlaces(server)[place] === undefined).map(placeName);
  return `server type ${quote(server.name)} does not say which ${unknown.join(' and ')} its GPUs are on`;
}

/** The best of the sets on one place that have the required GPUs; 0 if there is none. */
function bestOnPlace(
  tables: GpuSetTables,
  free: number,
  count: number,
  required: number,
  places: readonly number[],
): number {
  let best = 0;
  for (let set = free; set !== 0; set = (set - 1) & free) {
    if (tables.sizeOf[set] !== count || !isAllowed(set, required, places)) continue;
    if (isBetterSet(tables, free, set, best)) best = set;
  }
  return best;
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
  readonly #places: readonly number[] | undefined;

  constructor(
    tables: GpuSetTables,
    set: number,
    free: number,
    required: number,
    places: readonly number[] | undefined,
  ) {
    this.gpus = ordinals(set);
    this.bandwidthGBps = tables.bandwidthGBps[set]!;
    this.sharedLoadGBps = tables.sharedLoadGBps[set]!;
    this.leftoverValue = tables.value[free ^ set]!;
    this.#tables = tables;
    this.#set = set;
    this.#free = free;
    this.#required = required;
    this.#places = places;
  }

  get steps(): readonly SelectionStep[] {
    return stepsTo(this.#tables, this.#set, this.#free, this.#required, this.#places);
  }

  get why(): readonly string[] {
    const { steps } = this;
    const sets = steps[0]?.before ?? 1;
    const choice = `${plural(sets, 'set')} of ${this.gpus.length} among ${plural(popcount16(this.#free), 'free GPU')}`;
    return [choice, ...steps.map(sentence), ...straddling(this.#tables, this.#set, this.#free)];
  }

  /** JSON leaves getters out; what the selection says survives. */
  toJSON(): object {
    const { gpus, bandwidthGBps, sharedLoadGBps, leftoverValue, why, steps } = this;
    return { gpus, bandwidthGBps, sharedLoadGBps, leftoverValue, why, steps };
  }
}

/** The objective once more, step by step over all sets, on the figures that the tables were filled from. */
function stepsTo(
  tables: GpuSetTables,
  chosen: number,
  free: number,
  required: number,
  places: readonly number[] | undefined,
): SelectionStep[] {
  const { sizeOf, bandwidthGBps, sharedLoadGBps, value } = tables;
  // What stays may be worth less than the sockets that the set would not need: then figures are negative.
  const same = (a: number, b: number): boolean =>
    a < 0 && b < 0
      ? sameFigure(Math.min(-a, -b), Math.max(-a, -b))
      : sameFigure(Math.min(a, b), Math.max(a, b));
  const figures: readonly [SelectionStep['step'], (set: number) => number | null][] = [
    ['bandwidth', (set) => bandwidthGBps[set]!],
    ['shared-load', (set) => sharedLoadGBps[set]!],
    ['leftover-value', (set) => value[free]! - lossOf(tables, free, set)],
    ['nic-bandwidth', (set) => ownNicGBps(tables, set)],
    ['ordinals', () => null],
  ];
  let left: number[] = [];
  for (let set = free; set !== 0; set = (set - 1) & free) {
    if (sizeOf[set] === sizeOf[chosen] && isAllowed(set, required, places)) left.push(set);
  }
  const steps: SelectionStep[] = [];
  for (const [step, figureOf] of figures) {
    const figure = figureOf(chosen);
    const kept = left.filter((set) => {
      const other = figureOf(set);
      return figure === null || other === null ? set === chosen : same(figure, other);
    });
    if (kept.length < left.length) {
      const out = left.filter((set) => !kept.includes(set));
      const next = out.reduce((best, set) => (isBetterSet(tables, free, set, best) ? set : best));
      steps.push({
        step,
        before: left.length,
        after: kept.length,
        figure,
        against: { gpus: ordinals(next), figure: figureOf(next) },
      });
    }
    left = kept;
  }
  return steps;
}

function sentence({ step, before, after, figure, against }: SelectionStep): string {
  const gpus = against.gpus.join(', ');
  const left = `${after} of ${plural(before, 'set')} left`;
  const other = `${against.gpus.length === 1 ? 'GPU' : 'GPUs'} ${gpus}`;
  const mine = apart(figure ?? 0, against.figure ?? 0);
  const theirs = apart(against.figure ?? 0, figure ?? 0);
  switch (step) {
    case 'bandwidth':
      return `highest bandwidth ${mine} GB/s: ${left}, ${other} would reach ${theirs}`;
    case 'shared-load':
      return `least load on links of others ${mine} GB/s: ${left}, ${other} would put ${theirs} there`;
    case 'leftover-value':
      return `highest value of what stays free ${mine}: ${left}, ${other} would leave ${theirs}`;
    case 'nic-bandwidth':
      return `highest bandwidth to the ports ${mine} GB/s: ${left}, ${other} would reach ${theirs}`;
    case 'ordinals':
      return `lowest ordinals: ${left}, ${other} would do as well`;
  }
}

/** Says so if the chosen GPUs are on more sockets than so many need. */
function straddling(
  { sockets, sizeOf, fewestSockets }: GpuSetTables,
  chosen: number,
  free: number,
): string[] {
  const touched = placesTouched(sockets, chosen);
  if (sockets.length === 0 || touched === fewestSockets[sizeOf[chosen]!]!) return [];
  const most = sockets.reduce((most, socket) => Math.max(most, sizeOf[socket & free]!), 0);
  const why =
    most < sizeOf[chosen]!
      ? `no socket has more than ${most} free`
      : 'a set on one socket would be worse by a step above';
  return [`straddles ${touched} sockets: ${why}`];
}

function plural(n: number, noun: string): string {
  return n === 1 ? `1 ${noun}` : `${n} ${noun}s`;
}

/** Three decimals, or as many more as tell a figure from another. */
function apart(x: number, other: number): string {
  let decimals = 3;
  while (decimals < 12 && x.toFixed(decimals) === other.toFixed(decimals)) decimals++;
  return String(Number(x.toFixed(decimals)));
}
