import { CorralError, quote } from '../errors.js';

/** One flow of {@link fairShares}: a row of data, which may carry more than is read here. */
export interface Flow {
  /** Positions in `capacities` of the links it loads. */
  readonly links: readonly number[];
  /**
   * How much it loads each of `links` per unit of its rate, in the same order; default 1 each. A link that
   * is listed twice is loaded by the sum.
   */
  readonly loads?: readonly number[] | undefined;
  /** Its claim relative to the others where they compete; default 1. */
  readonly weight?: number | undefined;
  /** The most it can use; default no limit. */
  readonly cap?: number | undefined;
}

/**
 * The weighted max-min fair rates of flows that share links.
 *
 * No flow can be given more without taking from one that has no more per weight. Progressive filling
 * (Bertsekas & Gallager, Data Networks, section 6.5.2): the rates of all flows rise in proportion to their
 * weights; when a link is full, the flows on it stop; when a flow reaches its cap, it stops. All quantities
 * are recomputed from the input in each round, so errors do not add up and equal inputs give equal bytes.
 *
 * @param capacities - of each link, 0 or more, in any one unit (`Infinity`: not limiting)
 * @param flows - the links, weight and cap of each
 * @returns the rate of each flow, in the unit of the capacities; `Infinity` for a flow that nothing limits
 * @throws CorralError `invalid-option` for a negative capacity, a link that does not exist, a weight or load
 * that is not positive and finite, or a negative cap
 * @complexity O(rounds * (links + sum of links per flow)), at most one round per flow
 * @example
 * fairShares([100, 50], [{ links: [0] }, { links: [0, 1] }, { links: [1] }]) // [75, 25, 25]
 */
export function fairShares(capacities: readonly number[], flows: readonly Flow[]): number[] {
  capacities.forEach((capacity, link) => {
    if (!(capacity >= 0)) {
      throw invalid(['capacities', link], `expected a capacity of 0 or more, got ${quote(capacity)}`);
    }
  });
  flows.forEach((flow, i) => {
    checkFlow(flow, i, capacities.length);
  });
  return Array.from(maxMinRates(Float64Array.from(capacities), flows));
}

function checkFlow(flow: Flow, i: number, linkCount: number): void {
  flow.links.forEach((link, k) => {
    if (!Number.isInteger(link) || link < 0 || link >= linkCount) {
      throw invalid(['flows', i, 'links', k], `no link ${quote(link)}: there are ${linkCount} capacities`);
    }
  });
  if (flow.loads !== undefined && flow.loads.length !== flow.links.length) {
    throw invalid(['flows', i, 'loads'], `expected ${flow.links.length} loads, one for each link`);
  }
  flow.loads?.forEach((value, k) => {
    if (!(value > 0 && value < Number.POSITIVE_INFINITY)) {
      throw invalid(['flows', i, 'loads', k], `expected a positive finite load, got ${quote(value)}`);
    }
  });
  const { weight = 1, cap = 0 } = flow;
  if (!(weight > 0 && weight < Number.POSITIVE_INFINITY)) {
    throw invalid(['flows', i, 'weight'], `expected a positive finite weight, got ${quote(weight)}`);
  }
  if (!(cap >= 0)) throw invalid(['flows', i, 'cap'], `expected a cap of 0 or more, got ${quote(cap)}`);
}

function invalid(path: readonly (string | number)[], problem: string): CorralError {
  return new CorralError('invalid-option', path, problem);
}

/**
 * {@link fairShares} without its checks.
 *
 * @param capacities - link to capacity
 * @param flows - links, loads, weight and cap of each
 * @returns flow to rate
 */
export function maxMinRates(capacities: Float64Array, flows: readonly Flow[]): Float64Array {
  const rates = new Float64Array(flows.length);
  const stopped = new Uint8Array(flows.length);
  /** Link to what stopped flows take of it. */
  const taken = new Float64Array(capacities.length);
  /** Link to what the rising flows take of it per unit of level. */
  const demand = new Float64Array(capacities.length);
  /** Link to the level at which it is full. */
  const fullAt = new Float64Array(capacities.length);
  let level = 0;
  for (let rising = flows.length; rising > 0; ) {
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
    // Rounding may put the next event a hair before the last one; the level never falls.
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
