import { readRow } from '../checks/fields.js';
import { readList } from '../checks/plain-data.js';
import { CorralError, type ErrorPath, quote } from '../errors.js';

/** One flow of {@link fairShares}; further fields are ignored. */
export interface Flow {
  /** The links that it loads, as positions in `capacities`. */
  readonly links: readonly number[];
  /**
   * Load on each of `links` per unit of its rate, in the same order; default 1 each. A link that is listed twice
   * bears the sum.
   */
  readonly loads?: readonly number[] | undefined;
  /** Its share relative to other flows on the same link; default 1. */
  readonly weight?: number | undefined;
  /** Its highest rate; default no limit. */
  readonly cap?: number | undefined;
}

/** Most capacities, flows, and links of one flow. */
const CAPACITIES_MAX = 2 ** 20;
const FLOWS_MAX = 2 ** 16;
const FLOW_LINKS_MAX = 2 ** 16;
/** Most additions of one call: about a second. */
const STEPS_MAX = 2 ** 28;
/** Largest finite capacity and cap, in any unit: sums and quotients stay finite. */
const FIGURE_MAX = 1e200;
/** Smallest and largest weight and load. */
const SHARE_MIN = 1e-9;
const SHARE_MAX = 1e9;

/**
 * The weighted max-min fair rates of flows that share links.
 *
 * A flow could only get more if a flow with no more rate per weight got less. Found by progressive filling (Bertsekas
 * & Gallager, Data Networks, section 6.5.2): the rates of all flows rise in proportion to their weights; when a link
 * is full, the flows on it stop; when a flow reaches its cap, it stops. Each round computes all quantities anew from
 * the input, so that rounding errors do not add up.
 *
 * @param capacities - of each link, 0 to 1e200, in any one unit (`Infinity`: not limiting); at most 1,048,576
 * @param flows - the links, weight and cap of each; at most 65,536, and as many links in each
 * @returns the rate of each flow, in the unit of the capacities; `Infinity` for a flow that nothing limits
 * @throws CorralError `invalid-option` for a capacity or cap that is negative or beyond 1e200 but finite, a link that does
 * not exist, a weight or load that is not between 1e-9 and 1e9, and lists that have holes or are too long; `limit-exceeded`
 * where flows stop one by one on so many links that it takes more than 2^28 additions
 * @complexity O(rounds * (links + sum of links per flow)), at most one round per flow
 * @example
 * fairShares([100, 50], [{ links: [0] }, { links: [0, 1] }, { links: [1] }]) // [75, 25, 25]
 */
export function fairShares(capacities: readonly number[], flows: readonly Flow[]): number[] {
  const known = readList(capacities, ['capacities'], 'invalid-option', CAPACITIES_MAX);
  known.forEach((capacity, link) => {
    checkFigure(capacity, 'capacity', ['capacities', link]);
  });
  const read = readList(flows, ['flows'], 'invalid-option', FLOWS_MAX).map((flow, i) =>
    readFlow(flow, i, known.length),
  );
  return Array.from(maxMinRates(Float64Array.from(known), read));
}

/** Reads a flow of the caller once and checks it. */
function readFlow(given: Flow, i: number, linkCount: number): Flow {
  const path = ['flows', i];
  const flow = readRow(given, ['links', 'loads', 'weight', 'cap'], path);
  const links = readList(flow.links, [...path, 'links'], 'invalid-option', FLOW_LINKS_MAX);
  links.forEach((link, k) => {
    if (!Number.isInteger(link) || link < 0 || link >= linkCount) {
      throw invalid([...path, 'links', k], `no link ${quote(link)}: there are ${linkCount} capacities`);
    }
  });
  const loads =
    flow.loads === undefined
      ? undefined
      : readList(flow.loads, [...path, 'loads'], 'invalid-option', FLOW_LINKS_MAX);
  if (loads !== undefined && loads.length !== links.length) {
    throw invalid([...path, 'loads'], `expected ${links.length} loads, one for each link`);
  }
  loads?.forEach((load, k) => {
    checkShare(load, 'load', [...path, 'loads', k]);
  });
  if (flow.weight !== undefined) checkShare(flow.weight, 'weight', [...path, 'weight']);
  if (flow.cap !== undefined) checkFigure(flow.cap, 'cap', [...path, 'cap']);
  return { links, loads, weight: flow.weight, cap: flow.cap };
}

function checkFigure(value: unknown, what: string, path: ErrorPath): void {
  const isRight = typeof value === 'number' && value >= 0 && (value <= FIGURE_MAX || value === Infinity);
  if (!isRight)
    throw invalid(path, `expected a ${what} from 0 to ${FIGURE_MAX}, or Infinity, got ${quote(value)}`);
}

function checkShare(value: unknown, what: string, path: ErrorPath): void {
  if (!(typeof value === 'number' && value >= SHARE_MIN && value <= SHARE_MAX)) {
    throw invalid(path, `expected a ${what} from ${SHARE_MIN} to ${SHARE_MAX}, got ${quote(value)}`);
  }
}

function invalid(path: ErrorPath, problem: string): CorralError {
  return new CorralError('invalid-option', path, problem);
}

/**
 * {@link fairShares} without its checks.
 *
 * @param capacities - link → capacity
 * @param flows - links, loads, weight and cap of each, within the limits of {@link fairShares}
 * @returns flow → rate
 * @throws CorralError `limit-exceeded` above {@link STEPS_MAX} additions
 */
export function maxMinRates(capacities: Float64Array, flows: readonly Flow[]): Float64Array {
  const rates = new Float64Array(flows.length);
  const stopped = new Uint8Array(flows.length);
  /** Link → sum of the loads of stopped flows. */
  const taken = new Float64Array(capacities.length);
  /** Link → load of the rising flows per unit of level. */
  const demand = new Float64Array(capacities.length);
  /** Link → the level at which it is full. */
  const fullAt = new Float64Array(capacities.length);
  const stepsPerRound = flows.reduce(
    (sum, { links }) => sum + links.length,
    flows.length + capacities.length,
  );
  let steps = 0;
  let level = 0;
  // Ends: at least one flow stops in every round, the one whose cap or link determines the next level.
  for (let rising = flows.length; rising > 0; ) {
    steps += stepsPerRound;
    if (steps > STEPS_MAX) {
      throw new CorralError(
        'limit-exceeded',
        ['flows'],
        `${rising} of ${flows.length} flows still rise after ${STEPS_MAX} additions: give fewer flows, or fewer links`,
      );
    }
    taken.fill(0);
    demand.fill(0);
    let next = Number.POSITIVE_INFINITY;
    flows.forEach((flow, i) => {
      const share = stopped[i] === 1 ? rates[i]! : (flow.weight ?? 1);
      const sum = stopped[i] === 1 ? taken : demand;
      flow.links.forEach((link, k) => {
        sum[link]! += share * (flow.loads?.[k] ?? 1);
      });
      if (stopped[i] === 0 && flow.cap !== undefined) next = Math.min(next, flow.cap / share);
    });
    for (let link = 0; link < capacities.length; link++) {
      fullAt[link] =
        demand[link]! > 0 ? (capacities[link]! - taken[link]!) / demand[link]! : Number.POSITIVE_INFINITY;
      next = Math.min(next, fullAt[link]!);
    }
    // By rounding the next level may be slightly below the last one; the level never falls.
    level = Math.max(level, next);
    flows.forEach((flow, i) => {
      if (stopped[i] === 1) return;
      const weight = flow.weight ?? 1;
      const atCap = flow.cap !== undefined && flow.cap / weight <= level;
      if (!atCap && level < Number.POSITIVE_INFINITY && !flow.links.some((link) => fullAt[link]! <= level))
        return;
      rates[i] = atCap ? flow.cap! : weight * level;
      stopped[i] = 1;
      rising--;
    });
  }
  return rates;
}
