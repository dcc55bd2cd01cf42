import { describe, expect, it } from 'vitest';
import {
  type CheckedRequest,
  judgePlacement,
  type ReferencePlacement,
  type ReferenceState,
  referencePlace,
} from '../../../src/check/index.js';
import {
  type ClusterTopology,
  type CompileOptions,
  compile,
  type Placement,
  type PlacementRequest,
  type Solver,
} from '../../../src/index.js';
import { type GangCase, gangCase } from './gang-cluster.js';

/** Cases have the seeds FIRST_SEED, FIRST_SEED + 1, …; each has a cluster of its own and three requests. */
const FIRST_SEED = 1_000_000;
const CASES = 20_000;
/** Cases with requests for sockets and NUMA nodes. */
const PLACED_CASES = 5000;

/**
 * How far gangs on several servers may be from the least load and damage: the mean of (figure - least) / max(1, least)
 * over all such gangs, damage where the load is the least. Clusters as small as these get no greedy plans, so the load
 * is the least but for rounding; damage in tiers depends on how many servers of each kind are touched, which plans estimate.
 */
const MEAN_LOAD_GAP_MAX = 1e-9;
const MEAN_DAMAGE_GAP_MAX = 0.005;

/** Load and damage inside one server are exact; this is rounding. */
const FIGURE_TOLERANCE = 1e-6;
const BANDWIDTH_TOLERANCE = 1e-9;
/** Differences that are told in full; more would drown the first. */
const DIFFERENCES_MAX = 5;

/** A solver and what the test knows of its state. */
class Watched {
  readonly solver: Solver;
  readonly #cluster: ClusterTopology;
  #live: Placement[] = [];
  readonly #cordoned = new Set<string>();

  constructor({ cluster, sizes }: GangCase) {
    this.#cluster = cluster;
    const options = sizes === undefined ? {} : { sizes };
    this.solver = compile(cluster, options as CompileOptions);
  }

  replay(history: GangCase['history']): void {
    for (const step of history) {
      if (step.kind === 'place') {
        const answer = this.solver.place(step.request as PlacementRequest);
        if (answer.ok) this.#live.push(answer.placement);
      } else if (step.kind === 'release') {
        if (this.#live.length > 0)
          this.solver.release(this.#live.splice(step.pick % this.#live.length, 1)[0]!);
      } else {
        const { id } = this.#cluster.servers[step.pick % this.#cluster.servers.length]!;
        const solver = this.solver as Solver & Record<'cordon' | 'uncordon', (server: string) => void>;
        solver[step.kind](id);
        if (step.kind === 'cordon') this.#cordoned.add(id);
        else this.#cordoned.delete(id);
      }
    }
  }

  state(): ReferenceState {
    return { free: this.solver.free(), cordoned: [...this.#cordoned] };
  }
}

/** How often, and how far, a figure was above the least. */
class Gap {
  #count = 0;
  #equal = 0;
  #sum = 0;
  #max = 0;

  add(figure: number, least: number): void {
    const gap = Math.max(0, figure - least) / Math.max(1, least);
    this.#count++;
    if (gap <= FIGURE_TOLERANCE) this.#equal++;
    this.#sum += gap;
    this.#max = Math.max(this.#max, gap);
  }

  get mean(): number {
    return this.#count === 0 ? 0 : this.#sum / this.#count;
  }

  toString(): string {
    const share = (100 * this.#equal) / Math.max(1, this.#count);
    return `${this.#equal} of ${this.#count} are least (${share.toFixed(2)} %), mean gap ${this.mean.toFixed(5)}, largest ${this.#max.toFixed(3)}`;
  }
}

/** What was met, so that a generator that stops reaching something is noticed. */
class Tally {
  requests = 0;
  refused = 0;
  shrunk = 0;
  readonly several = { gangs: 0, sliced: 0, withBandwidth: 0 };
  readonly load = new Gap();
  readonly damage = new Gap();
}

function isNear(a: number, b: number, tolerance: number): boolean {
  return a === b || Math.abs(a - b) <= tolerance * Math.max(1, Math.abs(a), Math.abs(b));
}

function isSameBandwidth(a: number | null, b: number | null): boolean {
  if (a === null || b === null) return a === b;
  return a === b || Math.abs(a - b) <= BANDWIDTH_TOLERANCE * Math.max(a, b);
}

/** Whether load and damage must be the least, too: inside one server nothing is left to a greedy choice. */
function isExact(best: ReferencePlacement): boolean {
  return best.tier === 'server';
}

/** What is different from the best, in words; empty = nothing that must not be. */
function differences(figures: ReferencePlacement, best: ReferencePlacement): string[] {
  const wrong: string[] = [];
  const note = (what: keyof ReferencePlacement, same: boolean): void => {
    if (!same) wrong.push(`${what} ${figures[what]}, best ${best[what]}`);
  };
  note('pods', figures.pods === best.pods);
  note('tier', figures.tier === best.tier);
  note('bandwidthGBps', isSameBandwidth(figures.bandwidthGBps, best.bandwidthGBps));
  if (isExact(best)) {
    note('load', isNear(figures.load, best.load, FIGURE_TOLERANCE));
    note('damage', isNear(figures.damage, best.damage, FIGURE_TOLERANCE));
  }
  return wrong;
}

/** Judges one answer; what is wrong with it, in words. */
function judge(given: GangCase, watched: Watched, request: CheckedRequest, tally: Tally): string[] {
  const { cluster, sizes } = given;
  const state = watched.state();
  const best = referencePlace(cluster, state, request, { sizes });
  const found = watched.solver.find(request as PlacementRequest);
  tally.requests++;
  if (!found.ok) {
    tally.refused++;
    return best === undefined ? [] : [`refused (${found.reason}), best ${JSON.stringify(best)}`];
  }
  const { violations, ...figures } = judgePlacement(cluster, state, request, found.placement, { sizes });
  if (best === undefined) return ['placed, but nothing fits', ...violations];
  const wrong = [...violations, ...differences(figures, best)];
  if (best.pods < (request.pods ?? 1)) tally.shrunk++;
  if (best.servers > 1) {
    tally.several.gangs++;
    if (request.slice !== undefined) tally.several.sliced++;
    if (best.bandwidthGBps !== null) tally.several.withBandwidth++;
  }
  if (wrong.length === 0 && !isExact(best)) {
    tally.load.add(figures.load, best.load);
    if (isNear(figures.load, best.load, FIGURE_TOLERANCE)) tally.damage.add(figures.damage, best.damage);
  }
  return wrong;
}

describe('place and find against every placement', () => {
  it(`find the best on ${CASES} small clusters, seeds from ${FIRST_SEED}`, () => {
    const tally = new Tally();
    const told: string[] = [];
    let different = 0;
    for (let seed = FIRST_SEED; seed < FIRST_SEED + CASES; seed++) {
      const tell = (what: string, wrong: readonly string[]): void => {
        if (wrong.length === 0) return;
        different++;
        if (told.length < DIFFERENCES_MAX) told.push(`seed ${seed}, ${what}: ${wrong.join('; ')}`);
      };
      // Whatever is thrown is one more difference: the other cases are still worth a look.
      try {
        const given = gangCase(seed);
        const watched = new Watched(given);
        watched.replay(given.history);
        for (const request of given.requests) {
          tell(JSON.stringify(request), judge(given, watched, request, tally));
        }
      } catch (error) {
        tell('thrown', [String(error)]);
      }
    }
    const { gangs, sliced, withBandwidth } = tally.several;
    console.info(
      [
        `seeds ${FIRST_SEED} … ${FIRST_SEED + CASES - 1}: ${tally.requests} requests, ${tally.refused} do not fit`,
        `${gangs} gangs on several servers, ${withBandwidth} of them of whole GPUs, ${sliced} in slices; ${tally.shrunk} shrunk`,
        `load of gangs: ${tally.load}`,
        `damage of gangs of least load: ${tally.damage}`,
      ].join('\n'),
    );
    expect(told, `${different} of ${tally.requests} differ`).toEqual([]);
    expect(tally.load.mean).toBeLessThanOrEqual(MEAN_LOAD_GAP_MAX);
    expect(tally.damage.mean).toBeLessThanOrEqual(MEAN_DAMAGE_GAP_MAX);
    // Otherwise the generator no longer asks what this is about.
    expect(Math.min(tally.refused, withBandwidth)).toBeGreaterThan(CASES / 10);
    expect(Math.min(sliced, tally.shrunk)).toBeGreaterThan(CASES / 50);
  });

  it(`find the best where pods must be on one socket or NUMA node, on ${PLACED_CASES} clusters`, () => {
    const tally = new Tally();
    const told: string[] = [];
    const met = { required: 0, perPod: 0, preferred: 0, severalPods: 0 };
    for (let seed = FIRST_SEED; seed < FIRST_SEED + PLACED_CASES; seed++) {
      const given = gangCase(seed, { places: true });
      const watched = new Watched(given);
      watched.replay(given.history);
      for (const request of given.requests) {
        const wrong = judge(given, watched, request, tally);
        if (wrong.length > 0 && told.length < DIFFERENCES_MAX) {
          told.push(`seed ${seed}, ${JSON.stringify(request)}: ${wrong.join('; ')}`);
        }
        if ((request.gpus ?? 0) < 2 || !watched.solver.find(request as PlacementRequest).ok) continue;
        const isPlace = (name?: string): boolean => name === 'socket' || name === 'numa';
        if (isPlace(request.require)) met.required++;
        if (isPlace(request.prefer)) met.preferred++;
        if (request.requirePerPod !== undefined) met[(request.pods ?? 1) > 1 ? 'severalPods' : 'perPod']++;
      }
    }
    expect(told).toEqual([]);
    expect(tally.load.mean).toBeLessThanOrEqual(MEAN_LOAD_GAP_MAX);
    expect(tally.damage.mean).toBeLessThanOrEqual(MEAN_DAMAGE_GAP_MAX);
    expect(tally.refused).toBeGreaterThan(PLACED_CASES / 10);
    expect(Math.min(...Object.values(met)), JSON.stringify(met)).toBeGreaterThan(PLACED_CASES / 100);
  });

  it('place what they find, and leave it free again', () => {
    for (let seed = 0; seed < 500; seed++) {
      const given = gangCase(seed);
      const watched = new Watched(given);
      watched.replay(given.history);
      const before = watched.state();
      for (const request of given.requests) {
        const { solver } = watched;
        const found = solver.find(request as PlacementRequest);
        const placed = solver.place(request as PlacementRequest);
        expect(placed.ok, `seed ${seed}`).toBe(found.ok);
        if (!placed.ok || !found.ok) continue;
        expect(placed.placement.pods, `seed ${seed}`).toEqual(found.placement.pods);
        solver.release(placed.placement);
        expect(watched.state(), `seed ${seed}`).toEqual(before);
      }
    }
  });
});
