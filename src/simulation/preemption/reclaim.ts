import { GPU_MILLI } from '../../units.js';
import { priorityAtBegin } from '../jobs/queue-order.js';
import type { ClusterRun } from '../kernel/cluster-run.js';
import type { CheckedVictims } from '../options/checked-options.js';
import { preemptFor } from './priority-preemption.js';
import type { QuotaTree } from './quota-tree.js';
import { victimsOf } from './victims.js';

/**
 * Places a job that its tenant deserves on GPUs of tenants that have more than they deserve.
 * 1. Jobs are stopped that leave their tenant what it deserves.
 * 2. If that is not enough, one more job is tried for each tenant that still has more than it deserves: a gang that
 * holds GPUs of both kinds. It continues with fewer pods if its `podsMin` allows.
 * No job is stopped twice at one time.
 *
 * @param tree - with what all use now; true afterwards too, the job included
 * @param stoppedAt - job → when it was last stopped here
 * @returns whether the job is placed, and is to begin; if not, nothing has happened
 * @complexity O(running²) besides one search for victims, and one more for each that would leave its tenant with less
 */
export function reclaim(
  run: ClusterRun,
  tree: QuotaTree,
  job: number,
  { rule, runMicrosMin }: CheckedVictims,
  stoppedAt: Map<number, number>,
): boolean {
  const { tenantOf, gpus } = run.table;
  const tenant = tenantOf[job]!;
  const mayReclaim = (victim: number): boolean =>
    tree.mayReclaim(tenant, gpus[job]!, tenantOf[victim]!, run.gpusOf(victim));
  const mayStop = (victim: number): boolean =>
    run.now - run.state.begin[victim]! >= runMicrosMin && stoppedAt.get(victim) !== run.now;
  const order = victimsOf(run, (victim) => mayStop(victim) && mayReclaim(victim), rule);
  if (order.length === 0) return false;
  const used = tree.used.slice();
  const goes = (victim: number): void => tree.use(tenantOf[victim]!, -run.gpusOf(victim));
  const sparing: number[] = [];
  const others: number[] = [];
  for (const victim of order) {
    if (tree.keepsDeserved(tenantOf[victim]!, run.gpusOf(victim), tenant)) {
      goes(victim);
      sparing.push(victim);
    } else others.push(victim);
  }
  const usedBeside = tree.used.slice();
  let stopped = preemptFor(run, job, sparing, rule);
  for (let i = 0; i < others.length && stopped === undefined; i++) {
    const victims = new Set(sparing);
    // The first job in the order may be too small, so each is tried first once.
    for (const victim of [others[i]!, ...others]) {
      if (victims.has(victim) || !mayReclaim(victim)) continue;
      goes(victim);
      victims.add(victim);
    }
    tree.used.set(usedBeside);
    if (victims.size > sparing.length) stopped = preemptFor(run, job, [...victims], rule);
  }
  tree.used.set(used);
  if (stopped === undefined) return false;
  tree.use(tenant, run.gpusOf(job));
  for (const victim of stopped) goes(victim);
  for (const victim of stopped) {
    if (shrink(run, tree, victim, tenant)) continue;
    stoppedAt.set(victim, run.now);
    run.evict(victim);
  }
  return true;
}

/**
 * Places a job on GPUs of jobs of lower priority of its own tenant, also where it would exceed a limit beside them.
 * No job is stopped twice at one time.
 *
 * @param tree - with what all use now
 * @param stoppedAt - job → when it was last stopped here, or by {@link reclaim}
 * @returns whether the job is placed, and is to begin; if not, nothing has happened
 */
export function preemptInTenant(
  run: ClusterRun,
  tree: QuotaTree,
  job: number,
  { rule, runMicrosMin }: CheckedVictims,
  stoppedAt: Map<number, number>,
): boolean {
  const { tenantOf, gpus, priority } = run.table;
  const victims = victimsOf(
    run,
    (victim) =>
      tenantOf[victim] === tenantOf[job] &&
      priorityAtBegin(run.settings, run.table, victim, run.state.begin[victim]!) < priority[job]! &&
      run.now - run.state.begin[victim]! >= runMicrosMin &&
      stoppedAt.get(victim) !== run.now,
    rule,
  );
  let over = tree.overLimits(tenantOf[job]!, gpus[job]!);
  let count = 0;
  for (; over > 0 && count < victims.length; count++) over -= run.gpusOf(victims[count]!);
  if (over > 0) return false;
  const stopped = victims.slice(0, count);
  for (const victim of stopped) run.allocation.suspend(victim);
  if (count === 0 || !run.allocation.place(job)) {
    const others = preemptFor(run, job, victims.slice(count), rule);
    if (others === undefined) {
      for (const victim of stopped) run.allocation.resume(victim);
      return false;
    }
    stopped.push(...others);
  }
  for (const victim of stopped) {
    stoppedAt.set(victim, run.now);
    run.evict(victim);
  }
  return true;
}

/**
 * Lets a suspended gang continue with fewer pods, if possible: as many as its tenant deserves, but at least
 * `podsMin`.
 *
 * @param tree - with what is used beside the gang
 * @param reclaimer - the tenant that reclaims
 */
function shrink(run: ClusterRun, tree: QuotaTree, victim: number, reclaimer: number): boolean {
  const { allocation, holdings, table, state } = run;
  const gang = run.gangOf(victim);
  const gpusPerPod = gang.need.totalGpuMilli / GPU_MILLI;
  // A job in its restart steps would skip the rest of them.
  if (gang.podsMin === gang.pods || gpusPerPod === 0 || state.computeBegin[victim]! > run.now) return false;
  const tenant = table.tenantOf[victim]!;
  const deserved = Math.floor(tree.deservedLeft(tenant, reclaimer) / gpusPerPod);
  const before = holdings.assignmentOf(victim);
  const pods = Math.min(before.pods - 1, Math.max(gang.podsMin, deserved));
  if (pods < gang.podsMin || !allocation.placeAs(victim, { ...gang, pods })) {
    holdings.putAssignment(victim, before);
    return false;
  }
  const after = holdings.assignmentOf(victim);
  holdings.putAssignment(victim, before);
  run.move(victim, after);
  tree.use(tenant, run.gpusOf(victim));
  return true;
}
