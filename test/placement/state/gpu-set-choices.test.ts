import { describe, expect, it } from 'vitest';
import {
  bestSet,
  bestSetWith,
  type GpuSetTables,
  gpuSetTables,
  lossOf,
  ownNicGBps,
} from '../../../src/compile/gpu-set-tables.js';
import { leastLoss, SetChoices, unitLoad } from '../../../src/placement/state/gpu-set-choices.js';
import { PlaceSets } from '../../../src/placement/state/place-sets.js';
import { ordinals, popcount16 } from '../../../src/placement/state/state.js';
import { smallServer } from '../../bandwidth/small-server.js';
import { serverTypes } from '../gangs/gang-cluster.js';

/** Types with something to choose: two to four GPUs, and one of six. */
const TYPES = serverTypes.filter(({ gpus }) => gpus.length >= 2).map((type) => gpuSetTables(type));

function subsets(free: number, count: number): number[] {
  const sets: number[] = [];
  for (let set = 1; set <= free; set++) if ((set & ~free) === 0 && popcount16(set) === count) sets.push(set);
  return sets;
}

/** Calls with every free mask and size of every type. */
function forEachChoice(
  visit: (choices: SetChoices, free: number, count: number, sets: readonly number[]) => void,
): void {
  for (const tables of TYPES) {
    const choices = new SetChoices(tables);
    for (let free = 1; free < 2 ** tables.gpuCount; free++) {
      for (let count = 1; count <= popcount16(free); count++) {
        visit(choices, free, count, subsets(free, count));
      }
    }
  }
}

/** Whether of two sets of one size the first comes first as a list of ordinals. */
function isLowerList(a: number, b: number): boolean {
  const [left, right] = [ordinals(a), ordinals(b)];
  const at = left.findIndex((gpu, i) => gpu !== right[i]);
  return at !== -1 && left[at]! < right[at]!;
}

/** Of sets those with the least of a figure, rounding aside. */
function withLeast(sets: readonly number[], figure: (set: number) => number): number[] {
  const least = Math.min(...sets.map(figure));
  return sets.filter((set) => figure(set) - least <= 2e-9 * Math.max(1, Math.abs(least)));
}

/** What decides among sets of equal load and loss: bandwidth, then ports of their own, then the lowest ordinals. */
function firstOf(tables: GpuSetTables, sets: readonly number[]): number {
  const fast = withLeast(sets, (set) => (popcount16(set) < 2 ? 0 : -tables.bandwidthGBps[set]!));
  const light = withLeast(fast, (set) => tables.sharedLoadGBps[set]!);
  return withLeast(light, (set) => -ownNicGBps(tables, set)).reduce((a, b) => (isLowerList(b, a) ? b : a));
}

const isSame = (a: number, b: number): boolean => a === b || Math.abs(a - b) <= 1e-9 * Math.max(a, b);

describe('SetChoices.front', () => {
  it('is the pairs that sets reach and none other exceeds, once each', () => {
    forEachChoice(({ tables, front }, free, count, sets) => {
      const found = front.call(new SetChoices(tables), free, count);
      const pairs = Array.from({ length: found.length / 2 }, (_, i) => [found[2 * i]!, found[2 * i + 1]!]);
      const reached = sets.map((set) => [tables.bandwidthGBps[set]!, tables.nicGBps[set]!]);
      for (const pair of pairs) expect(reached).toContainEqual(pair);
      for (const [bandwidth, nic] of reached) {
        expect(pairs.some((pair) => pair[0]! >= bandwidth! && pair[1]! >= nic!)).toBe(true);
      }
      for (const a of pairs) {
        const above = pairs.filter((b) => b[0]! >= a[0]! && b[1]! >= a[1]!);
        expect(above).toEqual([a]);
      }
    });
  });

  it('is remembered, and the same when asked again', () => {
    const choices = new SetChoices(TYPES.find(({ gpuCount }) => gpuCount === 4)!);
    const first = choices.front(0b1111, 2);
    expect(choices.front(0b1111, 2)).toBe(first);
    expect(choices.front(0b1111, 3)).not.toBe(first);
    expect(choices.front(0b0111, 2)).not.toBe(first);
  });
});

describe('SetChoices.mostNic and reaches', () => {
  it('agree with looking at every set, for every pair of figures that occurs', () => {
    forEachChoice((choices, free, count, sets) => {
      const { bandwidthGBps, nicGBps } = choices.tables;
      expect(choices.mostNic(free, count)).toBe(Math.max(...sets.map((set) => nicGBps[set]!)));
      for (const a of sets) {
        for (const b of sets) {
          const [wantedBandwidth, wantedNic] = [bandwidthGBps[a]!, nicGBps[b]!];
          if (wantedBandwidth === Infinity) continue;
          expect(choices.reaches(free, count, wantedBandwidth, wantedNic)).toBe(
            sets.some((set) => bandwidthGBps[set]! >= wantedBandwidth && nicGBps[set]! >= wantedNic),
          );
          expect(choices.reaches(free, count, wantedBandwidth * 1.01, wantedNic * 1.01 + 0.01)).toBe(
            sets.some(
              (set) =>
                bandwidthGBps[set]! >= wantedBandwidth * 1.01 && nicGBps[set]! >= wantedNic * 1.01 + 0.01,
            ),
          );
        }
      }
    });
  });
});

describe('SetChoices.best', () => {
  it('is, of the sets that reach both figures, that of least load, then least loss', () => {
    let narrowed = 0;
    forEachChoice((choices, free, count, sets) => {
      const { tables } = choices;
      const { bandwidthGBps, nicGBps } = tables;
      for (const wanted of sets) {
        const gbps = count < 2 ? 0 : bandwidthGBps[wanted]!;
        const able = sets.filter((set) => bandwidthGBps[set]! >= gbps && nicGBps[set]! >= nicGBps[wanted]!);
        if (able.length < sets.length) narrowed++;
        const best = choices.best(free, count, gbps, nicGBps[wanted]!);
        expect(able).toContain(best);
        const load = Math.min(...able.map((set) => unitLoad(tables, set)));
        const light = able.filter((set) => isSame(unitLoad(tables, set), load));
        expect(light).toContain(best);
        const loss = Math.min(...light.map((set) => lossOf(tables, free, set)));
        expect(Math.abs(lossOf(tables, free, best) - loss)).toBeLessThanOrEqual(1e-9);
      }
    });
    expect(narrowed).toBeGreaterThan(500);
  });

  it('is, of those that are equal in load and loss, the fastest, then the first by ordinals', () => {
    let equals = 0;
    forEachChoice((choices, free, count, sets) => {
      const { tables } = choices;
      const light = withLeast(sets, (set) => unitLoad(tables, set));
      const able = withLeast(light, (set) => lossOf(tables, free, set));
      if (able.length > 1) equals++;
      expect(ordinals(choices.best(free, count, 0, 0))).toEqual(ordinals(firstOf(tables, able)));
    });
    expect(equals).toBeGreaterThan(100);
  });

  it('falls back to the best set for one server where none reaches', () => {
    const choices = new SetChoices(TYPES.find(({ gpuCount }) => gpuCount === 4)!);
    expect(popcount16(choices.best(0b1111, 2, 1e9, 1e9))).toBe(2);
  });
});

/** GPUs that nothing tells apart: any two reach the same, load the same links and leave the same. */
function equalGpus(count: number): GpuSetTables {
  const gpus = Array.from({ length: count }, (_, i) => `gpu${i}`);
  return gpuSetTables(
    smallServer(
      ['socket0', 'sw0', ...gpus],
      [['socket0', 'sw0', 'pcie', 12], ...gpus.map((gpu) => ['sw0', gpu, 'pcie', 12] as const)],
    ),
  );
}

describe('of GPUs that nothing tells apart', () => {
  const tables = equalGpus(5);
  const all = new PlaceSets(tables, [0b11111], 1);
  const [evenOnly, free] = [new PlaceSets(tables, [0b00011, 0b11100], 2), 0b11110];

  it('every way to choose takes the lowest ordinals', () => {
    for (let mask = 1; mask < 32; mask++) {
      for (let count = 1; count <= popcount16(mask); count++) {
        const lowest = ordinals(mask).slice(0, count);
        const choices = new SetChoices(tables);
        const among = new SetChoices(tables, all);
        for (const set of [
          choices.best(mask, count, 0, 0),
          among.best(mask, count, 0, 0),
          choices.leastLoss(mask, count),
          leastLoss(tables, mask, count, all),
          bestSet(tables, mask, count),
          bestSetWith(tables, mask, count, 0),
          all.best(mask, count),
        ]) {
          expect([mask, ...ordinals(set)]).toEqual([mask, ...lowest]);
        }
        // Required GPUs, then the lowest of the others.
        const last = ordinals(mask).at(-1)!;
        expect(ordinals(bestSetWith(tables, mask, count, 1 << last))).toEqual([
          ...lowest.filter((gpu) => gpu !== last).slice(0, count - 1),
          last,
        ]);
      }
    }
  });

  it('the lowest of the sets that are allowed, where not all are', () => {
    // Pairs on one place: of GPUs 1 to 4, the first that has both on one is 2 and 3.
    expect(ordinals(evenOnly.best(free, 2))).toEqual([2, 3]);
    expect(ordinals(leastLoss(tables, free, 2, evenOnly))).toEqual([2, 3]);
    expect(ordinals(new SetChoices(tables, evenOnly).best(free, 2, 0, 0))).toEqual([2, 3]);
  });
});

describe('leastLoss', () => {
  it('is the set that loses least, the first by order and position among equals', () => {
    forEachChoice(({ tables }, free, count, sets) => {
      const best = leastLoss(tables, free, count);
      for (const set of sets) {
        const less = lossOf(tables, free, best) - lossOf(tables, free, set);
        expect(less).toBeLessThanOrEqual(2e-9);
        if (Math.abs(less) > 2e-9 || set === best) continue;
        const rank = (mask: number): number => Math.floor(tables.order[mask]! / 2 ** 32);
        expect(rank(best)).toBeLessThanOrEqual(rank(set));
        if (rank(best) === rank(set) && tables.order[best] === tables.order[set])
          expect(tables.position[best]!).toBeLessThan(tables.position[set]!);
      }
    });
  });
});

describe('unitLoad', () => {
  it('is the load where every GPU sends 1 GB/s to each other one', () => {
    for (const tables of TYPES) {
      for (let set = 0; set < 2 ** tables.gpuCount; set++) {
        const count = popcount16(set);
        const bandwidth = tables.bandwidthGBps[set]!;
        const expected =
          count < 2 || bandwidth === 0 ? 0 : tables.sharedLoadGBps[set]! / (bandwidth / (count - 1));
        expect(unitLoad(tables, set)).toBeCloseTo(expected, 9);
      }
    }
  });
});
