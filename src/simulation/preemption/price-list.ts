import type { ClusterTables } from '../../compile/cluster-tables.js';
import type { PodNeed } from '../../placement/state/pod-need.js';
import { type PlacementState, popcount16 } from '../../placement/state/state.js';
import { GPU_MILLI } from '../../units.js';
import type { VictimPiece } from './victim-pieces.js';

/** A price: compared by `cost`, then by `tie`. Both are whole numbers, so that sums are exact. */
export interface Price {
  readonly cost: number;
  readonly tie: number;
}

/** A piece that may be freed, and its price. */
export interface Offer extends Price {
  readonly piece: VictimPiece;
}

/** The menu of one server: for every number of pods the cheapest way to free enough for them. */
export interface PriceList {
  /** Pods that fit without freeing any piece. */
  readonly base: number;
  /** Extra pods, 0 … → the least price for at least as many; rising. */
  readonly cost: readonly number[];
  readonly tie: readonly number[];
  /** Extra pods → the victims whose pieces are freed, as positions in the list. */
  readonly victims: readonly (readonly number[])[];
}

/** The most ways to free a server that are kept; with more the server is given up. */
const WAYS_MAX = 1024;

/**
 * Finds the cheapest sets of pieces of one server. It goes over the pieces one by one and keeps the Pareto front of
 * all choices so far: those that no other choice beats in price and in everything that the pods ask for.
 */
export class ServerPricer {
  /** Comparisons of two ways so far. */
  steps = 0;
  readonly #tables: ClusterTables;
  readonly #state: PlacementState;
  readonly #need: PodNeed;
  readonly #podsMax: number;
  /** GPU → free thousandths on the server; {@link GPU_MILLI} = wholly free. */
  readonly #freeMilli: number[] = [];
  /** GPU → number of later offers with a share of it. */
  readonly #sharers: number[] = [];
  /** GPUs with sharers among the offers, at the beginning. */
  #openGpus: number[] = [];
  #cpuMilli = 0;
  #memoryMiB = 0;
  /** Masks of GPUs that are counted together: places, or all GPUs of the server. */
  #groups: readonly number[] = [];

  /**
   * @param need - of every pod
   * @param podsMax - capacity for more pods has no worth
   */
  constructor(tables: ClusterTables, state: PlacementState, need: PodNeed, podsMax: number) {
    this.#tables = tables;
    this.#state = state;
    this.#need = need;
    this.#podsMax = podsMax;
  }

  /** Whether pods may go to a server at all. */
  isAllowed(server: number): boolean {
    const { allowedShapes } = this.#need;
    if (this.#state.cordoned[server] === 1) return false;
    return allowedShapes === undefined || allowedShapes[this.#tables.shapeOf[server]!] === 1;
  }

  /** Pods that fit on a server once all these pieces are gone. */
  podsWithout(server: number, gone: readonly VictimPiece[]): number {
    this.#begin(server, gone, []);
    return this.#podsOf(this.#firstWay());
  }

  /**
   * The menu of a server.
   *
   * @param gone - pieces that go anyway
   * @param offers - pieces that may go
   * @returns undefined if there are too many ways to be compared
   * @complexity O(offers × ways²); of whole GPUs alone there are at most as many ways as GPUs
   */
  of(server: number, gone: readonly VictimPiece[], offers: readonly Offer[]): PriceList | undefined {
    const counted = this.#ofWholeGpus(server, gone, offers);
    if (counted !== undefined) return counted;
    this.#begin(server, gone, offers);
    let ways: Way[] = [this.#firstWay()];
    const base = this.#podsOf(ways[0]!);
    for (const offer of offers) {
      const kept: Way[] = [...ways];
      for (const way of ways) this.#keep(kept, this.#with(way, offer));
      ways = kept;
      for (const [gpu] of offer.piece.shares) {
        if (--this.#sharers[gpu]! > 0) continue;
        const counted: Way[] = [];
        for (const way of ways) this.#keep(counted, this.#countOpen(way, gpu));
        ways = counted;
      }
      if (ways.length > WAYS_MAX) return undefined;
    }
    return menuOf(ways, base, (way) => this.#podsOf(way));
  }

  /** The menu where whole GPUs are all that is asked for, anywhere on the server, and all that is offered. */
  #ofWholeGpus(
    server: number,
    gone: readonly VictimPiece[],
    offers: readonly Offer[],
  ): PriceList | undefined {
    const { isPlain, places, gpus } = this.#need;
    if (!isPlain || places !== undefined || gpus === 0) return undefined;
    let free = this.#state.freeMask[server]!;
    for (const { mask, shares } of gone) {
      if (shares.length > 0) return undefined;
      free |= mask;
    }
    for (const { piece } of offers) if (piece.shares.length > 0) return undefined;
    const freeGpus = popcount16(free);
    /** Free GPUs → the cheapest way to exactly so many. */
    const ways: ((Price & Pick<Way, 'victims'>) | undefined)[] = [];
    ways[freeGpus] = { cost: 0, tie: 0, victims: undefined };
    for (const { piece, cost, tie } of offers) {
      const gain = popcount16(piece.mask);
      for (let count = ways.length - 1; count >= freeGpus; count--) {
        const way = ways[count];
        if (way === undefined) continue;
        const more = { cost: way.cost + cost, tie: way.tie + tie };
        const other = ways[count + gain];
        if (other !== undefined && !isCheaper(more, other)) continue;
        ways[count + gain] = { ...more, victims: { victim: piece.victim, next: way.victims } };
      }
      this.steps += ways.length - freeGpus;
    }
    const most = this.#podsMax;
    return menuOf(ways, Math.min(most, Math.floor(freeGpus / gpus)), (_, count) =>
      Math.min(most, Math.floor(count / gpus)),
    );
  }

  #begin(server: number, gone: readonly VictimPiece[], offers: readonly Offer[]): void {
    const { gpuStart, shapeOf } = this.#tables;
    const { freeMask, sharedFreeMilli, cpuFreeMilli, memoryFreeMiB } = this.#state;
    const start = gpuStart[server]!;
    const gpus = gpuStart[server + 1]! - start;
    const freeMilli = this.#freeMilli;
    for (let gpu = 0; gpu < gpus; gpu++) {
      const shared = sharedFreeMilli[start + gpu]!;
      const isFree = ((freeMask[server]! >>> gpu) & 1) === 1;
      freeMilli[gpu] = isFree ? GPU_MILLI : shared === GPU_MILLI ? 0 : shared;
      this.#sharers[gpu] = 0;
    }
    freeMilli.length = gpus;
    this.#cpuMilli = cpuFreeMilli[server]!;
    this.#memoryMiB = memoryFreeMiB[server]!;
    for (const piece of gone) {
      for (let gpu = 0; gpu < gpus; gpu++) if (((piece.mask >>> gpu) & 1) === 1) freeMilli[gpu] = GPU_MILLI;
      for (const [gpu, milli] of piece.shares) freeMilli[gpu]! += milli;
      this.#cpuMilli += piece.cpuMilli;
      this.#memoryMiB += piece.memoryMiB;
    }
    for (const { piece } of offers) for (const [gpu] of piece.shares) this.#sharers[gpu]!++;
    this.#openGpus = [...freeMilli.keys()].filter((gpu) => this.#sharers[gpu]! > 0);
    this.#groups = this.#need.places?.[shapeOf[server]!] ?? [2 ** gpus - 1];
  }

  #firstWay(): Way {
    const units = this.#groups.map(() => 0);
    this.#freeMilli.forEach((freeMilli, gpu) => {
      if (this.#sharers[gpu] === 0) this.#count(units, gpu, freeMilli);
    });
    return {
      units,
      open: this.#openGpus.map((gpu) => this.#freeMilli[gpu]!),
      cpuMilli: Math.min(this.#cpuMilli, this.#need.cpuMilli * this.#podsMax),
      memoryMiB: Math.min(this.#memoryMiB, this.#need.memoryMiB * this.#podsMax),
      cost: 0,
      tie: 0,
      victims: undefined,
    };
  }

  /** Adds the worth of a GPU with so many thousandths free: pods for shares, 1 for pods of whole GPUs. */
  #count(units: number[], gpu: number, freeMilli: number): void {
    const { gpus, gpuMilli } = this.#need;
    if (gpus === 0) return;
    if (gpuMilli < GPU_MILLI) units[0]! += Math.floor(freeMilli / gpuMilli);
    else if (freeMilli === GPU_MILLI) {
      this.#groups.forEach((mask, i) => {
        if (((mask >>> gpu) & 1) === 1) units[i]!++;
      });
    }
  }

  #with(way: Way, { piece, cost, tie }: Offer): Way {
    const need = this.#need;
    const units = [...way.units];
    const open = [...way.open];
    for (let rest = piece.mask; rest !== 0; rest &= rest - 1) {
      this.#count(units, 31 - Math.clz32(rest & -rest), GPU_MILLI);
    }
    for (const [gpu, milli] of piece.shares) open[this.#openGpus.indexOf(gpu)]! += milli;
    return {
      units,
      open,
      // Capacity beyond all pods has no further worth.
      cpuMilli: Math.min(way.cpuMilli + piece.cpuMilli, need.cpuMilli * this.#podsMax),
      memoryMiB: Math.min(way.memoryMiB + piece.memoryMiB, need.memoryMiB * this.#podsMax),
      cost: way.cost + cost,
      tie: way.tie + tie,
      victims: { victim: piece.victim, next: way.victims },
    };
  }

  /** Closes a GPU whose shares have all been seen; from here on only its worth matters. */
  #countOpen(way: Way, gpu: number): Way {
    const at = this.#openGpus.indexOf(gpu);
    const units = [...way.units];
    this.#count(units, gpu, way.open[at]!);
    return { ...way, units, open: way.open.map((freeMilli, i) => (i === at ? 0 : freeMilli)) };
  }

  /** Adds a way unless another one is as good, and removes ways that are no better than it. */
  #keep(ways: Way[], way: Way): void {
    this.steps += ways.length;
    let count = 0;
    for (let i = 0; i < ways.length; i++) {
      const other = ways[i]!;
      if (isAsGood(other, way)) return;
      if (!isAsGood(way, other)) ways[count++] = other;
    }
    ways.length = count;
    ways.push(way);
  }

  #podsOf({ units, cpuMilli, memoryMiB }: Way): number {
    const need = this.#need;
    let pods = this.#podsMax;
    if (need.cpuMilli > 0) pods = Math.min(pods, Math.floor(cpuMilli / need.cpuMilli));
    if (need.memoryMiB > 0) pods = Math.min(pods, Math.floor(memoryMiB / need.memoryMiB));
    if (need.gpus === 0) return pods;
    const perPod = need.gpuMilli < GPU_MILLI ? 1 : need.gpus;
    return Math.min(
      pods,
      units.reduce((sum, count) => sum + Math.floor(count / perPod), 0),
    );
  }
}

/** A choice among the pieces seen so far. */
interface Way extends Price {
  /** Group of GPUs → pods for shares, or free GPUs. */
  readonly units: readonly number[];
  /** Open GPU → free thousandths until all its shares have been seen, then 0. */
  readonly open: readonly number[];
  readonly cpuMilli: number;
  readonly memoryMiB: number;
  /** The pieces that are freed, the last seen first. */
  readonly victims: VictimList | undefined;
}

interface VictimList {
  readonly victim: number;
  readonly next: VictimList | undefined;
}

/** The cheapest way to at least so many pods more than `base`. */
function menuOf<W extends Price & Pick<Way, 'victims'>>(
  ways: readonly (W | undefined)[],
  base: number,
  podsOf: (way: W, index: number) => number,
): PriceList {
  const best: (W | undefined)[] = [];
  ways.forEach((way, i) => {
    if (way === undefined) return;
    const extra = podsOf(way, i) - base;
    const other = best[extra];
    if (other === undefined || isCheaper(way, other)) best[extra] = way;
  });
  // A way for more pods is also a way for fewer.
  for (let extra = best.length - 2; extra >= 0; extra--) {
    const more = best[extra + 1]!;
    if (best[extra] === undefined || isCheaper(more, best[extra]!)) best[extra] = more;
  }
  return {
    base,
    cost: best.map((way) => way!.cost),
    tie: best.map((way) => way!.tie),
    victims: best.map((way) => {
      const victims: number[] = [];
      for (let at = way!.victims; at !== undefined; at = at.next) victims.push(at.victim);
      return victims;
    }),
  };
}

/** Whether one price is lower than another. */
export function isCheaper(a: Price, b: Price): boolean {
  return a.cost < b.cost || (a.cost === b.cost && a.tie < b.tie);
}

/** Whether a way frees at least what another one does, at no higher price. */
function isAsGood(a: Way, b: Way): boolean {
  if (isCheaper(b, a) || a.cpuMilli < b.cpuMilli || a.memoryMiB < b.memoryMiB) return false;
  for (let i = 0; i < a.units.length; i++) if (a.units[i]! < b.units[i]!) return false;
  for (let i = 0; i < a.open.length; i++) if (a.open[i]! < b.open[i]!) return false;
  return true;
}
