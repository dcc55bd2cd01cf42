import { describe, expect, it } from 'vitest';
import { judgePlacement } from '../../../src/check/index.js';
import {
  clusterTopology,
  compile,
  type Explanation,
  type PlacementRequest,
  type PlacementStep,
  type Solver,
} from '../../../src/index.js';
import { bestFit } from '../../../src/policies/index.js';
import { racks } from '../../check/gangs/gang-examples.js';
import { gangCase } from '../gangs/gang-cluster.js';
import { gpuBox } from '../random-cluster.js';
import { replayed } from '../replayed.js';

const explained = (solver: Solver, request: PlacementRequest): Explanation => solver.explain(request);
const changes = ({ remedies }: Pick<Explanation, 'remedies'>): string[] =>
  remedies.map(({ change }) => change);
const three = () => compile(racks({ A: ['a1'], B: ['b1', 'b2'], C: ['c1', 'c2', 'c3'] }));

describe('explain', () => {
  it('counts the servers that fail on each constraint, and on nothing else', () => {
    const solver = compile(
      racks(
        {},
        {
          servers: [
            { id: 'a', type: 'pair', domains: { rack: 'A' }, cpuMilli: 1000, labels: { pool: 'x' } },
            { id: 'b', type: 'pair', domains: { rack: 'A' }, memoryMiB: 10, labels: { pool: 'y' } },
            { id: 'c', type: 'single', domains: { rack: 'A' }, gpuModel: 'B', labels: { pool: 'x' } },
            { id: 'd', type: 'pair', domains: { rack: 'A' }, labels: { pool: 'x' } },
          ],
        },
      ),
    );
    solver.cordon('d');
    const { constraints, servers, serversThatFit } = explained(solver, {
      gpus: 2,
      cpuMilli: 2000,
      memoryMiB: 20,
      gpuModels: ['none'],
      labels: { pool: 'x' },
    });
    expect([servers, serversThatFit]).toEqual([4, 0]);
    expect(constraints).toEqual([
      { constraint: 'cordon', servers: 1, serversAlone: 1 },
      { constraint: 'gpu-model', servers: 1, serversAlone: 0 },
      { constraint: 'labels', servers: 1, serversAlone: 0 },
      { constraint: 'gpus', servers: 1, serversAlone: 0 },
      { constraint: 'cpu', servers: 1, serversAlone: 1 },
      { constraint: 'memory', servers: 1, serversAlone: 0 },
    ]);
    expect(explained(solver, {}).constraints).toEqual([
      { constraint: 'cordon', servers: 1, serversAlone: 1 },
    ]);
  });

  it('tells a lack of shares from a lack of GPUs', () => {
    const solver = three();
    for (let i = 0; i < 6; i++) solver.place({ gpus: 2 });
    expect(explained(solver, { gpuMilli: 100 }).constraints).toEqual([
      { constraint: 'gpu-share', servers: 6, serversAlone: 6 },
    ]);
    const shared = three();
    for (let i = 0; i < 12; i++) shared.place({ gpuMilli: 700 });
    expect(explained(shared, { gpuMilli: 300 }).constraints).toEqual([]);
    expect(explained(shared, { gpuMilli: 301 }).constraints).toEqual([
      { constraint: 'gpu-share', servers: 6, serversAlone: 6 },
    ]);
  });

  it('names the best domain of every tier, what it lacks, and whether it may be', () => {
    expect(explained(three(), { pods: 4, gpus: 2, require: 'rack' }).tiers).toEqual([
      { tier: 'server', domain: 'a1', pods: 1, podsLacking: 3, domainsThatFit: 0, allowed: true },
      { tier: 'rack', domain: 'C', pods: 3, podsLacking: 1, domainsThatFit: 0, allowed: true },
      { tier: 'cluster', domain: null, pods: 4, podsLacking: 0, domainsThatFit: 1, allowed: false },
    ]);
    const elastic = explained(three(), { pods: 9, podsMin: 2, gpus: 2 });
    expect(
      elastic.tiers.map(({ pods, podsLacking, domainsThatFit }) => [pods, podsLacking, domainsThatFit]),
    ).toEqual([
      [1, 1, 0],
      [3, 0, 2],
      [6, 0, 1],
    ]);
  });

  it('agrees of every tier with what is found there, in any state', () => {
    let told = 0;
    for (let seed = 0; seed < 600; seed++) {
      const given = gangCase(seed);
      const { solver } = replayed(given);
      for (const wanted of given.requests as PlacementRequest[]) {
        const { require: _, prefer: __, ...request } = wanted;
        const { tiers } = explained(solver, request);
        for (const { tier, pods, podsLacking, domainsThatFit } of tiers) {
          const where = `seed ${seed}, ${tier}, ${JSON.stringify(request)}`;
          const found = solver.find({ ...request, require: tier });
          expect(found.ok, where).toBe(podsLacking === 0);
          expect(domainsThatFit > 0, where).toBe(found.ok);
          if (found.ok) expect(found.placement.pods.length, where).toBe(pods);
          told++;
        }
      }
    }
    expect(told).toBeGreaterThan(3000);
  });

  it('counts the servers where no socket has room, or none is known, and says what would do', () => {
    const cluster = clusterTopology({
      tiers: [],
      types: { p5: 'aws-p5.48xlarge', bare: gpuBox(8) },
      servers: [
        { id: 'a', type: 'p5' },
        { id: 'b', type: 'p5' },
        { id: 'c', type: 'bare' },
      ],
    });
    const solver = compile(cluster);
    // GPUs 0 and 4 of one machine are left over by others.
    const ones = Array.from({ length: 8 }, () => solver.place({ gpus: 1, gpuModels: ['H100-SXM5'] }));
    for (const one of ones)
      if (one.ok && ![0, 4].includes(one.placement.pods[0]!.gpus[0]!)) solver.release(one.placement);
    const request = { gpus: 4, pods: 3, requirePerPod: 'socket' } as const;
    const { fits, constraints, remedies } = explained(solver, request);
    expect(fits).toBe(false);
    expect(constraints).toEqual([{ constraint: 'place', servers: 2, serversAlone: 2 }]);
    expect(changes({ remedies })).toEqual(['fewer-pods', 'no-place', 'release']);
    expect(remedies[1]!.message).toBe('it would fit if pods need not be on one socket: ask for no place');
    // The pod that straddles is told of.
    solver.cordon('b');
    solver.cordon('c');
    const { steps } = explained(solver, { gpus: 4 });
    expect(steps.find(({ step }) => step === 'sockets')).toMatchObject({ figure: 1 });
    expect(explained(solver, { gpus: 3 }).steps.some(({ step }) => step === 'sockets')).toBe(false);
  });

  it('gives the figures of the decision, step by step', () => {
    let several = 0;
    for (let seed = 0; seed < 800; seed++) {
      const given = gangCase(seed);
      const { solver, cordoned } = replayed({ ...given, sizes: undefined });
      for (const request of given.requests as PlacementRequest[]) {
        const { steps, fits } = explained(solver, request);
        const found = solver.find(request);
        if (!fits || !found.ok) continue;
        const where = `seed ${seed}, ${JSON.stringify(request)}`;
        const state = { free: solver.free(), cordoned: [...cordoned] };
        const judged = judgePlacement(given.cluster, state, request, found.placement);
        const figures: Partial<Record<PlacementStep['step'], PlacementStep['figure']>> = Object.fromEntries(
          steps.map(({ step, figure }) => [step, figure]),
        );
        expect(figures.tier, where).toBe(judged.tier);
        expect(figures.servers, where).toBe(judged.servers);
        const elastic = request.podsMin !== undefined && request.podsMin < request.pods!;
        expect(figures.size, where).toBe(elastic ? judged.pods : undefined);
        const whole = request.gpuMilli === undefined ? (request.gpus ?? 0) > 0 : request.gpuMilli === 1000;
        expect('bandwidth' in figures, where).toBe(whole);
        if (!whole) continue;
        const gpus = judged.pods * (request.gpus ?? 1);
        const load = judged.bandwidthGBps === null ? 0 : (judged.load * judged.bandwidthGBps) / (gpus - 1);
        expect(figures.bandwidth, where).toBe(found.placement.bandwidthGBps);
        expect(figures.load as number, where).toBeCloseTo(load, 6);
        expect(figures.damage as number, where).toBeCloseTo(judged.damage, 6);
        if (judged.servers > 1) several++;
      }
    }
    expect(several).toBeGreaterThan(100);
  });

  it('gives the score where a policy goes by scores', () => {
    const solver = compile(racks({ A: ['a1', 'a2'] }), { policy: bestFit() });
    const { steps } = explained(solver, { pods: 2, gpus: 1 });
    expect(steps.map(({ step }) => step)).toEqual(['score']);
    expect(steps[0]!.figure).toBe(solver.rank({ gpus: 1 })[0]!.score);
  });

  it('says it in a sentence', () => {
    expect(explained(three(), { pods: 3, gpus: 2 }).message).toBe('3 pods on 3 servers, held by one rack');
    expect(explained(three(), { pods: 4, gpus: 2, require: 'rack' }).message).toBe(
      'the best rack, C, takes 3 of 4 pods; 3 pods would fit: ask for podsMin 3',
    );
    expect(explained(three(), { pods: 9, gpus: 2 }).message).toContain('the whole cluster takes 6 of 9 pods');
    expect(explained(three(), { gpus: 3 }).message).toContain('nothing would make it fit');
    expect(changes(explained(three(), { gpus: 3 }))).toEqual([]);
  });

  it('changes nothing', () => {
    const solver = three();
    const before = JSON.stringify([solver.free(), solver.find({ pods: 2, gpus: 2 })]);
    for (const pods of [1, 3, 9]) explained(solver, { pods, gpus: 2, slice: { pods: 2, tier: 'rack' } });
    expect(JSON.stringify([solver.free(), solver.find({ pods: 2, gpus: 2 })])).toBe(before);
  });
});
