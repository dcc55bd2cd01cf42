/**
 * Events in a total order: time, then class, then the order in which they were pushed. So equal times have a documented
 * order, and equal times and classes keep theirs, on every machine.
 *
 * A binary heap over typed arrays; push and pop are O(log n) and allocate nothing but when the arrays double.
 */
export class EventQueue {
  /** Events waiting. */
  length = 0;
  /** Of the last {@link pop}: when, microseconds. */
  time = 0;
  /** Of the last {@link pop}: its class. */
  rank = 0;
  /** Of the last {@link pop}: what the event is about. */
  subject = 0;
  /** Of the last {@link pop}: the number given with it. */
  stamp = 0;
  /** Heap position → time. */
  #times: Float64Array;
  /** Heap position → class × {@link SEQUENCES} + sequence. */
  #orders: Float64Array;
  /** Heap position → subject. */
  #subjects: Int32Array;
  /** Heap position → stamp. */
  #stamps: Int32Array;
  #sequence = 0;

  /** @param capacity - events that the arrays hold at first; they grow */
  constructor(capacity = 1024) {
    this.#times = new Float64Array(capacity);
    this.#orders = new Float64Array(capacity);
    this.#subjects = new Int32Array(capacity);
    this.#stamps = new Int32Array(capacity);
  }

  /** When the first event is due; Infinity if there is none. */
  get nextTime(): number {
    return this.length === 0 ? Number.POSITIVE_INFINITY : this.#times[0]!;
  }

  /** What the first event is about, and the number given with it; only if there is one. */
  get nextSubject(): number {
    return this.#subjects[0]!;
  }

  get nextStamp(): number {
    return this.#stamps[0]!;
  }

  /** The class of the first event; Infinity if there is none. */
  get nextRank(): number {
    return this.length === 0 ? Number.POSITIVE_INFINITY : Math.floor(this.#orders[0]! / SEQUENCES);
  }

  /**
   * Adds an event.
   *
   * @param time - when, microseconds
   * @param rank - its class, 0 … 127: lower comes first at equal times
   * @param subject - what it is about
   * @param stamp - a number that comes back with it, to recognise a stale event
   */
  push(time: number, rank: number, subject: number, stamp: number): void {
    if (this.length === this.#times.length) this.#grow();
    this.#insert(time, rank * SEQUENCES + this.#sequence++, subject, stamp);
  }

  #insert(time: number, order: number, subject: number, stamp: number): void {
    const times = this.#times;
    const orders = this.#orders;
    const subjects = this.#subjects;
    const stamps = this.#stamps;
    let at = this.length++;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      const parentTime = times[parent]!;
      if (parentTime < time || (parentTime === time && orders[parent]! < order)) break;
      times[at] = parentTime;
      orders[at] = orders[parent]!;
      subjects[at] = subjects[parent]!;
      stamps[at] = stamps[parent]!;
      at = parent;
    }
    times[at] = time;
    orders[at] = order;
    subjects[at] = subject;
    stamps[at] = stamp;
  }

  /** Takes the first event out, leaving it in the fields; the queue must not be empty. */
  pop(): void {
    const times = this.#times;
    const orders = this.#orders;
    const subjects = this.#subjects;
    const stamps = this.#stamps;
    this.time = times[0]!;
    this.rank = Math.floor(orders[0]! / SEQUENCES);
    this.subject = subjects[0]!;
    this.stamp = stamps[0]!;
    const last = --this.length;
    const time = times[last]!;
    const order = orders[last]!;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= last) break;
      const right = child + 1;
      if (
        right < last &&
        (times[right]! < times[child]! ||
          (times[right]! === times[child]! && orders[right]! < orders[child]!))
      ) {
        child = right;
      }
      const childTime = times[child]!;
      if (time < childTime || (time === childTime && order < orders[child]!)) break;
      times[at] = childTime;
      orders[at] = orders[child]!;
      subjects[at] = subjects[child]!;
      stamps[at] = stamps[child]!;
      at = child;
    }
    times[at] = time;
    orders[at] = order;
    subjects[at] = subjects[last]!;
    stamps[at] = stamps[last]!;
  }

  /**
   * Removes stale events; the order of the others stays. O(n).
   *
   * @param isStale - of an event's class, subject and stamp
   */
  drop(isStale: (rank: number, subject: number, stamp: number) => boolean): void {
    const times = this.#times;
    const orders = this.#orders;
    const subjects = this.#subjects;
    const stamps = this.#stamps;
    const before = this.length;
    // Kept events are pushed to the front of the same arrays; the write position never passes the read position.
    this.length = 0;
    for (let at = 0; at < before; at++) {
      const order = orders[at]!;
      if (isStale(Math.floor(order / SEQUENCES), subjects[at]!, stamps[at]!)) continue;
      this.#insert(times[at]!, order, subjects[at]!, stamps[at]!);
    }
  }

  #grow(): void {
    const size = 2 * this.#times.length;
    const times = new Float64Array(size);
    times.set(this.#times);
    this.#times = times;
    const orders = new Float64Array(size);
    orders.set(this.#orders);
    this.#orders = orders;
    const subjects = new Int32Array(size);
    subjects.set(this.#subjects);
    this.#subjects = subjects;
    const stamps = new Int32Array(size);
    stamps.set(this.#stamps);
    this.#stamps = stamps;
  }
}

/** Most events of one run: class and sequence share 53 bits. */
const SEQUENCES = 2 ** 46;
