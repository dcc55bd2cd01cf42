import { fits, popcount16 } from '../../placement/state/state.js';
import { GPU_MILLI } from '../../units.js';
import type { LookAhead } from '../future/look-ahead.js';
import { SetAside } from '../future/set-aside.js';
import { WHOLE_GPUS } from '../future/window-engine.js';
import type { ClusterRun } from '../kernel/cluster-run.js';

/** Places to try: at most so many for one job, and for all jobs of a pass. */
const TRIES_PER_JOB = 64;
const TRIES_PER_PASS = 256;

/** When a job was refused. While none of these changes, all jobs of its request class are refused without a search. */
interface Refusal {
  readonly head: number;
  /** When the head was promised a start, microseconds. */
  readonly promised: number;
  /** How often GPUs had been given back, see `Allocation.returns`. */
  readonly returns: number;
}

/** A server, and how many pods of the head may be planned on it at most. */
interface Cap {
  readonly server: number;
  readonly pods: number;
}

/**
 * Places jobs so that the head of the queue can still start when it is promised. For each job:
 *
 * 1. It is placed where the policy puts it. If it ends in time, or the head still fits at its time, that is the place.
 * 2. Otherwise the head is planned at its time, the GPUs of the plan are set aside, and the job is placed around them.
 * 3. If that fails, the head is planned with fewer pods on one of the servers of its plan, and step 2 is done again.
 * 4. One pod beside a gang goes through the servers one by one instead of step 3.
 *
 * A place is found whenever there is one if the job or the head is one pod of whole GPUs, with {@link TRIES_PER_JOB} tries
 * on servers that differ and {@link TRIES_PER_PASS} in a pass. For two gangs the search may also miss a place if pods of the
 * head ask for shares or for no GPUs.
 */
export class BesideHead {
  readonly #run: ClusterRun;
  readonly #lookAhead: LookAhead;
  readonly #setAside: SetAside;
  /** Request class → its last refusal. */
  readonly #refusals = new Map<number, Refusal>();
  #head = -1;
  #promised = 0;
  #triesLeft = 0;
  #triesOfJob = 0;

  constructor(run: ClusterRun, lookAhead: LookAhead) {
    this.#run = run;
    this.#lookAhead = lookAhead;
    this.#setAside = new SetAside(run.engine, lookAhead.engine);
  }

  /**
   * Begins a pass, after `LookAhead.begin` for the head.
   *
   * @param promised - when the head is promised a start, microseconds
   */
  begin(head: number, promised: number): void {
    this.#head = head;
    this.#promised = promised;
    this.#triesLeft = TRIES_PER_PASS;
  }

  /**
   * Places a job behind the head if it fits and the head can still start in time: steps 1 to 4.
   *
   * @returns true if the job is placed; it is then to begin
   */
  place(job: number): boolean {
    const run = this.#run;
    const mayEnd = run.now + run.times.estimateOfRun(job) <= this.#promised;
    if (!mayEnd && this.#isRefused(job)) return false;
    if (!run.allocation.place(job)) return false;
    if (this.#leavesPromise(job)) return true;
    run.allocation.unplace(job);
    if (this.#placeElsewhere(job)) return true;
    if (!mayEnd && this.#triesLeft > 0) this.#refuse(job);
    return false;
  }

  #isRefused(job: number): boolean {
    const refusal = this.#refusals.get(this.#run.allocation.requestClassOf(job));
    return (
      refusal?.head === this.#head &&
      refusal.promised === this.#promised &&
      refusal.returns === this.#run.allocation.returns
    );
  }

  #refuse(job: number): void {
    const { allocation } = this.#run;
    this.#refusals.set(allocation.requestClassOf(job), {
      head: this.#head,
      promised: this.#promised,
      returns: allocation.returns,
    });
  }

  /** True if the head still fits at its time beside a job that has just been placed. A job that ends by then is taken out. */
  #leavesPromise(job: number): boolean {
    const run = this.#run;
    if (run.times.expectedEnd(job) > this.#promised) return this.#lookAhead.fits(run);
    this.#lookAhead.takeOut(run, job);
    return true;
  }

  /** True if there may be enough GPUs in number for a job beside the head. A count is cheaper than a search. */
  #mayFitBeside(job: number): boolean {
    const run = this.#run;
    if (this.#lookAhead.spareMilli(run) < run.leastMilliOf(job)) return false;
    const { podsMin, need } = run.gangOf(job);
    const head = run.gangOf(this.#head);
    const isWhole = need.gpuMilli === GPU_MILLI && head.need.gpuMilli === GPU_MILLI;
    // Each pod of the job takes the place of at least so many pods of the head.
    const fewer = isWhole ? podsMin * Math.floor(need.gpus / head.need.gpus) : 0;
    return fewer === 0 || this.#lookAhead.mostPods(run, head.podsMin + fewer) >= head.podsMin + fewer;
  }

  /** Steps 2 to 4. */
  #placeElsewhere(job: number): boolean {
    const run = this.#run;
    if (!this.#mayFitBeside(job)) return false;
    const { podsMin } = run.gangOf(job);
    this.#triesOfJob = TRIES_PER_JOB;
    const isForOnePod = podsMin === 1 && run.gangOf(job).pods === 1;
    if (!isForOnePod || run.gangOf(this.#head).pods === 1) return this.#placeAround(job, [], new Set());
    // Most jobs fit around the first plan of the head.
    this.#triesOfJob = 1;
    if (this.#placeAround(job, [], new Set())) return true;
    this.#triesOfJob = TRIES_PER_JOB;
    return this.#placeServerByServer(job);
  }

  #maySpendTry(): boolean {
    if (this.#triesLeft === 0 || this.#triesOfJob === 0) return false;
    this.#triesLeft--;
    this.#triesOfJob--;
    return true;
  }

  /**
   * Steps 2 and 3: places a job around a plan of the head within the caps. If it does not fit, it needs GPUs that this plan
   * takes on some server, so plans with fewer pods there are tried, server by server.
   *
   * @param known - caps that have been tried
   */
  #placeAround(job: number, caps: readonly Cap[], known: Set<string>): boolean {
    if (!this.#maySpendTry()) return false;
    const run = this.#run;
    const head = run.gangOf(this.#head);
    const plan = this.#planWithin(caps);
    if (plan === undefined) return false;
    const isExact =
      head.need.places !== undefined ||
      run.allocation.headroom !== undefined ||
      run.gangOf(job).need.gpuMilli < GPU_MILLI;
    const podsOn = this.#setAside.take(head.need, plan, isExact);
    const isPlaced = run.allocation.placeApart(job);
    this.#setAside.clear();
    if (isPlaced) {
      if (this.#leavesPromise(job)) return true;
      run.allocation.unplace(job);
    }
    const tried = new Set<number>();
    for (const [server, pods] of podsOn) {
      if (tried.has(server) || !fits(run.engine.tables, run.engine.state, run.gangOf(job).need, server))
        continue;
      const alike = this.#serversLike(server, job);
      for (const like of alike) if (podsOn.get(like) === pods) tried.add(like);
      const capped = head.pods === 1 ? alike : [server];
      const next = [...caps, ...capped.map((like) => ({ server: like, pods: pods - 1 }))];
      const key = [...new Map(next.map((cap) => [cap.server, cap.pods]))].sort(byServer).join(';');
      if (known.has(key)) continue;
      known.add(key);
      if (this.#placeAround(job, next, known)) return true;
    }
    return false;
  }

  /** A plan of the head at its time within the caps; undefined if there is none. */
  #planWithin(caps: readonly Cap[]): ReturnType<LookAhead['plan']> {
    const { engine } = this.#lookAhead;
    const { need } = this.#run.gangOf(this.#head);
    const undo: (() => void)[] = [];
    // If pods cannot be counted by whole GPUs, a server with a cap takes no pods of the head.
    const byCount =
      need.gpuMilli === GPU_MILLI && need.places === undefined && this.#run.allocation.headroom === undefined;
    for (const [server, pods] of new Map(caps.map((cap) => [cap.server, cap.pods]))) {
      const free = engine.state.freeMask[server]!;
      let taken = free;
      if (byCount && pods > 0) {
        while (taken !== 0 && popcount16(free & ~taken) < pods * need.gpus) taken &= taken - 1;
      }
      if (byCount) {
        engine.take(WHOLE_GPUS, server, taken);
        undo.push(() => engine.give(WHOLE_GPUS, server, taken));
      } else if (engine.state.cordoned[server] === 0) {
        engine.setCordoned(server, true);
        undo.push(() => engine.setCordoned(server, false));
      }
    }
    const plan = this.#lookAhead.plan(this.#run);
    for (const step of undo) step();
    return plan;
  }

  /** Step 4: tries one server after another, but only one of servers that are alike, see {@link #serversLike}. */
  #placeServerByServer(job: number): boolean {
    const run = this.#run;
    const closed: number[] = [];
    let isPlaced = false;
    // Each turn spends one of a bounded number of tries, so the loop ends.
    while (!isPlaced && this.#maySpendTry() && run.allocation.placeApart(job)) {
      const server = run.holdings.server[job]!;
      isPlaced = this.#leavesPromise(job);
      if (isPlaced) break;
      run.allocation.unplace(job);
      for (const like of this.#serversLike(server, job)) {
        run.engine.setCordoned(like, true);
        closed.push(like);
      }
    }
    for (const server of closed) run.engine.setCordoned(server, false);
    return isPlaced;
  }

  /** Servers on which the job and the head fit exactly as they do on one server; that one is among them. */
  #serversLike(server: number, job: number): number[] {
    const run = this.#run;
    const { tables, state } = run.engine;
    const later = this.#lookAhead.engine.state;
    const { levelCount } = tables.fabric;
    const isAnywhere = [job, this.#head].every((one) => {
      const { requireLevel, slicePods, pods } = run.gangOf(one);
      return pods === 1 || (requireLevel === levelCount - 1 && slicePods === 1);
    });
    const isWhole = [job, this.#head].every((one) => {
      const { need } = run.gangOf(one);
      return need.places === undefined && (need.gpus === 0 || need.gpuMilli === GPU_MILLI);
    });
    if (!isWhole) return [server];
    const isLike = (other: number): boolean =>
      state.cordoned[other] === 0 &&
      tables.shapeOf[other] === tables.shapeOf[server] &&
      (isAnywhere || tables.fabric.groupOf[other] === tables.fabric.groupOf[server]) &&
      [state, later].every(
        ({ freeMask, cpuFreeMilli, memoryFreeMiB }) =>
          popcount16(freeMask[other]!) === popcount16(freeMask[server]!) &&
          cpuFreeMilli[other] === cpuFreeMilli[server] &&
          memoryFreeMiB[other] === memoryFreeMiB[server],
      );
    const alike: number[] = [];
    for (let other = 0; other < tables.serverCount; other++) if (isLike(other)) alike.push(other);
    return alike;
  }
}

function byServer(
  a: readonly [server: number, pods: number],
  b: readonly [server: number, pods: number],
): number {
  return a[0] - b[0];
}
