/** How many units are free from when to when, as a plain list of what is taken; slow and obvious. */
export class NaiveProfile {
  readonly #capacity: number;
  readonly #from: number;
  readonly #taken: { readonly begin: number; readonly end: number; readonly units: number }[] = [];

  constructor(capacity: number, from: number) {
    this.#capacity = capacity;
    this.#from = from;
  }

  take(begin: number, end: number, units: number): void {
    this.#taken.push({ begin, end, units });
  }

  /** The earliest time from which so many units are free for so long; Infinity if never. */
  earliest(units: number, seconds: number): number {
    const ends = this.#taken.map(({ end }) => end).filter((end) => end > this.#from);
    const begins = this.#taken.map(({ begin }) => begin);
    for (const time of [this.#from, ...ends.sort((a, b) => a - b)]) {
      // The least that is free in a stretch is free at its beginning, or where something is taken.
      const points = [time, ...begins.filter((begin) => begin > time && begin < time + seconds)];
      if (points.every((point) => this.#freeAt(point) >= units)) return time;
    }
    return Number.POSITIVE_INFINITY;
  }

  #freeAt(time: number): number {
    let free = this.#capacity;
    for (const { begin, end, units } of this.#taken) if (begin <= time && time < end) free -= units;
    return free;
  }
}
