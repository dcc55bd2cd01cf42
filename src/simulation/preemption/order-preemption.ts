import { type Assignment, isSamePlace } from '../allocation/holdings.js';
import { RUNNING } from '../jobs/job-state.js';
import { PREEMPTED } from '../jobs/run-log.js';
import type { ClusterRun } from '../kernel/cluster-run.js';
import { ActiveOrder } from './active-order.js';

/**
 * Preemption by order, where counting pods is sufficient. At every pass, from the front of the {@link ActiveOrder},
 * each job gets GPUs if it fits beside jobs that end now or may not be stopped. The other running jobs are stopped.
 *
 * @param jobs - jobs of the simulation
 * @complexity O(n log n) of the jobs that run or wait
 */
export function orderPassByCount(jobs: number): (run: ClusterRun) => void {
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
    // First all stops, then all starts: no job starts on GPUs that are not free yet.
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
 * Preemption by order on any cluster, from the front of the {@link ActiveOrder}:
 * 1. A running job stays where it is.
 * 2. A waiting job starts if it fits; if not, running jobs behind it are suspended, the last one first, except those
 * that end now or may not be stopped.
 * 3. A suspended job stays after all if its GPUs are still free at its turn, or continues elsewhere, which is a move.
 * 4. If a job would move, the choice is made once more without the jobs that were left out. Often no job needs to
 * move then.
 *
 * @param jobs - jobs of the simulation
 * @param requestClasses - distinct request classes, see Allocation
 * @complexity O(waiting × running) moves and decisions of the engine
 */
export function orderPassByPlace(jobs: number, requestClasses: number): (run: ClusterRun) => void {
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

/** A choice of the jobs that hold GPUs. No job begins or stops before the choice is complete. */
class OrderChoice {
  readonly order: ActiveOrder;
  /** Running job → 1 if it is suspended in this choice. */
  readonly #isSuspended: Uint8Array;
  /** The jobs with new GPUs, in the order in which they got them, and the former assignments of running ones. */
  #placed: { readonly job: number; readonly before: Assignment }[] = [];
  /**
   * Request class → the last choice in which it was refused: later jobs of the class have even fewer jobs behind them
   * to suspend.
   */
  readonly #refusedIn: Int32Array;
  #choices = 0;

  constructor(jobs: number, requestClasses: number) {
    this.order = new ActiveOrder(jobs);
    this.#isSuspended = new Uint8Array(jobs);
    this.#refusedIn = new Int32Array(requestClasses);
  }

  /** Makes the choice from the present cluster. Jobs that are suspended already stay so until their turn. */
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
      const before = holdings.assignmentOf(job);
      if (allocation.place(job) || this.#preemptFor(run, at)) {
        this.#isSuspended[job] = 0;
        this.#placed.push({ job, before });
      } else this.#refusedIn[requestClass] = choice;
    }
  }

  /** Whether a running job has other GPUs than before. */
  hasMoves({ holdings, state }: ClusterRun): boolean {
    return this.#placed.some(
      ({ job, before }) => state.status[job] === RUNNING && !isSamePlace(before, holdings.assignmentOf(job)),
    );
  }

  /** Undoes the choice, except that running jobs that it left out stay suspended. */
  takeBack(run: ClusterRun): void {
    const { allocation, holdings, state } = run;
    for (const { job, before } of [...this.#placed].reverse()) {
      allocation.unplace(job);
      holdings.putAssignment(job, before);
    }
    for (const { job } of this.#placed) if (state.status[job] === RUNNING) allocation.resume(job);
    // Refusals of this choice do not count: more is free now than when they were made.
    allocation.returns++;
  }

  /** Stops, moves and starts as chosen. */
  carryOut(run: ClusterRun): void {
    const { holdings, state } = run;
    // First all stops, then all starts.
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
      const after = holdings.assignmentOf(job);
      if (isSamePlace(before, after)) continue;
      holdings.putAssignment(job, before);
      run.move(job, after);
    }
  }

  /** Suspends running jobs, the last first, until the job at a position fits; if it never does, all resume. */
  #preemptFor(run: ClusterRun, position: number): boolean {
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
