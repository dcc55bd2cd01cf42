/**
 * The jobs that wait, in the order in which they are to start: by key, then by submission. Two typed arrays with a gap in
 * front, so that taking the head and adding at the end move nothing; anywhere else costs one move of memory.
 */
export class WaitingQueue {
  /** Position → job, sorted; the queue is `start … end - 1`. */
  jobs: Int32Array = new Int32Array(256);
  start = 0;
  end = 0;
  /** Job → its key. */
  readonly #keyOf: Float64Array;
  /** Job → its place in the order of submission, for equal keys. */
  readonly #orderOf: Int32Array;

  constructor(keyOf: Float64Array, orderOf: Int32Array) {
    this.#keyOf = keyOf;
    this.#orderOf = orderOf;
  }

  get length(): number {
    return this.end - this.start;
  }

  /** Puts a job where its key belongs. O(log n) and a move of memory; O(1) at the end. */
  add(job: number): void {
    if (this.end === this.jobs.length) this.#moveToFront();
    let low = this.start;
    let high = this.end;
    if (high > low && this.#comesBefore(this.jobs[high - 1]!, job)) low = high;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#comesBefore(this.jobs[middle]!, job)) low = middle + 1;
      else high = middle;
    }
    if (low === this.start && low > 0) this.jobs[--this.start] = job;
    else {
      if (low < this.end) this.jobs.copyWithin(low + 1, low, this.end);
      this.jobs[low] = job;
      this.end++;
    }
  }

  /** Takes out the job at a position, `start … end - 1`. */
  removeAt(position: number): void {
    if (position === this.start) this.start++;
    else {
      this.jobs.copyWithin(position, position + 1, this.end);
      this.end--;
    }
    if (this.start === this.end) {
      this.start = 0;
      this.end = 0;
    }
  }

  /**
   * Visits jobs in the order of the queue, and takes out those for which `isTaken` is true.
   *
   * @param from - the position to begin at; default the head
   * @param most - jobs to visit at most; default all
   */
  removeWhere(
    isTaken: (job: number) => boolean,
    from: number = this.start,
    most: number = Number.POSITIVE_INFINITY,
  ): void {
    let left = most;
    for (let at = from; at < this.end && left > 0; left--) {
      if (!isTaken(this.jobs[at]!)) at++;
      else {
        this.removeAt(at);
        // Behind the head jobs close up. The head leaves a gap, and the next job is one position on.
        at = Math.max(at, this.start);
      }
    }
  }

  /** Takes a job out that is in the queue, with the key it was added with. O(log n) and a move of memory. */
  remove(job: number): void {
    let low = this.start;
    let high = this.end;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#comesBefore(this.jobs[middle]!, job)) low = middle + 1;
      else high = middle;
    }
    this.removeAt(low);
  }

  #comesBefore(a: number, b: number): boolean {
    const keyA = this.#keyOf[a]!;
    const keyB = this.#keyOf[b]!;
    return keyA < keyB || (keyA === keyB && this.#orderOf[a]! < this.#orderOf[b]!);
  }

  #moveToFront(): void {
    const { start, end } = this;
    // If half of the list or more is free at its front, move the jobs there. Otherwise double the list.
    if (2 * start >= end) this.jobs.copyWithin(0, start, end);
    else {
      const jobs = new Int32Array(2 * this.jobs.length);
      jobs.set(this.jobs.subarray(start, end));
      this.jobs = jobs;
    }
    this.end = end - start;
    this.start = 0;
  }
}
