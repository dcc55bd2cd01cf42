import { bitCount } from '../../masks.js';
import type { RingHops } from './ring-hops.js';
import { RingResiduals } from './ring-residuals.js';

/** Rings of one bandwidth as orders of positions (see {@link RingHops}), and the number of hops tried. */
export interface EqualRings {
  readonly orders: readonly (readonly number[])[];
  readonly steps: number;
}

/** Hops tried for one ring by {@link firstRings}. */
const FIRST_STEPS_MAX = 2 ** 9;

/**
 * Rings of one bandwidth that fit at the same time, found one by one without backtracking over whole rings.
 *
 * The next GPU is one over the fewest links; of these the one with the fewest next hops (Warnsdorff's rule for
 * tours); then the one with the largest residual. On a tree of links a ring is then a tour that crosses each link
 * once in each direction.
 *
 * @param hops - of a set of GPUs
 * @param ringGBps - what each ring carries
 * @param fewest - least number of rings that counts as a result
 * @param most - stop when so many are found
 * @returns the rings found, none if fewer than `fewest`
 * @complexity at most 512 hops tried per ring
 */
export function firstRings(hops: RingHops, ringGBps: number, fewest: number, most: number): EqualRings {
  const { nearest, arcs } = hops;
  const n = hops.ordinals.length;
  const residuals = new RingResiduals(hops, ringGBps);
  const orders: number[][] = [];
  let steps = 0;
  let stepsEnd = 0;

  const choices = (at: number, used: number): number[] => {
    const open = nearest[at]!.filter((to) => (((residuals.open(at) & ~used) >> to) & 1) === 1);
    return open.sort(
      (a, b) =>
        arcs[at * n + a]!.length - arcs[at * n + b]!.length ||
        bitCount(residuals.open(a) & ~used) - bitCount(residuals.open(b) & ~used) ||
        residuals.ofPair(at, b) - residuals.ofPair(at, a) ||
        a - b,
    );
  };
  /** True if the order can be completed to a ring; its hops then stay loaded. */
  const isRing = (order: number[], used: number): boolean => {
    const at = order.at(-1)!;
    for (const next of order.length === n ? [0] : choices(at, used)) {
      if (steps >= stepsEnd) return false;
      if (residuals.ofPair(at, next) < 1) continue;
      steps++;
      if (residuals.enter(at, next)) {
        if (order.length === n) return true;
        order.push(next);
        if (isRing(order, used | (1 << next))) return true;
        order.pop();
      }
      residuals.leave(at, next);
    }
    return false;
  };
  // Ends: each round but the last finds a ring, and there are at most `most`.
  while (
    orders.length < most &&
    orders.length + residuals.ringsAtMost() >= Math.max(fewest, orders.length + 1)
  ) {
    stepsEnd = steps + FIRST_STEPS_MAX;
    const order = [0];
    if (!isRing(order, 1)) break;
    orders.push(order);
  }
  return { orders: orders.length >= fewest ? orders : [], steps };
}

/**
 * The largest number of rings of one bandwidth that fit at the same time.
 *
 * Depth-first search with backtracking, nearest GPU first. Each ring comes after the one found before it in this
 * order. NCCL tries channels of one speed in the same way (NVIDIA/nccl src/graph/search.cc).
 *
 * @param hops - of a set of GPUs
 * @param ringGBps - what each ring carries
 * @param fewest - least number of rings that counts as a result
 * @param most - stop when so many are found
 * @param stepsMax - stop after so many hops tried
 * @returns the rings found, none if fewer than `fewest`; of equal numbers those found first
 * @complexity at most `stepsMax` hops tried
 */
export function equalRings(
  hops: RingHops,
  ringGBps: number,
  fewest: number,
  most: number,
  stepsMax: number,
): EqualRings {
  const { nearest } = hops;
  const n = hops.ordinals.length;
  const residuals = new RingResiduals(hops, ringGBps);
  const found: number[][] = [];
  let best: number[][] = [];
  let steps = 0;

  const isOver = (): boolean => best.length >= most || steps >= stepsMax;
  const nextRing = (): void => {
    if (found.length > best.length) best = [...found];
    const needed = Math.max(fewest, best.length + 1);
    if (!isOver() && found.length + residuals.ringsAtMost() >= needed) extend([0], 1, found.at(-1));
  };
  /**
   * `used`: mask of the GPUs in the order. `after`: the ring found last, as long as the order equals its beginning.
   */
  const extend = (order: number[], used: number, after: readonly number[] | undefined): void => {
    const at = order.at(-1)!;
    const isClosing = order.length === n;
    let isBefore = !isClosing && after !== undefined;
    for (const next of isClosing ? [0] : nearest[at]!) {
      const isEqual = !isClosing && next === after?.[order.length];
      if (isEqual) isBefore = false;
      if (isBefore || (!isClosing && ((used >> next) & 1) === 1)) continue;
      if (isOver()) return;
      if (residuals.ofPair(at, next) < 1) continue;
      steps++;
      if (residuals.enter(at, next)) {
        if (isClosing) {
          found.push([...order]);
          nextRing();
          found.pop();
        } else {
          order.push(next);
          extend(order, used | (1 << next), isEqual ? after : undefined);
          order.pop();
        }
      }
      residuals.leave(at, next);
    }
  };
  nextRing();
  return { orders: best.length >= fewest ? best : [], steps };
}
