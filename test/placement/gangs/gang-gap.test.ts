import { beforeAll, describe, expect, it } from 'vitest';
import { judgePlacement, type ReferenceState } from '../../../src/check/index.js';
import { type MidSizeCase, midSizeCase, solverOf } from '../mid-size-cluster.js';
import { DAMAGE_TOLERANCE, type LeastCost, LeastCostFinder } from './least-cost.js';

/** Cases have the seeds 1, 2, …. */
const WHOLE_SERVER_CASES = 200;
/** Fewer of pods that leave room on servers: their programmes take several times as long. */
const PART_CASES = 20;

/** Most that the mean of 1 - least / figure over the cases may be; damage where the load is the least. */
const WHOLE_SERVER_GAPS_MAX = { load: 0, damage: 0.001 };
const PART_GAPS_MAX = { load: 0, damage: 0 };
/** Least share of cases that are as good as can be in both. */
const WHOLE_SERVER_BEST_MIN = 0.9;
const PART_BEST_MIN = 1;

const TOLERANCE = 1e-6;

/** How often, and how far, a figure was above the least: 1 - least / figure, 0 … 1, since the least is often 0. */
class Gap {
  count = 0;
  equal = 0;
  #sum = 0;
  #max = 0;

  /** @returns whether the figure is the least */
  add(figure: number, least: number): boolean {
    const gap = figure - least <= TOLERANCE * Math.max(1, least) ? 0 : 1 - least / figure;
    this.count++;
    if (gap === 0) this.equal++;
    this.#sum += gap;
    this.#max = Math.max(this.#max, gap);
    return gap === 0;
  }

  get mean(): number {
    return this.#sum / Math.max(1, this.count);
  }

  toString(): string {
    const percent = (share: number): string => `${(100 * share).toFixed(2)} %`;
    return `${this.equal} of ${this.count} are least, mean gap ${percent(this.mean)}, largest ${percent(this.#max)}`;
  }
}

/** The plan of a programme, judged: if it were not what the programme says, its figures would be of something else. */
function expectReached(given: MidSizeCase, state: ReferenceState, best: LeastCost, seed: number): void {
  const { cluster, gpusPerPod } = given;
  const freeOf = new Map(state.free.servers.map(({ server, gpuMilli }) => [server, gpuMilli]));
  const pods = [...best.pods].flatMap(([position, count]) => {
    const server = cluster.servers[position]!.id;
    const free = [...freeOf.get(server)!.keys()].filter((gpu) => freeOf.get(server)![gpu] === 1000);
    return Array.from({ length: count }, (_, pod) => ({
      server,
      gpus: free.slice(pod * gpusPerPod, (pod + 1) * gpusPerPod),
    }));
  });
  const { tier, bandwidthGBps } = best;
  const request = { pods: given.pods, gpus: gpusPerPod };
  const judged = judgePlacement(cluster, state, request, { pods, tier, bandwidthGBps });
  expect(judged.violations, `seed ${seed}`).toEqual([]);
  expect(judged.load, `seed ${seed}`).toBeCloseTo(best.load, 6);
  expect(judged.damage, `seed ${seed}`).toBeCloseTo(best.damage, 5);
}

describe('find against integer programmes on mid-size clusters', () => {
  let finder: LeastCostFinder;

  beforeAll(async () => {
    finder = await LeastCostFinder.load();
  });

  function measure(cases: number, gpusPerPodOf: (seed: number) => number) {
    const load = new Gap();
    const damage = new Gap();
    const tiers = { block: 0, cluster: 0 };
    for (let seed = 1; seed <= cases; seed++) {
      const given = midSizeCase(seed, gpusPerPodOf(seed));
      const solver = solverOf(given);
      const state = { free: solver.free() };
      const best = finder.find(given, state);
      expectReached(given, state, best, seed);

      const request = { pods: given.pods, gpus: given.gpusPerPod };
      const found = solver.find(request);
      if (!found.ok) throw new Error(`seed ${seed}: ${found.reason}`);
      const judged = judgePlacement(given.cluster, state, request, found.placement);
      expect(judged.violations, `seed ${seed}`).toEqual([]);
      expect(judged.tier, `seed ${seed}`).toBe(best.tier);
      expect(judged.bandwidthGBps, `seed ${seed}`).toBeCloseTo(best.bandwidthGBps, 6);
      // Lower than the least would be a fault of the programme.
      expect(judged.load, `seed ${seed}`).toBeGreaterThanOrEqual(best.load - TOLERANCE);
      tiers[judged.tier as 'block' | 'cluster']++;
      if (!load.add(judged.load, best.load)) continue;
      expect(judged.damage, `seed ${seed}`).toBeGreaterThanOrEqual(best.damage - 2 * DAMAGE_TOLERANCE);
      damage.add(judged.damage, best.damage);
    }
    // Otherwise the generator no longer asks for both.
    expect(Math.min(tiers.block, tiers.cluster)).toBeGreaterThan(cases / 4);
    return { load, damage, best: damage.equal / cases };
  }

  it(`finds gangs of whole servers close to the least load and damage, seeds from 1`, () => {
    const { load, damage, best } = measure(WHOLE_SERVER_CASES, () => 8);
    console.info(`gangs of whole servers, seeds 1 … ${WHOLE_SERVER_CASES}: load ${load}; damage ${damage}`);
    expect(load.mean).toBeLessThanOrEqual(WHOLE_SERVER_GAPS_MAX.load);
    expect(damage.mean).toBeLessThanOrEqual(WHOLE_SERVER_GAPS_MAX.damage);
    expect(best).toBeGreaterThanOrEqual(WHOLE_SERVER_BEST_MIN);
  });

  it(`finds gangs of 2- and 4-GPU pods on partly free servers close to the least, seeds from 1`, () => {
    const { load, damage, best } = measure(PART_CASES, (seed) => (seed % 2 === 0 ? 2 : 4));
    console.info(`gangs on parts of servers, seeds 1 … ${PART_CASES}: load ${load}; damage ${damage}`);
    expect(load.mean).toBeLessThanOrEqual(PART_GAPS_MAX.load);
    expect(damage.mean).toBeLessThanOrEqual(PART_GAPS_MAX.damage);
    expect(best).toBeGreaterThanOrEqual(PART_BEST_MIN);
  });
});
