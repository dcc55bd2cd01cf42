import { describe, expect, it } from 'vitest';
import { judgePlacement, referenceSelectGpus } from '../../../src/check/index.js';
import type { ClusterTopology, PlacementRequest, ServerTopology } from '../../../src/index.js';
import { PodSearch } from '../../../src/placement/pods/pod-search.js';
import { podNeed } from '../../../src/placement/state/pod-need.js';
import { ordinals } from '../../../src/placement/state/state.js';
import { Dice, serverTypes } from '../gangs/gang-cluster.js';
import { anyPod, Disorder, kindsCluster, treeOrderOf } from '../kinds-cluster.js';

/*
 * The objective once more, from its definition and by looking at every server: what a server offers is judged by
 * corral/check, which shares nothing with the tables.
 */

interface Candidate {
  readonly server: string;
  readonly gpus: readonly number[];
  /** Room of the shared GPU that is taken; 1000 where the GPUs were wholly free. */
  readonly freeMilli: number;
  readonly bandwidthGBps: number;
  readonly load: number;
  readonly damage: number;
  /** Wholly free GPUs of the server. */
  readonly freeGpus: number;
}

const known = new WeakMap<ServerTopology, Map<string, readonly number[]>>();

/** The best set inside one server. */
function bestGpus(type: ServerTopology, count: number, free: readonly number[]): readonly number[] {
  const sets = known.get(type) ?? new Map<string, readonly number[]>();
  known.set(type, sets);
  const key = `${count}:${free.join()}`;
  const gpus = sets.get(key) ?? referenceSelectGpus(type, count, { free })!.gpus;
  sets.set(key, gpus);
  return gpus;
}

/** What one server offers; undefined where the pod does not fit. */
function offerOf(
  disorder: Disorder,
  state: Parameters<typeof judgePlacement>[1],
  request: PlacementRequest,
  position: number,
): Candidate | undefined {
  const { cluster } = disorder;
  const { id, type } = cluster.servers[position]!;
  const { gpuMilli } = state.free.servers[position]!;
  const count = request.gpuMilli === undefined ? (request.gpus ?? 0) : 1;
  const milli = request.gpuMilli ?? 1000;
  const free = [...gpuMilli.keys()].filter((gpu) => gpuMilli[gpu] === 1000);
  let gpus: readonly number[] = [];
  let freeMilli = 1000;
  const shared = [...gpuMilli.keys()].filter((gpu) => gpuMilli[gpu]! < 1000 && gpuMilli[gpu]! >= milli);
  if (shared.length > 0) {
    const tightest = shared.reduce((best, gpu) => (gpuMilli[gpu]! < gpuMilli[best]! ? gpu : best));
    gpus = [tightest];
    freeMilli = gpuMilli[tightest]!;
  } else if (count > 0) {
    if (free.length < count) return undefined;
    gpus = bestGpus(type, count, free);
  }
  const claim = { pods: [{ server: id, gpus }], tier: 'server', bandwidthGBps: null };
  const { bandwidthGBps, load, damage, violations } = judgePlacement(cluster, state, request, claim);
  // What it says of the bandwidth that is claimed is none of our business.
  if (violations.some((violation) => !violation.startsWith('bandwidth'))) return undefined;
  let freeGpus = freeMilli < 1000 ? 0 : free.length;
  // Without GPUs: servers without GPUs first, and of those where GPUs are stranded the one with the fewest.
  if (count === 0) {
    const milliFree = gpuMilli.reduce((sum, room) => sum + room, 0);
    freeGpus = damage > 1e-9 ? milliFree : type.gpus.length > 0 ? 0 : -1;
  }
  return { server: id, gpus, freeMilli, bandwidthGBps: bandwidthGBps ?? Infinity, load, damage, freeGpus };
}

function isBetter(a: Candidate, b: Candidate): boolean {
  const near = (x: number, y: number): boolean =>
    x === y || Math.abs(x - y) <= 1e-9 * Math.max(1, Math.abs(x), Math.abs(y));
  if (a.freeMilli !== b.freeMilli) return a.freeMilli < b.freeMilli;
  if (!near(a.bandwidthGBps, b.bandwidthGBps)) return a.bandwidthGBps > b.bandwidthGBps;
  // The judge counts load in units of what two GPUs exchange.
  const [loadA, loadB] = [a, b].map(({ load, bandwidthGBps, gpus }) =>
    gpus.length < 2 ? 0 : (load * bandwidthGBps) / (gpus.length - 1),
  );
  if (!near(loadA!, loadB!)) return loadA! < loadB!;
  if (!near(a.damage, b.damage)) return a.damage < b.damage;
  // Few servers in use: the fuller one.
  return a.freeGpus < b.freeGpus;
}

function bestOf(disorder: Disorder, request: PlacementRequest): Candidate | undefined {
  const state = { free: disorder.free(), cordoned: disorder.cordoned() };
  let best: Candidate | undefined;
  for (const position of treeOrderOf(disorder.cluster)) {
    const offer = offerOf(disorder, state, request, position);
    if (offer !== undefined && (best === undefined || isBetter(offer, best))) best = offer;
  }
  return best;
}

/** Compares many pods in many states; returns how many fitted. */
function compare(
  seeds: { readonly from: number; readonly to: number },
  options: { readonly types?: readonly number[]; readonly limits: boolean; readonly serversMax: number },
): number {
  let fitted = 0;
  for (let seed = seeds.from; seed < seeds.to; seed++) {
    const dice = new Dice(seed);
    const cluster: ClusterTopology = kindsCluster(dice, { ...options, tiersMax: 3 });
    const disorder = new Disorder(cluster, dice, options);
    const search = new PodSearch(disorder.index);
    for (let round = 0; round < 3; round++) {
      disorder.run();
      for (let pod = 0; pod < 3; pod++) {
        const request = anyPod(dice, options);
        const best = bestOf(disorder, request);
        const found = search.find(podNeed(request, disorder.tables));
        const where = `seed ${seed}, ${JSON.stringify(request)}`;
        expect(found, where).toBe(best !== undefined);
        if (best === undefined) continue;
        fitted++;
        const answer = { server: disorder.idOf(search.server), gpus: ordinals(search.gpuMask) };
        expect(answer, where).toEqual({ server: best.server, gpus: best.gpus });
        expect(search.bandwidthGBps, where).toBeCloseTo(best.bandwidthGBps, 6);
        expect(search.damageGpus, where).toBeCloseTo(best.damage, 6);
      }
    }
  }
  return fitted;
}

describe('PodSearch', () => {
  it('takes the server that looking at every one takes, on clusters of several kinds and tiers', () => {
    expect(compare({ from: 0, to: 200 }, { limits: false, serversMax: 30 })).toBeGreaterThan(1000);
  });

  it('does so for pods with CPU, memory and labels', () => {
    expect(compare({ from: 1000, to: 1250 }, { limits: true, serversMax: 30 })).toBeGreaterThan(1000);
  });

  it('does so where servers have four GPUs or more, and much depends on which are free', () => {
    const types = [...serverTypes.keys()].filter((type) => serverTypes[type]!.gpus.length >= 4);
    expect(compare({ from: 2000, to: 2150 }, { limits: false, serversMax: 12, types })).toBeGreaterThan(800);
  });

  it('finds nothing on cordoned servers', () => {
    const dice = new Dice(1);
    const { index, tables, engine } = new Disorder(kindsCluster(dice, { serversMax: 9, tiersMax: 1 }), dice);
    const search = new PodSearch(index);
    for (let s = 0; s < tables.serverCount; s++) engine.setCordoned(s, true);
    for (const request of [{}, { gpus: 1 }, { gpuMilli: 10 }]) {
      expect(search.find(podNeed(request, tables))).toBe(false);
    }
  });
});
