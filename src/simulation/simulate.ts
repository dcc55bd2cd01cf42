import { callForeign } from '../checks/plain-data.js';
import { CorralError } from '../errors.js';
import { type OpenRun, openRun } from './assemble.js';
import type { CheckedOptions } from './options/checked-options.js';
import { toSeconds } from './options/clock.js';
import type { SimulateOptions } from './options/simulation-options.js';
import { jobResults } from './results/job-results.js';
import { simulationMetrics } from './results/metrics.js';
import type { JobResult, SimulationEvent, SimulationResult } from './results/simulation-result.js';

/** Steps between two calls of `onProgress`. */
const PROGRESS_STEPS = 1 << 14;

/**
 * Simulates a cluster over time: jobs arrive, wait, start on the GPUs that the policy gives them, run, and end.
 *
 * Results are exact and repeatable: times are whole microseconds, equal times have a documented order, and equal
 * options give equal results on every machine.
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
 * }).jobs[0].endSeconds; // 3600
 */
export function simulate(options: SimulateOptions): SimulationResult {
  const simulation = openRun(options, undefined);
  while (play(simulation, PROGRESS_STEPS)) report(simulation);
  report(simulation);
  return close(simulation);
}

/**
 * As {@link simulate}, event by event: yields the events of jobs in order. The generator returns the result.
 *
 * The options are read by the call, before the first event; later changes of them have no effect.
 *
 * @param options - as those of {@link simulate}
 * @throws CorralError as {@link simulate}; wrong options at the call
 */
export function simulationEvents(
  options: SimulateOptions,
): Generator<SimulationEvent, SimulationResult, void> {
  const happened: SimulationEvent[] = [];
  return eventsOf(openRun(options, happened), happened);
}

function* eventsOf(
  simulation: OpenRun,
  happened: SimulationEvent[],
): Generator<SimulationEvent, SimulationResult, void> {
  while (play(simulation, 1)) {
    yield* happened;
    happened.length = 0;
  }
  return close(simulation);
}

/**
 * Makes so many steps.
 *
 * @returns false if nothing is left to happen
 * @throws CorralError `limit-exceeded` after too many events; what a policy of the caller throws is its `cause`
 */
function play({ run, checked }: OpenRun, steps: number): boolean {
  return callForeign(() => {
    for (let step = 0; step < steps; step++) {
      if (!run.step()) return false;
      if (run.loop.eventCount > checked.eventsMax) throw tooManyEvents(checked);
    }
    return true;
  }, ['policy']);
}

function close({ run, cluster, sampler }: OpenRun): SimulationResult {
  const { until } = run.settings;
  run.cutAt(until < Number.POSITIVE_INFINITY ? Math.max(until, run.now) : run.now);
  let jobs: readonly JobResult[] | undefined;
  return {
    get jobs() {
      jobs ??= jobResults(run, cluster);
      return jobs;
    },
    metrics: simulationMetrics(run),
    ...(sampler === undefined ? {} : { timeline: sampler.timeline }),
    events: run.loop.eventCount,
    digest: run.log.digest(),
  };
}

function report({ run, onProgress }: OpenRun): void {
  if (onProgress === undefined) return;
  const progress = {
    seconds: toSeconds(run.now),
    events: run.loop.eventCount,
    finishedJobs: run.doneCount,
    jobs: run.table.count,
  };
  callForeign(() => onProgress(progress), ['onProgress']);
}

function tooManyEvents(checked: CheckedOptions): CorralError {
  return new CorralError(
    'limit-exceeded',
    ['eventsMax'],
    `more than ${checked.eventsMax} events: raise eventsMax, or stop earlier with untilSeconds`,
  );
}
