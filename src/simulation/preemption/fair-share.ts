import type { ClusterRun } from '../kernel/cluster-run.js';
import type { CheckedVictims } from '../options/checked-options.js';
import type { QuotaTree } from './quota-tree.js';
import { preemptInTenant, reclaim } from './reclaim.js';

/**
 * Fair share: again and again the first job of the tenant that is served first (see QuotaTree) starts. A tenant whose first
 * job would pass a limit sits out the pass; greedy, its next job is looked at. Where the job does not fit, and its tenant
 * would not have more than it deserves, jobs of tenants that have more may be stopped for it, see {@link reclaim}. Then a job
 * that does not fit and would have more does not hold up those that their tenants deserve: they could reclaim what it takes.
 * With the scope `tenant` or `both`, the first job of a tenant may also stop jobs of its own tenant of lower priority, whoever
 * is held up.
 *
 * @param tree - the quotas
 * @param isGreedy - whether others may go on where the job does not fit
 * @param victims - whom to stop first, and among whom; undefined = nobody
 * @complexity O(running + queue + starts × tenants) besides decisions of the engine
 */
export function fairSharePass(
  tree: QuotaTree,
  isGreedy: boolean,
  victims: CheckedVictims | undefined,
): (run: ClusterRun) => void {
  const reclaims = victims !== undefined && victims.scope !== 'tenant';
  const inTenant = victims !== undefined && victims.scope !== 'cluster';
  /** Job → when it was last stopped here. */
  const stoppedAt = new Map<number, number>();
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
    /** Whom a job that does not fit holds up: nobody, who would have more than deserved, or all. */
    let blocks: 'none' | 'beyond' | 'all' = 'none';
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
      const isDeserved = tree.deserves(tenant, gpus);
      const isInLimits = tree.staysInLimits(tenant, gpus);
      // Who may have room that others could use.
      const mayTake = isInLimits && (blocks === 'none' || (blocks === 'beyond' && isDeserved));
      if (mayTake && run.allocation.place(job)) {
        waiting.remove(job);
        run.begin(job, 0);
        tree.use(tenant, run.gpusOf(job));
        next();
        continue;
      }
      if (victims !== undefined && !run.givesBackNow) {
        if (
          (inTenant && preemptInTenant(run, tree, job, victims, stoppedAt)) ||
          (reclaims && mayTake && reclaim(run, tree, job, victims, stoppedAt))
        ) {
          waiting.remove(job);
          run.begin(job, 0);
          return true;
        }
      }
      if (isGreedy) next();
      else {
        if (mayTake) blocks = reclaims && !isDeserved ? 'beyond' : 'all';
        if (blocks === 'all' && !inTenant) return false;
        queues.delete(tenant);
      }
    }
    return false;
  };
  return (run) => {
    // In one instant nobody is stopped twice, and a gang that shrinks has fewer pods each time: this comes to an end.
    while (serve(run));
  };
}
