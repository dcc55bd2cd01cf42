import { describe, expect, it } from 'vitest';
import { synthetic } from '../../../src/catalogue/index.js';
import { type CheckedRequest, judgePlacement, referencePlace } from '../../../src/check/index.js';
import {
  clusterTopology,
  compile,
  type Placement,
  type PlacementRequest,
  type PlacementResult,
  type Solver,
} from '../../../src/index.js';
import {
  bestFit,
  binPack,
  fgd,
  gpuPacking,
  type Policy,
  topologyAware,
} from '../../../src/policies/index.js';
import { replayed } from '../replayed.js';
import { gangCase } from './gang-cluster.js';

const box = (gpus: number) => synthetic(`cpu:1 nic:${gpus} gpu:${gpus} nvswitch:1`, { name: `box${gpus}` });
const types = { 1: box(1), 2: box(2), 3: box(3), 4: box(4) };
/** Servers of so many GPUs, all free. */
const freeOf = (gpus: readonly number[], policy: Policy = topologyAware()): Solver =>
  compile(
    clusterTopology({
      tiers: [],
      types,
      servers: gpus.map((count, i) => ({ id: `x${i + 1}`, type: String(count) })),
    }),
    { policy },
  );
function placed(answer: PlacementResult): Placement {
  if (!answer.ok) throw new Error(answer.message);
  return answer.placement;
}
const serversOf = (answer: PlacementResult): string[] => placed(answer).pods.map(({ server }) => server);
const workload = [
  { cpuMilli: 0, gpus: 1, gpuMilli: 1000, share: 0.5 },
  { cpuMilli: 0, gpus: 2, gpuMilli: 1000, share: 0.5 },
];

describe('a gang that does not communicate', () => {
  it.each<[string, Policy]>([
    ['topologyAware', topologyAware()],
    ['binPack', binPack()],
    ['bestFit', bestFit()],
    ['gpuPacking', gpuPacking()],
    ['fgd', fgd({ workload })],
  ])('leaves the pair to the pod of two, in any order of the document: %s', (_, policy) => {
    for (const gpus of [
      [2, 1, 1],
      [1, 2, 1],
      [1, 1, 2],
    ]) {
      const solver = freeOf(gpus, policy);
      const gang = placed(solver.place({ pods: 2, gpus: 1, communicates: false }));
      expect(gang).toMatchObject({ tier: 'cluster', bandwidthGBps: null });
      expect(solver.place({ gpus: 2 })).toMatchObject({ ok: true });
    }
  });

  it('is kept together where it talks, as before', () => {
    const solver = freeOf([2, 1, 1]);
    expect(serversOf(solver.find({ pods: 2, gpus: 1 }))).toEqual(['x1', 'x1']);
    expect(solver.find({ pods: 2, gpus: 1, communicates: true })).toEqual(solver.find({ pods: 2, gpus: 1 }));
  });

  it('has no bandwidth inside a pod, nor a set chosen for it', () => {
    // Two pairs of NVLink: the pod of two that talks takes a pair, the one that does not takes what breaks none.
    const solver = freeOf([4]);
    expect(solver.find({ gpus: 2, communicates: false })).toMatchObject({
      placement: { tier: 'server', bandwidthGBps: null },
    });
  });

  it('is all or nothing, shrinks to what fits, and keeps to what is required', () => {
    const solver = freeOf([2, 1, 1]);
    expect(solver.find({ pods: 5, gpus: 1, communicates: false })).toMatchObject({ reason: 'never-fits' });
    expect(serversOf(solver.find({ pods: 9, podsMin: 2, gpus: 1, communicates: false }))).toHaveLength(4);
    for (const field of ['require', 'prefer'] as const) {
      const answer = solver.find({ pods: 2, gpus: 1, communicates: false, [field]: 'server' });
      expect(serversOf(answer)).toEqual(['x1', 'x1']);
    }
    expect(solver.find({ pods: 3, gpus: 1, communicates: false, require: 'server' })).toMatchObject({
      reason: 'never-fits',
    });
    expect(serversOf(solver.find({ pods: 3, gpus: 1, communicates: false, prefer: 'server' }))).toHaveLength(
      3,
    );
  });

  it('takes the domain that is required in which it does least damage', () => {
    const solver = compile(
      clusterTopology({
        tiers: ['rack'],
        types,
        servers: [
          { id: 'a', type: '4', domains: { rack: 'A' } },
          { id: 'b', type: '1', domains: { rack: 'B' } },
          { id: 'c', type: '1', domains: { rack: 'B' } },
          { id: 'd', type: '1', domains: { rack: 'C' } },
        ],
      }),
    );
    const request = { pods: 2, gpus: 1, communicates: false, require: 'rack' };
    expect(serversOf(solver.find(request))).toEqual(['b', 'c']);
    expect(serversOf(solver.find({ ...request, pods: 3 }))).toEqual(['a', 'a', 'a']);
    const slice = { pods: 2, tier: 'rack' };
    expect(serversOf(solver.find({ pods: 3, gpus: 1, communicates: false, slice }))).toEqual(['b', 'c', 'd']);
  });

  it('takes the first of domains, servers and slices that are equal', () => {
    const rackOf = (rack: string, gpus: number, ids: readonly string[]) =>
      ids.map((id) => ({ id, type: String(gpus), domains: { rack } }));
    const of = (gpus: number): Solver =>
      compile(
        clusterTopology({
          tiers: ['rack'],
          types,
          servers: [
            ...rackOf('A', gpus, ['a', 'b']),
            ...rackOf('B', gpus, ['c', 'd']),
            ...rackOf('C', gpus, ['e', 'f']),
          ],
        }),
      );
    const gang = { pods: 2, gpus: 1, communicates: false };
    expect(serversOf(of(1).find({ ...gang, require: 'rack' }))).toEqual(['a', 'b']);
    expect(serversOf(of(2).find({ ...gang, require: 'server' }))).toEqual(['a', 'a']);
    const inRacks = { ...gang, pods: 4, slice: { pods: 2, tier: 'rack' } };
    expect(serversOf(of(1).find(inRacks))).toEqual(['a', 'b', 'c', 'd']);
    const onServers = { ...gang, pods: 4, slice: { pods: 2, tier: 'server' } };
    expect(serversOf(of(2).find(onServers))).toEqual(['a', 'a', 'b', 'b']);
  });

  it('refuses an answer that is no yes or no', () => {
    expect(() => freeOf([1]).find({ communicates: 'no' } as unknown as PlacementRequest)).toThrow(
      expect.objectContaining({ code: 'invalid-request', path: ['communicates'] }),
    );
  });

  it('goes where its pods would go one by one', () => {
    let several = 0;
    for (let seed = 0; seed < 400; seed++) {
      const given = gangCase(seed);
      const { solver } = replayed(given);
      for (const wanted of given.requests) {
        const { require: _, prefer: __, slice: ___, podsMin: ____, ...rest } = wanted as PlacementRequest;
        const request = { ...rest, communicates: false };
        const where = `seed ${seed}, ${JSON.stringify(request)}`;
        const found = solver.find(request);
        const before = solver.snapshot();
        const { pods = 1, ...single } = request;
        const ones: string[] = [];
        for (let pod = 0; pod < pods; pod++) {
          const ranked = solver.rank(single)[0]?.server;
          const one = solver.place(single);
          if (!one.ok) break;
          expect(one.placement.pods[0]!.server, where).toBe(ranked);
          ones.push(JSON.stringify(one.placement.pods[0]));
        }
        solver.restore(before);
        expect(found.ok, where).toBe(ones.length === pods);
        if (!found.ok) continue;
        expect(found.placement.pods.map((pod) => JSON.stringify(pod)).sort(), where).toEqual(ones.sort());
        if (pods > 1) several++;
      }
    }
    expect(several).toBeGreaterThan(150);
  });

  it('is as large as it can be, tells its tier, and does little more damage than the least there is', () => {
    let placements = 0;
    let gap = 0;
    for (let seed = 0; seed < 1000; seed++) {
      const given = gangCase(5_000_000 + seed, { places: seed % 4 === 0 });
      const { solver, cordoned } = replayed(given);
      const state = { free: solver.free(), cordoned: [...cordoned] };
      for (const wanted of given.requests) {
        const request: CheckedRequest = { ...wanted, communicates: false };
        const where = `seed ${seed}, ${JSON.stringify(request)}`;
        const best = referencePlace(given.cluster, state, request, { sizes: given.sizes });
        const found = solver.find(request as PlacementRequest);
        expect(found.ok, where).toBe(best !== undefined);
        if (!found.ok || best === undefined) continue;
        const judged = judgePlacement(given.cluster, state, request, found.placement, { sizes: given.sizes });
        expect(judged.violations, where).toEqual([]);
        expect(judged.pods, where).toBe(best.pods);
        expect(judged.damage, where).toBeGreaterThan(best.damage - 1e-6);
        if (judged.pods === 1) expect(judged.damage, where).toBeCloseTo(best.damage, 6);
        gap += (judged.damage - best.damage) / Math.max(1, best.damage);
        placements++;
      }
    }
    console.info(`${placements} placements, mean gap of the damage ${(gap / placements).toFixed(5)}`);
    expect(placements).toBeGreaterThan(1000);
    expect(gap / placements).toBeLessThan(0.01);
  });
});
