import type { ExpectedEnds } from '../kernel/expected-ends.js';

/** The first expected end at a time or later; Infinity if there is none. O(log n). */
export function endFrom({ ends, length }: ExpectedEnds, time: number): number {
  let low = 0;
  let high = length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (ends[middle]! < time) low = middle + 1;
    else high = middle;
  }
  return low < length ? ends[low]! : Number.POSITIVE_INFINITY;
}
