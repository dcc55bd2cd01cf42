/**
 * The number of bits that are set.
 *
 * @param mask - a set of GPUs, bit i for ordinal i
 * @complexity O(bits that are set)
 */
export function bitCount(mask: number): number {
  let count = 0;
  for (let rest = mask; rest !== 0; rest &= rest - 1) count++;
  return count;
}

/**
 * The positions of the bits that are set, ascending.
 *
 * @param mask - a set of GPUs, bit i for ordinal i
 * @complexity O(bits that are set)
 */
export function bitsOf(mask: number): number[] {
  const bits: number[] = [];
  for (let rest = mask; rest !== 0; rest &= rest - 1) bits.push(lowestBit(rest));
  return bits;
}

/** The position of the lowest bit that is set; the mask is not 0. */
export function lowestBit(mask: number): number {
  return 31 - Math.clz32(mask & -mask);
}
