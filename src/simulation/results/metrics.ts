import { BUCKETS, DONE, OVERRUN, REFUSED } from '../jobs/job-state.js';
import { CUT, FAILED, FINISHED, PREEMPTED } from '../jobs/run-log.js';
import type { ClusterRun } from '../kernel/cluster-run.js';
import { MICROS, toSeconds } from '../options/clock.js';
import { RunWindow, timeWithin } from '../options/metrics-window.js';
import { type Distribution, distribution } from './percentiles.js';
import type { GpuHours, GpuModelMetrics, JobMetrics, SimulationMetrics } from './simulation-result.js';

/** Shorter run times count as this in slowdowns, since jobs of a second would dominate the figures. */
const SLOWDOWN_SECONDS_MIN = 10;
const HOUR_MICROS = 3600 * MICROS;

/**
 * Figures of a run that has ended, over its window.
 *
 * @complexity O(jobs log jobs)
 */
export function simulationMetrics(run: ClusterRun): SimulationMetrics {
  const { table, engine, settings } = run;
  const first = table.count === 0 ? 0 : table.submit[table.bySubmission[0]!]!;
  const window = new RunWindow(settings.window, Math.min(first, run.now), run.now);
  const all = new Int32Array(table.count);
  for (let job = 0; job < table.count; job++) all[job] = job;
  const counts = eventCounts(run, window);
  const metrics = jobMetrics(run, all, window, counts);
  const capacity = engine.tables.gpuCount * window.micros;
  return {
    ...metrics,
    window: { fromSeconds: toSeconds(window.from), untilSeconds: toSeconds(window.until) },
    endSeconds: toSeconds(run.now),
    makespanSeconds: toSeconds(Math.max(0, run.now - first)),
    utilisation: capacity === 0 ? 0 : run.accounts.heldGpuMicros / capacity,
    goodput: capacity === 0 ? 0 : (metrics.gpuHours.productive * HOUR_MICROS) / capacity,
    byTenant: byTenant(run, window, counts, metrics),
    byGpuModel: byGpuModel(run, window),
    headroom: run.allocation.headroom?.metrics() ?? [],
  };
}

/** Job → number of its stops in the window, by cause. */
type EventCounts = Readonly<Record<'preemptions' | 'failures' | 'moves', Int32Array>>;

function eventCounts({ table, log }: ClusterRun, window: RunWindow): EventCounts {
  const counts = {
    preemptions: new Int32Array(table.count),
    failures: new Int32Array(table.count),
    moves: new Int32Array(table.count),
  };
  for (let i = 0; i < log.length; i++) {
    const outcome = log.outcomes[i]!;
    if (outcome === FINISHED || outcome === CUT || !window.holds(log.ends[i]!)) continue;
    const kind = outcome === PREEMPTED ? 'preemptions' : outcome === FAILED ? 'failures' : 'moves';
    counts[kind][log.jobs[i]!]!++;
  }
  return counts;
}

function byGpuModel(run: ClusterRun, window: RunWindow): Record<string, GpuModelMetrics> {
  const { tables } = run.engine;
  const { log, table } = run;
  const modelOf = (server: number): number => tables.shapeModel[tables.shapeOf[server]!]!;
  const gpus = new Float64Array(tables.gpuModels.length);
  const held = new Float64Array(tables.gpuModels.length);
  for (let server = 0; server < tables.serverCount; server++) {
    gpus[modelOf(server)]! += tables.gpuStart[server + 1]! - tables.gpuStart[server]!;
  }
  // With one GPU model the GPU time of all jobs is that of the model.
  if (gpus.length === 1) held[0] = run.accounts.heldGpuMicros;
  else {
    for (let i = 0; i < log.length; i++) {
      const perPod = table.gangs[table.gangOf[log.jobs[i]!]!]!.need.totalGpuMilli / 1000;
      const micros = timeWithin(window, log.begins[i]!, log.ends[i]!) * perPod;
      for (let piece = log.pieceStart[i]!; piece < log.pieceStart[i + 1]!; piece++) {
        held[modelOf(log.servers[piece]!)]! += micros * log.pods[piece]!;
      }
    }
  }
  const result: Record<string, GpuModelMetrics> = Object.create(null);
  tables.gpuModels.forEach((model, i) => {
    const capacity = gpus[i]! * window.micros;
    result[model] = {
      gpus: gpus[i]!,
      heldGpuHours: held[i]! / HOUR_MICROS,
      utilisation: capacity === 0 ? 0 : held[i]! / capacity,
    };
  });
  return result;
}

function byTenant(
  run: ClusterRun,
  window: RunWindow,
  counts: EventCounts,
  all: JobMetrics,
): Record<string, JobMetrics> {
  const { tenants, tenantOf } = run.table;
  // A null prototype, since a tenant may have any name.
  const result: Record<string, JobMetrics> = Object.create(null);
  if (tenants.length === 1) {
    result[tenants[0]!] = all;
    return result;
  }
  const jobs: number[][] = tenants.map(() => []);
  for (let job = 0; job < tenantOf.length; job++) jobs[tenantOf[job]!]!.push(job);
  tenants.forEach((tenant, i) => {
    result[tenant] = jobMetrics(run, Int32Array.from(jobs[i]!), window, counts);
  });
  return result;
}

function jobMetrics(run: ClusterRun, ofJobs: Int32Array, window: RunWindow, counts: EventCounts): JobMetrics {
  const { table, state } = run;
  const waits = new Figures(ofJobs.length);
  const completions = new Figures(ofJobs.length);
  const slowdowns = new Figures(ofJobs.length);
  let jobs = 0;
  let killed = 0;
  let preemptions = 0;
  let failures = 0;
  let moves = 0;
  let productive = 0;
  let elapsed = 0;
  const gpuHours = { held: 0, productive: 0, checkpoint: 0, recompute: 0, restart: 0, slowdown: 0 };
  for (let i = 0; i < ofJobs.length; i++) {
    const job = ofJobs[i]!;
    preemptions += counts.preemptions[job]!;
    failures += counts.failures[job]!;
    moves += counts.moves[job]!;
    for (const bucket of BUCKETS) gpuHours[bucket] += state.gpuTime[bucket][job]!;
    const submit = table.submit[job]!;
    if (!window.counts(submit)) continue;
    jobs++;
    // Refused jobs do not wait, and jobs that arrive after the end have not come.
    if (state.status[job] === REFUSED || submit > run.now) continue;
    const isDone = state.status[job] === DONE;
    const start = state.firstStart[job]!;
    const hasStarted = !Number.isNaN(start);
    const isKilled = state.status[job] === OVERRUN;
    const end = isDone || isKilled ? state.end[job]! : run.now;
    const completion = toSeconds(end - submit);
    waits.add(toSeconds((hasStarted ? start : run.now) - submit), hasStarted);
    if (isKilled) killed++;
    else {
      completions.add(completion, isDone);
      const undisturbed = Math.max(SLOWDOWN_SECONDS_MIN, toSeconds(table.work[job]!));
      slowdowns.add(Math.max(1, completion / undisturbed), isDone);
    }
    if (!hasStarted) continue;
    productive += state.saved[job]! * table.gpus[job]!;
    elapsed += (end - start) * table.gpus[job]!;
  }
  return {
    jobs,
    finishedJobs: completions.known,
    killedJobs: killed,
    waitSeconds: waits.distribution(),
    completionSeconds: completions.distribution(),
    slowdown: slowdowns.distribution(),
    preemptions,
    failures,
    moves,
    gpuHours: inHours(gpuHours),
    ettr: elapsed === 0 ? 1 : productive / elapsed,
  };
}

/** One figure of jobs: known figures from the front, lower bounds of the others from the back. */
class Figures {
  known = 0;
  readonly #column: Float64Array;
  #censoredFrom: number;

  constructor(jobs: number) {
    this.#column = new Float64Array(jobs);
    this.#censoredFrom = jobs;
  }

  add(figure: number, isKnown: boolean): void {
    this.#column[isKnown ? this.known++ : --this.#censoredFrom] = figure;
  }

  distribution(): Distribution {
    return distribution(this.#column.subarray(0, this.known), this.#column.subarray(this.#censoredFrom));
  }
}

function inHours(gpuMicros: Record<keyof GpuHours, number>): GpuHours {
  const hours = { ...gpuMicros };
  for (const bucket of BUCKETS) {
    hours[bucket] /= HOUR_MICROS;
    hours.held += hours[bucket];
  }
  return hours;
}
