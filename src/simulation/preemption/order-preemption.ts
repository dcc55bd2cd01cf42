import { isSamePlace, type Note } from '../allocation/holdings.js';
import { RUNNING } from '../jobs/job-state.js';
import { PREEMPTED } from '../jobs/run-log.js';
import type { ClusterRun } from '../kernel/cluster-run.js';
import { ActiveOrder } from './active-order.js';

/**
 * Preemption by order, where counting pods is enough: at every pass, from the front of the {@link ActiveOrder}, whoever
 * still fits beside the jobs that end now, or may not be stopped, holds GPUs. Whom that leaves out is stopped.
 *
 * @param jobs - jobs of the simulation
 * @complexity O(n log n) of the jobs that run or wait
 */
export function countedOrderPass(jobs: number): (run: ClusterRun) => void {
  const order = new ActiveOrder(jobs);
  const isChosen = new Uint8Array(jobs);
  return (run) => {
    const { state, waiting, settings } = run;
    order.refresh(run);
    const isRunning = (job: number): boolean => state.status[job] === RUNNING;
    let units = run.allocation.freeUnits;
    for (const job of order.jobs) if (isRunning(job) && run.mayStop(job)) units += run.gangOf(job).pods;
    for (const job of order.jobs) {
      const { pods } = run.gangOf(job);
      const stays = isRunning(job) && !run.mayStop(job);
      isChosen[job] = stays || pods <= units ? 1 : 0;
      if (isChosen[job] === 1 && !stays) units -= pods;
    }
    // First all who leave, then all who come: nobody starts on GPUs that are not free yet.
    for (const job of order.jobs) {
      if (isChosen[job] === 1 || !isRunning(job)) continue;
      run.stop(job, PREEMPTED, { keeps: settings.preemptedKeeps, holdsOn: false });
      run.enqueue(job);
    }
    for (let at = waiting.start; at < waiting.end; ) {
      if (isChosen[waiting.jobs[at]!] === 0 || !run.start(waiting.jobs[at]!)) at++;
      else {
        waiting.removeAt(at);
        at = Math.max(at, waiting.start);
      }
    }
  };
}

/**
 * Preemption by order on any cluster. From the front of the {@link ActiveOrder}: a running job stays where it is; a waiting
 * one starts if it fits, if need be in place of running jobs behind it, the last one first, but for those that end now or may not be stopped. Whom
 * that moves out stays after all if its GPUs are still free when its turn comes, or goes on elsewhere, which is a move. Where
 * somebody would move, the same is tried with those gone from the beginning who are left out: then often nobody has to.
 *
 * @param jobs - jobs of the simulation
 * @param requestClasses - distinct request classes, see Allocation
 * @complexity O(waiting × running) moves and decisions of the engine
 */
export function orderPass(jobs: number, requestClasses: number): (run: ClusterRun) => void {
  const choice = new OrderChoice(jobs, requestClasses);
  return (run) => {
    choice.order.refresh(run);
    choice.choose(run);
    if (choice.hasMoves(run)) {
      choice.takeBack(run);
      choice.choose(run);
    }
    choice.carryOut(run);
  };
}

/** Who is to hold which GPUs. Nobody begins or stops before that is settled. */
class OrderChoice {
  readonly order: ActiveOrder;
  /** Running job → whether its GPUs are taken away for the moment. */
  readonly #isSuspended: Uint8Array;
  /** Who has new GPUs, in the order in which they got them, and what a running one held before. */
  #placed: { readonly job: number; readonly before: Note }[] = [];
  /** Request class → the choice in which nobody was left to make room for it: who comes later has even fewer behind. */
  readonly #refusedIn: Int32Array;
  #choices = 0;

  constructor(jobs: number, requestClasses: number) {
    this.order = new ActiveOrder(jobs);
    this.#isSuspended = new Uint8Array(jobs);
    this.#refusedIn = new Int32Array(requestClasses);
  }

  /** Chooses, from the cluster as it is, without those who are suspended already unless their turn comes. */
  choose(run: ClusterRun): void {
    const { allocation, holdings, state } = run;
    const inOrder = this.order.jobs;
    const choice = ++this.#choices;
    this.#placed = [];
    for (let at = 0; at < inOrder.length; at++) {
      const job = inOrder[at]!;
      if (state.status[job] === RUNNING) {
        if (this.#isSuspended[job] === 0) continue;
        if (holdings.mayTakeAgain(job, run.gangOf(job))) {
          allocation.resume(job);
          this.#isSuspended[job] = 0;
          continue;
        }
      }
      const requestClass = allocation.requestClassOf(job);
      if (this.#refusedIn[requestClass] === choice) continue;
      const before = holdings.noteOf(job);
      if (allocation.place(job) || this.#makeRoom(run, at)) {
        this.#isSuspended[job] = 0;
        this.#placed.push({ job, before });
      } else this.#refusedIn[requestClass] = choice;
    }
  }

  /** Whether a running job has other GPUs than before. */
  hasMoves({ holdings, state }: ClusterRun): boolean {
    return this.#placed.some(
      ({ job, before }) => state.status[job] === RUNNING && !isSamePlace(before, holdings.noteOf(job)),
    );
  }

  /** Undoes the choice, but for the running jobs that it leaves out: these stay suspended. */
  takeBack(run: ClusterRun): void {
    const { allocation, holdings, state } = run;
    for (const { job, before } of [...this.#placed].reverse()) {
      allocation.unplace(job);
      holdings.putNote(job, before);
    }
    for (const { job } of this.#placed) if (state.status[job] === RUNNING) allocation.resume(job);
    // Whoever was refused meanwhile was refused for less room.
    allocation.returns++;
  }

  /** Stops, moves and starts as chosen. */
  carryOut(run: ClusterRun): void {
    const { holdings, state } = run;
    // First all who leave, then all who come.
    for (const job of this.order.jobs) {
      if (this.#isSuspended[job] === 0) continue;
      this.#isSuspended[job] = 0;
      run.evict(job);
    }
    for (const { job, before } of this.#placed) {
      if (state.status[job] !== RUNNING) {
        run.waiting.remove(job);
        run.begin(job, 0);
        continue;
      }
      const after = holdings.noteOf(job);
      if (isSamePlace(before, after)) continue;
      holdings.putNote(job, before);
      run.move(job, after);
    }
  }

  /** Suspends running jobs, the last first, until the one at a position fits; if it never does, all resume. */
  #makeRoom(run: ClusterRun, position: number): boolean {
    const { state, allocation } = run;
    const inOrder = this.order.jobs;
    const suspended: number[] = [];
    for (let at = inOrder.length - 1; at > position; at--) {
      const job = inOrder[at]!;
      if (state.status[job] !== RUNNING || this.#isSuspended[job] === 1 || !run.mayStop(job)) continue;
      allocation.suspend(job);
      this.#isSuspended[job] = 1;
      suspended.push(job);
      if (allocation.place(inOrder[position]!)) return true;
    }
    for (const job of suspended) {
      allocation.resume(job);
      this.#isSuspended[job] = 0;
    }
    return false;
  }
}
