import { MICROS, toSeconds } from './clock.js';
import type { ClusterRun } from './cluster-run.js';
import { BUCKETS, DONE } from './job-state.js';
import { distribution } from './percentiles.js';
import type { GpuHours, GpuModelMetrics, JobMetrics, SimulationMetrics } from './simulation-result.js';

/** Run times below this count as this in slowdowns, or jobs of a second would be all there is to see. */
const SLOWDOWN_SECONDS_MIN = 10;
const HOUR_MICROS = 3600 * MICROS;

/**
 * Figures of a run that has ended.
 *
 * @complexity O(jobs log jobs)
 */
export function simulationMetrics(run: ClusterRun): SimulationMetrics {
  const { table, engine } = run;
  const all = new Int32Array(table.count);
  for (let job = 0; job < table.count; job++) all[job] = job;
  const metrics = jobMetrics(run, all);
  const first = table.count === 0 ? 0 : table.submit[table.bySubmission[0]!]!;
  const makespan = Math.max(0, run.now - first);
  const capacity = engine.tables.gpuCount * makespan;
  return {
    ...metrics,
    endSeconds: toSeconds(run.now),
    makespanSeconds: toSeconds(makespan),
    utilisation: capacity === 0 ? 0 : run.accounts.heldGpuMicros / capacity,
    goodput: capacity === 0 ? 0 : (metrics.gpuHours.productive * HOUR_MICROS) / capacity,
    byTenant: byTenant(run, metrics),
    byGpuModel: byGpuModel(run, makespan),
    headroom: run.allocation.headroom?.metrics() ?? [],
  };
}

function byGpuModel(run: ClusterRun, makespan: number): Record<string, GpuModelMetrics> {
  const { tables } = run.engine;
  const { log, table } = run;
  const modelOf = (server: number): number => tables.shapeModel[tables.shapeOf[server]!]!;
  const gpus = new Float64Array(tables.gpuModels.length);
  const held = new Float64Array(tables.gpuModels.length);
  for (let server = 0; server < tables.serverCount; server++) {
    gpus[modelOf(server)]! += tables.gpuStart[server + 1]! - tables.gpuStart[server]!;
  }
  // With one model, what all jobs held is known.
  if (gpus.length === 1) held[0] = run.accounts.heldGpuMicros;
  else {
    for (let i = 0; i < log.length; i++) {
      const perPod = table.gangs[table.gangOf[log.jobs[i]!]!]!.need.totalGpuMilli / 1000;
      const micros = (log.ends[i]! - log.begins[i]!) * perPod;
      for (let piece = log.pieceStart[i]!; piece < log.pieceStart[i + 1]!; piece++) {
        held[modelOf(log.servers[piece]!)]! += micros * log.pods[piece]!;
      }
    }
  }
  const result: Record<string, GpuModelMetrics> = Object.create(null);
  tables.gpuModels.forEach((model, i) => {
    const capacity = gpus[i]! * makespan;
    result[model] = {
      gpus: gpus[i]!,
      heldGpuHours: held[i]! / HOUR_MICROS,
      utilisation: capacity === 0 ? 0 : held[i]! / capacity,
    };
  });
  return result;
}

function byTenant(run: ClusterRun, all: JobMetrics): Record<string, JobMetrics> {
  const { tenants, tenantOf } = run.table;
  // A null prototype: a tenant may be called anything.
  const result: Record<string, JobMetrics> = Object.create(null);
  if (tenants.length === 1) {
    result[tenants[0]!] = all;
    return result;
  }
  const jobs: number[][] = tenants.map(() => []);
  for (let job = 0; job < tenantOf.length; job++) jobs[tenantOf[job]!]!.push(job);
  tenants.forEach((tenant, i) => {
    result[tenant] = jobMetrics(run, Int32Array.from(jobs[i]!));
  });
  return result;
}

function jobMetrics(run: ClusterRun, jobs: Int32Array): JobMetrics {
  const { table, state } = run;
  const waits = new Float64Array(jobs.length);
  const completions = new Float64Array(jobs.length);
  const slowdowns = new Float64Array(jobs.length);
  let started = 0;
  let finished = 0;
  let preemptions = 0;
  let failures = 0;
  let moves = 0;
  let productive = 0;
  let elapsed = 0;
  const gpuHours = { held: 0, productive: 0, checkpoint: 0, recompute: 0, restart: 0, slowdown: 0 };
  for (let i = 0; i < jobs.length; i++) {
    const job = jobs[i]!;
    preemptions += state.preemptions[job]!;
    failures += state.failures[job]!;
    moves += state.moves[job]!;
    for (const bucket of BUCKETS) gpuHours[bucket] += state.gpuTime[bucket][job]!;
    const start = state.firstStart[job]!;
    if (Number.isNaN(start)) continue;
    const submit = table.submit[job]!;
    waits[started++] = toSeconds(start - submit);
    if (state.status[job] !== DONE) continue;
    const completion = toSeconds(state.end[job]! - submit);
    slowdowns[finished] = Math.max(
      1,
      completion / Math.max(SLOWDOWN_SECONDS_MIN, toSeconds(table.work[job]!)),
    );
    completions[finished++] = completion;
    productive += table.work[job]! * table.gpus[job]!;
    elapsed += (state.end[job]! - start) * table.gpus[job]!;
  }
  return {
    jobs: jobs.length,
    finishedJobs: finished,
    waitSeconds: distribution(waits.subarray(0, started)),
    completionSeconds: distribution(completions.subarray(0, finished)),
    slowdown: distribution(slowdowns.subarray(0, finished)),
    preemptions,
    failures,
    moves,
    gpuHours: inHours(gpuHours),
    ettr: elapsed === 0 ? 1 : productive / elapsed,
  };
}

function inHours(gpuMicros: Record<keyof GpuHours, number>): GpuHours {
  const hours = { ...gpuMicros };
  for (const bucket of BUCKETS) {
    hours[bucket] /= HOUR_MICROS;
    hours.held += hours[bucket];
  }
  return hours;
}
