import type { RingHops } from './ring-hops.js';

/** A link that falls short of a whole number of rings by less than this share of one carries that number. */
const TOLERANCE = 1e-9;

/** The largest residual that is counted: no search finds so many hops on one link. */
const RESIDUAL_MAX = 2 ** 20;

/**
 * The residual capacity of the links of a set of GPUs, counted in hops of one bandwidth. Positions name the GPUs, see
 * {@link RingHops}.
 */
export class RingResiduals {
  readonly #hops: RingHops;
  /** Arc → number of further hops that fit; below 0 while a hop that does not fit is loaded. */
  readonly #arcResidual: Int32Array;
  /** Ordered pair → number of further hops that its per-flow cap allows. */
  readonly #pairResidual: Int32Array;
  /** Position → mask of the positions to which the per-flow cap allows another hop. */
  readonly #open: Int32Array;

  /**
   * @param hops - of a set of GPUs
   * @param ringGBps - what each hop carries
   */
  constructor(hops: RingHops, ringGBps: number) {
    const whole = (gbps: number): number => Math.min(RESIDUAL_MAX, Math.floor(gbps / ringGBps + TOLERANCE));
    this.#hops = hops;
    this.#arcResidual = Int32Array.from(hops.capacityGBps, whole);
    this.#pairResidual = Int32Array.from(hops.widthGBps, whole);
    const n = hops.ordinals.length;
    this.#open = new Int32Array(n);
    this.#pairResidual.forEach((residual, pair) => {
      if (residual > 0) this.#open[Math.floor(pair / n)]! |= 1 << (pair % n);
    });
  }

  /** Further hops that the per-flow cap of a pair allows; its links may carry fewer. */
  ofPair(from: number, to: number): number {
    return this.#pairResidual[from * this.#hops.ordinals.length + to]!;
  }

  /** Mask of the positions to which the per-flow cap allows another hop. */
  open(from: number): number {
    return this.#open[from]!;
  }

  /** Loads a hop, whether it fits or not; {@link leave} takes it back. */
  enter(from: number, to: number): boolean {
    const pair = from * this.#hops.ordinals.length + to;
    const left = --this.#pairResidual[pair]!;
    if (left === 0) this.#open[from]! &= ~(1 << to);
    let fits = left >= 0;
    for (const arc of this.#hops.arcs[pair]!) fits = --this.#arcResidual[arc]! >= 0 && fits;
    return fits;
  }

  leave(from: number, to: number): void {
    const pair = from * this.#hops.ordinals.length + to;
    if (++this.#pairResidual[pair]! === 1) this.#open[from]! |= 1 << to;
    for (const arc of this.#hops.arcs[pair]!) this.#arcResidual[arc]!++;
  }

  /** An upper bound on the number of further rings: each ring leaves every GPU over one first link and one pair. */
  ringsAtMost(): number {
    const { arcs, nearest, ordinals } = this.#hops;
    const n = ordinals.length;
    let atMost = Number.POSITIVE_INFINITY;
    for (let from = 0; from < n; from++) {
      const perLink = new Map<number, number>();
      let rings = 0;
      for (const to of nearest[from]!) {
        const first = arcs[from * n + to]![0]!;
        const left = perLink.get(first) ?? this.#arcResidual[first]!;
        const more = Math.min(this.#pairResidual[from * n + to]!, left);
        perLink.set(first, left - more);
        rings += more;
      }
      atMost = Math.min(atMost, rings);
    }
    return atMost;
  }
}
