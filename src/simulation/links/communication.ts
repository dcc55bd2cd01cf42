import type { PlacementEngine } from '../../placement/engine.js';
import type { Note } from '../allocation/holdings.js';
import type { ClusterRun, Speeds } from '../kernel/cluster-run.js';
import { LinkSharing } from './link-sharing.js';

/** However little a job communicates over, it is not slowed down by more: else it would never end. */
const SPEED_MIN = 1e-6;

/**
 * How much longer jobs take for want of bandwidth: 1 - f + f · rated / reached as long, f the share of the run time that is
 * communication at the rated bandwidth. What a job reaches is that of its placement, or its share of the uplinks and
 * ports that it crosses if that is less, from one change to the next.
 *
 * A job loads links from when it begins to compute to the end of its run. The steps of a restart load none, hidden or exposed:
 * launch and rendezvous send little, loading a checkpoint is no collective and crosses other links on its way from the store,
 * warming up is compiling. Checkpoint stalls are not told apart from compute: a job keeps its share of the links.
 */
export class Communication implements Speeds {
  readonly #run: ClusterRun;
  readonly #links: LinkSharing | undefined;
  /** Gang → what it reaches in the empty cluster, once somebody asked; -1 before. */
  readonly #emptyGBps: Float64Array;
  readonly #empty: PlacementEngine;
  /** Code of the event that a restarted job computes from then on. */
  readonly #computeEvent: number;

  /**
   * @param empty - an engine on which nothing is placed
   * @param sharesLinks - whether others slow a job down
   */
  constructor(run: ClusterRun, empty: PlacementEngine, sharesLinks: boolean) {
    this.#run = run;
    this.#empty = empty;
    const { engine, holdings, table } = run;
    const nicGBpsOf = (kind: number): Float64Array => engine.setTablesOf(kind).nicGBps;
    this.#links = sharesLinks ? new LinkSharing(engine.tables, holdings, table.count, nicGBpsOf) : undefined;
    this.#emptyGBps = new Float64Array(run.table.gangs.length).fill(-1);
    this.#computeEvent = run.loop.register('compute', {
      handle: (job) => this.#onCompute(job),
      isStale: (job, stamp) => run.state.stamp[job] !== stamp,
    });
  }

  /**
   * The speed of a job that begins a run. If it computes at once it slows down whom it shares links with, otherwise it does
   * when it begins to, and its speed until then is what it would be alone.
   */
  enter(job: number): number {
    if (!this.#communicates(job)) return this.#speed(job, Number.POSITIVE_INFINITY);
    const { loop, holdings, now, state } = this.#run;
    const begin = state.computeBegin[job]!;
    if (this.#links === undefined || begin > now) {
      if (this.#links !== undefined) loop.plan(this.#computeEvent, begin, job, state.stamp[job]!);
      return this.#speed(job, holdings.bandwidthGBps[job]!);
    }
    this.#links.enter(job);
    this.#apply(job);
    return this.#speed(job, this.#links.rateGBps[job]!);
  }

  /** A job begins to compute, after the steps of a restart. */
  #onCompute(job: number): void {
    this.#links!.enter(job);
    this.#apply(-1);
  }

  /** Takes a job off its links; whom it shared them with speeds up. */
  leave(job: number): void {
    if (this.#links === undefined) return;
    this.#links.leave(job);
    this.#apply(-1);
  }

  /**
   * The speed that a job that computes would have with what a note says, among the jobs of now. Others may come out a rounding
   * away from before; their speeds stay as they are until something changes.
   */
  speedAt(job: number, note: Note): number {
    const { holdings } = this.#run;
    const before = holdings.noteOf(job);
    this.#links?.leave(job);
    holdings.putNote(job, note);
    let speed: number;
    if (this.#links === undefined || !this.#communicates(job)) {
      speed = this.#speed(job, this.#communicates(job) ? note.bandwidthGBps : Number.POSITIVE_INFINITY);
    } else {
      this.#links.enter(job);
      speed = this.#speed(job, this.#links.rateGBps[job]!);
      this.#links.leave(job);
    }
    holdings.putNote(job, before);
    if (this.#communicates(job)) this.#links?.enter(job);
    return speed;
  }

  #communicates(job: number): boolean {
    return (
      this.#run.table.communicationFraction[job]! > 0 && !Number.isNaN(this.#run.holdings.bandwidthGBps[job]!)
    );
  }

  /** Passes new rates on, but to the one that is not running yet. */
  #apply(except: number): void {
    const { changed, rateGBps } = this.#links!;
    for (const job of changed) {
      if (job !== except) this.#run.setSpeed(job, this.#speed(job, rateGBps[job]!));
    }
  }

  #speed(job: number, reachedGBps: number): number {
    const { table, holdings } = this.#run;
    const gang = table.gangs[table.gangOf[job]!]!;
    const share = holdings.pods[job]! / gang.pods;
    const fraction = table.communicationFraction[job]!;
    const rated = fraction === 0 ? 0 : this.#ratedGBps(job);
    if (!(reachedGBps < rated)) return share;
    return Math.max(SPEED_MIN, share / (1 - fraction + (fraction * rated) / reachedGBps));
  }

  #ratedGBps(job: number): number {
    const { table } = this.#run;
    const given = table.ratedGBps[job]!;
    if (!Number.isNaN(given)) return given;
    const at = table.gangOf[job]!;
    if (this.#emptyGBps[at] === -1) this.#emptyGBps[at] = this.#reachedInEmpty(at);
    return this.#emptyGBps[at]!;
  }

  #reachedInEmpty(at: number): number {
    const gang = this.#run.table.gangs[at]!;
    const empty = this.#empty;
    if (gang.pods === 1) return empty.decide(gang.need) ? (empty.bandwidthGBps ?? 0) : 0;
    return empty.plan(gang)?.bandwidthGBps ?? 0;
  }
}
