import type { ClusterRun } from '../kernel/cluster-run.js';
import type { CheckedVictims } from '../options/checked-options.js';
import type { QuotaTree } from './quota-tree.js';
import { preemptInTenant, reclaim } from './reclaim.js';

/**
 * Fair share. Repeated until no tenant can be served:
 * 1. The tenant that is served first (see QuotaTree) tries its first job. If the job would pass a limit, the tenant
 * is left out of the pass; with `isGreedy` its next job is tried.
 * 2. A job that fits starts.
 * 3. A job that does not fit, and with which its tenant would not have more than it deserves, may stop jobs of
 * tenants that have more, see {@link reclaim}.
 * 4. A job that does not fit, and with which its tenant would have more than it deserves, does not block jobs that
 * their tenants deserve: these could reclaim its GPUs.
 * 5. With the scope `tenant` or `both`, the first job of a tenant may also stop jobs of lower priority of its own
 * tenant.
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
  /** Serves tenants until none can be served; true if a job was stopped, which may fit elsewhere now. */
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
    // Removing the last entry of a list is cheap.
    for (const queue of queues.values()) queue.reverse();
    /**
     * The jobs that a job that does not fit blocks: those that would give their tenants more than they deserve, or
     * all.
     */
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
      // After a refusal beyond what a tenant deserves, only jobs that their tenants deserve may start.
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
    // No job is stopped twice at one time, and a gang that shrinks has fewer pods each time, so this ends.
    while (serve(run));
  };
}
