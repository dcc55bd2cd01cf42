import { bitCount } from '../../masks.js';
import type { RingHops } from './ring-hops.js';
import { RingRooms } from './ring-rooms.js';

/** Rings of one bandwidth, as orders of positions (see {@link RingHops}), and the hops tried to find them. */
export interface EqualRings {
  readonly orders: readonly (readonly number[])[];
  readonly steps: number;
}

/** Hops tried for one ring by {@link firstRings}. */
const FIRST_STEPS_MAX = 2 ** 9;

/**
 * Rings of one bandwidth that fit at once, found one by one and none taken back.
 *
 * From each GPU to those over the fewest links first, and of these to the one with the fewest ways on (Warnsdorff's rule for
 * tours), then to the one with most room. On a tree of links a ring is then a tour of the tree that crosses each link once
 * each way.
 *
 * @param hops - of a set of GPUs
 * @param ringGBps - what each ring carries
 * @param fewest - rings that are worth finding; fewer are no result
 * @param most - stop when so many are found
 * @returns the rings found, none if fewer than `fewest`
 * @complexity at most 512 hops tried per ring
 */
export function firstRings(hops: RingHops, ringGBps: number, fewest: number, most: number): EqualRings {
  const { nearest, arcs } = hops;
  const n = hops.ordinals.length;
  const rooms = new RingRooms(hops, ringGBps);
  const orders: number[][] = [];
  let steps = 0;
  let stepsEnd = 0;

  const choices = (at: number, used: number): number[] => {
    const open = nearest[at]!.filter((to) => (((rooms.open(at) & ~used) >> to) & 1) === 1);
    return open.sort(
      (a, b) =>
        arcs[at * n + a]!.length - arcs[at * n + b]!.length ||
        bitCount(rooms.open(a) & ~used) - bitCount(rooms.open(b) & ~used) ||
        rooms.ofPair(at, b) - rooms.ofPair(at, a) ||
        a - b,
    );
  };
  /** Whether the order becomes a ring; its hops stay loaded then. */
  const isRing = (order: number[], used: number): boolean => {
    const at = order.at(-1)!;
    for (const next of order.length === n ? [0] : choices(at, used)) {
      if (steps >= stepsEnd) return false;
      if (rooms.ofPair(at, next) < 1) continue;
      steps++;
      if (rooms.enter(at, next)) {
        if (order.length === n) return true;
        order.push(next);
        if (isRing(order, used | (1 << next))) return true;
        order.pop();
      }
      rooms.leave(at, next);
    }
    return false;
  };
  // Ends: each round finds a ring, or is the last.
  while (orders.length < most && orders.length + rooms.ringsAtMost() >= Math.max(fewest, orders.length + 1)) {
    stepsEnd = steps + FIRST_STEPS_MAX;
    const order = [0];
    if (!isRing(order, 1)) break;
    orders.push(order);
  }
  return { orders: orders.length >= fewest ? orders : [], steps };
}

/**
 * The most rings of one bandwidth that fit at once.
 *
 * Depth first with backtracking over the rings in the order of their hops, to the nearest GPU first, each ring not before
 * the one found last, as NCCL's search tries channels of one speed (NVIDIA/nccl src/graph/search.cc).
 *
 * @param hops - of a set of GPUs
 * @param ringGBps - what each ring carries
 * @param fewest - rings that are worth finding; fewer are no result
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
  const rooms = new RingRooms(hops, ringGBps);
  const found: number[][] = [];
  let best: number[][] = [];
  let steps = 0;

  const isOver = (): boolean => best.length >= most || steps >= stepsMax;
  const nextRing = (): void => {
    if (found.length > best.length) best = [...found];
    const needed = Math.max(fewest, best.length + 1);
    if (!isOver() && found.length + rooms.ringsAtMost() >= needed) extend([0], 1, found.at(-1));
  };
  /** `used`: the GPUs in the order. `after`: the ring found last, while the order equals its beginning. */
  const extend = (order: number[], used: number, after: readonly number[] | undefined): void => {
    const at = order.at(-1)!;
    const isClosing = order.length === n;
    let isBefore = !isClosing && after !== undefined;
    for (const next of isClosing ? [0] : nearest[at]!) {
      const isEqual = !isClosing && next === after?.[order.length];
      if (isEqual) isBefore = false;
      if (isBefore || (!isClosing && ((used >> next) & 1) === 1)) continue;
      if (isOver()) return;
      if (rooms.ofPair(at, next) < 1) continue;
      steps++;
      if (rooms.enter(at, next)) {
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
      rooms.leave(at, next);
    }
  };
  nextRing();
  return { orders: best.length >= fewest ? best : [], steps };
}
