import { describe, expect, it } from 'vitest';
import { railOptimized } from '../../src/catalogue/index.js';
import { clusterTopology } from '../../src/index.js';
import { bestFit, binPack, random, spread, topologyAware } from '../../src/policies/index.js';
import { type SimulationJob, simulate } from '../../src/simulation/index.js';

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
