import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { equalRings } from '../../src/bandwidth/equal-rings.js';
import { fabricBandwidth } from '../../src/bandwidth/optimal.js';
import { pairRoutesOf } from '../../src/bandwidth/pair-routes.js';
import type { Ring } from '../../src/bandwidth/ring.js';
import { type Network, networkOf } from '../../src/topology/network.js';
import { members } from './figures.js';
import { arbitraryServer, SEED, type ShortLink, smallServer } from './small-server.js';

/** GPUs that are all joined to each other by NVLinks of one bandwidth. */
function fullMesh(gpuCount: number, gbps: number): Network {
  const ids = Array.from({ length: gpuCount }, (_, i) => `gpu${i}`);
  const links = ids.flatMap((a, i) => ids.slice(i + 1).map((b): ShortLink => [a, b, 'nvlink', gbps]));
  return networkOf(smallServer(ids, links));
}

function rings(network: Network, gpus: readonly number[], gbps: number, count = 64): Ring[] {
  return equalRings(network, pairRoutesOf(network), gpus, gbps, count);
}

/** What the rings take of each arc, as a share of its capacity. */
function largestLoad(network: Network, found: readonly Ring[]): number {
  const routes = pairRoutesOf(network);
  const load = new Float64Array(2 * network.linkCount);
  for (const { order, bandwidthGBps } of found) {
    order.forEach((from, i) => {
      const pair = from * routes.gpuCount + order[(i + 1) % order.length]!;
      for (const arc of routes.arcs[pair]!) load[arc]! += bandwidthGBps;
    });
  }
  return Math.max(0, ...load.map((gbps, arc) => gbps / network.capacityGBps[arc >> 1]!));
}

describe('equalRings', () => {
  it.each([3, 5, 7, 8])('takes a full mesh of %i GPUs apart into rings, one fewer than GPUs', (n) => {
    const network = fullMesh(n, 48);
    const found = rings(network, members(2 ** n - 1), 48);
    expect(found).toHaveLength(n - 1);
    expect(new Set(found.map(({ order }) => order.join())).size).toBe(n - 1);
    expect(largestLoad(network, found)).toBe(1);
  });

  it.each([
    [4, 2, 6],
    [6, 4, 10],
  ])('cannot do so for %i GPUs, where it finds %i, but in halves %i', (n, whole, halves) => {
    const network = fullMesh(n, 48);
    expect(rings(network, members(2 ** n - 1), 48)).toHaveLength(whole);
    expect(rings(network, members(2 ** n - 1), 24)).toHaveLength(halves);
  });

  it('finds all 14 halves of a mesh of 8 and all 13 rings of one of 14 before it gives up', () => {
    expect(rings(fullMesh(8, 48), members(0xff), 24)).toHaveLength(14);
    expect(rings(fullMesh(14, 48), members(2 ** 14 - 1), 48)).toHaveLength(13);
  });

  it('has the rings in lexicographic order, each from the smallest ordinal', () => {
    expect(rings(fullMesh(4, 2), [0, 1, 2, 3], 1).map(({ order }) => order.join(''))).toEqual([
      '0123',
      '0132',
      '0213',
      '0231',
      '0312',
      '0321',
    ]);
    expect(rings(fullMesh(4, 1), [1, 2, 3], 1).map(({ order }) => order)).toEqual([
      [1, 2, 3],
      [1, 3, 2],
    ]);
  });

  it('stops at the number that is asked for, and at 64', () => {
    expect(rings(fullMesh(3, 100), [0, 1, 2], 1, 5)).toHaveLength(5);
    expect(rings(fullMesh(3, 100), [0, 1, 2], 1, 1000)).toHaveLength(64);
  });

  it('finds none that is wider than a link it needs', () => {
    expect(rings(fullMesh(3, 10), [0, 1, 2], 10)).toHaveLength(2);
    expect(rings(fullMesh(3, 10), [0, 1, 2], 10.1)).toEqual([]);
  });

  it('counts a port that all hops of a GPU share', () => {
    const ids = ['gpu0', 'gpu1', 'gpu2', 'nvsw0'];
    const ports = ids.slice(0, 3).map((id): ShortLink => [id, 'nvsw0', 'nvlink', 10]);
    const network = networkOf(smallServer(ids, ports));
    expect(rings(network, [0, 1, 2], 10)).toHaveLength(1);
    expect(rings(network, [0, 1, 2], 5)).toHaveLength(2);
  });

  it('does not lose a ring to rounding', () => {
    // 0.3 / 0.1 is a hair below 3.
    expect(rings(fullMesh(3, 0.3), [0, 1, 2], 0.1)).toHaveLength(6);
  });

  it('ends with what it has on a mesh too large to search through', () => {
    // All orders of 12 GPUs would take days.
    const found = rings(fullMesh(12, 48), members(2 ** 12 - 1), 48);
    expect(found.length).toBeGreaterThan(8);
    expect(found.length).toBeLessThan(11);
  });

  it('stays inside the accelerator fabric', () => {
    const links: ShortLink[] = [
      ['gpu0', 'gpu1', 'nvlink', 10],
      ['gpu1', 'gpu2', 'nvlink', 10],
      ['gpu0', 'sw0', 'pcie', 50],
      ['gpu2', 'sw0', 'pcie', 50],
    ];
    expect(rings(networkOf(smallServer(['gpu0', 'gpu1', 'gpu2', 'sw0'], links)), [0, 1, 2], 10)).toEqual([]);
  });

  it('loads every link at most fully and never exceeds the fabric, on random servers', () => {
    let some = 0;
    fc.assert(
      fc.property(arbitraryServer({ caps: true }), fc.integer({ min: 1, max: 8 }), (server, gbps) => {
        const network = networkOf(server);
        for (let mask = 0; mask < 1 << server.gpus.length; mask++) {
          const gpus = members(mask);
          if (gpus.length < 2 || fabricBandwidth(network, mask) === 0) continue;
          const found = rings(network, gpus, gbps, 6);
          some += found.length;
          for (const { order } of found) expect([...order].sort((a, b) => a - b)).toEqual(gpus);
          expect(largestLoad(network, found)).toBeLessThanOrEqual(1 + 1e-8);
          expect(found.length * gbps).toBeLessThanOrEqual(fabricBandwidth(network, mask) * (1 + 1e-8));
        }
      }),
      { seed: SEED, numRuns: 100 },
    );
    expect(some).toBeGreaterThan(100);
  });
});
