import { describe, expect, it } from 'vitest';
import { type TopologyName, topology, topologyNames } from '../../src/catalogue/index.js';
import {
  bestSet,
  bestSetWith,
  type GpuSetTables,
  gpuSetTables,
  lossOf,
} from '../../src/compile/gpu-set-tables.js';
import { serverTopology } from '../../src/index.js';

const fresh = (name: TopologyName) => serverTopology(structuredClone(topology(name).document));
const members = (mask: number): number[] => [...Array(16).keys()].filter((gpu) => ((mask >>> gpu) & 1) === 1);

/** The steps of the objective on the figures of the tables: which of two sets of one size is to be preferred. */
type Step = (tables: GpuSetTables, a: number, b: number, free: number) => number;
const by =
  (figure: (tables: GpuSetTables, set: number, free: number) => number): Step =>
  (tables, a, b, free) => {
    const [x, y] = [figure(tables, a, free), figure(tables, b, free)];
    return x === y || Math.abs(x - y) <= 1e-9 * Math.min(Math.abs(x), Math.abs(y)) ? 0 : y - x;
  };
const STEPS: Readonly<Record<string, Step>> = {
  bandwidth: by((tables, set) => tables.bandwidthGBps[set]!),
  'shared load': by((tables, set) => -tables.sharedLoadGBps[set]!),
  'leftover value': by((tables, set, free) => tables.value[free]! - lossOf(tables, free, set)),
  'NIC bandwidth': by((tables, set) => {
    const all = tables.nicGBps.length - 1;
    return (tables.nicGBps[set]! + tables.nicGBps[all]! - tables.nicGBps[all ^ set]!) / 2;
  }),
  ordinals: (_, a, b) =>
    members(a)
      .map((gpu, i) => gpu - members(b)[i]!)
      .find((d) => d !== 0) ?? 0,
};

function bestBy(tables: GpuSetTables, free: number, count: number, steps: readonly Step[]): number {
  let best = 0;
  // Downwards, so that without a rule for equals the highest ordinals stay.
  for (let set = free; set > 0; set = (set - 1) & free) {
    if (tables.sizeOf[set] !== count) continue;
    const better = best === 0 ? -1 : steps.map((step) => step(tables, set, best, free)).find((d) => d !== 0);
    if (better !== undefined && better < 0) best = set;
  }
  return best;
}

const MACHINES = ['dgx1-v100', 'l40s-8-dual-root', 'l40s-8-cascade', 'rtxpro6000-8-pairs'] as const;

function* queries(): Generator<[tables: GpuSetTables, free: number, count: number, name: string]> {
  for (const name of MACHINES) {
    const tables = gpuSetTables(topology(name));
    for (let free = 1; free < 256; free++) {
      for (let count = 1; count <= tables.sizeOf[free]!; count++) yield [tables, free, count, name];
    }
  }
}

describe('bestSet', () => {
  it('is the best by all five steps', () => {
    for (const [tables, free, count, name] of queries()) {
      const expected = bestBy(tables, free, count, Object.values(STEPS));
      if (bestSet(tables, free, count) !== expected) {
        expect(members(bestSet(tables, free, count)), `${count} of ${members(free)}, ${name}`).toEqual(
          members(expected),
        );
      }
    }
  });

  // What the tests above and the exhaustive ones would find if a step were dropped from the kernel.
  it.each(Object.keys(STEPS))('is another somewhere without the step of %s', (dropped) => {
    const steps = Object.entries(STEPS).flatMap(([name, step]) => (name === dropped ? [] : [step]));
    let different = 0;
    for (const [tables, free, count] of queries()) {
      if (bestBy(tables, free, count, steps) !== bestSet(tables, free, count)) different++;
    }
    expect(different).toBeGreaterThan(0);
  });

  it('is 0 where fewer are free', () => {
    const tables = gpuSetTables(topology('dgx-h100'));
    expect(bestSet(tables, 0b101, 3)).toBe(0);
    expect(bestSet(tables, 0, 1)).toBe(0);
  });
});

describe('bestSetWith', () => {
  it('is the best set where nothing is required, and the required ones where that is all', () => {
    for (const [tables, free, count] of queries()) {
      if (bestSetWith(tables, free, count, 0) !== bestSet(tables, free, count))
        expect([free, count]).toEqual([]);
      const set = bestSet(tables, free, count);
      if (bestSetWith(tables, free, count, set) !== set) expect([free, count, set]).toEqual([]);
    }
  });

  it('is 0 where no set has that size', () => {
    const tables = gpuSetTables(topology('dgx-h100'));
    expect(bestSetWith(tables, 0b111, 1, 0b11)).toBe(0);
    expect(bestSetWith(tables, 0b111, 4, 0b11)).toBe(0);
  });
});

describe('gpuSetTables', () => {
  it('orders the sets of a size without ties', () => {
    for (const name of topologyNames.filter((n) => topology(n).gpus.length <= 8)) {
      const { position, gpuCount } = gpuSetTables(topology(name));
      expect([...position].sort((a, b) => a - b)).toEqual([...Array(2 ** gpuCount).keys()]);
    }
  });

  it('fits 8 MB for 16 GPUs', () => {
    const tables = gpuSetTables(topology('dgx2'));
    const bytes = Object.values(tables).reduce(
      (sum, field) => sum + (ArrayBuffer.isView(field) ? field.byteLength : 0),
      0,
    );
    expect(bytes).toBeGreaterThan(4e6);
    expect(bytes).toBeLessThan(8e6);
  });

  it('is compiled once per server and mix; the figures of the sets once per server', () => {
    const server = fresh('dgx-h100');
    const usual = gpuSetTables(server);
    const pairs = gpuSetTables(server, { 2: 1 });
    expect(gpuSetTables(server)).toBe(usual);
    expect(gpuSetTables(server, { 2: 1 })).toBe(pairs);
    expect(pairs).not.toBe(usual);
    expect(pairs.bandwidthGBps).toBe(usual.bandwidthGBps);
    expect(gpuSetTables(fresh('dgx-h100'))).not.toBe(usual);
  });

  it('keeps four mixes beside the usual one, and forgets the oldest', () => {
    const server = fresh('ws-4xa4000');
    const usual = gpuSetTables(server);
    const mixes = [1, 2, 3, 4, 5].map((weight) => gpuSetTables(server, { 1: weight, 2: 1 }));
    expect(gpuSetTables(server, { 1: 5, 2: 1 })).toBe(mixes[4]);
    expect(gpuSetTables(server, { 1: 2, 2: 1 })).toBe(mixes[1]);
    expect(gpuSetTables(server, { 1: 1, 2: 1 })).not.toBe(mixes[0]);
    expect(gpuSetTables(server)).toBe(usual);
  });

  it('is not fooled by a mix that is changed after it was asked for', () => {
    const server = fresh('ws-4xa4000');
    const sizes: Record<number, number> = { 1: 1, 2: 1 };
    const before = gpuSetTables(server, sizes);
    sizes[2] = 7;
    expect(gpuSetTables(server, sizes)).not.toBe(before);
    delete sizes[2];
    expect(gpuSetTables(server, sizes).value[1]).toBeCloseTo(0.25, 12);
  });

  it('takes weights as ratios, however large', () => {
    const one = gpuSetTables(fresh('dgx1-v100'), { 1: 1, 2: 1, 4: 2 });
    const huge = gpuSetTables(fresh('dgx1-v100'), { 1: 8e307, 2: 8e307, 4: 1.6e308 });
    expect(huge.value).toEqual(one.value);
    expect(one.value.at(-1)).toBe(1);
    expect(gpuSetTables(fresh('dgx1-v100'), {}).value.every((value) => value === 0)).toBe(true);
  });

  it('holds for a server without GPUs, and for one GPU', () => {
    const box = (gpus: number) =>
      serverTopology({
        name: 'box',
        title: 'box',
        gpuModel: 'A',
        devices: [{ id: 'cpu', kind: 'socket' }, ...(gpus === 0 ? [] : [{ id: 'g', kind: 'gpu' }])],
        links: [],
      });
    expect(gpuSetTables(box(0)).best).toHaveLength(1);
    expect(bestSet(gpuSetTables(box(1)), 1, 1)).toBe(1);
  });
});
