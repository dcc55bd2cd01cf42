import { fits, popcount16 } from '../../placement/state/state.js';
import { GPU_MILLI } from '../../units.js';
import type { LookAhead } from '../future/look-ahead.js';
import { SetAside } from '../future/set-aside.js';
import { WHOLE } from '../future/window-engine.js';
import type { ClusterRun } from '../kernel/cluster-run.js';

/** Places that are tried for one job, and in one pass, before it has to wait. */
const TRIES_PER_JOB = 64;
const TRIES_PER_PASS = 256;

/** What a job was refused for; while nothing of it changes, whoever asks for the same is refused too. */
interface Refusal {
  readonly head: number;
  readonly promised: number;
  readonly returns: number;
}

/** A server, and the most pods of the head of the queue that may be planned there. */
interface Cap {
  readonly server: number;
  readonly pods: number;
}

/**
 * Places jobs beside the head of the queue: on GPUs that leave it the start it is promised. The policy's own place comes
 * first. If the head does not fit beside that, its GPUs are planned and set aside, and the job is placed around them; then
 * around other plans of the head; then, if it is one pod and the head is a gang, on every other server in turn.
 *
 * If the job or the head is one pod of whole GPUs, anywhere on its server, a place is found if there is any, within
 * {@link TRIES_PER_JOB} unlike servers and {@link TRIES_PER_PASS} in a pass. For two gangs the search ends there too, and it
 * may overlook a place where the pods of the head ask for shares or for no GPUs.
 */
export class BesideHead {
  readonly #run: ClusterRun;
  readonly #lookAhead: LookAhead;
  readonly #setAside: SetAside;
  /** Request class → what its last refusal was for. */
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

  /** Begins a pass: the look ahead shows the cluster at the time that is promised to the head. */
  begin(head: number, promised: number): void {
    this.#head = head;
    this.#promised = promised;
    this.#triesLeft = TRIES_PER_PASS;
  }

  /**
   * Gives a job GPUs, if it fits and leaves the promise standing; what ends by then is taken out of the look ahead.
   *
   * @returns whether it has them
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

  /** Whether a job that has just been placed leaves the promise standing. */
  #leavesPromise(job: number): boolean {
    const run = this.#run;
    if (run.times.expectedEnd(job) > this.#promised) return this.#lookAhead.fits(run);
    this.#lookAhead.takeOut(run, job);
    return true;
  }

  /** Whether there may be room for a job beside the head, in number: a pod takes away at least the pods that it is as large as. */
  #mayFitBeside(job: number): boolean {
    const run = this.#run;
    const { podsMin, need } = run.gangOf(job);
    if (this.#lookAhead.spareMilli(run) < podsMin * need.totalGpuMilli) return false;
    const head = run.gangOf(this.#head);
    const isWhole = need.gpuMilli === GPU_MILLI && head.need.gpuMilli === GPU_MILLI;
    const fewer = isWhole ? podsMin * Math.floor(need.gpus / head.need.gpus) : 0;
    return fewer === 0 || this.#lookAhead.mostPods(run, head.podsMin + fewer) >= head.podsMin + fewer;
  }

  #placeElsewhere(job: number): boolean {
    const run = this.#run;
    if (!this.#mayFitBeside(job)) return false;
    const { podsMin } = run.gangOf(job);
    this.#triesOfJob = TRIES_PER_JOB;
    const isForOnePod = podsMin === 1 && run.gangOf(job).pods === 1;
    if (!isForOnePod || run.gangOf(this.#head).pods === 1) return this.#placeAround(job, [], new Set());
    // Around the first plan of the head most fit.
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
   * Places a job around plans of the head that keep to the caps. Whoever fits beside no plan of these needs what the plan at
   * hand has on some server: so one with fewer pods there comes next.
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

  /** A plan of the head at its time, with no more pods on some servers than these may have. */
  #planWithin(caps: readonly Cap[]): ReturnType<LookAhead['plan']> {
    const { engine } = this.#lookAhead;
    const { need } = this.#run.gangOf(this.#head);
    const undo: (() => void)[] = [];
    // Elsewhere the head does without the whole server.
    const byCount =
      need.gpuMilli === GPU_MILLI && need.places === undefined && this.#run.allocation.headroom === undefined;
    for (const [server, pods] of new Map(caps.map((cap) => [cap.server, cap.pods]))) {
      const free = engine.state.freeMask[server]!;
      let taken = free;
      if (byCount && pods > 0) {
        while (taken !== 0 && popcount16(free & ~taken) < pods * need.gpus) taken &= taken - 1;
      }
      if (byCount) {
        engine.take(WHOLE, server, taken);
        undo.push(() => engine.give(WHOLE, server, taken));
      } else if (engine.state.cordoned[server] === 0) {
        engine.setCordoned(server, true);
        undo.push(() => engine.setCordoned(server, false));
      }
    }
    const plan = this.#lookAhead.plan(this.#run);
    for (const step of undo) step();
    return plan;
  }

  /** Tries one server after another, none that is like one where the head did not fit beside the job. */
  #placeServerByServer(job: number): boolean {
    const run = this.#run;
    const closed: number[] = [];
    let isPlaced = false;
    // Each turn closes a server, and spends one of a bounded number of tries.
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

  /** Servers that take pods and that neither the job nor the head can tell from one, that one included. */
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
