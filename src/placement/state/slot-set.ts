/**
 * Sets of small integers as 32-ary trees of bits inside one pool of words: insert, remove and "first from here on"
 * touch one word per level, four for a million members.
 *
 * Layout of one set of `size` possible members at `base`: the words of level 0 (one bit per member), then of level 1
 * (one bit per word of level 0), and so on up to a level of a single word. A bit of a level is set if its word of the level below is
 * not zero.
 */
export interface SlotSetLayout {
  /** Level → its first word, counted from the base of a set. */
  readonly levelOffset: Int32Array;
  readonly levels: number;
  /** Words of one set. */
  readonly words: number;
}

/** The layout of sets of members 0 … size - 1. */
export function slotSetLayout(size: number): SlotSetLayout {
  const offsets: number[] = [];
  let words = 0;
  let width = Math.max(1, size);
  do {
    width = Math.ceil(width / 32);
    offsets.push(words);
    words += width;
  } while (width > 1);
  return { levelOffset: Int32Array.from(offsets), levels: offsets.length, words };
}

/** Adds a member; returns whether the set was empty before. */
export function insertSlot(pool: Int32Array, base: number, layout: SlotSetLayout, member: number): boolean {
  const { levelOffset, levels } = layout;
  let at = member;
  for (let level = 0; level < levels; level++) {
    const word = base + levelOffset[level]! + (at >>> 5);
    const before = pool[word]!;
    pool[word] = before | (1 << (at & 31));
    if (before !== 0) return false;
    at >>>= 5;
  }
  return true;
}

/** Takes a member out; returns whether the set is empty after. */
export function removeSlot(pool: Int32Array, base: number, layout: SlotSetLayout, member: number): boolean {
  const { levelOffset, levels } = layout;
  let at = member;
  for (let level = 0; level < levels; level++) {
    const word = base + levelOffset[level]! + (at >>> 5);
    const after = pool[word]! & ~(1 << (at & 31));
    pool[word] = after;
    if (after !== 0) return false;
    at >>>= 5;
  }
  return true;
}

/** The lowest member; -1 if there is none. */
export function firstSlot(pool: Int32Array, base: number, layout: SlotSetLayout): number {
  const { levelOffset, levels } = layout;
  let at = 0;
  for (let level = levels - 1; level >= 0; level--) {
    const word = pool[base + levelOffset[level]! + at]!;
    if (word === 0) return -1;
    at = (at << 5) | (31 - Math.clz32(word & -word));
  }
  return at;
}

/** The lowest member that is `from` or more; -1 if there is none. `from` may be one beyond the last. */
export function nextSlot(pool: Int32Array, base: number, layout: SlotSetLayout, from: number): number {
  const { levelOffset, levels, words } = layout;
  let at = from;
  for (let level = 0; level < levels; level++) {
    const index = at >>> 5;
    // Beyond the last word of the level there is nothing, and the next level would be read instead.
    const end = level + 1 < levels ? levelOffset[level + 1]! : words;
    if (levelOffset[level]! + index >= end) return -1;
    const rest = pool[base + levelOffset[level]! + index]! & (-1 << (at & 31));
    if (rest !== 0) {
      at = (index << 5) | (31 - Math.clz32(rest & -rest));
      for (let below = level - 1; below >= 0; below--) {
        const word = pool[base + levelOffset[below]! + at]!;
        at = (at << 5) | (31 - Math.clz32(word & -word));
      }
      return at;
    }
    at = index + 1;
  }
  return -1;
}
