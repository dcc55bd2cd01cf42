import { describe, expect, it } from 'vitest';
import { railOptimized } from '../../../src/catalogue/index.js';
import { clusterTopology } from '../../../src/index.js';
import { bestFit, binPack, random, spread, topologyAware } from '../../../src/policies/index.js';
import { phase } from '../../../src/restart/index.js';
import type { Note } from '../../../src/simulation/allocation/holdings.js';
import { type OpenRun, openRun } from '../../../src/simulation/assemble.js';
import { type JobResult, type SimulationJob, simulate } from '../../../src/simulation/index.js';

const cluster = clusterTopology({
  tiers: ['rack'],
  types: { h100: 'dgx-h100' },
  uplinks: { rack: { GBps: 100 } },
  servers: Array.from({ length: 6 }, (_, i) => ({
    id: `s${i}`,
    type: 'h100',
    domains: { rack: `r${i % 2}` },
  })),
});
const job: SimulationJob = {
  submitSeconds: 0,
  durationSeconds: 100,
  pods: 2,
  gpus: 8,
  communicationFraction: 0.5,
};

describe('communication without others on the links', () => {
  it('takes as long as the ports of the servers let it', () => {
    const rails = clusterTopology(railOptimized({ railGbps: 50, units: 1, serversPerUnit: 4 }));
    const rated = { ...job, durationSeconds: 1000, pods: 4, ratedGBps: 385.2 };
    const { jobs } = simulate({ cluster: rails, jobs: [rated] });
    // 31 · 50 / 24 GB/s are reached: half of 1000 s as they are, half 385.2 / 64.583 as long.
    expect(jobs[0]!.endSeconds).toBeCloseTo(500 + (500 * 385.2 * 24) / (31 * 50), 3);
    expect(jobs[0]!.endSeconds).toBeCloseTo(3482.2, 1);
  });

  it.each(Object.entries({ topologyAware, bestFit, binPack, spread, random: () => random({}) }))(
    'stretches a run by what the gang reaches less than in the empty cluster, placed by %s',
    (_, policy) => {
      const rated = simulate({ cluster, jobs: [job] }).jobs[0]!.runs[0]!.bandwidthGBps!;
      const slowdowns = new Set<number>();
      for (let seed = 0; seed < 20; seed++) {
        const { jobs } = simulate({ cluster, policy: policy(), seed, jobs: [job] });
        const reached = jobs[0]!.runs[0]!.bandwidthGBps!;
        expect(reached).toBeLessThanOrEqual(rated);
        const slowdown = 0.5 + 0.5 * (rated / reached);
        slowdowns.add(slowdown);
        expect(jobs[0]!.endSeconds).toBeCloseTo(100 * slowdown, 5);
      }
      if (policy().name === 'random') expect(slowdowns.size).toBeGreaterThan(1);
    },
  );

  it('does not rate a lone pod at a random set of its GPUs', () => {
    const l40s = clusterTopology({
      tiers: [],
      types: { box: 'l40s-8-dual-root' },
      servers: [{ id: 's', type: 'box' }],
    });
    const pair: SimulationJob = { ...job, pods: 1, gpus: 2 };
    const rated = simulate({ cluster: l40s, jobs: [pair] }).jobs[0]!.runs[0]!.bandwidthGBps!;
    for (let seed = 0; seed < 20; seed++) {
      const { jobs } = simulate({ cluster: l40s, policy: random({}), seed, jobs: [pair] });
      const slowdown = 0.5 + 0.5 * (rated / jobs[0]!.runs[0]!.bandwidthGBps!);
      expect(jobs[0]!.endSeconds).toBeCloseTo(100 * slowdown, 5);
    }
  });
});

describe('communication of jobs that fail', () => {
  /** Two racks of two servers; a gang of each label has one server in each, so that both cross both uplinks. */
  const racks = clusterTopology({
    tiers: ['rack'],
    types: { h100: 'dgx-h100' },
    uplinks: { rack: { GBps: 100 } },
    servers: ['a', 'b', 'a', 'b'].map((gang, i) => ({
      id: `s${i}`,
      type: 'h100',
      domains: { rack: `r${Math.floor(i / 2)}` },
      labels: { gang },
    })),
  });
  const jobs = ['a', 'b'].map((gang) => ({ ...job, id: gang, labels: { gang } }));
  const pair = (seed: number, hiddenSeconds: number, exposedSeconds: number): readonly JobResult[] =>
    simulate({
      cluster: racks,
      jobs,
      failures: { laws: [{ name: 'job', level: 'job', failuresPerSecond: 1 / 300 }] },
      restart: { hidden: phase.fixed(hiddenSeconds), exposed: { load: phase.fixed(exposedSeconds) } },
      untilSeconds: 10_000,
      seed,
    }).jobs;
  /** Seeds in which A fails once, before 100 s, and B never. */
  const seeds = Array.from({ length: 300 }, (_, seed) => seed).filter((seed) => {
    const [a, b] = pair(seed, 1000, 0);
    return a!.failures === 1 && b!.failures === 0 && a!.runs[0]!.endSeconds < 100;
  });

  it('is half as fast for each of two gangs that share an uplink', () => {
    const alone = simulate({ cluster: racks, jobs });
    expect(alone.jobs.map(({ endSeconds }) => endSeconds)).toEqual([150, 150]);
  });

  it('leaves the links to others for as long as the hidden steps of a restart take', () => {
    expect(seeds.length).toBeGreaterThan(10);
    for (const seed of seeds) {
      const [a, b] = pair(seed, 1000, 0);
      const failed = a!.runs[0]!.endSeconds;
      // What is left of B at two thirds of its speed, then alone: 129.677 s if A fails at 89.03.
      expect(b!.endSeconds).toBeCloseTo(failed + 100 - (failed * 2) / 3, 4);
      expect(a!.endSeconds).toBeCloseTo(failed + 1000 + 100, 4);
    }
  });

  it('leaves them for the exposed steps, too, and shares them again from when the job computes', () => {
    let together = 0;
    for (const seed of seeds) {
      const [a, b] = pair(seed, 4, 6);
      if (a!.failures > 1 || b!.failures > 0) continue;
      together++;
      const failed = a!.runs[0]!.endSeconds;
      const left = 100 - (failed * 2) / 3 - 10;
      expect(b!.endSeconds).toBeCloseTo(failed + 10 + left * 1.5, 4);
      expect(a!.endSeconds).toBeCloseTo(b!.endSeconds! + 100 - left, 4);
    }
    expect(together).toBeGreaterThan(10);
  });

  it('is not entered by a job that fails again before it computes', () => {
    let again = 0;
    for (let seed = 0; seed < 40; seed++) {
      const [a, b] = pair(seed, 1, 200);
      // A restart that fails in its exposed steps never computes, and B keeps the links.
      const failed = a!.runs[0]!.endSeconds;
      if (b!.failures > 0 || a!.failures < 2 || failed > 100) continue;
      again++;
      expect(b!.endSeconds).toBeCloseTo(failed + 100 - (failed * 2) / 3, 4);
    }
    expect(again).toBeGreaterThan(2);
  });
});

describe('the speed that a job would have', () => {
  /** Two racks of two servers; what is labelled a or b straddles them, and shares both uplinks with the other. */
  const racks = clusterTopology({
    tiers: ['rack'],
    types: { h100: 'dgx-h100' },
    uplinks: { rack: { GBps: 100 } },
    servers: ['a', 'b', 'a', 'b'].map((gang, i) => ({
      id: `s${i}`,
      type: 'h100',
      domains: { rack: `r${Math.floor(i / 2)}` },
      labels: { gang },
    })),
  });
  const straddling = (gang: string, communicationFraction: number): SimulationJob => ({
    ...job,
    id: gang,
    labels: { gang },
    communicationFraction,
    ratedGBps: 375,
  });
  /** Two gangs that begin at once, as they are then. */
  const begun = (fractions: readonly [number, number], linkSharing: boolean): OpenRun['run'] => {
    const jobs = [straddling('a', fractions[0]), straddling('b', fractions[1])];
    const { run } = openRun({ cluster: racks, jobs, linkSharing }, undefined);
    while (run.runningCount < 2) run.step();
    return run;
  };
  /** What a gang of two whole servers notes that has a rack to itself. */
  const inOneRack = (): Note => {
    const { run } = openRun({ cluster: racks, jobs: [job] }, undefined);
    while (run.runningCount === 0) run.step();
    return run.holdings.noteOf(0);
  };

  // 15 · 100 / 8 = 187.5 GB/s across the racks alone, half of what they are rated at, and half of that together.
  it.each([
    [[0.5, 0.5], true, [1 / 2.5, 1 / 2.5]],
    [[0.5, 0.5], false, [1 / 1.5, 1 / 1.5]],
    [[0.5, 0], true, [1 / 1.5, 1]],
    [[0.5, 0], false, [1 / 1.5, 1]],
  ] as const)('is its speed where it is: fractions %j, shared links %s', (fractions, linkSharing, speeds) => {
    const run = begun(fractions, linkSharing);
    const { noteOf } = run.holdings;
    for (const round of [1, 2]) {
      for (const one of [0, 1]) {
        const note = noteOf.call(run.holdings, one);
        expect(run.parts.speeds!.speedAt(one, note), `round ${round}`).toBeCloseTo(speeds[one]!, 9);
        expect(run.state.speed[one]).toBeCloseTo(speeds[one]!, 9);
        expect(noteOf.call(run.holdings, one)).toEqual(note);
      }
    }
  });

  it.each([
    [0.5, true],
    [0.5, false],
    [0, true],
    [0, false],
  ])('is the full one in a rack of its own: fraction %f, shared links %s', (fraction, linkSharing) => {
    const run = begun([fraction, 0.5], linkSharing);
    const rack = inOneRack();
    expect(rack.bandwidthGBps).toBeGreaterThan(375);
    expect(run.parts.speeds!.speedAt(0, rack)).toBe(1);
    // Asking changes nothing for anybody.
    while (run.step());
    const jobs = [straddling('a', fraction), straddling('b', 0.5)];
    expect([0, 1].map((one) => run.state.end[one]! / 1e6)).toEqual(
      simulate({ cluster: racks, jobs, linkSharing }).jobs.map(({ endSeconds }) => endSeconds),
    );
  });
});
