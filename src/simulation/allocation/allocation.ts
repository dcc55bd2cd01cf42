import type { ClusterTables } from '../../compile/cluster-tables.js';
import type { PlacementEngine } from '../../placement/engine.js';
import type { Gang } from '../../placement/gangs/gang.js';
import { GPU_MILLI } from '../../units.js';
import type { JobTable } from '../jobs/job-table.js';
import type { Headroom } from './headroom.js';
import { Holdings } from './holdings.js';

/**
 * Gives GPUs to jobs and takes them back, while a pass decides. A pass places and suspends jobs here before it starts or stops any.
 * Refusals are remembered: a request class that did not fit is tried again only after something was given back.
 */
export class Allocation {
  readonly holdings: Holdings;
  /** True if counting pods is sufficient to know what fits; see {@link podUnits}. */
  readonly isCounted: boolean;
  /** Pods that fit now, where counting is sufficient; otherwise 0. */
  freeUnits: number;
  /** Thousandths of GPUs that jobs hold now. */
  heldMilli = 0;
  /** Headroom, if there is any. */
  headroom: Headroom | undefined;
  /** Number of times that GPUs were given back. */
  returns = 0;
  readonly engine: PlacementEngine;
  readonly #table: JobTable;
  /** Request class → the number of returns after which it was found not to fit: until the next one it still does not. */
  #refusedAt: Int32Array;

  constructor(table: JobTable, engine: PlacementEngine, options: { counts: boolean }) {
    this.#table = table;
    this.engine = engine;
    this.holdings = new Holdings(engine, table.count);
    const units = options.counts ? podUnits(engine.tables, table.gangs) : undefined;
    this.isCounted = units !== undefined;
    this.freeUnits = units ?? 0;
    this.#refusedAt = new Int32Array(table.gangs.length).fill(-1);
  }

  /** Keeps headroom free from now on. */
  keepHeadroom(headroom: Headroom): void {
    this.headroom = headroom;
    this.#refusedAt = new Int32Array(this.requestClassCount).fill(-1);
  }

  /** Keeps a second engine equal to the cluster from now on, for passes that look ahead. */
  keepMirror(mirror: PlacementEngine): void {
    this.holdings.mirror = mirror;
  }

  /** Distinct request classes; see {@link requestClassOf}. */
  get requestClassCount(): number {
    return this.#table.gangs.length * (this.headroom?.classCount ?? 1);
  }

  /** Jobs of one class ask for the same gang and may use the same headroom, so all of them fit or none does. */
  requestClassOf(job: number): number {
    const gang = this.#table.gangOf[job]!;
    return this.headroom === undefined ? gang : gang * this.headroom.classCount + this.headroom.classOf[job]!;
  }

  /** Gives a job its GPUs, if it fits, and nothing else yet. */
  place(job: number): boolean {
    return this.placeAs(job, this.#gangOf(job));
  }

  /**
   * The same for a gang that is the job's own but for how many pods it has.
   *
   * @param gang - the job's, or one with other `pods` and `podsMin`
   */
  placeAs(job: number, gang: Gang): boolean {
    if (this.isCounted) {
      if (gang.pods > this.freeUnits || !this.holdings.take(job, gang)) return false;
      this.freeUnits -= gang.pods;
      this.heldMilli += this.#milliOf(job);
      return true;
    }
    const requestClass = gang === this.#gangOf(job) ? this.requestClassOf(job) : -1;
    if (requestClass !== -1 && this.#refusedAt[requestClass] === this.returns) return false;
    const isPlaced =
      this.headroom === undefined
        ? this.holdings.take(job, gang)
        : this.#takeBeside(this.headroom, job, gang);
    if (isPlaced) this.heldMilli += this.#milliOf(job);
    else if (requestClass !== -1) this.#refusedAt[requestClass] = this.returns;
    return isPlaced;
  }

  /** Whether a job fits now; nothing is placed. */
  fits(job: number): boolean {
    if (!this.place(job)) return false;
    this.unplace(job);
    return true;
  }

  /** As {@link place}, while free GPUs are set aside for others. A refusal is not remembered. */
  placeApart(job: number): boolean {
    const requestClass = this.requestClassOf(job);
    const before = this.#refusedAt[requestClass]!;
    const isPlaced = this.place(job);
    this.#refusedAt[requestClass] = before;
    return isPlaced;
  }

  #takeBeside(headroom: Headroom, job: number, gang: Gang): boolean {
    const { missing } = headroom;
    const freeMilli = this.engine.tables.gpuCount * GPU_MILLI - this.heldMilli;
    if (!headroom.takeBeside(job, gang, this.holdings, freeMilli)) return false;
    // A job may take a part of a placeholder's GPUs; the rest becomes free for all.
    if (headroom.missing > missing) this.returns++;
    return true;
  }

  /** Undoes the last {@link place}, of a job that has not begun. Remembered refusals stay valid. */
  unplace(job: number): void {
    this.suspend(job);
    this.returns--;
    this.holdings.forget(job);
    this.headroom?.undo(job);
  }

  /** Takes the GPUs of a running job away, to see who else fits; its assignment is kept. */
  suspend(job: number): void {
    const gang = this.#gangOf(job);
    this.holdings.give(job, gang);
    this.freeUnits += this.isCounted ? gang.pods : 0;
    this.heldMilli -= this.#milliOf(job);
    this.returns++;
  }

  /** Gives a suspended job its GPUs again; they must be free. */
  resume(job: number): void {
    const gang = this.#gangOf(job);
    this.holdings.takeAgain(job, gang);
    this.freeUnits -= this.isCounted ? gang.pods : 0;
    this.heldMilli += this.#milliOf(job);
  }

  /** Gives back what a job holds, for good. */
  release(job: number): void {
    this.suspend(job);
    this.holdings.forget(job);
  }

  /** Sets whether a server is cordoned. */
  setInUse(server: number, inUse: boolean): void {
    this.holdings.setCordoned(server, !inUse);
    if (!inUse) this.headroom?.vacate(server);
    // This also gives up headroom on other servers that belongs to a piece on this one.
    if (inUse || this.headroom !== undefined) this.returns++;
  }

  /** Thousandths of GPUs of a job, by its assignment. */
  #milliOf(job: number): number {
    return this.holdings.pods[job]! * this.#gangOf(job).need.totalGpuMilli;
  }

  #gangOf(job: number): Gang {
    return this.#table.gangs[this.#table.gangOf[job]!]!;
  }
}

/**
 * Pods that the empty cluster holds, where counting pods is sufficient to know what fits: every pod of every job asks for the same
 * number of whole GPUs on any server, and for nothing else. Then a gang fits exactly if as many pods fit as it has.
 *
 * @returns undefined where counting is not sufficient
 */
export function podUnits(tables: ClusterTables, gangs: readonly Gang[]): number | undefined {
  const gpus = gangs[0]?.need.gpus ?? 0;
  if (gpus === 0) return undefined;
  for (const gang of gangs) {
    const { need } = gang;
    const isFree = gang.requireLevel === tables.fabric.levelCount - 1 && gang.slicePods === 1;
    if (!need.isPlain || need.gpus !== gpus || need.allowedShapes !== undefined) return undefined;
    if (!isFree || gang.podsMin !== gang.pods) return undefined;
  }
  let units = 0;
  for (let s = 0; s < tables.serverCount; s++) {
    units += Math.floor(tables.shapeGpus[tables.shapeOf[s]!]! / gpus);
  }
  return units;
}
