import type { Rest } from './slice-units.js';

/**
 * Units of a gang → the most NIC bandwidth that so many bring together, GB/s; -1 where so many cannot be. Entry 0 without
 * the smaller slice, entry 1 with it, as in `CountSets`.
 */
export type NicSums = readonly Float64Array[];

/** The sums of a domain that takes nothing. */
export function noNics(rest: Rest): NicSums {
  return Array.from({ length: 1 + rest }, (_, i) => new Float64Array(1 - i));
}

/**
 * What two domains bring together, the smaller slice in one of them.
 *
 * @param most - units beyond this are left out
 * @complexity O(units of one × units of the other)
 */
export function mostNics(a: NicSums, b: NicSums, most: number): NicSums {
  return a.map((_, rest) => {
    let length = 0;
    for (let ofA = rest; ofA >= 0; ofA--) {
      const [one, other] = [a[ofA]!.length, b[rest - ofA]!.length];
      if (one > 0 && other > 0) length = Math.max(length, Math.min(most + 1, one + other - 1));
    }
    const sums = new Float64Array(length).fill(-1);
    for (let ofA = rest; ofA >= 0; ofA--) addMost(sums, a[ofA]!, b[rest - ofA]!);
    return sums;
  });
}

function addMost(into: Float64Array, a: Float64Array, b: Float64Array): void {
  for (let i = 0; i < a.length; i++) {
    if (a[i]! < 0) continue;
    for (let j = 0; j < b.length && i + j < into.length; j++) {
      if (b[j]! >= 0) into[i + j] = Math.max(into[i + j]!, a[i]! + b[j]!);
    }
  }
}

/** The units of a part with which it and the parts after it bring most; of equal sums the most units, so that few servers are touched. */
export function mostNicChoice(
  part: NicSums,
  after: NicSums,
  left: number,
  restLeft: Rest,
): { readonly count: number; readonly rest: Rest } {
  let best: { count: number; rest: Rest } = { count: 0, rest: 0 };
  let most = -1;
  for (let rest = 0; rest <= restLeft; rest++) {
    const own = part[rest]!;
    const others = after[restLeft - rest]!;
    for (let count = 0; count <= left && count < own.length; count++) {
      const other = left - count < others.length ? others[left - count]! : -1;
      if (own[count]! < 0 || other < 0) continue;
      const sum = own[count]! + other;
      if (sum > most || (sum === most && count >= best.count)) {
        most = sum;
        best = { count, rest: rest as Rest };
      }
    }
  }
  return best;
}
