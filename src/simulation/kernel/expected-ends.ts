/**
 * The running jobs, sorted by expected end, for backfill. Sorted typed arrays; adding and removing is O(log n) and a move of memory.
 */
export class ExpectedEnds {
  length = 0;
  /** Position → expected end, microseconds, ascending. */
  ends: Float64Array = new Float64Array(256);
  /** Position → job. */
  jobs: Int32Array = new Int32Array(256);

  add(job: number, end: number): void {
    if (this.length === this.ends.length) this.#grow();
    const at = this.#after(end);
    if (at < this.length) {
      this.ends.copyWithin(at + 1, at, this.length);
      this.jobs.copyWithin(at + 1, at, this.length);
    }
    this.ends[at] = end;
    this.jobs[at] = job;
    this.length++;
  }

  /** Takes out a job that was added with exactly this end. */
  remove(job: number, end: number): void {
    let at = this.#after(end) - 1;
    // Several jobs may have this end.
    while (this.jobs[at] !== job) at--;
    this.ends.copyWithin(at, at + 1, this.length);
    this.jobs.copyWithin(at, at + 1, this.length);
    this.length--;
  }

  /** The first expected end at a time or later; Infinity if there is none. O(log n). */
  endFrom(time: number): number {
    const at = this.#after(time);
    if (at > 0 && this.ends[at - 1] === time) return time;
    return at < this.length ? this.ends[at]! : Number.POSITIVE_INFINITY;
  }

  /** The first position with a later end. */
  #after(end: number): number {
    let low = 0;
    let high = this.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.ends[middle]! <= end) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #grow(): void {
    const ends = new Float64Array(2 * this.length);
    ends.set(this.ends);
    this.ends = ends;
    const jobs = new Int32Array(2 * this.length);
    jobs.set(this.jobs);
    this.jobs = jobs;
  }
}
