import type { RingHops } from './ring-hops.js';

/** A link that falls short of a whole number of rings by less than this share of one carries that number. */
const TOLERANCE = 1e-9;

/** Rooms above this are this: no search finds so many hops on one link, and integers hold it. */
const ROOM_MAX = 2 ** 20;

/** How many hops of one bandwidth still fit into the links of a set of GPUs. Positions name the GPUs, see {@link RingHops}. */
export class RingRooms {
  readonly #hops: RingHops;
  /** Arc to the number of hops it still carries; below 0 while a hop that does not fit is loaded. */
  readonly #arcRoom: Int32Array;
  /** Ordered pair likewise, under its per-flow cap. */
  readonly #pairRoom: Int32Array;
  /** Position to a mask of the positions that it still has room to. */
  readonly #open: Int32Array;

  /**
   * @param hops - of a set of GPUs
   * @param ringGBps - what each hop carries
   */
  constructor(hops: RingHops, ringGBps: number) {
    const whole = (gbps: number): number => Math.min(ROOM_MAX, Math.floor(gbps / ringGBps + TOLERANCE));
    this.#hops = hops;
    this.#arcRoom = Int32Array.from(hops.capacityGBps, whole);
    this.#pairRoom = Int32Array.from(hops.widthGBps, whole);
    const n = hops.ordinals.length;
    this.#open = new Int32Array(n);
    this.#pairRoom.forEach((room, pair) => {
      if (room > 0) this.#open[Math.floor(pair / n)]! |= 1 << (pair % n);
    });
  }

  /** Hops that the pair itself has room for; its links may have less. */
  ofPair(from: number, to: number): number {
    return this.#pairRoom[from * this.#hops.ordinals.length + to]!;
  }

  /** A mask of the positions to which the pair itself has room. */
  open(from: number): number {
    return this.#open[from]!;
  }

  /** Loads a hop, and says whether there was room; either way {@link leave} takes it back. */
  enter(from: number, to: number): boolean {
    const pair = from * this.#hops.ordinals.length + to;
    const left = --this.#pairRoom[pair]!;
    if (left === 0) this.#open[from]! &= ~(1 << to);
    let fits = left >= 0;
    for (const arc of this.#hops.arcs[pair]!) fits = --this.#arcRoom[arc]! >= 0 && fits;
    return fits;
  }

  leave(from: number, to: number): void {
    const pair = from * this.#hops.ordinals.length + to;
    if (++this.#pairRoom[pair]! === 1) this.#open[from]! |= 1 << to;
    for (const arc of this.#hops.arcs[pair]!) this.#arcRoom[arc]!++;
  }

  /** No more rings than this fit into what is left: each leaves every GPU, over some first link and pair. */
  ringsAtMost(): number {
    const { arcs, nearest, ordinals } = this.#hops;
    const n = ordinals.length;
    let atMost = Number.POSITIVE_INFINITY;
    for (let from = 0; from < n; from++) {
      const perLink = new Map<number, number>();
      let rings = 0;
      for (const to of nearest[from]!) {
        const first = arcs[from * n + to]![0]!;
        const left = perLink.get(first) ?? this.#arcRoom[first]!;
        const more = Math.min(this.#pairRoom[from * n + to]!, left);
        perLink.set(first, left - more);
        rings += more;
      }
      atMost = Math.min(atMost, rings);
    }
    return atMost;
  }
}
