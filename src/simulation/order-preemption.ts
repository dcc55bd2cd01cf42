import { ActiveOrder } from './active-order.js';
import type { ClusterRun } from './cluster-run.js';
import { RUNNING } from './job-state.js';
import { PREEMPTED } from './run-log.js';

/**
 * Preemption by order, where counting pods is enough: at every pass, from the front of the {@link ActiveOrder}, whoever
 * still fits holds GPUs. Whom that leaves out is stopped.
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
    let units = run.allocation.freeUnits;
    for (const job of order.jobs) if (state.status[job] === RUNNING) units += run.gangOf(job).pods;
    for (const job of order.jobs) {
      const { pods } = run.gangOf(job);
      isChosen[job] = pods <= units ? 1 : 0;
      if (isChosen[job] === 1) units -= pods;
    }
    // First all who leave, then all who come: nobody starts on GPUs that are not free yet.
    for (const job of order.jobs) {
      if (isChosen[job] === 1 || state.status[job] !== RUNNING) continue;
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
 * one starts if it fits, if need be in place of running jobs behind it, the last one first. Who was moved out stays after
 * all if its GPUs are still free when its turn comes, or starts elsewhere, which counts as a preemption.
 *
 * @param jobs - jobs of the simulation
 * @param askers - distinct askers, see Allocation
 * @complexity O(waiting × running) moves and decisions of the engine
 */
export function orderPass(jobs: number, askers: number): (run: ClusterRun) => void {
  const order = new ActiveOrder(jobs);
  const isSuspended = new Uint8Array(jobs);
  /** Asker → the pass in which nobody was left to make room for it: who comes later has even fewer behind. */
  const refusedIn = new Int32Array(askers);
  let passes = 0;
  return (run) => {
    const { state } = run;
    passes++;
    order.refresh(run);
    const inOrder = order.jobs;
    for (let at = 0; at < inOrder.length; at++) {
      const job = inOrder[at]!;
      if (state.status[job] === RUNNING) {
        if (isSuspended[job] === 0) continue;
        isSuspended[job] = 0;
        if (run.holdings.mayTakeAgain(job, run.gangOf(job))) {
          run.allocation.resume(job);
          continue;
        }
        run.evict(job);
      }
      const asker = run.allocation.askerOf(job);
      if (refusedIn[asker] === passes) continue;
      if (run.allocation.place(job) || makeRoom(run, inOrder, at, isSuspended)) {
        run.waiting.remove(job);
        run.begin(job, 0);
      } else refusedIn[asker] = passes;
    }
  };
}

/** Suspends running jobs, the last first, until the one at a position fits; if it never does, all resume. */
function makeRoom(
  run: ClusterRun,
  inOrder: readonly number[],
  position: number,
  isSuspended: Uint8Array,
): boolean {
  const { state } = run;
  const suspended: number[] = [];
  for (let at = inOrder.length - 1; at > position; at--) {
    const job = inOrder[at]!;
    if (state.status[job] !== RUNNING || isSuspended[job] === 1) continue;
    run.allocation.suspend(job);
    isSuspended[job] = 1;
    suspended.push(job);
    if (run.allocation.place(inOrder[position]!)) return true;
  }
  for (const job of suspended) {
    run.allocation.resume(job);
    isSuspended[job] = 0;
  }
  return false;
}
