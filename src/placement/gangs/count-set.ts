import type { Rest } from './slice-units.js';

/**
 * The numbers of units that a domain or server can take, as sets of bits: bit i of word i >> 5 for count i.
 *
 * Entry 0 is the set without the smaller slice of the gang, entry 1 the set of units that fit beside it. There is no
 * entry 1 on levels that do not count the smaller slice apart.
 */
export type CountSets = readonly Uint32Array[];

/** The sets of a domain that takes nothing. */
export function nothing(words: number, rest: Rest): CountSets {
  const plain = new Uint32Array(words);
  plain[0] = 1;
  return rest === 0 ? [plain] : [plain, new Uint32Array(words)];
}

/** Whether a count is in a set. */
export function hasCount(set: Uint32Array, count: number): boolean {
  return ((set[count >>> 5]! >>> (count & 31)) & 1) === 1;
}

/** Adds a count; one beyond the words of the set is left out. */
export function addCount(set: Uint32Array, count: number): void {
  if (count >>> 5 < set.length) set[count >>> 5]! |= 1 << (count & 31);
}

/** The largest count of a set; -1 for none. */
export function largestCount(set: Uint32Array): number {
  for (let w = set.length - 1; w >= 0; w--) if (set[w] !== 0) return 32 * w + 31 - Math.clz32(set[w]!);
  return -1;
}

/**
 * What two domains can take together: { a + b | a ∈ A, b ∈ B }. The smaller slice goes to one of them.
 *
 * @complexity O(members of one × words)
 */
export function sumOf(a: CountSets, b: CountSets): CountSets {
  const { length } = a[0]!;
  const plain = new Uint32Array(length);
  addSums(plain, a[0]!, b[0]!);
  if (a.length === 1) return [plain];
  const withRest = new Uint32Array(length);
  addSums(withRest, a[1]!, b[0]!);
  addSums(withRest, a[0]!, b[1]!);
  return [plain, withRest];
}

/** Adds all sums of a member of one set and one of the other. */
function addSums(into: Uint32Array, a: Uint32Array, b: Uint32Array): void {
  const [few, many] = largestCount(a) < largestCount(b) ? [a, b] : [b, a];
  for (let w = 0; w < few.length; w++) {
    for (let rest = few[w]!; rest !== 0; rest &= rest - 1) {
      addShifted(into, many, 32 * w + 31 - Math.clz32(rest & -rest));
    }
  }
}

function addShifted(into: Uint32Array, set: Uint32Array, by: number): void {
  const words = by >>> 5;
  const bits = by & 31;
  for (let w = into.length - 1; w >= words; w--) {
    const low = set[w - words]! << bits;
    // JavaScript shifts by 32 as if by 0.
    const high = bits === 0 || w === words ? 0 : set[w - words - 1]! >>> (32 - bits);
    into[w]! |= low | high;
  }
}
