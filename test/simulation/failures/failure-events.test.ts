import { describe, expect, it } from 'vitest';
import { CorralError, clusterTopology } from '../../../src/index.js';
import { phase } from '../../../src/restart/index.js';
import { type SimulateOptions, type SimulationResult, simulate } from '../../../src/simulation/index.js';
import { gpuBox } from '../../placement/random-cluster.js';
import { oneGpuServers } from '../one-gpu-servers.js';

const cluster = clusterTopology({
  tiers: ['rack'],
  types: { four: gpuBox(4) },
  servers: Array.from({ length: 6 }, (_, i) => ({
    id: `s${i}`,
    type: 'four',
    domains: { rack: `r${Math.floor(i / 2)}` },
  })),
});
const checkpoint = { computeSeconds: 100 };

/** One job on one server, hit again and again. */
function alone(options: Partial<SimulateOptions>, gpus = 4): SimulationResult {
  return simulate({
    cluster,
    jobs: [{ submitSeconds: 0, durationSeconds: 20_000, gpus, checkpoint }],
    seed: 3,
    ...options,
  });
}

const serversOf = (result: SimulationResult): string[] =>
  result.jobs[0]!.runs.map((run) => run.pods[0]!.server);

describe('failures of a simulation', () => {
  it('restart a job where it was, if nothing needs a repair', () => {
    const result = alone({
      failures: { laws: [{ name: 'reset', level: 'server', failuresPerSecond: 1 / 2000 }] },
      restart: { hidden: phase.fixed(20), exposed: phase.fixed(30) },
    });
    expect(result.metrics.failures).toBeGreaterThan(3);
    expect(new Set(serversOf(result)).size).toBe(1);
    const { runs, endSeconds } = result.jobs[0]!;
    runs.slice(1).forEach((run, i) => {
      expect(run.startSeconds).toBe(runs[i]!.endSeconds);
    });
    // All that is lost is restarts, and compute since the last checkpoint.
    const { restart, recompute } = result.metrics.gpuHours;
    expect(endSeconds! - 20_000).toBeCloseTo(((restart + recompute) * 3600) / 4, 6);
    expect(recompute * 3600).toBeLessThan(result.metrics.failures * 100 * 4);
  });

  it('send a job away from a server that needs a repair, and nobody to it before it is repaired', () => {
    const result = alone({
      failures: {
        laws: [{ name: 'host', level: 'server', failuresPerSecond: 1 / 3000, repair: phase.fixed(5000) }],
      },
      restart: { hidden: phase.fixed(20) },
    });
    const { runs } = result.jobs[0]!;
    expect(runs.length).toBeGreaterThan(3);
    runs.slice(1).forEach((run, i) => {
      expect(run.pods[0]!.server).not.toBe(runs[i]!.pods[0]!.server);
      expect(run.startSeconds).toBeGreaterThanOrEqual(runs[i]!.endSeconds + 20);
    });
    const leftAt = new Map<string, number>();
    for (const run of runs) {
      const { server } = run.pods[0]!;
      const left = leftAt.get(server);
      if (left !== undefined) expect(run.startSeconds - left).toBeGreaterThanOrEqual(5000);
      leftAt.set(server, run.endSeconds);
    }
  });

  it('hit who has the GPU that fails, and not its neighbours', () => {
    const laws = [{ name: 'gpu', level: 'gpu' as const, failuresPerSecond: 1 / 10_000 }];
    const failures = (gpus: number): number =>
      Array.from(
        { length: 20 },
        (_, seed) => alone({ failures: { laws }, seed }, gpus).metrics.failures,
      ).reduce((sum, x) => sum + x);
    // 20,000 s and a little at one failure in 10,000 s per GPU: 40 and 160 expected.
    expect(failures(1)).toBeGreaterThan(20);
    expect(failures(1)).toBeLessThan(70);
    expect(failures(4)).toBeGreaterThan(115);
    expect(failures(4)).toBeLessThan(215);
  });

  it('stop the whole of a gang with one of its racks', () => {
    const result = simulate({
      cluster,
      jobs: [{ submitSeconds: 0, durationSeconds: 5000, pods: 6, gpus: 4, checkpoint }],
      failures: {
        laws: [
          { name: 'switch', level: { tier: 'rack' }, failuresPerSecond: 1 / 9000, repair: phase.fixed(60) },
        ],
      },
      seed: 1,
    });
    const [job] = result.jobs;
    expect(job!.failures).toBeGreaterThan(0);
    // It needs all servers, so it waits for the repair, or for the last of several that overlap.
    job!.runs.slice(1).forEach((run, i) => {
      expect(run.startSeconds - job!.runs[i]!.endSeconds).toBeGreaterThan(60 - 1e-6);
      expect(run.startSeconds - job!.runs[i]!.endSeconds).toBeLessThan(120);
    });
  });

  it('bring in a spare for a server that is out, and make a spare of it when it is repaired', () => {
    const options: Partial<SimulateOptions> = {
      jobs: [{ submitSeconds: 0, durationSeconds: 20_000, pods: 5, gpus: 4, checkpoint }],
    };
    const laws = [
      { name: 'host', level: 'server' as const, failuresPerSecond: 1 / 40_000, repair: phase.fixed(500) },
    ];
    const withSpare = alone({ ...options, failures: { laws, spareServers: 1 } });
    const { runs } = withSpare.jobs[0]!;
    expect(runs[0]!.pods.map(({ server }) => server)).toEqual(['s0', 's1', 's2', 's3', 's4']);
    expect(runs.length).toBeGreaterThan(1);
    expect(runs[1]!.startSeconds).toBe(runs[0]!.endSeconds);
    expect(runs[1]!.pods.map(({ server }) => server)).toContain('s5');
    // Nobody moves back: the repaired server waits for the next failure.
    expect(new Set(runs.flatMap((run) => run.pods.map(({ server }) => server))).size).toBe(6);
  });

  it.each([1, 2, 3])('leave no spare idle while somebody is missing, with %i spares', (spareServers) => {
    const unavailable = (spares: number): readonly number[] =>
      simulate({
        cluster: oneGpuServers(6),
        jobs: [],
        timelineSeconds: 10,
        untilSeconds: 20_000,
        seed: 3,
        failures: {
          spareServers: spares,
          laws: [{ name: 's', level: 'server', failuresPerSecond: 1 / 300, repair: phase.fixed(120) }],
        },
      }).timeline!.unavailableGpus;
    // The same servers break at the same times; spares only say who takes their place.
    expect(unavailable(spareServers)).toEqual(unavailable(0).map((out) => Math.max(out, spareServers)));
  });

  it('come at the same times to the same places whatever runs', () => {
    const laws = [
      { name: 'host', level: 'server' as const, failuresPerSecond: 1 / 500, repair: phase.fixed(1) },
    ];
    const stops = (durationSeconds: number): number[] =>
      simulate({
        cluster,
        jobs: [{ submitSeconds: 0, durationSeconds, pods: 6, gpus: 4, checkpoint: { computeSeconds: 1 } }],
        failures: { laws },
        restart: { exposed: phase.exponential(1) },
        untilSeconds: 2000,
        seed: 4,
      }).jobs[0]!.runs.map((run) => run.endSeconds);
    const short = stops(1000);
    expect(short.length).toBeGreaterThan(5);
    expect(stops(100_000).slice(0, short.length - 1)).toEqual(short.slice(0, -1));
  });

  it('are refused where they are wrong', () => {
    const of = (law: object): string => {
      try {
        alone({ failures: { laws: [{ name: 'x', level: 'server', failuresPerSecond: 0, ...law }] } });
      } catch (error) {
        if (error instanceof CorralError) return error.path.join('.');
        throw error;
      }
      return '';
    };
    expect(of({})).toBe('');
    expect(of({ failuresPerSecond: -1 })).toBe('failures.laws.0.failuresPerSecond');
    expect(of({ level: 'moon' })).toBe('failures.laws.0.level');
    expect(of({ level: { tier: 'moon' } })).toBe('failures.laws.0.level.tier');
    expect(of({ level: 'job', repair: phase.fixed(1) })).toBe('failures.laws.0.repair');
    expect(of({ detect: 3 })).toBe('failures.laws.0.detect');
    expect(of({ per: 'rack' })).toBe('failures.laws.0.per');
    expect(of({ color: 1 })).toBe('failures.laws.0.color');
    expect(of({ name: '' })).toBe('failures.laws.0.name');
    // A phase made by hand that draws no times.
    const wrong = { ...phase.fixed(1), sample: () => Number.NaN };
    expect(of({ failuresPerSecond: 1, repair: wrong })).toBe('failures.laws.0.repair');
  });
});
