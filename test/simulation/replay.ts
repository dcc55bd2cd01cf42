import {
  type JobRun,
  type SimulateOptions,
  type SimulationEvent,
  type SimulationJob,
  type SimulationResult,
  simulate,
  simulationEvents,
} from '../../src/simulation/index.js';
import type { ClusterTopology } from '../../src/topology/index.js';

/**
 * What can be seen of a simulation from outside: its options, what happened, and who held what. No checker that reads it
 * knows how the simulator decides. Jobs must write no checkpoints, so that a run always has the whole job before it.
 */
export interface Replay {
  readonly options: SimulateOptions;
  readonly cluster: ClusterTopology;
  readonly events: readonly SimulationEvent[];
  readonly result: SimulationResult;
  /** Server → stretches of time in which it is broken. */
  readonly outages: ReadonlyMap<string, readonly (readonly [from: number, to: number])[]>;
}

/** A job that holds GPUs. */
export interface Running {
  readonly run: JobRun;
  /** When whoever believes its estimate expects it to end. */
  readonly expectedEnd: number;
}

/** The state at one moment. */
export interface Moment {
  readonly seconds: number;
  /** What happens next; undefined after the last event of a time, when the scheduler has done all it will. */
  readonly next: SimulationEvent | undefined;
  /** Waiting jobs in the order of the queue. */
  readonly queue: readonly number[];
  readonly running: ReadonlyMap<number, Running>;
}

/** Plays a simulation and keeps what happened. */
export function replayOf(options: SimulateOptions): Replay {
  const events: SimulationEvent[] = [];
  const stream = simulationEvents(options);
  let next = stream.next();
  for (; next.done !== true; next = stream.next()) events.push(next.value);
  return {
    options,
    cluster: options.cluster as ClusterTopology,
    events,
    result: next.value,
    outages: outagesOf(options),
  };
}

/** Every moment before something happens to a job, and after the last event of each time. */
export function* momentsOf(replay: Replay): Generator<Moment> {
  const { options, events, result } = replay;
  const { jobs } = options;
  const waiting = new Set<number>();
  const running = new Map<number, Running>();
  const started = new Int32Array(jobs.length);
  const keys = jobs.map((_, job) => keyOf(options, job));
  let queue: readonly number[] | undefined;
  const moment = (seconds: number, next: SimulationEvent | undefined): Moment => {
    queue ??= [...waiting].sort((a, b) => keys[a]! - keys[b]! || bySubmission(jobs, a, b));
    return { seconds, next, queue, running };
  };
  for (const [i, event] of events.entries()) {
    const { kind, job, seconds } = event;
    const before = events[i - 1];
    const isInPlace =
      kind === 'start' &&
      before?.kind === 'fail' &&
      before.job === job &&
      samePods(result.jobs[job]!.runs[started[job]! - 1]!, result.jobs[job]!.runs[started[job]!]!);
    // A job that restarts where it is never was in the queue.
    if (!isInPlace) yield moment(seconds, event);
    queue = undefined;
    if (kind === 'submit') waiting.add(job);
    else if (kind === 'refuse') waiting.delete(job);
    else if (kind === 'start') {
      waiting.delete(job);
      const run = result.jobs[job]!.runs[started[job]!++]!;
      const expectedEnd = sumSeconds(seconds, expectedSeconds(jobs[job]!, run.pods.length));
      running.set(job, { run, expectedEnd });
    } else {
      running.delete(job);
      if (kind !== 'finish') waiting.add(job);
    }
    if (events[i + 1]?.seconds !== seconds) yield moment(seconds, undefined);
  }
}

/** A sum of times, which are whole microseconds. */
export function sumSeconds(a: number, b: number): number {
  return Math.round((a + b) * 1e6) / 1e6;
}

function samePods(a: JobRun, b: JobRun): boolean {
  return JSON.stringify(a.pods) === JSON.stringify(b.pods);
}

/** How long a job is believed to run on so many pods, to the microsecond. */
export function expectedSeconds(job: SimulationJob, pods: number): number {
  const estimate = job.estimateSeconds ?? job.durationSeconds!;
  return Math.ceil((Math.round(estimate * 1e6) * (job.pods ?? 1)) / pods) / 1e6;
}

function keyOf(options: SimulateOptions, at: number): number {
  const job = options.jobs[at]!;
  switch (options.queue) {
    case 'priority':
    case 'fair-share':
      return -(job.priority ?? 0);
    case 'shortest-remaining':
      return job.estimateSeconds ?? job.durationSeconds!;
    case 'fewest-gpus':
      return (job.pods ?? 1) * (job.gpus ?? 0);
    default:
      return 0;
  }
}

function bySubmission(jobs: readonly SimulationJob[], a: number, b: number): number {
  return jobs[a]!.submitSeconds - jobs[b]!.submitSeconds || a - b;
}

/**
 * When which server is broken, without a look at how failures are drawn: they strike whatever runs, so the same cluster
 * with a job without end on every GPU and no repairs shows each of them as a job that fails. Repairs must be fixed.
 */
function outagesOf(options: SimulateOptions): Map<string, [number, number][]> {
  const outages = new Map<string, [number, number][]>();
  const { failures, untilSeconds } = options;
  const cluster = options.cluster as ClusterTopology;
  const laws = failures?.laws.filter((law) => law.level !== 'job') ?? [];
  const [first] = laws;
  if (first === undefined) return outages;
  const repairSeconds = first.repair!.mean;
  if (laws.some((law) => law.repair?.kind !== 'fixed' || law.repair.mean !== repairSeconds)) {
    throw new Error('the probe only knows repairs of one fixed length');
  }
  const gpus = cluster.servers.reduce((sum, server) => sum + server.type.gpus.length, 0);
  const probe = simulate({
    cluster,
    jobs: Array.from({ length: gpus }, () => ({ submitSeconds: 0, durationSeconds: 1e9, gpus: 1 })),
    failures: { laws: laws.map(({ repair, ...law }) => law) },
    seed: options.seed,
    untilSeconds: untilSeconds!,
  });
  for (const { runs } of probe.jobs) {
    for (const { ended, endSeconds, pods } of runs) {
      if (ended !== 'failed') continue;
      const { server } = pods[0]!;
      const ofServer = outages.get(server) ?? [];
      outages.set(server, ofServer);
      ofServer.push([endSeconds, sumSeconds(endSeconds, repairSeconds)]);
    }
  }
  return outages;
}
