import type { ClusterDocument } from '../src/index.js';
import {
  clusterTopology,
  compile,
  type Placement,
  type PlacementRequest,
  type Solver,
} from '../src/index.js';
import { bestFit } from '../src/policies/index.js';
import { type Case, check } from './harness.js';

/** GPUs per pod of the mix, and how often. */
const SIZES = [1, 1, 1, 2, 2, 4, 8];
const EVENTS = 20_000;
const LOAD = 0.85;

function cluster(servers: number): ClusterDocument {
  return {
    tiers: [],
    types: { h100: 'dgx-h100' },
    servers: Array.from({ length: servers }, (_, i) => ({
      id: `s${i}`,
      type: 'h100',
      cpuMilli: 224_000,
      memoryMiB: 2_097_152,
    })),
  };
}

/** A small generator of its own, so that every run of the bench does the same work. */
function lcg(seed: number): (bound: number) => number {
  let x = seed;
  return (bound) => {
    x = (Math.imul(x, 1_664_525) + 1_013_904_223) | 0;
    return Math.floor(((x >>> 0) / 2 ** 32) * bound);
  };
}

/** Release one and place one, at 85 % load, through the public API with the incremental score finder. */
export function placementCases(sizes: readonly number[]): Case[] {
  return sizes.map((servers): Case => {
    const solver: Solver = compile(clusterTopology(cluster(servers)), { policy: bestFit() });
    const below = lcg(7);
    const live: Placement[] = [];
    let used = 0;
    const placeOne = (): void => {
      const gpus = SIZES[below(SIZES.length)]!;
      const request: PlacementRequest = { gpus, cpuMilli: gpus * 12_000, memoryMiB: gpus * 65_536 };
      const result = solver.place(request);
      if (!result.ok) return;
      live.push(result.placement);
      used += gpus;
    };
    while (used < LOAD * 8 * servers) placeOne();
    return {
      name: `release + place, bestFit, ${servers.toLocaleString('en')} servers`,
      unit: 'event',
      run: () => {
        for (let i = 0; i < EVENTS; i++) {
          const at = below(live.length);
          const gone = live[at]!;
          live[at] = live[live.length - 1]!;
          live.pop();
          solver.release(gone);
          used -= gone.pods[0]!.gpus.length;
          while (used < LOAD * 8 * servers) placeOne();
        }
        check(solver.free().gpus === 8 * servers - used, 'free and used GPUs add up');
        return EVENTS;
      },
    };
  });
}
