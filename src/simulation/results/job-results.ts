import { ordinals } from '../../placement/state/state.js';
import type { ClusterTopology } from '../../topology/types.js';
import { DONE, OVERRUN, REFUSED, RUNNING, UNSUBMITTED } from '../jobs/job-state.js';
import { RUN_ENDS } from '../jobs/run-log.js';
import type { ClusterRun } from '../kernel/cluster-run.js';
import { toSeconds } from '../options/clock.js';
import type { JobOutcome, JobResult, JobRun } from './simulation-result.js';

/**
 * The result of every job, from the columns of a run that has ended.
 *
 * @complexity O(jobs + runs + pods)
 */
export function jobResults(run: ClusterRun, cluster: ClusterTopology): JobResult[] {
  const { table, state, log } = run;
  const runs: JobRun[][] = Array.from({ length: table.count }, () => []);
  for (let i = 0; i < log.length; i++) runs[log.jobs[i]!]!.push(runAt(run, cluster, i));
  return runs.map((ofJob, job) => ({
    id: table.ids[job] ?? String(job),
    tenant: table.tenants[table.tenantOf[job]!]!,
    outcome: outcomeOf(state.status[job]!),
    submitSeconds: toSeconds(table.submit[job]!),
    startSeconds: secondsOrNull(state.firstStart[job]!),
    endSeconds: state.status[job] === OVERRUN ? null : secondsOrNull(state.end[job]!),
    runs: ofJob,
    preemptions: state.preemptions[job]!,
    failures: state.failures[job]!,
    moves: state.moves[job]!,
  }));
}

function runAt(run: ClusterRun, cluster: ClusterTopology, i: number): JobRun {
  const { log, engine, table } = run;
  const { need } = table.gangs[table.gangOf[log.jobs[i]!]!]!;
  const pods: JobRun['pods'][number][] = [];
  for (let piece = log.pieceStart[i]!; piece < log.pieceStart[i + 1]!; piece++) {
    const server = log.servers[piece]!;
    const { id } = cluster.servers[engine.tables.documentIndexOf[server]!]!;
    for (const mask of engine.splitGpus(need, server, log.masks[piece]!, log.pods[piece]!)) {
      pods.push({ server: id, gpus: ordinals(mask) });
    }
  }
  const bandwidthGBps = log.bandwidths[i]!;
  return {
    startSeconds: toSeconds(log.begins[i]!),
    endSeconds: toSeconds(log.ends[i]!),
    ended: RUN_ENDS[log.outcomes[i]!]!,
    pods,
    bandwidthGBps: Number.isNaN(bandwidthGBps) ? null : bandwidthGBps,
  };
}

function outcomeOf(status: number): JobOutcome {
  if (status === DONE) return 'finished';
  if (status === REFUSED) return 'refused';
  if (status === OVERRUN) return 'killed';
  if (status === RUNNING) return 'running';
  return status === UNSUBMITTED ? 'not-submitted' : 'waiting';
}

function secondsOrNull(micros: number): number | null {
  return Number.isNaN(micros) ? null : toSeconds(micros);
}
