/**
 * How many units are free from when to when: a step function that starts with what is free now, rises where running jobs
 * are expected to end, and sinks where waiting jobs are promised a start.
 */
export class FreeProfile {
  /** Steps in use. */
  length = 0;
  /** Step → when it begins, microseconds, ascending. The last one goes on for ever. */
  times: Float64Array = new Float64Array(256);
  /** Step → units free in it. */
  free: Float64Array = new Float64Array(256);

  /** Begins anew with one step. */
  reset(now: number, free: number): void {
    this.length = 1;
    this.times[0] = now;
    this.free[0] = free;
  }

  /** Appends a step, or widens the last if it begins at the same time; `time` is not before the last. */
  rise(time: number, units: number): void {
    const last = this.length - 1;
    if (this.times[last] === time) this.free[last]! += units;
    else {
      if (this.length === this.times.length) this.#grow();
      this.times[this.length] = time;
      this.free[this.length] = this.free[last]! + units;
      this.length++;
    }
  }

  /** Forgets what was before a time. O(steps). */
  advance(now: number): void {
    const first = this.#stepAt(now);
    if (first > 0) {
      this.times.copyWithin(0, first, this.length);
      this.free.copyWithin(0, first, this.length);
      this.length -= first;
    }
    this.times[0] = now;
  }

  /**
   * The earliest time from which so many units are free for so long; Infinity if never. O(steps).
   *
   * @param notBefore - an earlier time will not do; default the beginning
   */
  earliest(units: number, duration: number, notBefore: number = this.times[0]!): number {
    const { times, free, length } = this;
    let from = this.#stepAt(notBefore);
    while (from < length) {
      if (free[from]! < units) {
        from++;
        continue;
      }
      const begin = Math.max(times[from]!, notBefore);
      const end = begin + duration;
      let until = from + 1;
      while (until < length && times[until]! < end && free[until]! >= units) until++;
      if (until === length || times[until]! >= end) return begin;
      from = until + 1;
    }
    return Number.POSITIVE_INFINITY;
  }

  /**
   * Takes units away from `begin`, which is not before the first step, for so long; fewer than none gives them back. Steps
   * that nothing tells apart any more become one. O(steps).
   */
  reserve(begin: number, duration: number, units: number): void {
    const end = begin + duration;
    if (begin === end) return;
    let at = this.#stepAt(begin);
    if (this.times[at]! < begin) this.#split(at++, begin);
    const first = at;
    while (at < this.length && this.times[at]! < end) {
      if (at + 1 === this.length || this.times[at + 1]! > end) {
        // Infinity - Infinity is not a number, but a reservation without an end needs no step after it.
        if (end < Number.POSITIVE_INFINITY) this.#split(at, end);
      }
      this.free[at]! -= units;
      at++;
    }
    this.#join(at);
    this.#join(first);
  }

  /** The step that a time is in; the first for times before it. */
  #stepAt(time: number): number {
    let low = 0;
    let high = this.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.times[middle]! <= time) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  /** Begins a step at `time` inside another one. */
  #split(at: number, time: number): void {
    if (this.length === this.times.length) this.#grow();
    this.times.copyWithin(at + 2, at + 1, this.length);
    this.free.copyWithin(at + 2, at + 1, this.length);
    this.times[at + 1] = time;
    this.free[at + 1] = this.free[at]!;
    this.length++;
  }

  /** Makes a step part of the one before if as many units are free. */
  #join(at: number): void {
    if (at === 0 || at >= this.length || this.free[at] !== this.free[at - 1]) return;
    this.times.copyWithin(at, at + 1, this.length);
    this.free.copyWithin(at, at + 1, this.length);
    this.length--;
  }

  #grow(): void {
    const times = new Float64Array(2 * this.length);
    times.set(this.times);
    this.times = times;
    const free = new Float64Array(2 * this.length);
    free.set(this.free);
    this.free = free;
  }
}
