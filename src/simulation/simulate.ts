import { type ClusterTables, compileClusterTables } from '../compile/cluster-tables.js';
import { CorralError } from '../errors.js';
import { PlacementEngine } from '../placement/engine.js';
import { Levels } from '../placement/gang.js';
import type { Policy } from '../placement/policy.js';
import { topologyAware } from '../policies/topology-aware.js';
import { asCluster } from '../topology/as-cluster.js';
import type { ClusterTopology } from '../topology/cluster-topology.js';
import { easyPass } from './backfill.js';
import { type CheckedOptions, checkedOptions } from './checked-options.js';
import { toSeconds } from './clock.js';
import { ClusterRun } from './cluster-run.js';
import { Communication } from './communication.js';
import { conservativePass } from './conservative-backfill.js';
import { countedEasyPass } from './counted-backfill.js';
import { FailureEvents } from './failure-events.js';
import { fairSharePass } from './fair-share.js';
import { jobResults } from './job-results.js';
import { RUNNING } from './job-state.js';
import { jobTable } from './job-table.js';
import { simulationMetrics } from './metrics.js';
import { countedOrderPass, orderPass } from './order-preemption.js';
import { greedyPass, strictPass } from './passes.js';
import { preemptingPass } from './priority-preemption.js';
import { QuotaTree } from './quota-tree.js';
import { CUT } from './run-log.js';
import type { SimulateOptions } from './simulation-options.js';
import type { JobResult, SimulationEvent, SimulationResult } from './simulation-result.js';
import { TimelineSampler } from './timeline.js';

/** Steps between two calls of `onProgress`. */
const PROGRESS_STEPS = 1 << 14;

/**
 * Plays what happens to a cluster over time: jobs arrive, wait, start on the GPUs that the policy gives them, run, and
 * end.
 *
 * It is exact and repeatable: times are whole microseconds, equal times have a documented order, and equal options give
 * equal results on every machine.
 *
 * @param options - cluster and jobs; everything else has a default, see {@link SimulateOptions}
 * @returns per job what became of it; metrics; a digest
 * @throws CorralError for a wrong option, with its path; `limit-exceeded` after `eventsMax` events
 * @complexity O(log running) per event besides what the policy's decision and the pass over the queue cost
 * @example
 * simulate({
 *   cluster: superPod({ units: 1 }),
 *   jobs: [{ submitSeconds: 0, durationSeconds: 3600, pods: 16, gpus: 8 }],
 *   queue: 'fifo',
 *   backfill: 'easy',
 * }).metrics.utilisation;
 */
export function simulate(options: SimulateOptions): SimulationResult {
  const simulation = open(options, undefined);
  const { run, checked } = simulation;
  const { onProgress } = options;
  let steps = 0;
  while (run.step()) {
    if (run.eventCount > checked.eventsMax) throw tooManyEvents(checked);
    if (onProgress !== undefined && (++steps & (PROGRESS_STEPS - 1)) === 0) report(run, onProgress);
  }
  if (onProgress !== undefined) report(run, onProgress);
  return close(simulation, options);
}

/**
 * As {@link simulate}, event by event: what happens to jobs, in order, as it happens. The generator returns the result.
 *
 * @param options - as those of {@link simulate}
 * @throws CorralError as {@link simulate}; wrong options at the first `next()`
 */
export function* simulationEvents(
  options: SimulateOptions,
): Generator<SimulationEvent, SimulationResult, void> {
  const happened: SimulationEvent[] = [];
  const simulation = open(options, happened);
  const { run, checked } = simulation;
  while (run.step()) {
    if (run.eventCount > checked.eventsMax) throw tooManyEvents(checked);
    yield* happened;
    happened.length = 0;
  }
  return close(simulation, options);
}

interface OpenSimulation {
  readonly run: ClusterRun;
  readonly checked: CheckedOptions;
  readonly cluster: ClusterTopology;
}

function open(options: SimulateOptions, happened: SimulationEvent[] | undefined): OpenSimulation {
  const checked = checkedOptions(options);
  const cluster = asCluster(options.cluster, ['cluster']);
  const tables = compileClusterTables(cluster);
  const levels = new Levels(cluster.tiers.map((tier) => tier.name));
  const table = jobTable(options.jobs, tables, levels);
  const engine = engineOf(tables, options.policy ?? topologyAware(), checked.seed);
  const run = new ClusterRun(
    table,
    engine,
    {
      queue: checked.queue,
      ranks: checked.ranks,
      passPerEvent: checked.passPerEvent,
      looksAhead: checked.backfill !== 'none',
      preemptedKeeps: checked.preemptedKeeps,
      until: checked.until,
    },
    // Counting pods knows no servers, so none may drop out.
    { counts: !dropsServers(options.failures) },
  );
  run.schedule = chosenPass(run, checked);
  if (checked.timelineMicros !== undefined) run.sampler = new TimelineSampler(checked.timelineMicros);
  let restartMicros = 0;
  if (options.failures !== undefined || options.restart !== undefined) {
    const failing = new FailureEvents(run, levels, {
      failures: options.failures,
      restart: options.restart,
      seed: checked.seed,
    });
    run.parts = {
      ...run.parts,
      onEvent: (kind, subject, stamp) => failing.onEvent(kind, subject, stamp),
      onStart: (job) => failing.onStart(job),
    };
    restartMicros = failing.steps.exposedMeanMicros;
  }
  const rule =
    checked.preemption === 'none' || checked.preemption === 'order' ? undefined : checked.preemption;
  if (checked.queue === 'fair-share') {
    const tree = new QuotaTree(options.quotas ?? [], table.tenants);
    run.schedule = fairSharePass(tree, checked.admission === 'greedy', rule, restartMicros);
  } else if (rule !== undefined) run.schedule = preemptingPass(run.schedule, rule, restartMicros);
  if (table.communicationFraction.some((fraction) => fraction > 0)) {
    const empty = engineOf(tables, options.policy ?? topologyAware(), checked.seed);
    const communication = new Communication(run, empty, checked.sharesLinks);
    run.parts = {
      ...run.parts,
      onSpeed: (job) => communication.enter(job),
      onLeave: (job) => communication.leave(job),
    };
  }
  if (happened !== undefined) {
    run.parts = {
      ...run.parts,
      watch: (kind, job) => {
        happened.push({ seconds: toSeconds(run.now), kind, job });
      },
    };
  }
  return { run, checked, cluster };
}

/** Whether servers may be out of use; of wrong options anything. */
function dropsServers(failures: SimulateOptions['failures']): boolean {
  if (failures === undefined) return false;
  if ((failures.spareServers ?? 0) > 0) return true;
  return Array.isArray(failures.laws) && failures.laws.some((law) => law?.repair !== undefined);
}

/** What the scheduler does at a pass, for a run that is otherwise ready. */
function chosenPass(run: ClusterRun, checked: CheckedOptions): (run: ClusterRun) => void {
  const { count, gangs } = run.table;
  if (checked.preemption === 'order') {
    return run.isCounted ? countedOrderPass(count) : orderPass(count, gangs.length);
  }
  if (checked.backfill === 'conservative') return conservativePass();
  if (checked.backfill === 'easy') {
    if (run.isCounted) return countedEasyPass;
    // Whether a gang fits does not depend on the policy: the second engine has the default one.
    run.holdings.mirror = engineOf(run.engine.tables, topologyAware(), checked.seed);
    return easyPass(run.holdings.mirror);
  }
  return checked.admission === 'greedy' ? greedyPass : strictPass;
}

function engineOf(tables: ClusterTables, policy: Policy, seed: number): PlacementEngine {
  return new PlacementEngine(tables, { policy, workload: undefined, sizes: undefined, seed });
}

function close({ run, cluster }: OpenSimulation, options: SimulateOptions): SimulationResult {
  const { until } = run.settings;
  const end = until < Number.POSITIVE_INFINITY ? Math.max(until, run.now) : run.now;
  run.sampler?.sample(run, end);
  run.now = end;
  for (let job = 0; job < run.table.count; job++) {
    if (run.state.status[job] !== RUNNING) continue;
    run.stop(job, CUT, { keeps: true, holdsOn: true });
  }
  run.settleHeld(run.now);
  let jobs: readonly JobResult[] | undefined;
  return {
    get jobs() {
      jobs ??= jobResults(run, options.jobs, cluster);
      return jobs;
    },
    metrics: simulationMetrics(run),
    ...(run.sampler === undefined ? {} : { timeline: run.sampler.timeline }),
    events: run.eventCount,
    digest: run.log.digest(),
  };
}

function report(run: ClusterRun, onProgress: NonNullable<SimulateOptions['onProgress']>): void {
  onProgress({
    seconds: toSeconds(run.now),
    events: run.eventCount,
    finishedJobs: run.doneCount,
    jobs: run.table.count,
  });
}

function tooManyEvents(checked: CheckedOptions): CorralError {
  return new CorralError(
    'limit-exceeded',
    ['eventsMax'],
    `more than ${checked.eventsMax} events: raise eventsMax, or stop earlier with until`,
  );
}
