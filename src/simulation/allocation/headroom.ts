import type { PlacementEngine } from '../../placement/engine.js';
import type { Gang } from '../../placement/gangs/gang.js';
import { GPU_MILLI } from '../../units.js';
import { HeadroomAccounts, type HeadroomClock, type HeadroomMetrics } from './headroom-accounts.js';
import type { CheckedPool } from './headroom-pools.js';
import { type Assignment, Holdings } from './holdings.js';

/** A placeholder that was pushed aside, and what it held before. */
interface Displaced {
  readonly placeholder: number;
  readonly assignment: Assignment;
}

const NOTHING: Assignment = { server: -1, mask: 0, pieces: undefined, pods: 0, bandwidthGBps: Number.NaN };

/**
 * Headroom: placeholders hold GPUs as pods would, where the policy puts them.
 *
 * A job first gets GPUs that no placeholder holds. If there are none, it may push placeholders aside: those of other pools only if they
 * find another place, those of pools that it may use in any case. A placeholder that holds nothing waits until GPUs are given
 * back, and is then placed before every job.
 */
export class Headroom {
  /** Job → its class: jobs of one class may use the same pools. Class 0 may use none. */
  readonly classOf: Int32Array;
  readonly classCount: number;
  /** Placeholders that hold nothing. */
  missing = 0;
  readonly #pools: readonly CheckedPool[];
  /** Pool → its first placeholder; the next entry is the end. */
  readonly #start: Int32Array;
  /** Placeholder → pool. */
  readonly #poolOf: Int32Array;
  /** Class → its pools, in the order of the list. */
  readonly #poolsOf: readonly (readonly number[])[];
  /** What the placeholders hold. */
  readonly #holdings: Holdings;
  /** Job → the placeholders that its last placement pushed aside, with what they held before. */
  readonly #displaced = new Map<number, readonly Displaced[]>();
  readonly #accounts: HeadroomAccounts;

  constructor(pools: readonly CheckedPool[], engine: PlacementEngine, jobs: number, clock: HeadroomClock) {
    this.#pools = pools;
    this.#accounts = new HeadroomAccounts(pools, clock);
    this.#start = new Int32Array(pools.length + 1);
    pools.forEach((pool, i) => {
      this.#start[i + 1] = this.#start[i]! + pool.count;
    });
    const count = this.#start[pools.length]!;
    this.#poolOf = new Int32Array(count);
    pools.forEach((_, i) => {
      this.#poolOf.fill(i, this.#start[i], this.#start[i + 1]);
    });
    this.#holdings = new Holdings(engine, count);
    this.missing = count;
    this.classOf = new Int32Array(jobs);
    const classes = new Map<string, number>([['', 0]]);
    const poolsOf: number[][] = [[]];
    for (let job = 0; job < jobs; job++) {
      const own = pools.flatMap((pool, i) => (pool.mayUse(job) ? [i] : []));
      const key = own.join();
      let at = classes.get(key);
      if (at === undefined) {
        at = poolsOf.push(own) - 1;
        classes.set(key, at);
      }
      this.classOf[job] = at;
    }
    this.#poolsOf = poolsOf;
    this.classCount = poolsOf.length;
  }

  /** GPUs kept free now, shares as parts. */
  get keptGpus(): number {
    return this.#accounts.keptMilli / GPU_MILLI;
  }

  /**
   * Places the placeholders that hold nothing, as far as they fit.
   *
   * @returns the placeholders that hold something now and did not
   */
  refill(): number[] {
    // Every placeholder that was tried is placed for good, or not at all.
    this.#displaced.clear();
    return this.#fill();
  }

  #fill(): number[] {
    const filled: number[] = [];
    if (this.missing === 0) return filled;
    for (let pool = 0; pool < this.#pools.length; pool++) {
      for (let p = this.#start[pool]!; p < this.#start[pool + 1]!; p++) {
        if (this.#holdings.pods[p]! > 0) continue;
        // Pieces of one pool are equal: if one does not fit, the next does not.
        if (!this.#place(p)) break;
        filled.push(p);
      }
    }
    return filled;
  }

  /**
   * Gives a job its GPUs, if it fits, and pushes placeholders aside if that is necessary. Placeholders that hold nothing are placed
   * first. If the job does not fit, its assignment stays as it was.
   *
   * @param freeMilli - at least as many thousandths of GPUs as jobs leave free
   */
  takeBeside(job: number, gang: Gang, jobs: Holdings, freeMilli: number): boolean {
    this.#displaced.delete(job);
    // If jobs were suspended for this one, the headroom that they had used is placed again first.
    const displaced: Displaced[] = this.#fill().map((p) => ({ placeholder: p, assignment: NOTHING }));
    const nobodyRuns = freeMilli >= this.#holdings.engine.tables.gpuCount * GPU_MILLI;
    const isPlaced =
      jobs.take(job, gang) ||
      (this.mayFit(job, gang, freeMilli) && this.#takeAmong(job, gang, jobs, displaced)) ||
      (nobodyRuns && this.#takeAsAtBegin(job, gang, jobs, displaced));
    if (!isPlaced) this.#putBack(displaced);
    else if (displaced.length > 0) this.#displaced.set(job, displaced);
    return isPlaced;
  }

  /** Whether enough GPUs are free by number, those of pools that the job may not use aside. A count is cheaper than a decision. */
  mayFit(job: number, gang: Gang, freeMilli: number): boolean {
    let kept = this.#accounts.keptMilli;
    for (const pool of this.#ownOf(job)) kept -= this.#accounts.keptMilliOf(pool);
    return gang.podsMin * gang.need.totalGpuMilli + kept <= freeMilli;
  }

  /**
   * As {@link takeBeside}, for a job that fits nowhere else. It takes the GPUs of placeholders that find another place; if that fails,
   * those of pools that it may use. Placeholders that it pushes aside are added to `displaced`.
   */
  #takeAmong(job: number, gang: Gang, jobs: Holdings, displaced: Displaced[]): boolean {
    const before = jobs.assignmentOf(job);
    const own = this.#ownOf(job);
    const all = this.#held();
    const mine = all.filter(({ placeholder }) => own.includes(this.#poolOf[placeholder]!));
    for (const lent of mine.length < all.length ? [all, mine] : [all]) {
      if (lent.length === 0) continue;
      for (const { placeholder } of lent) this.#drop(placeholder);
      if (jobs.take(job, gang)) {
        if (this.#placeAnew(lent, own)) {
          // Placeholders that were placed for this trial hold nothing again.
          const filled = new Set(displaced.map(({ placeholder }) => placeholder));
          displaced.push(...lent.filter((one) => !filled.has(one.placeholder) && this.#hasMoved(one)));
          return true;
        }
        jobs.give(job, gang);
        jobs.putAssignment(job, before);
      }
      this.#putBack(lent);
    }
    return false;
  }

  /**
   * As {@link takeBeside}, when no other job holds GPUs: all placeholders are placed as at the beginning of the simulation. Otherwise
   * their present places could keep a job out that fits the cluster, and nothing would ever move them.
   */
  #takeAsAtBegin(job: number, gang: Gang, jobs: Holdings, displaced: Displaced[]): boolean {
    const all = this.#held();
    for (const { placeholder } of all) this.#drop(placeholder);
    const filled = this.#fill().map((p): Displaced => ({ placeholder: p, assignment: NOTHING }));
    if (jobs.take(job, gang) || this.#takeAmong(job, gang, jobs, [])) {
      const known = new Set(displaced.map(({ placeholder }) => placeholder));
      for (const one of [...all, ...filled]) {
        if (known.has(one.placeholder)) continue;
        known.add(one.placeholder);
        displaced.push(one);
      }
      return true;
    }
    this.#putBack(filled);
    this.#putBack(all);
    return false;
  }

  /** The placeholders that hold something, with their assignments. */
  #held(): Displaced[] {
    const held: Displaced[] = [];
    for (let p = 0; p < this.#poolOf.length; p++) {
      if (this.#holdings.pods[p]! > 0)
        held.push({ placeholder: p, assignment: this.#holdings.assignmentOf(p) });
    }
    return held;
  }

  /** Whether a placeholder holds other GPUs than an assignment says. */
  #hasMoved({ placeholder, assignment }: Displaced): boolean {
    const { server, mask, pieces, pods } = this.#holdings.assignmentOf(placeholder);
    return (
      server !== assignment.server ||
      mask !== assignment.mask ||
      pieces !== assignment.pieces ||
      pods !== assignment.pods
    );
  }

  /** Puts back the placeholders that the last placement of a job pushed aside. */
  undo(job: number): void {
    const displaced = this.#displaced.get(job);
    if (displaced === undefined) return;
    this.#displaced.delete(job);
    this.#putBack(displaced);
  }

  /** Takes the same GPUs on this engine that another headroom holds on its own; {@link clear} must follow. */
  adopt(other: Headroom): void {
    for (let p = 0; p < this.#poolOf.length; p++) {
      if (other.#holdings.pods[p]! > 0) this.#restore(p, other.#holdings.assignmentOf(p));
    }
  }

  /** Gives up all GPUs that placeholders hold. */
  clear(): void {
    for (let p = 0; p < this.#poolOf.length; p++) if (this.#holdings.pods[p]! > 0) this.#drop(p);
  }

  /** Gives up the placeholders on a server that takes no more pods; a piece on several servers is given up as a whole. */
  vacate(server: number): void {
    for (let p = 0; p < this.#poolOf.length; p++) {
      if (this.#holdings.pods[p]! > 0 && this.#holdings.isOn(p, server)) this.#drop(p);
    }
  }

  /** Figures from second 0 to now. */
  metrics(): HeadroomMetrics[] {
    return this.#accounts.metrics();
  }

  /** The pools that a job may use. */
  #ownOf(job: number): readonly number[] {
    return this.#poolsOf[this.classOf[job]!]!;
  }

  #gangOf(placeholder: number): Gang {
    return this.#pools[this.#poolOf[placeholder]!]!.gang;
  }

  /**
   * Finds GPUs for placeholders that hold nothing any more: their former GPUs if those are free, otherwise others; those of
   * other pools than the given ones first. False, and some have none, if one of these finds none.
   */
  #placeAnew(displaced: readonly Displaced[], own: readonly number[]): boolean {
    const isOwn = ({ placeholder }: Displaced): boolean => own.includes(this.#poolOf[placeholder]!);
    const others = displaced.filter((one) => !isOwn(one));
    const placesAll = (list: readonly Displaced[]): boolean =>
      list.every((one) => this.#place(one.placeholder));
    if (!placesAll(this.#resumed(others))) {
      // Who stays where it was may be in the way of larger ones.
      for (const { placeholder } of others)
        if (this.#holdings.pods[placeholder]! > 0) this.#drop(placeholder);
      const sizeOf = ({ placeholder }: Displaced): number =>
        this.#accounts.milliOf(this.#poolOf[placeholder]!);
      if (!placesAll([...others].sort((a, b) => sizeOf(b) - sizeOf(a)))) return false;
    }
    // Pieces of one pool are alike: where one does not fit, the next does not.
    let full = -1;
    for (const { placeholder } of this.#resumed(displaced.filter(isOwn))) {
      const pool = this.#poolOf[placeholder]!;
      if (pool !== full && !this.#place(placeholder)) full = pool;
    }
    return true;
  }

  /** Puts placeholders back to where they were as far as that is free; returns the others. */
  #resumed(displaced: readonly Displaced[]): Displaced[] {
    return displaced.filter(({ placeholder, assignment }) => {
      this.#holdings.putAssignment(placeholder, assignment);
      if (this.#holdings.mayTakeAgain(placeholder, this.#gangOf(placeholder))) {
        this.#restore(placeholder, assignment);
        return false;
      }
      this.#holdings.forget(placeholder);
      return true;
    });
  }

  /** Puts placeholders back to where they were, which is free again. */
  #putBack(displaced: readonly Displaced[]): void {
    for (const { placeholder } of displaced)
      if (this.#holdings.pods[placeholder]! > 0) this.#drop(placeholder);
    for (const { placeholder, assignment } of displaced)
      if (assignment.pods > 0) this.#restore(placeholder, assignment);
  }

  #restore(p: number, assignment: Assignment): void {
    this.#holdings.putAssignment(p, assignment);
    this.#holdings.takeAgain(p, this.#gangOf(p));
    this.#count(p, 1);
  }

  #place(p: number): boolean {
    if (!this.#holdings.take(p, this.#gangOf(p))) return false;
    this.#count(p, 1);
    return true;
  }

  #drop(p: number): void {
    this.#holdings.give(p, this.#gangOf(p));
    this.#holdings.forget(p);
    this.#count(p, -1);
  }

  /** Notes that a placeholder holds something now, 1, or nothing any more, -1. */
  #count(p: number, change: 1 | -1): void {
    this.missing -= change;
    this.#accounts.count(this.#poolOf[p]!, change);
  }
}
