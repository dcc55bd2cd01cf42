import { isCheaper, type PriceList } from './price-list.js';

/** The price of freeing enough for a gang, and the line of each menu that it takes. */
export interface LineChoice {
  readonly cost: number;
  readonly tie: number;
  /** Menu → extra pods that its line frees capacity for. Length: menus. */
  readonly extras: Int32Array;
}

/** Amount → its least price; Infinity = it is impossible. */
interface Prices {
  readonly cost: ArrayLike<number>;
  readonly tie: ArrayLike<number>;
}

/**
 * Finds the cheapest way to free enough for a gang, where each server has a menu of prices: a knapsack in which every
 * server gives one line of its menu.
 */
export class CheapestLines {
  /** Sums of two prices so far. */
  steps = 0;

  /**
   * The cheapest lines for `pods` pods on any servers. Where on each server the next pod is never cheaper than the
   * one before, the cheapest next pods are taken one by one.
   *
   * @param menus - one per server
   * @returns undefined if all of them together do not have it
   * @complexity O(pods of the menus, sorted), or O(menus × pods × lines of a menu) where prices fall from pod to pod
   */
  forPods(menus: readonly PriceList[], pods: number): LineChoice | undefined {
    const missing = pods - sumOf(menus, (menu) => menu.base);
    const extras = new Int32Array(menus.length);
    if (missing <= 0) return { cost: 0, tie: 0, extras };
    if (sumOf(menus, (menu) => menu.cost.length - 1) < missing) return undefined;
    if (menus.every(isRising)) return this.#byPod(menus, missing);
    const knapsack = this.#fill(menus, missing, (a, b) => Math.min(missing, a + b));
    knapsack.trace(missing, (menu, extra) => {
      extras[menu] = extra;
    });
    return { cost: knapsack.cost[missing]!, tie: knapsack.tie[missing]!, extras };
  }

  /**
   * The cheapest lines for slices: every `slicePods` pods are on servers of one group, and so is the smaller slice.
   *
   * @param menus - one per server, group by group
   * @param groupEnds - where the menus of each group end
   * @returns undefined if the servers do not hold them
   * @complexity O(menus × pods × lines of a menu + groups × slices²)
   */
  forSlices(
    menus: readonly PriceList[],
    groupEnds: readonly number[],
    slicePods: number,
    pods: number,
  ): LineChoice | undefined {
    const rest = pods % slicePods;
    // An amount is twice the number of slices, plus 1 with the smaller slice.
    const target = 2 * Math.floor(pods / slicePods) + (rest > 0 ? 1 : 0);
    const podsOf = (amount: number): number => (amount >> 1) * slicePods + (amount & 1) * rest;
    const inGroup = groupEnds.map((end, group) => {
      const ofGroup = menus.slice(groupEnds[group - 1] ?? 0, end).map(fromNobody);
      const most = Math.min(
        pods,
        sumOf(ofGroup, ({ cost }) => cost.length - 1),
      );
      return this.#fill(ofGroup, most, (a, b) => Math.min(most, a + b));
    });
    const bySlices = inGroup.map(({ cost, tie }): Prices => {
      const priceOf = (prices: Float64Array, amount: number): number =>
        (rest === 0 && (amount & 1) === 1) || podsOf(amount) >= prices.length
          ? Number.POSITIVE_INFINITY
          : prices[podsOf(amount)]!;
      const amounts = Array.from({ length: target + 1 }, (_, amount) => amount);
      return { cost: amounts.map((a) => priceOf(cost, a)), tie: amounts.map((a) => priceOf(tie, a)) };
    });
    const knapsack = this.#fill(bySlices, target, (a, b) =>
      Math.min(target, 2 * ((a >> 1) + (b >> 1)) + ((a | b) & 1)),
    );
    if (knapsack.cost[target] === Number.POSITIVE_INFINITY) return undefined;
    const extras = new Int32Array(menus.length);
    knapsack.trace(target, (group, amount) => {
      const first = groupEnds[group - 1] ?? 0;
      inGroup[group]!.trace(podsOf(amount), (menu, held) => {
        extras[first + menu] = Math.max(0, held - menus[first + menu]!.base);
      });
    });
    return { cost: knapsack.cost[target]!, tie: knapsack.tie[target]!, extras };
  }

  /** Takes the cheapest next pod again and again. */
  #byPod(menus: readonly PriceList[], missing: number): LineChoice {
    const next: { readonly menu: number; readonly cost: number; readonly tie: number }[] = [];
    menus.forEach(({ cost, tie }, menu) => {
      for (let extra = 1; extra < cost.length; extra++) {
        next.push({ menu, cost: cost[extra]! - cost[extra - 1]!, tie: tie[extra]! - tie[extra - 1]! });
      }
    });
    next.sort((a, b) => a.cost - b.cost || a.tie - b.tie || a.menu - b.menu);
    this.steps += next.length;
    const extras = new Int32Array(menus.length);
    let cost = 0;
    let tie = 0;
    for (const step of next.slice(0, missing)) {
      extras[step.menu]!++;
      cost += step.cost;
      tie += step.tie;
    }
    return { cost, tie, extras };
  }

  #fill(items: readonly Prices[], target: number, plus: (a: number, b: number) => number): Knapsack {
    const knapsack = new Knapsack(items.length, target);
    for (let item = 0; item < items.length; item++) this.steps += knapsack.add(item, items[item]!, plus);
    return knapsack;
  }
}

/** The least price of every amount `0 … target`, item after item, and the part that each item gives. */
class Knapsack {
  cost: Float64Array;
  tie: Float64Array;
  readonly #size: number;
  /** Item × amount → the amount without the item, and the part that the item gives. */
  readonly #before: Int32Array;
  readonly #part: Int32Array;
  readonly #items: number;

  constructor(items: number, target: number) {
    this.#items = items;
    this.#size = target + 1;
    this.cost = new Float64Array(this.#size).fill(Number.POSITIVE_INFINITY);
    this.tie = new Float64Array(this.#size);
    this.cost[0] = 0;
    this.#before = new Int32Array(items * this.#size);
    this.#part = new Int32Array(items * this.#size);
  }

  /** Adds the next item; returns the number of sums made. */
  add(item: number, prices: Prices, plus: (a: number, b: number) => number): number {
    const cost = new Float64Array(this.#size).fill(Number.POSITIVE_INFINITY);
    const tie = new Float64Array(this.#size);
    const at = item * this.#size;
    let steps = 0;
    for (let amount = 0; amount < this.#size; amount++) {
      if (this.cost[amount] === Number.POSITIVE_INFINITY) continue;
      for (let part = 0; part < prices.cost.length; part++) {
        if (prices.cost[part] === Number.POSITIVE_INFINITY) continue;
        steps++;
        const sum = plus(amount, part);
        const sumCost = this.cost[amount]! + prices.cost[part]!;
        const sumTie = this.tie[amount]! + prices.tie[part]!;
        if (sumCost > cost[sum]! || (sumCost === cost[sum] && sumTie >= tie[sum]!)) continue;
        cost[sum] = sumCost;
        tie[sum] = sumTie;
        this.#before[at + sum] = amount;
        this.#part[at + sum] = part;
      }
    }
    this.cost = cost;
    this.tie = tie;
    return steps;
  }

  /** Reads the part of every item in an amount. */
  trace(amount: number, give: (item: number, part: number) => void): void {
    let left = amount;
    for (let item = this.#items - 1; item >= 0; item--) {
      const at = item * this.#size + left;
      give(item, this.#part[at]!);
      left = this.#before[at]!;
    }
  }
}

function sumOf<T>(values: readonly T[], of: (value: T) => number): number {
  return values.reduce((sum, value) => sum + of(value), 0);
}

/** Whether every pod costs at least what the one before does. */
function isRising({ cost, tie }: PriceList): boolean {
  const step = (extra: number): { cost: number; tie: number } => ({
    cost: cost[extra]! - cost[extra - 1]!,
    tie: tie[extra]! - tie[extra - 1]!,
  });
  for (let extra = 2; extra < cost.length; extra++) if (isCheaper(step(extra), step(extra - 1))) return false;
  return true;
}

/** The prices of a menu by all pods that fit, including those that fit without any victim. */
function fromNobody({ base, cost, tie }: PriceList): Prices {
  const free = new Array<number>(base).fill(0);
  return { cost: [...free, ...cost], tie: [...free, ...tie] };
}
