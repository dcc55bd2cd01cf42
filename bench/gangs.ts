/** Gangs over tiers, ranking, explaining, and pods that ask for CPU, memory and shares of GPUs. */
import { topology } from '../src/catalogue/index.js';
import {
  type ClusterTopology,
  compile,
  type Placement,
  type PlacementRequest,
  type Solver,
} from '../src/index.js';
import { builtCluster } from '../src/topology/expected-topology.js';
import { type Case, check } from './harness.js';
import { lcg, rackedCluster, SIZES } from './hot-path.js';

/** 16,384 servers of 8 GPUs: zones of 4 blocks of 16 racks of 32, uplinks of racks and blocks 4 : 1 oversubscribed. */
export function threeTiers(): ClusterTopology {
  const type = topology('dgx-h100');
  const servers = 16_384;
  const racks = servers / 32;
  const blocks = racks / 16;
  const zones = blocks / 4;
  const names = (word: string, count: number): string[] =>
    Array.from({ length: count }, (_, i) => `${word}${i}`);
  const parents = (count: number, per: number): number[] =>
    Array.from({ length: count }, (_, i) => Math.floor(i / per));
  return builtCluster({
    tiers: [
      { name: 'zone', domains: names('z', zones), parents: [], uplinkGBps: 4 * 16 * 32 * 25 },
      { name: 'block', domains: names('b', blocks), parents: parents(blocks, 4), uplinkGBps: 16 * 32 * 100 },
      { name: 'rack', domains: names('r', racks), parents: parents(racks, 16), uplinkGBps: 32 * 100 },
    ],
    servers: Array.from({ length: servers }, (_, s) => {
      const rack = Math.floor(s / 32);
      return {
        id: `s${s}`,
        type,
        gpuModel: 'H100',
        domains: [Math.floor(rack / 64), Math.floor(rack / 16), rack],
        cpuMilli: 224_000,
        memoryMiB: 2_097_152,
      };
    }),
  });
}

/** Fills a cluster to a load with the mix of single pods, a part of them released again so that there are holes. */
export function fill(
  solver: Solver,
  gpus: number,
  load: number,
  request: (gpus: number) => PlacementRequest,
): Placement[] {
  const below = lcg(11);
  const live: Placement[] = [];
  let used = 0;
  const place = (): void => {
    const wanted = SIZES[below(SIZES.length)]!;
    const result = solver.place(request(wanted));
    if (!result.ok) return;
    live.push(result.placement);
    used += wanted;
  };
  while (used < load * gpus) place();
  for (let i = live.length >> 3; i > 0; i--) {
    const at = below(live.length);
    const gone = live[at]!;
    live[at] = live[live.length - 1]!;
    live.pop();
    used -= gone.pods[0]!.gpus.length;
    solver.release(gone);
  }
  while (used < load * gpus) place();
  return live;
}

/** Places and releases one gang again and again, on a cluster at half load. */
function gangCase(
  name: string,
  solver: Solver,
  request: PlacementRequest,
  tier: string,
  times: number,
): Case {
  const pods = request.pods!;
  return {
    name,
    unit: 'gang',
    run: () => {
      for (let i = 0; i < times; i++) {
        const result = solver.place(request);
        check(result.ok && result.placement.pods.length === pods, `${name} fits`);
        check(result.placement.tier === tier, `${name} is in one ${tier}, not ${result.placement.tier}`);
        solver.release(result.placement);
      }
      return times;
    },
  };
}

export function gangCases(): Case[] {
  const cluster = threeTiers();
  const half = compile(cluster);
  fill(half, 8 * cluster.servers.length, 0.5, (gpus) => ({ gpus }));
  const empty = compile(cluster);
  return [
    gangCase(
      'gang of 32 × 8 GPUs, place + release, 16,384 servers at 50 %',
      half,
      { pods: 32, gpus: 8 },
      'rack',
      500,
    ),
    gangCase(
      'gang of 32 × 8 in slices of 4 per rack',
      half,
      { pods: 32, gpus: 8, slice: { pods: 4, tier: 'rack' } },
      'rack',
      500,
    ),
    gangCase('gang of 1,024 × 8 GPUs, empty cluster', empty, { pods: 1024, gpus: 8 }, 'zone', 20),
    gangCase(
      'gang of 1,024 × 8 in slices of 8 per rack',
      empty,
      { pods: 1024, gpus: 8, slice: { pods: 8, tier: 'rack' } },
      'zone',
      20,
    ),
    gangCase('gang of 1,024 × 8 GPUs at 50 %', half, { pods: 1024, gpus: 8 }, 'zone', 20),
    gangCase('gang of 64 × 2 GPUs at 50 %', half, { pods: 64, gpus: 2 }, 'rack', 3),
    gangCase('gang of 64 × 1 GPU at 50 %', half, { pods: 64, gpus: 1 }, 'rack', 3),
    gangCase(
      'gang of 32 × 8 with CPU and memory at 50 %',
      half,
      { pods: 32, gpus: 8, cpuMilli: 96_000, memoryMiB: 524_288 },
      'rack',
      20,
    ),
  ];
}

/** What an extender asks, and what an operator does. */
export function askingCases(servers: number): Case[] {
  const cluster = rackedCluster(servers);
  const solver = compile(cluster);
  fill(solver, 8 * servers, 0.85, (gpus) => ({ gpus }));
  const below = lcg(3);
  const named = Array.from({ length: 5000 }, () => `s${below(servers)}`);
  const distinct = new Set(named).size;
  const label = servers.toLocaleString('en');
  return [
    {
      name: `rank 5,000 named of ${label} servers`,
      unit: 'call',
      run: () => {
        for (let i = 0; i < 10; i++) {
          const ranked = solver.rank({ gpus: 1 }, named);
          check(ranked.length > 0 && ranked.length <= distinct, 'some servers are ranked');
        }
        return 10;
      },
    },
    {
      name: `explain a gang that does not fit, ${label} servers`,
      unit: 'call',
      run: () => {
        const { fits, remedies } = solver.explain({ pods: servers, gpus: 8, require: 'block' });
        check(!fits && remedies.length > 0, 'it does not fit, and something would help');
        return 1;
      },
    },
    {
      name: `explain a pod that fits, ${label} servers`,
      unit: 'call',
      run: () => {
        check(solver.explain({ gpus: 4 }).fits, 'it fits');
        return 1;
      },
    },
    {
      name: `snapshot + restore, ${label} servers`,
      unit: 'call',
      run: () => {
        solver.restore(solver.snapshot());
        return 1;
      },
    },
  ];
}

/** Pods as on a production cluster: CPU and memory, shares of GPUs, pods without; half of openb's kinds. */
const OPENB_LIKE: readonly PlacementRequest[] = [
  { gpuMilli: 460, cpuMilli: 8000, memoryMiB: 16_384 },
  { gpuMilli: 810, cpuMilli: 12_000, memoryMiB: 32_768 },
  { gpuMilli: 250, cpuMilli: 4000, memoryMiB: 8192 },
  { gpus: 1, cpuMilli: 11_900, memoryMiB: 49_152 },
  { gpus: 1, cpuMilli: 8000, memoryMiB: 32_768 },
  { gpus: 2, cpuMilli: 24_000, memoryMiB: 131_072 },
  { gpus: 4, cpuMilli: 48_000, memoryMiB: 262_144 },
  { gpus: 8, cpuMilli: 96_000, memoryMiB: 786_432 },
  { cpuMilli: 8000, memoryMiB: 16_384 },
];

export function mixedCases(servers: number): Case[] {
  const solver = compile(rackedCluster(servers));
  const below = lcg(5);
  const live: Placement[] = [];
  let refusals = 0;
  const placeOne = (): void => {
    const result = solver.place(OPENB_LIKE[below(OPENB_LIKE.length)]!);
    if (result.ok) live.push(result.placement);
    else refusals++;
  };
  while (refusals < 50) placeOne();
  return [
    {
      name: `release + place, CPU, memory and shares, ${servers.toLocaleString('en')} full servers`,
      unit: 'event',
      run: () => {
        for (let i = 0; i < 5000; i++) {
          const at = below(live.length);
          const gone = live[at]!;
          live[at] = live[live.length - 1]!;
          live.pop();
          solver.release(gone);
          placeOne();
        }
        check(live.length > servers, 'pods are there');
        return 5000;
      },
    },
  ];
}
