import type { CheckedVictims } from './checked-options.js';
import type { ClusterRun } from './cluster-run.js';
import { makeRoom } from './priority-preemption.js';
import type { QuotaTree } from './quota-tree.js';
import { victimsOf } from './victims.js';

/**
 * Fair share: again and again the first job of the tenant that is served first (see QuotaTree) starts. A tenant whose first
 * job would pass a limit sits out the pass; greedy, its next job is looked at. Where the job does not fit, and its tenant would not have more than it deserves,
 * jobs of tenants that have more may be stopped for it, never so many that one is left with less than it deserves.
 *
 * @param tree - the quotas
 * @param isGreedy - whether others may go on where the job does not fit
 * @param reclaims - whom to stop first; undefined = nobody
 * @complexity O(running + queue + starts × tenants) besides decisions of the engine
 */
export function fairSharePass(
  tree: QuotaTree,
  isGreedy: boolean,
  reclaims: CheckedVictims | undefined,
): (run: ClusterRun) => void {
  /** Serves tenants until nobody can be served; true if it stopped somebody, who may be served elsewhere now. */
  const serve = (run: ClusterRun): boolean => {
    const { waiting, table } = run;
    if (waiting.length === 0) return false;
    tree.used.fill(0);
    for (let i = 0; i < run.runningCount; i++) {
      const job = run.running[i]!;
      tree.use(table.tenantOf[job]!, run.gpusOf(job));
    }
    const queues = new Map<number, number[]>();
    for (let at = waiting.start; at < waiting.end; at++) {
      const job = waiting.jobs[at]!;
      const tenant = table.tenantOf[job]!;
      const queue = queues.get(tenant);
      if (queue === undefined) queues.set(tenant, [job]);
      else queue.push(job);
    }
    // The last of a list is taken off cheaply.
    for (const queue of queues.values()) queue.reverse();
    while (queues.size > 0) {
      const tenant = [...queues.keys()].reduce((best, other) =>
        tree.compare(other, best) < 0 ? other : best,
      );
      const queue = queues.get(tenant)!;
      const job = queue.at(-1)!;
      const gpus = table.gpus[job]!;
      const next = (): void => {
        queue.pop();
        if (queue.length === 0) queues.delete(tenant);
      };
      const start = (): void => {
        waiting.remove(job);
        run.begin(job, 0);
        tree.use(tenant, run.gpusOf(job));
      };
      if (!tree.staysInLimits(tenant, gpus)) {
        if (isGreedy) next();
        else queues.delete(tenant);
      } else if (run.allocation.place(job)) {
        start();
        next();
      } else if (reclaims !== undefined && !run.givesBackNow && reclaim(run, tree, job, reclaims)) {
        start();
        return true;
      } else if (isGreedy) next();
      else return false;
    }
    return false;
  };
  return (run) => {
    // Whoever is stopped leaves its tenant with what it deserves, and reclaims nothing: this comes to an end.
    while (serve(run));
  };
}

/** Places a job that its tenant deserves in place of others that theirs do not. */
function reclaim(
  run: ClusterRun,
  tree: QuotaTree,
  job: number,
  { rule, runMicrosMin }: CheckedVictims,
): boolean {
  const { tenantOf, gpus } = run.table;
  const mayStop = (victim: number): boolean => run.now - run.state.begin[victim]! >= runMicrosMin;
  const victims: number[] = [];
  for (const victim of victimsOf(run, mayStop, rule)) {
    const held = run.gpusOf(victim);
    if (!tree.mayReclaim(tenantOf[job]!, gpus[job]!, tenantOf[victim]!, held)) continue;
    tree.use(tenantOf[victim]!, -held);
    victims.push(victim);
  }
  const held = victims.map((victim) => run.gpusOf(victim));
  const isPlaced = makeRoom(run, job, victims, rule);
  // Whoever still holds GPUs uses them still.
  victims.forEach((victim, i) => {
    if (run.holdings.pods[victim]! > 0) tree.use(tenantOf[victim]!, held[i]!);
  });
  return isPlaced;
}
