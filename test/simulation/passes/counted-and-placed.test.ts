import { describe, expect, it } from 'vitest';
import { clusterTopology } from '../../../src/index.js';
import { phase } from '../../../src/restart/index.js';
import { openRun } from '../../../src/simulation/assemble.js';
import { type SimulateOptions, type SimulationJob, simulate } from '../../../src/simulation/index.js';
import type { ClusterTopology } from '../../../src/topology/index.js';
import { gpuBox } from '../../placement/random-cluster.js';
import { type Draw, drawsOf } from '../whole/swarm.js';

const SEEDS = 60;

/** Every pass that starts jobs, by the options that choose it. */
const PASSES: readonly (readonly [string, Omit<Partial<SimulateOptions>, 'cluster'>])[] = [
  ['strict', {}],
  ['greedy', { admission: 'greedy' }],
  ['EASY', { backfill: 'easy' }],
  ['conservative', { backfill: 'conservative' }],
  ['order', { preemption: 'order', queue: 'shortest-remaining' }],
  ['fair share', { queue: 'fair-share' }],
];

/** One server, servers of one GPU, or whole servers: where any GPUs that are free in number will do. */
function cluster(
  draw: Draw,
  kind: 'one server' | 'one GPU' | 'whole servers',
): [ClusterTopology, gpus: number] {
  const [servers, size, gpus] = {
    'one server': [1, 8, draw.of([1, 2])],
    'one GPU': [draw.between(1, 3), 4, 1],
    'whole servers': [draw.between(2, 8), 4, 4],
  }[kind] as [number, number, number];
  return [
    clusterTopology({
      tiers: [],
      types: { box: gpuBox(size) },
      servers: Array.from({ length: servers }, (_, i) => ({ id: `s${i}`, type: 'box', cpuMilli: 1e6 })),
    }),
    gpus,
  ];
}

function workload(
  seed: number,
  kind: Parameters<typeof cluster>[1],
  estimates: 'exact' | 'any',
  options: Omit<Partial<SimulateOptions>, 'cluster'>,
): SimulateOptions & { readonly cluster: ClusterTopology } {
  const draw = drawsOf(seed);
  const [where, gpus] = cluster(draw, kind);
  const restarts = draw.chance(0.3)
    ? { failures: { laws: [{ name: 'job', level: 'job', failuresPerSecond: 1 / 300 }] as const } }
    : {};
  return {
    cluster: where,
    jobs: Array.from({ length: draw.between(5, 30) }, (): SimulationJob => {
      const durationSeconds = draw.between(1, 40);
      return {
        submitSeconds: draw.of([0, draw.between(0, 60), draw.between(0, 60)]),
        durationSeconds,
        pods: draw.of([1, 1, 2, draw.between(1, 6)]),
        gpus,
        ...(estimates === 'any' ? { estimateSeconds: draw.between(1, 2 * durationSeconds) } : {}),
        priority: draw.between(0, 3),
        tenant: draw.of(['a', 'b']),
      };
    }),
    passes: draw.of(['event', 'instant']),
    seed,
    ...restarts,
    ...options,
  };
}

type Times = readonly (readonly [start: number, end: number])[];

/** First starts and ends of jobs. */
function timesOf(options: SimulateOptions, counts: boolean): Times {
  const { run } = openRun(options, undefined, counts);
  while (run.step());
  return Array.from({ length: run.table.count }, (_, job) => [
    run.state.firstStart[job]!,
    run.state.end[job]!,
  ]);
}

describe('counting pods and placing them', () => {
  describe.each(PASSES)('%s', (_, options) => {
    it.each(['one server', 'one GPU', 'whole servers'] as const)(
      'start every job when the other does, %s',
      (kind) => {
        for (let seed = 0; seed < SEEDS; seed++) {
          const drawn = workload(seed, kind, seed % 2 === 0 ? 'exact' : 'any', options);
          expect(timesOf(drawn, false), `seed ${seed}`).toEqual(timesOf(drawn, true));
        }
      },
    );

    it.each<
      readonly [string, (drawn: SimulateOptions & { readonly cluster: ClusterTopology }) => SimulateOptions]
    >([
      [
        'a law that never strikes',
        (drawn) => ({
          ...drawn,
          failures: {
            laws: [
              ...(drawn.failures?.laws ?? []),
              { name: 'never', level: 'server', failuresPerSecond: 0, repair: phase.fixed(1) },
            ],
          },
        }),
      ],
      [
        'a CPU figure that never binds',
        (drawn) => ({
          ...drawn,
          jobs: drawn.jobs.map((job, i) => (i === 0 ? { ...job, cpuMilli: 1 } : job)),
        }),
      ],
      [
        'a memory figure that never binds',
        (drawn) => ({
          ...drawn,
          jobs: drawn.jobs.map((job, i) => (i === 1 ? { ...job, memoryMiB: 1 } : job)),
        }),
      ],
      [
        'a second type that is equal',
        (drawn) => ({
          ...drawn,
          cluster: {
            tiers: [],
            types: {
              box: drawn.cluster.servers[0]!.type.document,
              other: drawn.cluster.servers[0]!.type.document,
            },
            servers: drawn.cluster.servers.map(({ id }, i) => ({
              id,
              type: i % 2 === 0 ? 'box' : 'other',
              cpuMilli: 1e6,
            })),
          } as unknown as ClusterTopology,
        }),
      ],
    ])('are not moved by %s', (__, changed) => {
      for (let seed = 0; seed < SEEDS; seed++) {
        const kind = (['one server', 'one GPU', 'whole servers'] as const)[seed % 3]!;
        const drawn = workload(seed, kind, seed % 2 === 0 ? 'exact' : 'any', options);
        const other = changed(drawn);
        expect(timesOf(other, true), `seed ${seed}`).toEqual(timesOf(drawn, true));
        expect(timesOf(other, false), `seed ${seed}`).toEqual(timesOf(drawn, true));
      }
    });
  });

  it.each([{}, { cpuMilli: 1 }])('promise times, not GPUs, with %o', (more) => {
    const rows = [
      [1, 2, 1],
      [2, 5, 3],
      [3, 2, 3],
      [3, 6, 1],
    ] as const;
    for (const isGang of [true, false]) {
      const { jobs } = simulate({
        cluster: clusterTopology({
          tiers: [],
          types: { four: gpuBox(4) },
          servers: [{ id: 's', type: 'four' }],
        }),
        jobs: rows.map(([submitSeconds, durationSeconds, gpus]) => ({
          submitSeconds,
          durationSeconds,
          ...(isGang ? { pods: gpus, gpus: 1 } : { gpus }),
          ...more,
        })),
        backfill: 'conservative',
        passes: 'instant',
      });
      expect(jobs.map(({ startSeconds }) => startSeconds)).toEqual([1, 2, 7, 3]);
    }
  });
});
