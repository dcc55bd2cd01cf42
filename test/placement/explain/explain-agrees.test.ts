import { describe, expect, it } from 'vitest';
import { superPod } from '../../../src/catalogue/index.js';
import { clusterTopology, compile, type PlacementRequest, type Solver } from '../../../src/index.js';
import {
  bestFit,
  binPack,
  dotProduct,
  fgd,
  gpuClustering,
  gpuPacking,
  type Policy,
  random,
  spread,
  topologyAware,
} from '../../../src/policies/index.js';
import { gangCase } from '../gangs/gang-cluster.js';
import { replayed } from '../replayed.js';

const workload = [
  { cpuMilli: 500, gpus: 1, gpuMilli: 1000, share: 0.5 },
  { cpuMilli: 0, gpus: 2, gpuMilli: 1000, share: 0.5 },
];
const POLICIES: readonly [string, () => Policy][] = [
  ['topologyAware', topologyAware],
  ['binPack', binPack],
  ['spread', spread],
  ['bestFit', bestFit],
  ['dotProduct', dotProduct],
  ['gpuPacking', gpuPacking],
  ['gpuClustering', gpuClustering],
  ['random', () => random({ seed: 3 })],
  ['fgd', () => fgd({ workload })],
  ['fgd (exact)', () => fgd({ workload, exact: true })],
];

/** Compares what is explained with what is found and then placed, in every word that both say. */
function expectAgreement(solver: Solver, request: PlacementRequest, where: string): boolean {
  const explanation = solver.explain(request);
  const found = solver.find(request);
  expect(explanation.fits, where).toBe(found.ok);
  expect(explanation.reason, where).toBe(found.ok ? null : found.reason);
  if (!found.ok) {
    expect([explanation.tier, explanation.bandwidthGBps], where).toEqual([null, null]);
    return false;
  }
  const { pods, tier, bandwidthGBps } = found.placement;
  const servers = new Set(pods.map(({ server }) => server)).size;
  expect([explanation.tier, explanation.bandwidthGBps], where).toEqual([tier, bandwidthGBps]);
  const plural = (n: number, noun: string): string => `${n} ${noun}${n === 1 ? '' : 's'}`;
  expect(explanation.message, where).toBe(
    `${plural(pods.length, 'pod')} on ${plural(servers, 'server')}, held by one ${tier}`,
  );
  for (const { step, figure } of explanation.steps) {
    if (step === 'tier') expect(figure, where).toBe(tier);
    if (step === 'bandwidth') expect(figure, where).toBe(bandwidthGBps);
    if (step === 'servers') expect(figure, where).toBe(servers);
    if (step === 'size') expect(figure, where).toBe(pods.length);
  }
  const before = solver.snapshot();
  const answer = solver.place(request);
  solver.restore(before);
  expect(answer.ok && answer.placement.pods, where).toEqual(pods);
  return true;
}

describe.each(POLICIES)('explain and find agree under %s', (_, policy) => {
  it('on small clusters of several tiers and types, in any state', () => {
    let fitted = 0;
    for (let seed = 0; seed < 120; seed++) {
      const given = gangCase(7_000_000 + seed, { places: seed % 3 === 0 });
      const { solver } = replayed(given, { policy: policy() });
      for (const request of given.requests as PlacementRequest[]) {
        for (const communicates of [true, false]) {
          const where = `seed ${seed}, ${JSON.stringify(request)}, ${communicates}`;
          if (expectAgreement(solver, { ...request, communicates }, where)) fitted++;
        }
      }
    }
    expect(fitted).toBeGreaterThan(150);
  });

  it('on a SuperPOD', () => {
    const solver = compile(clusterTopology(superPod()), { policy: policy() });
    for (const request of [
      { pods: 2, gpus: 4 },
      { pods: 3, gpus: 8 },
      { gpus: 4 },
      { pods: 40, gpus: 8 },
      { pods: 5, gpuMilli: 300 },
      { pods: 2, gpus: 4, communicates: false },
    ]) {
      expectAgreement(solver, request, JSON.stringify(request));
      solver.place(request);
    }
  });
});
