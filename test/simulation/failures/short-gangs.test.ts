import { describe, expect, it } from 'vitest';
import { clusterTopology } from '../../../src/index.js';
import { binPack } from '../../../src/policies/index.js';
import { defaultRecovery, llama3FailureLaws, type Phase, phase } from '../../../src/restart/index.js';
import {
  type JobResult,
  type SimulatedFailures,
  type SimulateOptions,
  type SimulationResult,
  simulate,
  simulationEvents,
} from '../../../src/simulation/index.js';
import { gpuBox } from '../../placement/random-cluster.js';
import { oneGpuServers } from '../one-gpu-servers.js';

const DAY = 86_400;
const checkpoint = { computeSeconds: 10 };

/** One failure in so many seconds per server. */
const broken = (seconds: number, repair: Phase = phase.fixed(500)): SimulatedFailures => ({
  laws: [{ name: 'server', level: 'server', failuresPerSecond: 1 / seconds, repair }],
});

/** From each failure of a job to its next run with all pods, seconds. */
function gapsOf({ runs }: JobResult, pods: number): number[] {
  const gaps: number[] = [];
  let failedAt: number | undefined;
  for (const run of runs) {
    if (run.pods.length === pods && run.ended !== 'held' && failedAt !== undefined) {
      gaps.push(run.startSeconds - failedAt);
      failedAt = undefined;
    }
    if (run.ended === 'failed') failedAt = run.endSeconds;
  }
  return gaps;
}

const mean = (values: readonly number[]): number => values.reduce((sum, x) => sum + x, 0) / values.length;

/** 64 DGX H100: 60 for one job of 60 days, beside 400 jobs of one server and ten hours. */
function busyCluster(spareServers: number, seed: number, holdSeconds?: number): SimulationResult {
  const laws = llama3FailureLaws().map((law) =>
    law.level === 'job' ? law : { ...law, repair: phase.exponential(2 * DAY) },
  );
  return simulate({
    cluster: clusterTopology({
      tiers: [],
      types: { h100: 'dgx-h100' },
      servers: Array.from({ length: 64 }, (_, i) => ({ id: `s${i}`, type: 'h100' })),
    }),
    jobs: [
      {
        submitSeconds: 0,
        durationSeconds: 60 * DAY,
        pods: 60,
        gpus: 8,
        checkpoint: { computeSeconds: 1800 },
      },
      ...Array.from({ length: 400 }, () => ({ submitSeconds: 0, durationSeconds: 36_000, gpus: 8 })),
    ],
    failures: { laws, spareServers },
    restart: {
      ...defaultRecovery({ servers: 60 }),
      ...(holdSeconds === undefined ? {} : { holdSeconds }),
    },
    seed,
  });
}

describe('a gang that loses a server', () => {
  it('starts again sooner with four spares than with none', () => {
    const gaps = (spares: number, holdSeconds?: number): number =>
      mean([1, 2, 3].flatMap((seed) => gapsOf(busyCluster(spares, seed, holdSeconds).jobs[0]!, 60)));
    const none = gaps(0);
    expect(none).toBeGreaterThan(1800);
    expect(gaps(4)).toBe(0);
    // As long as it gave its servers up, it got them back when others had used them.
    expect(gaps(4, 0)).toBeGreaterThan(none);
    // Also without spares the servers that are left are worth holding.
    expect(gaps(0, DAY)).toBeLessThan(none);
  }, 60_000);

  it('is no later with spares where it may stop others to get servers', () => {
    const single = {
      submitSeconds: 1,
      durationSeconds: 30 * DAY,
      gpus: 1,
      checkpoint: { computeSeconds: 1800 },
    };
    const ended = (spareServers: number, seed: number, restart: SimulateOptions['restart']): number =>
      simulate({
        cluster: oneGpuServers(8),
        jobs: [
          { ...single, submitSeconds: 0, durationSeconds: 20 * DAY, pods: 4, priority: 1 },
          ...new Array<typeof single>(12).fill(single),
        ],
        queue: 'priority',
        preemption: { victims: 'restart-cost' },
        failures: { ...broken(15 * DAY, phase.exponential(4 * DAY)), spareServers },
        restart,
        seed,
        untilSeconds: 400 * DAY,
      } as SimulateOptions).jobs[0]!.endSeconds! / DAY;
    const seeds = Array.from({ length: 20 }, (_, seed) => seed);
    const means = [0, 1, 2].map((spares) => mean(seeds.map((seed) => ended(spares, seed, undefined))));
    expect(means[1]! - means[0]!).toBeLessThan(0.02);
    expect(means[2]! - means[0]!).toBeLessThan(0.02);
    // Holding on, it waits for repairs that it need not wait for.
    expect(mean(seeds.map((seed) => ended(1, seed, { holdSeconds: DAY })))).toBeGreaterThan(means[0]! + 1);
  });

  const four = (options: Partial<SimulateOptions>): SimulationResult =>
    simulate({
      cluster: oneGpuServers(5),
      jobs: [{ submitSeconds: 0, durationSeconds: 20_000, pods: 4, gpus: 1, checkpoint }],
      failures: { ...broken(5000), spareServers: 1 },
      restart: { hidden: phase.fixed(30), exposed: phase.fixed(7) },
      seed: 1,
      ...options,
    });

  it('keeps the others, gets a spare, and goes through its restart on all of them', () => {
    const { runs, failures } = four({}).jobs[0]!;
    expect(failures).toBeGreaterThan(3);
    for (const [i, run] of runs.entries()) {
      const before = runs[i - 1];
      if (before === undefined) continue;
      expect(run.startSeconds).toBe(before.endSeconds);
      const kept = before.pods.filter(({ server }) => run.pods.some((pod) => pod.server === server));
      // Whoever is short keeps what is left, and whoever is whole again has one server more.
      expect(kept.length).toBeGreaterThanOrEqual(Math.min(3, before.pods.length, run.pods.length));
    }
  });

  it('counts what it holds meanwhile as restart, and nothing is lost', () => {
    const { jobs, metrics } = four({ failures: { ...broken(3000), spareServers: 1 } });
    const { runs } = jobs[0]!;
    const held = runs.filter(({ ended }) => ended === 'held');
    expect(held.length).toBeGreaterThan(0);
    const gpuSeconds = (list: typeof runs): number =>
      list.reduce((sum, run) => sum + run.pods.length * (run.endSeconds - run.startSeconds), 0);
    const { gpuHours } = metrics;
    expect(gpuHours.held * 3600).toBeCloseTo(gpuSeconds(runs), 4);
    expect(gpuHours.productive * 3600).toBeCloseTo(4 * 20_000, 4);
    expect(gpuHours.restart * 3600).toBeGreaterThanOrEqual(gpuSeconds(held) - 1e-6);
    expect(gpuHours.slowdown).toBeCloseTo(0, 9);
  });

  it('gives up after so long, and then is in the queue', () => {
    const holdSeconds = 100;
    const { runs } = four({
      failures: { ...broken(5000) },
      cluster: oneGpuServers(4),
      restart: { holdSeconds },
    }).jobs[0]!;
    const held = runs.filter(({ ended }) => ended === 'held');
    expect(held.length).toBeGreaterThan(3);
    const lengths = held.map((run) => run.endSeconds - run.startSeconds);
    expect(Math.max(...lengths)).toBeCloseTo(holdSeconds, 6);
    // The repair takes longer: it has held its servers in vain.
    expect(Math.min(...gapsOf({ runs } as JobResult, 4))).toBeGreaterThan(500 - 1e-6);
  });

  it('waits no longer than the repair of what it misses', () => {
    const options = { failures: broken(20_000), cluster: oneGpuServers(4), restart: { holdSeconds: DAY } };
    const gaps = gapsOf(four(options).jobs[0]!, 4);
    expect(gaps.length).toBeGreaterThan(1);
    expect(Math.min(...gaps)).toBeCloseTo(500, 6);
  });

  it('goes on with less, where it may, once the hidden steps are over, and gets more with the next restart', () => {
    let restarts = 0;
    let grown = 0;
    for (let seed = 0; seed < 6; seed++) {
      const { runs } = four({
        seed,
        jobs: [{ submitSeconds: 0, durationSeconds: 20_000, pods: 4, podsMin: 2, gpus: 1, checkpoint }],
        cluster: oneGpuServers(4),
        failures: broken(20_000),
        restart: { hidden: phase.fixed(3), holdSeconds: DAY },
      }).jobs[0]!;
      runs.forEach((run, i) => {
        const held = runs[i + 1];
        if (run.ended !== 'failed' || held?.ended !== 'held') return;
        restarts++;
        // It has lost one, and takes the one that it did without.
        if (run.pods.length < 4 && held.pods.length >= run.pods.length) grown++;
        expect(held.pods.length).toBeGreaterThanOrEqual(run.pods.length - 1);
        expect(held.pods.length).toBeLessThan(4);
        expect(held.endSeconds - held.startSeconds).toBeCloseTo(3, 6);
        expect(runs[i + 2]!.pods).toEqual(held.pods);
      });
    }
    expect(restarts).toBeGreaterThan(5);
    expect(grown).toBeGreaterThan(2);
  });

  it('takes another rack at once, if it must be in one and the other has room', () => {
    const racks = clusterTopology({
      tiers: ['rack'],
      types: { one: gpuBox(1) },
      servers: Array.from({ length: 8 }, (_, i) => ({
        id: `s${i}`,
        type: 'one',
        domains: { rack: `r${Math.floor(i / 4)}` },
      })),
    });
    let moved = 0;
    for (let seed = 0; seed < 10; seed++) {
      const { runs } = four({
        seed,
        cluster: racks,
        jobs: [{ submitSeconds: 0, durationSeconds: 20_000, pods: 4, gpus: 1, require: 'rack', checkpoint }],
        failures: broken(50_000, phase.fixed(10)),
        restart: { holdSeconds: DAY },
      }).jobs[0]!;
      runs.slice(1).forEach((run, i) => {
        if (run.pods.length < 4) return;
        moved++;
        expect(run.startSeconds).toBe(runs[i]!.endSeconds);
        expect(run.pods.every(({ server }) => runs[i]!.pods.every((pod) => pod.server !== server))).toBe(
          true,
        );
      });
    }
    expect(moved).toBeGreaterThan(3);
  });

  it('does not fail again while nothing of it is up, but loses what breaks', () => {
    let shrunk = 0;
    for (let seed = 0; seed < 20; seed++) {
      const { runs, failures } = four({
        seed,
        cluster: oneGpuServers(4),
        failures: broken(2000, phase.fixed(1000)),
        restart: { hidden: phase.fixed(200), holdSeconds: DAY },
        untilSeconds: 20_000,
      }).jobs[0]!;
      expect(runs.filter(({ ended }) => ended === 'failed').length).toBe(failures);
      runs.forEach(({ ended, pods }, i) => {
        if (ended === 'failed') expect(pods.length).toBe(4);
        else if (ended === 'held' && (runs[i + 1]?.pods.length ?? 4) < pods.length) shrunk++;
      });
    }
    expect(shrunk).toBeGreaterThan(5);
  });

  it('is told of as failed, held and started', () => {
    const kinds: string[] = [];
    const options: SimulateOptions = {
      cluster: oneGpuServers(4),
      jobs: [{ submitSeconds: 0, durationSeconds: 1e6, pods: 4, gpus: 1, checkpoint }],
      failures: broken(50_000),
      restart: { holdSeconds: DAY },
      untilSeconds: 40_000,
    };
    for (const { kind } of simulationEvents(options)) kinds.push(kind);
    expect(kinds.slice(0, 5)).toEqual(['submit', 'start', 'fail', 'hold', 'start']);
  });

  it('makes room for whom the scheduler lets preempt it, while it holds servers without computing', () => {
    const { jobs } = four({
      cluster: oneGpuServers(4),
      jobs: [
        { submitSeconds: 0, durationSeconds: 1e6, pods: 4, gpus: 1, checkpoint },
        { submitSeconds: 1, durationSeconds: 20_000, pods: 1, gpus: 1, priority: 1 },
      ],
      queue: 'priority',
      preemption: { victims: 'restart-cost', runSecondsMin: 0 },
      failures: { laws: [] },
      untilSeconds: 10_000,
    });
    expect(jobs[1]!.startSeconds).toBe(1);
  });
});

describe('more spares', () => {
  const SEEDS = 200;
  const HOUR = 3600;

  /** When a gang of 12 of 16 servers is done that has others behind it in the queue, hours. */
  const endOf = (spareServers: number, seed: number): number =>
    simulate({
      cluster: oneGpuServers(16),
      jobs: [
        {
          submitSeconds: 0,
          durationSeconds: 10 * DAY,
          pods: 12,
          gpus: 1,
          checkpoint: { computeSeconds: 1800 },
        },
        ...Array.from({ length: 80 }, (_, i) => ({
          submitSeconds: i * 3 * HOUR,
          durationSeconds: 10 * HOUR,
          gpus: 1,
        })),
      ],
      failures: { ...broken(40 * DAY, phase.exponential(2 * DAY)), spareServers },
      restart: defaultRecovery({ servers: 12 }),
      seed,
    }).jobs[0]!.endSeconds! / HOUR;

  it('never make a gang end later, on average over paired seeds', () => {
    const ends = [0, 1, 2, 4].map((spares) =>
      Array.from({ length: SEEDS }, (_, seed) => endOf(spares, seed)),
    );
    for (let i = 1; i < ends.length; i++) {
      const later = ends[i]!.map((end, seed) => end - ends[i - 1]![seed]!);
      const average = mean(later);
      const error = Math.sqrt(mean(later.map((x) => (x - average) ** 2)) / SEEDS);
      expect(average).toBeLessThanOrEqual(2 * error);
    }
    // The first gains hours.
    expect(mean(ends[0]!) - mean(ends[1]!)).toBeGreaterThan(2);
  }, 60_000);
});

describe('two gangs that fail in one instant', () => {
  /** The first holds 5 servers, the second 2; of the middle rack, 2 and 1. */
  const bothFail = (spareServers: number, seed: number): SimulationResult =>
    simulate({
      cluster: clusterTopology({
        tiers: ['rack'],
        types: { one: gpuBox(1) },
        servers: ['a', 'a', 'a', 'b', 'b', 'b', 'c', 'd', 'd', 'd']
          .slice(0, 7 + spareServers)
          .map((rack, i) => ({
            id: `s${i}`,
            type: 'one',
            domains: { rack },
          })),
      }),
      jobs: [5, 2].map((pods) => ({ submitSeconds: 0, durationSeconds: 1e6, pods, gpus: 1, checkpoint })),
      policy: binPack(),
      failures: {
        laws: [
          {
            name: 'switch',
            level: { tier: 'rack' },
            failuresPerSecond: 1 / 10_000,
            repair: phase.fixed(1e6),
          },
        ],
        spareServers,
      },
      restart: { holdSeconds: 1e7 },
      untilSeconds: 20_000,
      seed,
    });

  /** Pods of each job right after the middle rack failed; undefined where another failed first. */
  const podsAfter = (spareServers: number, seed: number): string | undefined => {
    const [first, second] = bothFail(spareServers, seed).jobs.map(({ runs }) => runs);
    if (first![0]!.endSeconds !== second![0]!.endSeconds || first![0]!.ended !== 'failed') return undefined;
    return `${first![1]!.pods.length} ${second![1]!.pods.length}`;
  };

  it('get what there is in the order of the queue, but first whoever is whole with it', () => {
    // The same racks fail at the same times; where all three spares are well they are enough.
    const seeds = Array.from({ length: 60 }, (_, seed) => seed).filter(
      (seed) => podsAfter(3, seed) === '5 2',
    );
    expect(seeds.length).toBeGreaterThan(3);
    for (const seed of seeds) {
      expect(podsAfter(2, seed)).toBe('5 1');
      // One is of no use to the first, and makes the second whole.
      expect(podsAfter(1, seed)).toBe('3 2');
    }
  });
});
