import { describe, expect, it } from 'vitest';
import { clusterTopology, compile, type PlacementRequest, type Solver } from '../../src/index.js';
import { playHistories } from './history.js';

/** Racks of so many DGX H100 each, named a, b, …, their servers a0, a1, … */
function racksOf(...sizes: number[]): Solver {
  const servers = sizes.flatMap((size, r) => {
    const rack = String.fromCharCode(97 + r);
    return Array.from({ length: size }, (_, i) => ({
      id: `${rack}${i}`,
      type: 'dgx-h100',
      domains: { rack },
    }));
  });
  return compile(clusterTopology({ tiers: ['rack'], servers, types: { 'dgx-h100': 'dgx-h100' } }));
}

function foundBy(solver: Solver, request: PlacementRequest): string | undefined {
  const found = solver.find(request);
  return found.ok ? found.placement.pods[0]!.server : undefined;
}

describe('one state', () => {
  it('has one answer where equal damages are rounded differently: the first in document order', () => {
    // 13 of 15 servers free in rack a and 3 of 3 in b: a server more costs 8 · 12.5 / 15 = 8 · 2.5 / 3 GPUs.
    const solver = racksOf(15, 3);
    solver.cordon('a13');
    solver.cordon('a14');
    const requests: PlacementRequest[] = [
      { gpus: 1 },
      { gpus: 8 },
      { gpuMilli: 100 },
      { gpus: 2, cpuMilli: 500 },
      { gpus: 2, communicates: false },
    ];
    for (const again of [false, true]) {
      if (again) solver.restore(solver.snapshot());
      for (const request of requests) {
        expect(foundBy(solver, request), JSON.stringify(request)).toBe('a0');
        expect(solver.rank(request)[0]!.server).toBe('a0');
      }
    }
    const placed = solver.place({ gpus: 1 });
    expect(placed.ok && placed.placement.pods[0]!.server).toBe('a0');
  });

  it('has one answer for gangs of equal damage in racks of unequal size, too', () => {
    // Two of W free servers among N cost 2 · 8 (W − 1) / N: 22 / 30 = 11 / 15.
    const solver = racksOf(30, 15);
    for (let i = 23; i < 30; i++) solver.cordon(`a${i}`);
    for (let i = 12; i < 15; i++) solver.cordon(`b${i}`);
    for (const again of [false, true]) {
      if (again) solver.restore(solver.snapshot());
      const found = solver.find({ pods: 2, gpus: 8 });
      expect(found.ok && found.placement.pods.map(({ server }) => server)).toEqual(['a0', 'a1']);
    }
  });

  it('has one answer after any history, after a snapshot and restore, and in a fresh solver in that state', () => {
    const { placed, ranked } = playHistories(0, 12_000);
    expect(placed).toBeGreaterThan(1500);
    expect(ranked).toBeGreaterThan(1500);
  });
});
