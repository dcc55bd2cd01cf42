import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { pairRoutesOf } from '../../../src/bandwidth/directed/pair-routes.js';
import { fabricBandwidth } from '../../../src/bandwidth/optimal.js';
import { equalRings, firstRings } from '../../../src/bandwidth/rings/equal-rings.js';
import type { Ring } from '../../../src/bandwidth/rings/ring.js';
import { type RingHops, ringHops, ringLimit } from '../../../src/bandwidth/rings/ring-hops.js';
import { type Network, networkOf } from '../../../src/topology/network.js';
import { members } from '../figures.js';
import { arbitraryServer, SEED, type ShortLink, smallServer } from '../small-server.js';

/** GPUs that are all joined to each other by NVLinks of one bandwidth. */
function fullMesh(gpuCount: number, gbps: number): Network {
  const ids = Array.from({ length: gpuCount }, (_, i) => `gpu${i}`);
  const links = ids.flatMap((a, i) => ids.slice(i + 1).map((b): ShortLink => [a, b, 'nvlink', gbps]));
  return networkOf(smallServer(ids, links));
}

function hopsOf(network: Network, gpus: readonly number[]): RingHops {
  return ringHops(network, pairRoutesOf(network), gpus, true);
}

function named(gpus: readonly number[], orders: readonly (readonly number[])[], gbps: number): Ring[] {
  return orders.map((order) => ({ order: order.map((at) => gpus[at]!), bandwidthGBps: gbps }));
}

function rings(network: Network, gpus: readonly number[], gbps: number, count = 64): Ring[] {
  return named(gpus, equalRings(hopsOf(network, gpus), gbps, 1, count, 2 ** 14).orders, gbps);
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

  it('stops at the number that is asked for, and has none where it finds fewer than are worth it', () => {
    const network = fullMesh(3, 10);
    expect(rings(network, [0, 1, 2], 1, 5)).toHaveLength(5);
    expect(equalRings(hopsOf(network, [0, 1, 2]), 10, 2, 9, 100).orders).toHaveLength(2);
    expect(equalRings(hopsOf(network, [0, 1, 2]), 10, 3, 9, 100).orders).toEqual([]);
  });

  it('tries no more hops than it may', () => {
    const { orders, steps } = equalRings(hopsOf(fullMesh(12, 48), members(2 ** 12 - 1)), 48, 1, 11, 500);
    expect(steps).toBe(500);
    expect(orders.length).toBeGreaterThan(0);
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

describe('firstRings', () => {
  it('finds all 15 rings or nearly so on a full mesh of 16 GPUs', () => {
    const gpus = members(0xffff);
    const network = fullMesh(16, 48);
    const { orders, steps } = firstRings(hopsOf(network, gpus), 48, 1, 15);
    expect(orders.length).toBeGreaterThan(11);
    expect(largestLoad(network, named(gpus, orders, 48))).toBe(1);
    expect(steps).toBeLessThan(15 * 512);
  });

  it('has none where it finds fewer than are worth it', () => {
    const hops = hopsOf(fullMesh(3, 10), [0, 1, 2]);
    expect(firstRings(hops, 10, 2, 9).orders).toHaveLength(2);
    expect(firstRings(hops, 10, 3, 9).orders).toEqual([]);
  });

  it('loads every link at most fully on random servers, and backtracking finds no fewer', () => {
    fc.assert(
      fc.property(arbitraryServer({ caps: true }), fc.integer({ min: 1, max: 8 }), (server, gbps) => {
        const network = networkOf(server);
        const gpus = [...server.gpus.keys()];
        const hops = ringHops(network, pairRoutesOf(network), gpus, false);
        const { orders } = firstRings(hops, gbps, 1, 6);
        for (const order of orders) expect([...order].sort((a, b) => a - b)).toEqual(gpus);
        expect(largestLoad(network, named(gpus, orders, gbps))).toBeLessThanOrEqual(1 + 1e-8);
        expect(orders.length * gbps).toBeLessThanOrEqual(ringLimit(hops) * (1 + 1e-8));
        const all = equalRings(hops, gbps, 1, 6, 2 ** 14);
        if (all.steps < 2 ** 14) expect(all.orders.length).toBeGreaterThanOrEqual(orders.length);
      }),
      { seed: SEED, numRuns: 150 },
    );
  });
});

describe('ringLimit', () => {
  it('is the narrowest cut that every ring crosses, not that of the best schedule', () => {
    const ids = ['gpu0', 'gpu1', 'gpu2', 'gpu3', 'numa0', 'numa1'];
    const links = ids.slice(0, 4).map((id, i): ShortLink => [id, `numa${i >> 1}`, 'pcie', 24]);
    const network = networkOf(smallServer(ids, [...links, ['numa0', 'numa1', 'socket', 16]]));
    expect(ringLimit(ringHops(network, pairRoutesOf(network), [0, 1, 2, 3], false))).toBe(16);
    expect(ringLimit(ringHops(network, pairRoutesOf(network), [0, 1], false))).toBe(24);
  });

  it('is 0 where hops do not connect the set', () => {
    const network = networkOf(smallServer(['gpu0', 'gpu1', 'gpu2'], [['gpu0', 'gpu1', 'nvlink', 5]]));
    expect(ringLimit(hopsOf(network, [0, 1, 2]))).toBe(0);
  });
});
