import { describe, expect, it } from 'vitest';
import {
  type JobResult,
  type SimulateOptions,
  type SimulationEvent,
  type SimulationJob,
  type SimulationResult,
  simulate,
  simulationEvents,
} from '../../../src/simulation/index.js';
import type { ClusterTopology } from '../../../src/topology/index.js';
import { swarmOptions } from './swarm.js';

const SEEDS = 2000;

interface Play {
  readonly options: SimulateOptions;
  readonly cluster: ClusterTopology;
  readonly events: readonly SimulationEvent[];
  readonly result: SimulationResult;
}

function play(options: SimulateOptions): Play | undefined {
  const events: SimulationEvent[] = [];
  const stream = simulationEvents(options);
  try {
    for (;;) {
      const next = stream.next();
      if (next.done === true) {
        return { options, cluster: options.cluster as ClusterTopology, events, result: next.value };
      }
      events.push(next.value);
    }
  } catch (error) {
    // Spares may be all that fits a job; nothing is wrong with waiting for them for ever.
    if ((error as { code?: string }).code === 'limit-exceeded' && (options.failures?.spareServers ?? 0) > 0)
      return undefined;
    throw error;
  }
}

/** Seed → what happened, once a check has asked. */
const plays: (Play | 'stuck')[] = [];

/** Runs a check on every seed; what fails says which. */
function forAllSeeds(
  check: (play: Play) => void,
  isOf: (options: SimulateOptions) => boolean = () => true,
): void {
  let checked = 0;
  for (let seed = 0; seed < SEEDS; seed++) {
    const options = swarmOptions(seed);
    if (!isOf(options)) continue;
    try {
      const played = plays[seed] ?? play(options) ?? 'stuck';
      plays[seed] = played;
      if (played === 'stuck') continue;
      check(played);
      checked++;
    } catch (error) {
      throw new Error(`seed ${seed}: ${(error as Error).message}`, { cause: error });
    }
  }
  expect(checked).toBeGreaterThan(SEEDS / 100);
}

const milliOf = (job: SimulationJob): number => job.gpuMilli ?? 1000 * (job.gpus ?? 0);
const movesJobs = (options: SimulateOptions): boolean =>
  options.elastic === 'running' || options.defragmentation !== undefined || options.preemption === 'order';
const isFailing = (options: SimulateOptions): boolean => (options.failures?.laws.length ?? 0) > 0;

describe('a swarm of simulations', () => {
  it('never gives more of a GPU, CPU or memory than there is', () => {
    forAllSeeds(({ options, cluster, result }) => {
      const changes = new Map<string, { time: number; milli: number }[]>();
      const add = (key: string, start: number, end: number, milli: number): void => {
        if (start === end || milli === 0) return;
        const list = changes.get(key) ?? [];
        list.push({ time: start, milli }, { time: end, milli: -milli });
        changes.set(key, list);
      };
      result.jobs.forEach((job, i) => {
        const asked = options.jobs[i]!;
        for (const run of job.runs) {
          for (const pod of run.pods) {
            for (const gpu of pod.gpus) {
              add(`${pod.server}/${gpu}`, run.startSeconds, run.endSeconds, asked.gpuMilli ?? 1000);
            }
            add(`${pod.server} cpu`, run.startSeconds, run.endSeconds, asked.cpuMilli ?? 0);
          }
        }
      });
      const cpu = new Map(
        cluster.servers.map((s) => [`${s.id} cpu`, s.cpuMilli ?? Number.POSITIVE_INFINITY]),
      );
      for (const [key, list] of changes) {
        // What is given back goes first: at one time a GPU may change hands.
        list.sort((a, b) => a.time - b.time || a.milli - b.milli);
        let used = 0;
        for (const { milli } of list) {
          used += milli;
          if (used > (cpu.get(key) ?? 1000)) throw new Error(`${key} is given twice`);
        }
      }
    });
  });

  it('starts gangs whole, where they asked to be', () => {
    forAllSeeds(({ options, cluster, result }) => {
      const serverOf = new Map(cluster.servers.map((server) => [server.id, server]));
      result.jobs.forEach((job, i) => {
        const { pods = 1, podsMin = pods, gpus = 0, gpuMilli, require } = options.jobs[i]!;
        for (const [at, run] of job.runs.entries()) {
          // Who has lost servers may hold the others until it is stopped; only then it has too few.
          const before = job.runs[at - 1]?.ended;
          const mayBeHeld = run.ended !== 'finished' && (before === 'failed' || before === 'held');
          if (!mayBeHeld) expect(run.pods.length).toBeGreaterThanOrEqual(podsMin);
          // Whoever computes to a failure or its end has all.
          if (run.ended === 'failed') expect(run.pods.length).toBeGreaterThanOrEqual(podsMin);
          expect(run.pods.length).toBeLessThanOrEqual(pods);
          for (const pod of run.pods) expect(pod.gpus).toHaveLength(gpuMilli === undefined ? gpus : 1);
          if (require === undefined) continue;
          const tier = cluster.tiers.findIndex((t) => t.name === require);
          const places = run.pods.map((p) =>
            tier === -1 ? p.server : serverOf.get(p.server)!.domains[tier],
          );
          expect(new Set(places).size).toBe(1);
        }
      });
    });
  });

  it('never goes back in time, and no job does anything before it arrives or after it ends', () => {
    forAllSeeds(({ events, result }) => {
      let last = 0;
      for (const event of events) {
        expect(event.seconds).toBeGreaterThanOrEqual(last);
        last = event.seconds;
      }
      for (const job of result.jobs) {
        let from = job.submitSeconds;
        for (const run of job.runs) {
          expect(run.startSeconds).toBeGreaterThanOrEqual(from);
          expect(run.endSeconds).toBeGreaterThanOrEqual(run.startSeconds);
          from = run.endSeconds;
        }
        if (job.endSeconds !== null) expect(job.endSeconds).toBe(from);
      }
    });
  });

  it('does all work of jobs that end, once, and books every held GPU second', () => {
    forAllSeeds(({ options, result }) => {
      let held = 0;
      let work = 0;
      let started = false;
      result.jobs.forEach((job, i) => {
        const asked = options.jobs[i]!;
        for (const run of job.runs) {
          held += ((run.endSeconds - run.startSeconds) * run.pods.length * milliOf(asked)) / 1000 / 3600;
        }
        if (job.outcome === 'finished')
          work += (asked.durationSeconds! * (asked.pods ?? 1) * milliOf(asked)) / 1000 / 3600;
        else started ||= job.runs.length > 0;
      });
      const { gpuHours } = result.metrics;
      expect(gpuHours.held).toBeCloseTo(held, 6);
      if (!started) expect(gpuHours.productive).toBeCloseTo(work, 6);
      else expect(gpuHours.productive).toBeGreaterThanOrEqual(work - 1e-6);
    });
  });

  it('ends every job that fits, unless it is stopped', () => {
    forAllSeeds(
      ({ result }) => {
        for (const job of result.jobs) expect(['finished', 'refused']).toContain(job.outcome);
      },
      // A job that fits only with the spares waits for a failure.
      (options) => options.untilSeconds === undefined && (options.failures?.spareServers ?? 0) === 0,
    );
  });

  it('gives the same digest again, and with and without somebody watching', () => {
    forAllSeeds(({ options, result }) => {
      expect(simulate(options).digest).toBe(result.digest);
    });
  });

  it('never delays the head of the queue under EASY', () => {
    forAllSeeds(
      ({ options, cluster, events, result }) => {
        const order = result.jobs
          .map((_, i) => i)
          .sort((a, b) => options.jobs[a]!.submitSeconds - options.jobs[b]!.submitSeconds || a - b);
        const waiting = new Set<number>();
        const running = new Set<number>();
        const promised = new Map<number, number>();
        const lastOf = (job: JobResult): number => job.runs.at(-1)!.endSeconds;
        const isCounted = cluster.tiers.length === 0;
        const gpus = cluster.servers.reduce((sum, server) => sum + server.type.gpus.length, 0);
        const podsOf = (job: number): number => options.jobs[job]!.pods ?? 1;
        /** Where counting is enough, when enough will be free; elsewhere when nothing of now runs any more. */
        const promiseOf = (head: number, now: number, running: ReadonlySet<number>): number => {
          const ends = [...running].map((job) => lastOf(result.jobs[job]!)).sort((a, b) => a - b);
          if (!isCounted) return Math.max(now, ...ends);
          const freeAt = (time: number): number =>
            gpus -
            [...running].reduce((sum, job) => sum + (lastOf(result.jobs[job]!) > time ? podsOf(job) : 0), 0);
          return [now, ...ends].find((time) => freeAt(time) >= podsOf(head))!;
        };
        events.forEach((event, i) => {
          if (event.kind === 'submit') waiting.add(event.job);
          if (event.kind === 'refuse') waiting.delete(event.job);
          if (event.kind === 'start') {
            waiting.delete(event.job);
            running.add(event.job);
          }
          if (event.kind === 'finish') running.delete(event.job);
          // Only what is so after all of one time has happened.
          if (events[i + 1]?.seconds === event.seconds) return;
          const head = order.find((job) => waiting.has(job));
          if (head === undefined || promised.has(head)) return;
          promised.set(head, promiseOf(head, event.seconds, running));
        });
        for (const [job, latest] of promised) {
          const { startSeconds } = result.jobs[job]!;
          if (startSeconds !== null) expect(startSeconds).toBeLessThanOrEqual(latest);
        }
      },
      (options) =>
        options.backfill === 'easy' &&
        options.queue === 'fifo' &&
        options.preemption === undefined &&
        options.headroom === undefined &&
        !movesJobs(options) &&
        !isFailing(options) &&
        (options.failures?.spareServers ?? 0) === 0 &&
        options.untilSeconds === undefined &&
        options.jobs.every(
          (job) => job.estimateSeconds === undefined && job.communicationFraction === undefined,
        ),
    );
  });

  it('leaves nobody waiting who would fit, where jobs of one GPU a pod start in any order', () => {
    forAllSeeds(
      ({ options, cluster, events }) => {
        const gpus = cluster.servers.reduce((sum, server) => sum + server.type.gpus.length, 0);
        const podsOf = (job: number): number => options.jobs[job]!.pods ?? 1;
        const waiting = new Set<number>();
        let free = gpus;
        events.forEach((event, i) => {
          if (event.kind === 'submit') waiting.add(event.job);
          if (event.kind === 'refuse') waiting.delete(event.job);
          if (event.kind === 'start' && waiting.delete(event.job)) free -= podsOf(event.job);
          if (event.kind === 'finish') free += podsOf(event.job);
          if (event.kind === 'preempt') {
            free += podsOf(event.job);
            waiting.add(event.job);
          }
          if (events[i + 1]?.seconds === event.seconds) return;
          for (const job of waiting) expect(podsOf(job)).toBeGreaterThan(free);
        });
      },
      (options) =>
        (options.admission === 'greedy' || options.preemption === 'order') &&
        options.failures === undefined &&
        options.headroom === undefined &&
        !movesJobs(options) &&
        (options.cluster as ClusterTopology).tiers.length === 0,
    );
  });

  it('gives GPUs that are kept free to nobody else', () => {
    forAllSeeds(
      ({ options, cluster, events }) => {
        const gpus = cluster.servers.reduce((sum, server) => sum + server.type.gpus.length, 0);
        const kept = options.headroom!.reduce((sum, pool) => sum + (pool.count ?? 1), 0);
        const mayUse = (job: number): boolean => {
          const { tenant, priority = 0 } = options.jobs[job]!;
          return options.headroom!.some(
            ({ tenants, priorityMin }) =>
              (tenants !== undefined || priorityMin !== undefined) &&
              (tenants?.includes(tenant ?? '') ?? true) &&
              priority >= (priorityMin ?? priority),
          );
        };
        let used = 0;
        events.forEach(({ kind, job, seconds }, i) => {
          const pods = mayUse(job) ? 0 : (options.jobs[job]!.pods ?? 1);
          if (kind === 'start') used += pods;
          if (kind === 'finish' || kind === 'preempt' || kind === 'move') used -= pods;
          // Preemption by order starts one job before it says that the other is stopped.
          if (events[i + 1]?.seconds !== seconds) expect(used).toBeLessThanOrEqual(Math.max(0, gpus - kept));
        });
      },
      (options) =>
        options.headroom !== undefined &&
        options.failures === undefined &&
        options.jobs.every((job) => job.gpus === 1 && job.podsMin === undefined) &&
        (options.cluster as ClusterTopology).tiers.length === 0,
    );
  });

  it('moves jobs where it is asked to, and then they go on at once', () => {
    let moves = 0;
    forAllSeeds(({ options, result }) => {
      for (const job of result.jobs) {
        const ended = job.runs.filter((run) => run.ended === 'moved');
        expect(ended).toHaveLength(job.moves);
        if (!movesJobs(options)) expect(job.moves).toBe(0);
        moves += job.moves;
        job.runs.forEach((run, i) => {
          if (run.ended === 'moved') expect(job.runs[i + 1]!.startSeconds).toBe(run.endSeconds);
        });
      }
    });
    expect(moves).toBeGreaterThan(50);
  });

  it('lets no run be preempted before its time', () => {
    let preempted = 0;
    forAllSeeds(
      ({ options, result }) => {
        const { runSecondsMin } = options.preemption as { runSecondsMin: number };
        for (const job of result.jobs) {
          for (const run of job.runs) {
            if (run.ended !== 'preempted') continue;
            preempted++;
            // Times are whole microseconds; their difference in seconds is not exact.
            expect(run.endSeconds - run.startSeconds).toBeGreaterThan(runSecondsMin - 1e-7);
          }
        }
      },
      ({ preemption }) => typeof preemption === 'object' && preemption.runSecondsMin !== undefined,
    );
    expect(preempted).toBeGreaterThan(10);
  });

  it('stops nobody who is not preemptible', () => {
    let held = 0;
    for (let seed = 0; seed < 150; seed++) {
      const options = swarmOptions(seed);
      simulate(options).jobs.forEach((job, i) => {
        if (options.jobs[i]!.preemptible !== false) return;
        held += job.runs.length;
        expect([job.preemptions, job.moves], `seed ${seed}, job ${i}`).toEqual([0, 0]);
      });
    }
    expect(held).toBeGreaterThan(50);
  });

  it('is the same with the options left out as with what they are by default', () => {
    for (let seed = 0; seed < 100; seed++) {
      const { priorityPerHour: _, ...rest } = swarmOptions(seed);
      const { preemption, queue, jobs } = rest;
      const options = {
        ...rest,
        jobs: jobs.map(({ preemptible: _preemptible, ...job }) => job),
        ...(typeof preemption === 'object' ? { preemption: { ...preemption, scope: undefined } } : {}),
      };
      const spelled = {
        ...options,
        jobs: options.jobs.map((job) => ({ ...job, preemptible: true })),
        ...(typeof preemption === 'object'
          ? { preemption: { ...preemption, scope: 'cluster' as const } }
          : {}),
        ...(queue === 'priority' || queue === 'fair-share' ? { priorityPerHour: 0 } : {}),
        overrunSecondsMax: 1e9,
      };
      expect(simulate(spelled).digest, `seed ${seed}`).toBe(simulate(options).digest);
    }
  });
});
