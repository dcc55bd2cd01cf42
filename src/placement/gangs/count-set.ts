/**
 * Sets of small counts, as bits: bit i of word i >> 5 for count i. What a domain can take is the sum of what its parts
 * can: { a + b | a ∈ A, b ∈ B }.
 *
 * The second set of a pair is for domains that take the one smaller slice besides.
 */
export interface CountSets {
  readonly plain: Uint32Array;
  /** Undefined where no slice is smaller. */
  readonly withRest: Uint32Array | undefined;
}

/** The sets of a domain that takes nothing. */
export function nothing(words: number, rest: boolean): CountSets {
  const plain = new Uint32Array(words);
  plain[0] = 1;
  return { plain, withRest: rest ? new Uint32Array(words) : undefined };
}

/** Whether a count is in a set. */
export function hasCount(set: Uint32Array, count: number): boolean {
  return ((set[count >>> 5]! >>> (count & 31)) & 1) === 1;
}

/** Adds a count, if there is room for it. */
export function addCount(set: Uint32Array, count: number): void {
  if (count >>> 5 < set.length) set[count >>> 5]! |= 1 << (count & 31);
}

/** The largest count of a set; -1 for none. */
export function largestCount(set: Uint32Array): number {
  for (let w = set.length - 1; w >= 0; w--) if (set[w] !== 0) return 32 * w + 31 - Math.clz32(set[w]!);
  return -1;
}

/**
 * What two domains can take together, the smaller slice in one of them.
 *
 * @complexity O(members of one × words)
 */
export function sumOf(a: CountSets, b: CountSets): CountSets {
  const plain = new Uint32Array(a.plain.length);
  addSums(plain, a.plain, b.plain);
  if (a.withRest === undefined || b.withRest === undefined) return { plain, withRest: undefined };
  const withRest = new Uint32Array(plain.length);
  addSums(withRest, a.withRest, b.plain);
  addSums(withRest, a.plain, b.withRest);
  return { plain, withRest };
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
    // A shift by 32 is none at all.
    const high = bits === 0 || w === words ? 0 : set[w - words - 1]! >>> (32 - bits);
    into[w]! |= low | high;
  }
}
