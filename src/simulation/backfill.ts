import type { PlacementEngine } from '../placement/engine.js';
import type { Gang } from '../placement/gang.js';
import type { ClusterRun } from './cluster-run.js';
import { strictPass } from './passes.js';

/**
 * EASY backfill on any cluster. The head of the queue is promised the earliest time at which it fits, as far as running
 * jobs end when they are expected to; a later job starts if it ends by then, or if the head still fits beside it.
 *
 * "Fits" is the engine's own answer, tiers, models, CPU and memory included: a second engine is kept equal to the cluster,
 * and at a pass the jobs that will have ended are taken out of it.
 *
 * @param ahead - mirrors the cluster, see Holdings
 * @complexity O(running + queue) moves and decisions of an engine
 */
export function easyPass(ahead: PlacementEngine): (run: ClusterRun) => void {
  /** Jobs that are not on `ahead` while a pass looks at the time of the promise. */
  const gone: number[] = [];
  return (run) => {
    strictPass(run);
    const { waiting } = run;
    if (waiting.length < 2) return;
    const head = run.gangOf(waiting.jobs[waiting.start]!);
    const promised = takeOutUntilItFits(run, ahead, head, gone);
    for (let at = waiting.start + 1; at < waiting.end; ) {
      const job = waiting.jobs[at]!;
      if (run.place(job) && mayStay(run, ahead, job, head, promised, gone)) {
        run.begin(job, 0);
        waiting.removeAt(at);
      } else at++;
    }
    while (gone.length > 0) {
      const job = gone.pop()!;
      run.holdings.takeOn(ahead, job, run.gangOf(job));
    }
  };
}

/** Takes running jobs out of `ahead` by their ends until the head fits; returns when that is, Infinity if never. */
function takeOutUntilItFits(run: ClusterRun, ahead: PlacementEngine, head: Gang, gone: number[]): number {
  const { ends, jobs, length } = run.ends;
  const needed = head.podsMin * head.need.totalGpuMilli;
  let free = run.freeMilliMost;
  for (let at = 0; at < length; ) {
    const end = ends[at]!;
    for (; at < length && ends[at] === end; at++) {
      const job = jobs[at]!;
      run.holdings.giveOn(ahead, job, run.gangOf(job));
      gone.push(job);
      free += run.heldMilliOf(job);
    }
    // Deciding costs more than counting.
    if (free >= needed && fits(ahead, head)) return end;
  }
  return Number.POSITIVE_INFINITY;
}

/** Whether a job that has just been placed leaves the promise standing; if not, it is placed no more. */
function mayStay(
  run: ClusterRun,
  ahead: PlacementEngine,
  job: number,
  head: Gang,
  promised: number,
  gone: number[],
): boolean {
  if (run.expectedEnd(job) <= promised) {
    run.holdings.giveOn(ahead, job, run.gangOf(job));
    gone.push(job);
    return true;
  }
  if (fits(ahead, head)) return true;
  run.unplace(job);
  return false;
}

function fits(engine: PlacementEngine, gang: Gang): boolean {
  return gang.pods === 1 ? engine.peek(gang.need) : engine.peekPlan(gang) !== undefined;
}
