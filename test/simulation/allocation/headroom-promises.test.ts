import { describe, expect, it } from 'vitest';
import { clusterTopology } from '../../../src/index.js';
import { bestFit, binPack, spread, topologyAware } from '../../../src/policies/index.js';
import { phase } from '../../../src/restart/index.js';
import {
  type HeadroomPool,
  type SimulateOptions,
  type SimulationJob,
  simulate,
} from '../../../src/simulation/index.js';
import type { ClusterTopology } from '../../../src/topology/index.js';
import { gpuBox } from '../../placement/random-cluster.js';
import { drawsOf } from '../whole/swarm.js';

/** Servers of so many GPUs in one rack. */
function boxes(...sizes: readonly number[]): ClusterTopology {
  return clusterTopology({
    tiers: ['rack'],
    types: Object.fromEntries(sizes.map((gpus) => [`box${gpus}`, gpuBox(gpus)])),
    servers: sizes.map((gpus, i) => ({ id: `s${i}`, type: `box${gpus}`, domains: { rack: 'r' } })),
  });
}

const job = (
  submitSeconds: number,
  durationSeconds: number,
  more: Partial<SimulationJob>,
): SimulationJob => ({
  submitSeconds,
  durationSeconds,
  ...more,
});

function starts(
  cluster: ClusterTopology,
  headroom: readonly HeadroomPool[],
  jobs: readonly SimulationJob[],
  more: Partial<SimulateOptions> = {},
): (number | null)[] {
  return simulate({ cluster, headroom, jobs, ...more }).jobs.map((result) => result.startSeconds);
}

describe('room that gives way', () => {
  it('is there for its pool, though the policy would rather take the room of another one', () => {
    // The pool's own room is one GPU beside a job of three; spread prefers the empty server, which is all kept.
    const headroom: HeadroomPool[] = [
      { name: 'whole', room: { gpus: 4 } },
      { name: 'serving', room: { gpus: 1 }, tenants: ['serving'] },
    ];
    const jobs = [job(0, 100, { gpus: 3 }), job(1, 10, { gpus: 1, tenant: 'serving' })];
    expect(starts(boxes(4, 4), headroom, jobs, { policy: spread() })).toEqual([0, 1]);
  });

  it('moves together where pieces that stay would be in the way of larger ones', () => {
    // Spread keeps two GPUs on two of the three servers each. With a job on the third they must share one.
    const headroom: HeadroomPool[] = [
      { name: 'whole', room: { gpus: 4 } },
      { name: 'halves', room: { gpus: 2 }, count: 2 },
    ];
    const jobs = [job(0, 10, { gpus: 4 })];
    expect(starts(boxes(4, 4, 4), headroom, jobs, { policy: spread() })).toEqual([0]);
  });

  it('leaves to anybody what its pool does not take of a piece', () => {
    const headroom: HeadroomPool[] = [{ name: 'gang', room: { pods: 2, gpus: 4 }, tenants: ['serving'] }];
    const jobs = [
      job(0, 1000, { gpus: 4 }),
      // Waits: two servers are kept.
      job(1, 10, { gpus: 4 }),
      // Takes one of them, and the other is room for nothing that is kept.
      job(2, 1000, { gpus: 4, tenant: 'serving', priority: 1 }),
    ];
    expect(starts(boxes(4, 4, 4), headroom, jobs, { queue: 'priority' })).toEqual([0, 2, 2]);
  });

  it('leaves to anybody what was kept together with a server that breaks', () => {
    const headroom: HeadroomPool[] = [{ name: 'gang', room: { pods: 2, gpus: 4 } }];
    const law = (seed: number) => ({
      failures: {
        laws: [
          {
            name: 'server',
            level: 'server' as const,
            failuresPerSecond: 1 / 3000,
            repair: phase.fixed(1e6),
          },
        ],
      },
      seed,
      untilSeconds: 5000,
    });
    const jobs = [job(0, 1e5, { gpus: 4 }), job(1, 10, { gpus: 4 })];
    let freed = 0;
    for (let seed = 1; seed <= 20; seed++) {
      const { jobs: results } = simulate({ cluster: boxes(4, 4, 4), headroom, jobs, ...law(seed) });
      const [first, second] = results;
      // Whatever breaks first: a server that was kept, and the other one is free; or that of the first job.
      expect(second!.startSeconds === null || second!.startSeconds > 1).toBe(true);
      if (second!.startSeconds !== null && second!.startSeconds < first!.runs[0]!.endSeconds) freed++;
    }
    // Two servers of three are kept.
    expect(freed).toBeGreaterThan(8);
  });
});

describe('headroom on small clusters', () => {
  const SEEDS = 600;

  function drawn(seed: number): SimulateOptions {
    const draw = drawsOf(seed + 3_000_000);
    const sizes = Array.from({ length: draw.between(2, 4) }, () => draw.of([2, 4, 4]));
    const pools = Array.from(
      { length: draw.between(1, 3) },
      (_, i): HeadroomPool => ({
        name: `pool ${i}`,
        room: { gpus: draw.of([1, 1, 2, 4]), pods: draw.of([1, 1, 2]) },
        count: draw.between(1, 2),
        ...(draw.chance(0.6) ? { tenants: [draw.of(['a', 'b'])] } : {}),
      }),
    );
    return {
      cluster: boxes(...sizes),
      headroom: pools,
      jobs: Array.from({ length: draw.between(1, 12) }, () =>
        job(draw.between(0, 30), draw.between(1, 30), {
          gpus: draw.of([1, 1, 2, 3, 4]),
          pods: draw.of([1, 1, 2, 3]),
          tenant: draw.of(['', 'a', 'b']),
          priority: draw.between(0, 2),
        }),
      ),
      policy: draw.of([topologyAware, bestFit, binPack, spread])(),
      queue: draw.of(['fifo', 'priority'] as const),
      backfill: draw.of(['none', 'easy'] as const),
    };
  }

  it('holds nobody up for ever who was not refused', () => {
    for (let seed = 0; seed < SEEDS; seed++) {
      const { jobs } = simulate(drawn(seed));
      for (const { outcome } of jobs) expect(['finished', 'refused'], `seed ${seed}`).toContain(outcome);
    }
  });
});
