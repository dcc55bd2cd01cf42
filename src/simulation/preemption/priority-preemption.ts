import { priorityAtBegin } from '../jobs/queue-order.js';
import type { ClusterRun } from '../kernel/cluster-run.js';
import type { CheckedVictims } from '../options/checked-options.js';
import type { VictimRule } from '../options/simulation-options.js';
import { fitsAsItIs, suspendCheapest, suspendInOrder } from './preempt-for.js';
import { restartCost, victimsOf } from './victims.js';

/** The jobs that may preempt: the head of the queue, the first job of every tenant, or every waiting job. */
export type Preemptors = 'head' | 'heads' | 'all';

/**
 * Adds preemption by priority to a pass. After the pass:
 * 1. The first job that may preempt, and for which stopping others is sufficient, is chosen.
 * 2. Running jobs of lower priority are stopped in the order of the rule until it fits; those that turn out not to be
 * needed continue. A running job has the priority that it had risen to when it began.
 * 3. The pass runs again, and so on. It ends: at every turn one more job of some priority runs, and only jobs of
 * lower priority fewer.
 *
 * @param schedule - the pass without preemption
 * @param victims - whom to stop first, and who is left alone
 * @param preemptors - who may preempt
 * @complexity O(running log running) and moves of the engine per job that preempts, besides the pass; jobs of one tenant that
 *   ask for the same at no higher priority than one that was refused are not looked at
 */
export function preemptingPass(
  schedule: (run: ClusterRun) => void,
  { rule, runMicrosMin, scope }: CheckedVictims,
  preemptors: Preemptors,
): (run: ClusterRun) => void {
  /** Whether others can be stopped for a job; if so it begins. */
  const preempts = (run: ClusterRun, job: number): boolean => {
    const { priority, tenantOf } = run.table;
    const mayStop = (victim: number): boolean =>
      priorityAtBegin(run.settings, run.table, victim, run.state.begin[victim]!) < priority[job]! &&
      (scope !== 'tenant' || tenantOf[victim] === tenantOf[job]) &&
      run.now - run.state.begin[victim]! >= runMicrosMin;
    if (fitsAsItIs(run, job)) return false;
    const stopped = preemptFor(run, job, victimsOf(run, mayStop, rule), rule);
    if (stopped === undefined) return false;
    for (const victim of stopped) run.evict(victim);
    run.waiting.remove(job);
    run.begin(job, 0);
    return true;
  };
  /** Lets the first job that can preempt do so; false if none can. */
  const preemptOnce = (run: ClusterRun): boolean => {
    const { waiting, table, allocation } = run;
    const seen = new Set<number>();
    /** Request class and tenant → the highest priority that was refused. */
    const refused = new Map<number, number>();
    for (let at = waiting.start; at < waiting.end; at++) {
      const job = waiting.jobs[at]!;
      const tenant = table.tenantOf[job]!;
      if (preemptors === 'heads' && seen.has(tenant)) continue;
      seen.add(tenant);
      const key = allocation.requestClassOf(job) * table.tenants.length + (scope === 'tenant' ? tenant : 0);
      const highest = refused.get(key);
      if (highest === undefined || highest < table.priority[job]!) {
        if (preempts(run, job)) return true;
        refused.set(key, table.priority[job]!);
      }
      if (preemptors === 'head') return false;
      if (preemptors === 'heads' && seen.size === table.tenants.length) return false;
    }
    return false;
  };
  return (run) => {
    schedule(run);
    // Each turn starts a job of higher priority than those it stops, so no state comes back.
    while (!run.givesBackNow && preemptOnce(run)) schedule(run);
  };
}

/**
 * Places a job by suspending victims: in their order as many as are needed, or by restart cost the cheapest set.
 *
 * @param victims - in the order of the rule
 * @returns those that are suspended; undefined, and nothing has happened, if all are not enough
 */
export function preemptFor(
  run: ClusterRun,
  job: number,
  victims: readonly number[],
  rule: VictimRule,
): number[] | undefined {
  return rule === 'restart-cost'
    ? suspendCheapest(run, job, victims, (victim) => restartCost(run, victim))
    : suspendInOrder(run, job, victims);
}
