import { describe, expect, it } from 'vitest';
import { clusterTopology } from '../../../src/index.js';
import { bestFit, spread, topologyAware } from '../../../src/policies/index.js';
import { openRun } from '../../../src/simulation/assemble.js';
import { type SimulateOptions, type SimulationJob, simulate } from '../../../src/simulation/index.js';
import type { ClusterRun } from '../../../src/simulation/kernel/cluster-run.js';
import { cheapestVictims } from '../../../src/simulation/preemption/cheapest-victims.js';
import { victimPieces } from '../../../src/simulation/preemption/victim-pieces.js';
import { gpuBox } from '../../placement/random-cluster.js';
import { type Draw, drawsOf } from '../whole/swarm.js';

const SEEDS = 150;
const VICTIMS_MAX = 10;

/** A full cluster of a few servers, and some jobs that wait; all kinds of requests. */
function drawn(draw: Draw): SimulateOptions {
  const isLimited = draw.chance(0.4);
  const sharesMuch = draw.chance(0.3);
  const servers = draw.between(1, 6);
  const job = (): SimulationJob => {
    const pods = draw.of([1, 1, 2, 3, 4]);
    return {
      submitSeconds: 0,
      durationSeconds: 1e6,
      pods,
      ...(draw.chance(sharesMuch ? 0.6 : 0.1)
        ? { gpuMilli: draw.of([200, 300, 500]) }
        : { gpus: draw.of([0, 1, 1, 2, 4]) }),
      ...(isLimited && draw.chance(0.6) ? { cpuMilli: draw.of([1000, 2000]) } : {}),
      ...(isLimited && draw.chance(0.4) ? { memoryMiB: draw.of([1000, 3000]) } : {}),
      ...(draw.chance(0.3) ? { require: draw.of(['rack', 'block', 'server']) } : {}),
      ...(draw.chance(0.2) ? { gpuModels: ['A'] } : {}),
      ...(draw.chance(0.2) ? { podsMin: draw.between(1, pods) } : {}),
      ...(draw.chance(0.15) ? { requirePerPod: draw.of(['socket', 'numa'] as const) } : {}),
    };
  };
  const sliced = (): SimulationJob => {
    const tier = draw.of(['server', 'rack']);
    const pods = draw.between(2, 6);
    return {
      submitSeconds: 0,
      durationSeconds: 1e6,
      pods,
      gpus: draw.of([1, 2]),
      slice: { pods: draw.between(2, pods), tier },
      ...(draw.chance(0.3) ? { require: draw.of(['rack', 'block']) } : {}),
    };
  };
  return {
    cluster: clusterTopology({
      tiers: ['block', 'rack'],
      types: { four: gpuBox(4), two: gpuBox(2), dual: 'l40s-8-dual-root' },
      servers: Array.from({ length: servers }, (_, i) => ({
        id: `s${i}`,
        type: draw.of(['four', 'four', 'two', 'two', 'dual']),
        gpuModel: draw.of(['A', 'A', 'B']),
        domains: { block: `b${Math.floor(i / 4)}`, rack: `r${Math.floor(i / 2)}` },
        ...(isLimited ? { cpuMilli: 4000, memoryMiB: 6000 } : {}),
      })),
    }),
    jobs: Array.from({ length: 30 }, () => (draw.chance(0.2) ? sliced() : job())),
    policy: draw.of([topologyAware, bestFit, spread])(),
    admission: 'greedy',
    passes: 'event',
  };
}

/** Whether a job fits once these are gone; everything is as before afterwards. */
function fitsWithout(run: ClusterRun, job: number, gone: readonly number[]): boolean {
  const { allocation } = run;
  for (const victim of gone) allocation.suspend(victim);
  const fits = allocation.place(job);
  if (fits) allocation.unplace(job);
  for (const victim of gone) allocation.resume(victim);
  return fits;
}

type Price = readonly [cost: number, count: number, positions: number];
const compare = (a: Price, b: Price): number => a[0] - b[0] || a[1] - b[1] || a[2] - b[2];
const priceOf = (positions: readonly number[], costs: readonly number[]): Price => [
  positions.reduce((sum, position) => sum + costs[position]!, 0),
  positions.length,
  positions.reduce((sum, position) => sum + position, 0),
];

/** The lowest price of all subsets without whom the job fits, by trying them, the cheapest first. */
function lowestPrice(
  run: ClusterRun,
  job: number,
  victims: readonly number[],
  costs: readonly number[],
): Price | undefined {
  const subsets = Array.from({ length: 2 ** victims.length }, (_, set) =>
    [...victims.keys()].filter((position) => ((set >>> position) & 1) === 1),
  );
  const priced = subsets.map((positions) => ({ positions, price: priceOf(positions, costs) }));
  priced.sort((a, b) => compare(a.price, b.price));
  return priced.find(({ positions }) =>
    fitsWithout(
      run,
      job,
      positions.map((position) => victims[position]!),
    ),
  )?.price;
}

const search = (
  run: ClusterRun,
  job: number,
  victims: readonly number[],
  costs: readonly number[],
): ReturnType<typeof cheapestVictims> =>
  cheapestVictims(run.engine.tables, run.engine.state, run.gangOf(job), victimPieces(run, victims), costs);

describe('cheapestVictims', () => {
  it('finds what trying all subsets finds, on tiers, slices, shares, models, CPU and memory', () => {
    let found = 0;
    let several = 0;
    let none = 0;
    for (let seed = 0; seed < SEEDS; seed++) {
      const draw = drawsOf(seed + 4_000_000);
      const { run } = openRun(drawn(draw), undefined);
      for (let left = run.table.count; left > 0; left--) run.step();
      const { waiting, running, runningCount } = run;
      const range = draw.of([1, 3, 20, 1000]);
      for (const job of waiting.jobs.subarray(waiting.start, waiting.end).slice(0, 6)) {
        const victims = [...running.subarray(0, runningCount)].filter(() => draw.chance(0.9));
        victims.length = Math.min(victims.length, VICTIMS_MAX);
        const costs = victims.map(() => draw.between(0, range));
        const expected = lowestPrice(run, job, victims, costs);
        const result = search(run, job, victims, costs);
        expect(result.isProven).toBe(true);
        const actual = result.victims === undefined ? undefined : priceOf(result.victims, costs);
        expect(actual, `seed ${seed}, job ${job}`).toEqual(expected);
        if (result.victims === undefined) none++;
        else {
          found++;
          if (result.victims.length > 1) several++;
          expect(
            fitsWithout(
              run,
              job,
              result.victims.map((position) => victims[position]!),
            ),
          ).toBe(true);
        }
      }
    }
    expect(found).toBeGreaterThan(SEEDS);
    expect(several).toBeGreaterThan(SEEDS / 2);
    expect(none).toBeGreaterThan(SEEDS / 10);
  });

  it('says when its bound on steps ends the search, and finds something all the same', () => {
    const draw = drawsOf(7);
    const { run } = openRun(
      {
        cluster: clusterTopology({
          tiers: [],
          types: { eight: gpuBox(8) },
          servers: Array.from({ length: 128 }, (_, i) => ({ id: `s${i}`, type: 'eight' })),
        }),
        jobs: Array.from({ length: 60 }, () => ({
          submitSeconds: 0,
          durationSeconds: 1e6,
          pods: draw.between(2, 4),
          gpus: 8,
        })).concat({ submitSeconds: 0, durationSeconds: 1e6, pods: 32, gpus: 8 }),
        admission: 'greedy',
        passes: 'event',
      },
      undefined,
    );
    for (let left = run.table.count; left > 0; left--) run.step();
    const victims = [...run.running.subarray(0, run.runningCount)];
    const results = Array.from({ length: 8 }, () => {
      const costs = victims.map(() => draw.between(0, 1));
      const { victims: found, isProven } = search(run, run.table.count - 1, victims, costs);
      const gone = found!.map((position) => victims[position]!);
      expect(fitsWithout(run, run.table.count - 1, gone)).toBe(true);
      return isProven;
    });
    expect(results).toContain(false);
  });
});

describe('preemption by restart cost', () => {
  const box = (gpus: number, count: number): SimulateOptions['cluster'] =>
    clusterTopology({
      tiers: [],
      types: { box: gpuBox(gpus) },
      servers: Array.from({ length: count }, (_, i) => ({ id: `n${i}`, type: 'box' })),
    });
  /** Whom a job of priority stops at second 1000; each victim as name, GPUs, pods and seconds lost. */
  function stopped(
    cluster: SimulateOptions['cluster'],
    victims: readonly (readonly [id: string, gpus: number, pods: number, lostSeconds: number])[],
    asks: Partial<SimulationJob>,
  ): string {
    const { jobs } = simulate({
      cluster,
      queue: 'priority',
      preempted: 'checkpoint',
      preemption: { victims: 'restart-cost' },
      jobs: [
        ...victims.map(([id, gpus, pods, lostSeconds]) => ({
          id,
          submitSeconds: 0,
          durationSeconds: 10_000,
          gpus,
          pods,
          checkpoint: { computeSeconds: 1000 - lostSeconds },
        })),
        { submitSeconds: 1000, durationSeconds: 50, priority: 1, ...asks },
      ],
    });
    expect(jobs.at(-1)!.startSeconds).toBe(1000);
    return jobs
      .filter(({ preemptions }) => preemptions > 0)
      .map(({ id }) => id)
      .join(' ');
  }

  it('takes one victim of 62 GPU-seconds rather than two of 60, and of 58', () => {
    const of = (lost: number): string =>
      stopped(
        box(2, 2),
        [
          ['s1', 1, 1, 60],
          ['s2', 1, 1, 60],
          ['two', 2, 1, lost],
        ],
        { gpus: 2 },
      );
    expect(of(31)).toBe('two');
    expect(of(29)).toBe('two');
    expect(of(61)).toBe('s1 s2');
    // 120 either way: the fewer.
    expect(of(60)).toBe('two');
  });

  it('takes 8 GPUs at 400 rather than 4 and 4 at 300 each, and 4 and 4 at 199', () => {
    const of = (lost: number): string =>
      stopped(
        box(8, 2),
        [
          ['f1', 4, 1, lost],
          ['f2', 4, 1, lost],
          ['eight', 8, 1, 50],
        ],
        { gpus: 8 },
      );
    expect(of(75)).toBe('eight');
    expect(of(49)).toBe('f1 f2');
  });

  it('takes one gang of 64 GPUs at 64 rather than 64 jobs at 60 each, on 16 servers', () => {
    const victims = Array.from({ length: 64 }, (_, i) => [`s${i}`, 1, 1, 60] as const);
    expect(stopped(box(8, 16), [...victims, ['gang', 8, 8, 1]], { gpus: 8, pods: 8 })).toBe('gang');
  });

  it('takes a part of a server where the rest is dear', () => {
    const victims = Array.from({ length: 10 }, (_, n) => [
      ...Array.from({ length: 4 }, (_, i) => [`s${n}-${i}`, 1, 1, 10] as const),
      [`f${n}`, 4, 1, n === 3 ? 1 : 2] as const,
    ]).flat();
    expect(stopped(box(8, 10), victims, { gpus: 8 })).toBe('s3-0 s3-1 s3-2 s3-3 f3');
  });
});
