import type { PlacementEngine } from '../../placement/engine.js';
import type { Assignment } from '../allocation/holdings.js';
import type { ClusterRun, Speeds } from '../kernel/cluster-run.js';
import { LinkSharing } from './link-sharing.js';

/** The least speed of a job: with a speed of 0 it would never end. */
const SPEED_MIN = 1e-6;

/**
 * The slowdown of jobs by communication: a job takes 1 - f + f · rated / reached as long, with f the share of the run
 * time that is communication at the rated bandwidth. The bandwidth that it reaches is that of its placement, or less
 * where it shares uplinks and ports; it changes whenever the sharing does.
 *
 * A job loads links from when it begins to compute to the end of its run. Restart steps load no links: launch and
 * rendezvous send little, loading a checkpoint uses other links to the store, warming up is compiling. Checkpoint
 * stalls are treated as compute: a job keeps its share of the links.
 */
export class Communication implements Speeds {
  readonly #run: ClusterRun;
  readonly #links: LinkSharing | undefined;
  /** Gang → the bandwidth that it reaches in the empty cluster; -1 = not computed yet. */
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
   * The speed of a job that begins a run. If it computes at once, it slows down the jobs that share links with it.
   * Otherwise it does so when it begins to compute; until then its speed is the one it would have alone.
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

  /** Takes a job off its links; the jobs that shared them get faster. */
  leave(job: number): void {
    if (this.#links === undefined) return;
    this.#links.leave(job);
    this.#apply(-1);
  }

  /**
   * The speed that a computing job would have with an assignment, among the present jobs. The speeds of other jobs
   * may differ from before by rounding; they are set only at the next change.
   */
  speedAt(job: number, assignment: Assignment): number {
    const { holdings } = this.#run;
    const before = holdings.assignmentOf(job);
    this.#links?.leave(job);
    holdings.putAssignment(job, assignment);
    let speed: number;
    if (this.#links === undefined || !this.#communicates(job)) {
      speed = this.#speed(job, this.#communicates(job) ? assignment.bandwidthGBps : Number.POSITIVE_INFINITY);
    } else {
      this.#links.enter(job);
      speed = this.#speed(job, this.#links.rateGBps[job]!);
      this.#links.leave(job);
    }
    holdings.putAssignment(job, before);
    if (this.#communicates(job)) this.#links?.enter(job);
    return speed;
  }

  #communicates(job: number): boolean {
    return (
      this.#run.table.communicationFraction[job]! > 0 && !Number.isNaN(this.#run.holdings.bandwidthGBps[job]!)
    );
  }

  /** Sets the new speeds of jobs, except of the one that does not run yet. */
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
