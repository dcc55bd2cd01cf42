import { describe, expect, it } from 'vitest';
import { nicBandwidth } from '../../src/bandwidth/index.js';
import { topology } from '../../src/catalogue/index.js';
import {
  bestSet,
  bestSetWith,
  gpuSetTables,
  LOSS_STEPS,
  lossGpus,
  lossOf,
  lossSteps,
} from '../../src/compile/gpu-set-tables.js';
import { collectiveBandwidth, serverTopology } from '../../src/index.js';
import { gpuBox } from '../placement/random-cluster.js';

const members = (mask: number): number[] => [...Array(16).keys()].filter((gpu) => ((mask >> gpu) & 1) === 1);
const MASKS = Array.from({ length: 256 }, (_, mask) => mask);

describe('gpuSetTables', () => {
  const server = topology('l40s-8-dual-root');
  const tables = gpuSetTables(server);

  it('holds for every mask what the functions of bandwidth say', () => {
    expect(tables.gpuCount).toBe(8);
    expect([...tables.bandwidthGBps]).toEqual(
      MASKS.map((mask) =>
        mask === 0 ? Number.POSITIVE_INFINITY : collectiveBandwidth(server, members(mask)),
      ),
    );
    for (const mask of MASKS)
      expect(tables.nicGBps[mask]).toBeCloseTo(nicBandwidth(server, members(mask)), 5);
  });

  it('orders sets by bandwidth, then by the load on links of others, and gives each a position of its own', () => {
    const { bandwidthGBps, sharedLoadGBps, order, position } = tables;
    expect([...position].sort((a, b) => a - b)).toEqual(MASKS);
    const rank = order.map((key) => Math.floor(key / 2 ** 32));
    for (const a of MASKS) {
      for (const b of MASKS) {
        const faster = bandwidthGBps[a]! - bandwidthGBps[b]!;
        const lighter = sharedLoadGBps[b]! - sharedLoadGBps[a]!;
        // Infinity - Infinity: sets below two GPUs are equally fast.
        const better = bandwidthGBps[a] === bandwidthGBps[b] || Math.abs(faster) < 1e-6 ? lighter : faster;
        if (Math.abs(better) < 1e-6) expect(rank[a]).toBe(rank[b]);
        else expect(rank[a]! < rank[b]!).toBe(better > 0);
      }
    }
  });

  it('values the whole server at 1, nothing at 0, and never less for one more free GPU', () => {
    expect(tables.value[0]).toBe(0);
    expect(tables.value[255]).toBe(1);
    for (const mask of MASKS) {
      for (const gpu of members(mask)) {
        expect(tables.value[mask]!).toBeGreaterThanOrEqual(tables.value[mask & ~(1 << gpu)]!);
      }
    }
  });

  it('is compiled once for each server and mix of sizes', () => {
    expect(gpuSetTables(server)).toBe(tables);
    expect(gpuSetTables(server, { 2: 1 })).toBe(gpuSetTables(server, { 2: 1 }));
    expect(gpuSetTables(server, { 2: 1 })).not.toBe(tables);
    expect(gpuSetTables(topology('dgx1-v100'))).not.toBe(tables);
  });

  it('counts only ratios of weights, and no size beyond the server', () => {
    const { value } = gpuSetTables(server, { 1: 3, 2: 2, 4: 1, 8: 1 });
    expect(value).toEqual(tables.value);
    expect(gpuSetTables(server, { 1: 6, 2: 4, 4: 2, 8: 2, 16: 100 }).value).toEqual(value);
    expect([...gpuSetTables(server, { 16: 1 }).value].every((x) => x === 0)).toBe(true);
    expect([...gpuSetTables(server, {}).value].every((x) => x === 0)).toBe(true);
  });

  it('takes servers of no GPU and of one', () => {
    expect(gpuSetTables(serverTopology(gpuBox(0))).best.length).toBe(1);
    const one = gpuSetTables(serverTopology(gpuBox(1)));
    expect(bestSet(one, 1, 1)).toBe(1);
    expect(one.value[1]).toBe(1);
  });

  it.each<[string, Record<string, unknown>, string]>([
    ['a size of 0', { 0: 1 }, '0'],
    ['half a GPU', { 1.5: 1 }, '1.5'],
    ['a size that is no number', { pair: 1 }, 'pair'],
    ['a negative weight', { 2: -1 }, '2'],
    ['a weight of NaN', { 2: Number.NaN }, '2'],
    ['an infinite weight', { 2: Number.POSITIVE_INFINITY }, '2'],
    ['a weight that is a text', { 2: '1' }, '2'],
  ])('refuses %s', (_, sizes, name) => {
    expect(() => gpuSetTables(server, sizes as Record<number, number>)).toThrow(
      expect.objectContaining({
        code: 'invalid-option',
        path: ['sizes', name],
        message: expect.stringMatching(/expected a (GPU count of 1 or more as the key|weight of 0 or more)/),
      }),
    );
  });

  it.each([null, 8, '1', true])('refuses %j in place of weights by size', (sizes) => {
    expect(() => gpuSetTables(server, sizes as unknown as Record<number, number>)).toThrow(
      expect.objectContaining({
        code: 'invalid-option',
        path: ['sizes'],
        message: expect.stringContaining('expected'),
      }),
    );
  });
});

describe('lossSteps', () => {
  it.each(['dgx1-v100', 'dgx-h100', 'l40s-8-dual-root'] as const)(
    'tells two sets of the same free GPUs apart as lossOf does, in steps: %s',
    (name) => {
      const tables = gpuSetTables(topology(name));
      let onMoreSockets = 0;
      for (const free of MASKS.filter((mask) => mask % 3 === 0)) {
        const sets = MASKS.filter((set) => (set & ~free) === 0 && set !== 0);
        for (const set of sets) {
          const other = sets.find((one) => members(one).length === members(set).length)!;
          const steps = lossSteps(tables, free, set) - lossSteps(tables, free, other);
          const loss = lossOf(tables, free, set) - lossOf(tables, free, other);
          // Two losses, each of a value and of sockets, are rounded to whole steps.
          expect(Math.abs(steps - loss * LOSS_STEPS)).toBeLessThanOrEqual(2.01);
          expect(lossGpus(tables, free, set)).toBe(8 * lossOf(tables, free, set));
          if (tables.order[set]! % 2 ** 32 > 0) onMoreSockets++;
        }
      }
      expect(onMoreSockets).toBeGreaterThan(100);
    },
  );
});

describe('bestSet', () => {
  it('is 0 where fewer are free than asked for, and all of them where just as many are', () => {
    const tables = gpuSetTables(topology('dgx1-v100'));
    for (const free of MASKS) {
      const count = members(free).length;
      expect(bestSet(tables, free, count)).toBe(free);
      for (let more = count + 1; more <= 8; more++) expect(bestSet(tables, free, more)).toBe(0);
    }
  });
});

describe('bestSetWith', () => {
  it('equals the best set whenever that contains the required GPUs', () => {
    const tables = gpuSetTables(topology('dgx1-v100'));
    for (const free of MASKS) {
      for (let count = 1; count <= members(free).length; count++) {
        const best = bestSet(tables, free, count);
        for (const gpu of members(best)) expect(bestSetWith(tables, free, count, 1 << gpu)).toBe(best);
        for (const gpu of members(free)) {
          const set = bestSetWith(tables, free, count, 1 << gpu);
          expect([set & ~free, members(set).length, (set >> gpu) & 1]).toEqual([0, count, 1]);
        }
      }
    }
  });
});
