/**
 * How much is free when: a step function of time, in pods or thousandths of GPUs. It begins with what is free now, rises
 * where running jobs are expected to end, and falls where waiting jobs are promised a start. Times are microseconds.
 */
export class FreeProfile {
  /** Steps in use. */
  length = 0;
  /** Step → when it begins, ascending. The last step never ends. */
  times: Float64Array = new Float64Array(256);
  /** Step → amount that is free in it. */
  free: Float64Array = new Float64Array(256);

  /** Starts again with one step. */
  reset(now: number, free: number): void {
    this.length = 1;
    this.times[0] = now;
    this.free[0] = free;
  }

  /** Adds an amount from `time` on, which is the begin of the last step or later. */
  rise(time: number, amount: number): void {
    const last = this.length - 1;
    if (this.times[last] === time) this.free[last]! += amount;
    else {
      if (this.length === this.times.length) this.#grow();
      this.times[this.length] = time;
      this.free[this.length] = this.free[last]! + amount;
      this.length++;
    }
  }

  /** Removes all steps before a time. O(steps). */
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
   * The earliest time from which an amount is free for a while; Infinity if there is none. O(steps).
   *
   * @param notBefore - the earliest time of interest; default the begin of the profile
   */
  earliest(amount: number, duration: number, notBefore: number = this.times[0]!): number {
    const { times, free, length } = this;
    let from = this.#stepAt(notBefore);
    while (from < length) {
      if (free[from]! < amount) {
        from++;
        continue;
      }
      const begin = Math.max(times[from]!, notBefore);
      const end = begin + duration;
      let until = from + 1;
      while (until < length && times[until]! < end && free[until]! >= amount) until++;
      if (until === length || times[until]! >= end) return begin;
      from = until + 1;
    }
    return Number.POSITIVE_INFINITY;
  }

  /**
   * Takes an amount away from `begin` on, for a while; a negative amount is given back. Equal steps are joined. O(steps).
   *
   * @param begin - not before the first step
   */
  reserve(begin: number, duration: number, amount: number): void {
    const end = begin + duration;
    if (begin === end) return;
    let at = this.#stepAt(begin);
    if (this.times[at]! < begin) this.#split(at++, begin);
    const first = at;
    while (at < this.length && this.times[at]! < end) {
      const isLast = at + 1 === this.length || this.times[at + 1]! > end;
      // A reservation that never ends has no step after it.
      if (isLast && end < Number.POSITIVE_INFINITY) this.#split(at, end);
      this.free[at]! -= amount;
      at++;
    }
    this.#join(at);
    this.#join(first);
  }

  /** The step that contains a time; the first one for earlier times. */
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

  /** Splits a step in two at a time inside it. */
  #split(at: number, time: number): void {
    if (this.length === this.times.length) this.#grow();
    this.times.copyWithin(at + 2, at + 1, this.length);
    this.free.copyWithin(at + 2, at + 1, this.length);
    this.times[at + 1] = time;
    this.free[at + 1] = this.free[at]!;
    this.length++;
  }

  /** Joins a step with the one before if the same amount is free in both. */
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
