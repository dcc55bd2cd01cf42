import { asCluster } from '../catalogue/as-topology.js';
import { compileClusterTables } from '../compile/cluster-tables.js';
import { PlacementEngine } from '../placement/engine.js';
import { Levels } from '../placement/gangs/gang.js';
import type { Policy } from '../placement/request/policy.js';
import { topologyAware } from '../policies/topology-aware.js';
import type { ClusterTopology } from '../topology/types.js';
import { Allocation } from './allocation/allocation.js';
import { Headroom } from './allocation/headroom.js';
import { checkedPools } from './allocation/headroom-pools.js';
import { FailureEvents } from './failures/failure-events.js';
import { LookAhead } from './future/look-ahead.js';
import { type JobTable, jobTable } from './jobs/job-table.js';
import { ClusterRun } from './kernel/cluster-run.js';
import { Communication } from './links/communication.js';
import { Defragmentation } from './moves/defragmentation.js';
import { elasticPass } from './moves/elastic.js';
import { Moves } from './moves/moves.js';
import { type CheckedOptions, type CheckedVictims, checkedOptions } from './options/checked-options.js';
import { toSeconds } from './options/clock.js';
import type { CheckedWindow } from './options/metrics-window.js';
import { readJobList } from './options/read-jobs.js';
import { readOptions, SIMULATE_FIELDS } from './options/read-options.js';
import type { SimulateOptions } from './options/simulation-options.js';
import { conservativePass } from './passes/conservative.js';
import { easyPassByCount } from './passes/easy-by-count.js';
import { easyPassByPlace } from './passes/easy-by-place.js';
import { greedyPass, strictPass } from './passes/in-order.js';
import { PromisesByCount } from './passes/promises-by-count.js';
import { PromisesByPlace } from './passes/promises-by-place.js';
import { fairSharePass } from './preemption/fair-share.js';
import { orderPassByCount, orderPassByPlace } from './preemption/order-preemption.js';
import { type Preemptors, preemptingPass } from './preemption/priority-preemption.js';
import { QuotaTree } from './preemption/quota-tree.js';
import type { SimulationEvent } from './results/simulation-result.js';
import { TimelineSampler } from './results/timeline.js';

type Pass = (run: ClusterRun) => void;

/** A simulation that is ready to run. */
export interface OpenRun {
  readonly run: ClusterRun;
  readonly checked: CheckedOptions;
  readonly cluster: ClusterTopology;
  readonly sampler: TimelineSampler | undefined;
  readonly onProgress: SimulateOptions['onProgress'];
}

/**
 * Puts a simulation together:
 * 1. options, jobs and cluster are read and checked;
 * 2. `ClusterRun` is made with the engine of the policy, and a second engine where passes look ahead;
 * 3. parts that the options ask for are added: failures, headroom, shared links, moves, timeline;
 * 4. the pass is chosen (`chosenPass`), and wrapped by preemption or elastic jobs.
 *
 * @param happened - where to put what happens to jobs, if anybody wants to know
 * @param counts - whether to count pods where that is enough; default true, as it is the faster way to the same starts
 * @throws CorralError for a wrong option, with its path
 */
export function openRun(
  options: SimulateOptions,
  happened: SimulationEvent[] | undefined,
  counts = true,
): OpenRun {
  const given = readOptions(options, SIMULATE_FIELDS, []);
  const { failures, restart, onProgress } = given;
  const jobs = readJobList(given.jobs);
  const checked = checkedOptions(given, jobs.length);
  const cluster = asCluster(given.cluster, ['cluster']);
  const tables = compileClusterTables(cluster);
  const levels = new Levels(cluster.tiers.map((tier) => tier.name));
  const table = jobTable(jobs, tables, levels);
  const newEngine = (policy: Policy): PlacementEngine =>
    new PlacementEngine(tables, { policy, workload: undefined, sizes: undefined, seed: checked.seed });
  const policy = given.policy ?? topologyAware();
  const { defragmentation, resizes } = checked;
  const run = new ClusterRun(
    table,
    newEngine(policy),
    {
      ...checked,
      looksAhead: checked.backfill !== 'none' || resizes || defragmentation !== undefined,
      window: windowOf(checked.window, table),
    },
    // Counting pods ignores servers, so no server may be out of use or hold headroom.
    { counts: counts && !dropsServers(failures) && given.headroom === undefined },
  );
  const { allocation, parts } = run;
  let mirror: PlacementEngine | undefined;
  if (looksAheadOnEngine(checked) && !allocation.isCounted) {
    // Whether a gang fits does not depend on the policy: the second engine has the default one.
    mirror = newEngine(topologyAware());
    allocation.keepMirror(mirror);
  }
  if (failures !== undefined || restart !== undefined) {
    const failing = new FailureEvents(run, levels, {
      failures,
      restart,
      seed: checked.seed,
      // With preemption a gang gets servers sooner from the queue than by waiting for repairs.
      holdsForSpares: checked.preemption === 'none',
    });
    run.times.restartMicros = failing.steps.exposedMeanMicros;
    parts.restarts = failing;
  }
  const pools =
    given.headroom === undefined ? undefined : checkedPools(given.headroom, tables, levels, table);
  const keepHeadroom = (on: Allocation): void => {
    if (pools === undefined) return;
    on.keepHeadroom(new Headroom(pools, on.engine, table.count, run));
    on.headroom!.refill();
  };
  keepHeadroom(allocation);
  if (pools !== undefined || (failures?.spareServers ?? 0) > 0) {
    // The places of headroom depend on the policy, but not on its random draws.
    const byPolicy = pools !== undefined && !run.engine.drawsTies;
    const idle = new Allocation(table, newEngine(byPolicy ? policy : topologyAware()), { counts: false });
    run.engine.state.cordoned.forEach((isOut, server) => {
      if (isOut === 1) idle.setInUse(server, false);
    });
    keepHeadroom(idle);
    parts.fitsAtBegin = (job) => idle.fits(job);
  }
  const lookAhead =
    mirror === undefined
      ? undefined
      : new LookAhead(mirror, table.count, pools && new Headroom(pools, mirror, table.count, run));
  const pass = chosenPass(run, checked, given, lookAhead, () => newEngine(topologyAware()));
  const elastic = resizes && lookAhead !== undefined;
  run.schedule = elastic ? elasticPass(pass, new Moves(run, 1), lookAhead!) : pass;
  const { preemption } = checked;
  if (preemption !== 'none' && preemption !== 'order' && checked.queue !== 'fair-share') {
    run.schedule = preemptingPass(run.schedule, preemption, preemptorsOf(checked, preemption));
  }
  if (table.communicationFraction.some((fraction) => fraction > 0)) {
    // The rated bandwidth of a gang does not depend on the policy that is judged.
    parts.speeds = new Communication(run, newEngine(topologyAware()), checked.sharesLinks);
  }
  if (defragmentation !== undefined) {
    const moves = new Moves(run, defragmentation.gainFactor);
    const looking = checked.queue === 'fair-share' ? undefined : lookAhead;
    new Defragmentation(run, moves, looking, defragmentation).begin();
  }
  const sampler =
    checked.timelineMicros === undefined ? undefined : new TimelineSampler(checked.timelineMicros);
  if (sampler !== undefined) run.loop.onTime = (until) => sampler.sample(run, until);
  if (happened !== undefined) {
    parts.watch = (kind, job) => void happened.push({ seconds: toSeconds(run.now), kind, job });
  }
  return { run, checked, cluster, sampler, onProgress };
}

/** A window that begins at or before the first arrival has no lower border. */
function windowOf(window: CheckedWindow, table: JobTable): CheckedWindow {
  const first = table.count === 0 ? 0 : table.submit[table.bySubmission[0]!]!;
  return window.from <= first ? { ...window, from: 0 } : window;
}

/** Whether servers may be out of use. */
function dropsServers(failures: SimulateOptions['failures']): boolean {
  return (
    (failures?.spareServers ?? 0) > 0 || (failures?.laws.some((law) => law.repair !== undefined) ?? false)
  );
}

function looksAheadOnEngine({ backfill, resizes, defragmentation, queue }: CheckedOptions): boolean {
  return backfill === 'easy' || resizes || (defragmentation !== undefined && queue !== 'fair-share');
}

/** The jobs that may preempt by priority. With backfill only the head: the others wait for its promise. */
function preemptorsOf({ admission, backfill }: CheckedOptions, { scope }: CheckedVictims): Preemptors {
  if (backfill !== 'none') return 'head';
  if (admission === 'greedy') return 'all';
  return scope === 'tenant' ? 'heads' : 'head';
}

/** The pass of the scheduler, preemption by priority and resizing aside. */
function chosenPass(
  run: ClusterRun,
  checked: CheckedOptions,
  { quotas }: SimulateOptions,
  lookAhead: LookAhead | undefined,
  newMirror: () => PlacementEngine,
): Pass {
  const { table, allocation } = run;
  if (checked.queue === 'fair-share') {
    const { preemption } = checked;
    const reclaims = typeof preemption === 'object' ? preemption : undefined;
    const tree = new QuotaTree(quotas ?? [], table.tenants);
    return fairSharePass(tree, checked.admission === 'greedy', reclaims);
  }
  if (checked.preemption === 'order') {
    return allocation.isCounted
      ? orderPassByCount(table.count)
      : orderPassByPlace(table.count, allocation.requestClassCount);
  }
  if (checked.backfill === 'conservative') {
    const book = allocation.isCounted ? new PromisesByCount() : new PromisesByPlace(newMirror());
    return conservativePass(book, table.count);
  }
  if (checked.backfill === 'easy') {
    return lookAhead === undefined
      ? easyPassByCount(checked.backfillDepth)
      : easyPassByPlace(run, lookAhead, checked.backfillDepth);
  }
  return checked.admission === 'greedy' ? greedyPass : strictPass;
}
