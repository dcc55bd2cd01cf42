import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { serverDocument } from '../../src/arbitraries/index.js';
import { nicBandwidth } from '../../src/bandwidth/index.js';
import { synthetic, topology, topologyNames } from '../../src/catalogue/index.js';
import { referenceSelectGpus, referenceSharedLoad } from '../../src/check/index.js';
import {
  collectiveBandwidth,
  type SelectGpusOptions,
  type ServerTopology,
  selectGpus,
  serverTopology,
} from '../../src/index.js';

/*
 * The objective of selectGpus by looking at every set, for 16 GPUs, where searching all cuts of every set is out of
 * reach: bandwidths come from functions that are tested against brute force elsewhere; the tables of the library
 * are not used.
 */
class Exhaustive {
  readonly n: number;
  readonly #server: ServerTopology;
  readonly #sizes: readonly (readonly [size: number, weight: number])[];
  readonly #figures = new Map<number, { bandwidth: number; load: number; worth: number; nic: number }>();
  readonly #packed = new Map<string, number>();

  constructor(server: ServerTopology, sizes: Readonly<Record<number, number>>) {
    this.#server = server;
    this.n = server.gpus.length;
    const kept = Object.entries(sizes)
      .map(([size, weight]) => [Number(size), weight] as const)
      .filter(([size]) => size <= this.n);
    const total = kept.reduce((sum, [, weight]) => sum + weight, 0);
    this.#sizes = kept.map(([size, weight]) => [size, weight / total]);
  }

  members(mask: number): number[] {
    return [...Array(this.n).keys()].filter((g) => ((mask >> g) & 1) === 1);
  }

  #of(mask: number): { bandwidth: number; load: number; worth: number; nic: number } {
    let figures = this.#figures.get(mask);
    if (figures === undefined) {
      const gpus = this.members(mask);
      const bandwidth = collectiveBandwidth(this.#server, gpus);
      const load = referenceSharedLoad(this.#server, gpus, bandwidth);
      const worth = bandwidth === 0 ? 0 : bandwidth / (1 + load / (gpus.length * bandwidth));
      figures = { bandwidth, load, worth, nic: nicBandwidth(this.#server, gpus) };
      this.#figures.set(mask, figures);
    }
    return figures;
  }

  /** Largest total worth of disjoint sets of `size`: the lowest GPU stays out, or is in one of the sets. */
  #packing(mask: number, size: number): number {
    const gpus = this.members(mask);
    if (gpus.length < size) return 0;
    if (size === 1) return gpus.length;
    const key = `${mask}/${size}`;
    let most = this.#packed.get(key);
    if (most === undefined) {
      const [first, ...others] = gpus;
      most = this.#packing(mask & ~(1 << first!), size);
      for (const rest of combinations(others, size - 1)) {
        const set = [first!, ...rest].reduce((m, g) => m | (1 << g), 0);
        most = Math.max(most, this.#of(set).worth + this.#packing(mask & ~set, size));
      }
      this.#packed.set(key, most);
    }
    return most;
  }

  value(mask: number): number {
    let value = 0;
    for (const [size, weight] of this.#sizes) {
      const whole = this.#packing(2 ** this.n - 1, size);
      if (whole > 0) value += (weight * this.#packing(mask, size)) / whole;
    }
    // Both machines have two sockets of eight.
    const squares = this.#onSockets(mask).reduce((sum, gpus) => sum + gpus ** 2, 0);
    return 0.999 * value + (0.001 * squares) / 128;
  }

  /** What stays, less what a set loses by being on both sockets. */
  net(set: number, free: number): number {
    return this.value(free & ~set) - (this.#onSockets(set).includes(0) ? 0 : 0.001);
  }

  #onSockets(mask: number): number[] {
    return [0, 8].map((first) => this.members((mask >> first) & 255).length);
  }

  select(count: number, free: number): number[] | undefined {
    let left = combinations(this.members(free), count).map((gpus) =>
      gpus.reduce((mask, g) => mask | (1 << g), 0),
    );
    if (left.length === 0) return undefined;
    const keepHighest = (figure: (mask: number) => number, steps: number): void => {
      const figures = left.map((mask) => Math.round(figure(mask) * steps));
      const highest = Math.max(...figures);
      left = left.filter((_, i) => figures[i] === highest);
    };
    keepHighest((mask) => this.#of(mask).bandwidth, 1e6);
    keepHighest((mask) => -this.#of(mask).load, 1e6);
    if (left.length > 1) keepHighest((mask) => this.net(mask, free), 1e9);
    const all = 2 ** this.#server.gpus.length - 1;
    // Alone, and beside all others: what ports give to a set is the mean.
    const ports = (mask: number): number =>
      (this.#of(mask).nic + this.#of(all).nic - this.#of(all ^ mask).nic) / 2;
    if (left.length > 1) keepHighest(ports, 1e6);
    const lists = left.map((mask) => this.members(mask));
    // Lists of one length in the order of their ordinals.
    return lists.sort((a, b) => a.map((g, i) => g - b[i]!).find((d) => d !== 0) ?? 0)[0];
  }
}

function combinations(items: readonly number[], size: number): number[][] {
  if (size === 0) return [[]];
  if (items.length < size) return [];
  const [first, ...rest] = items;
  return [...combinations(rest, size - 1).map((c) => [first!, ...c]), ...combinations(rest, size)];
}

const DEFAULT_SIZES = { 1: 3, 2: 2, 4: 1, 8: 1 };

describe('selectGpus against the exhaustive reference', () => {
  for (const name of topologyNames.filter((n) => topology(n).gpus.length <= 8)) {
    it(`chooses the best set for every free mask and count of ${name}`, () => {
      const server = topology(name);
      const n = server.gpus.length;
      for (let mask = 0; mask < 2 ** n; mask++) {
        const free = [...Array(n).keys()].filter((g) => ((mask >> g) & 1) === 1);
        for (let count = 1; count <= n; count++) compare(server, count, { free });
      }
    });
  }

  it('also with GPUs that must be in it, and for other mixes of sizes', () => {
    const sizes = { 1: 1, 3: 2, 4: 0.5, 5: 0.1, 64: 9 };
    for (const name of ['dgx1-v100', 'l40s-8-cascade', 'mi250x-frontier', 'aws-p4d.24xlarge'] as const) {
      fc.assert(
        fc.property(
          fc.subarray([0, 1, 2, 3, 4, 5, 6, 7]),
          fc.nat(8),
          fc.integer({ min: 1, max: 8 }),
          (free, wanted, count) => {
            const required = free.slice(0, Math.min(wanted, count));
            compare(topology(name), count, { free, required, sizes });
          },
        ),
        { seed: 1, numRuns: 300 },
      );
    }
  });

  it('and on random servers', () => {
    fc.assert(
      fc.property(serverDocument(), fc.nat(63), fc.integer({ min: 1, max: 6 }), (document, mask, count) => {
        const server = serverTopology(document);
        const free = [...server.gpus.keys()].filter((g) => ((mask >> g) & 1) === 1);
        compare(server, count, { free });
      }),
      { seed: 1, numRuns: 1000 },
    );
  });
});

function compare(server: ServerTopology, count: number, options: SelectGpusOptions): void {
  const chosen = selectGpus(server, count, options);
  const expected = referenceSelectGpus(server, count, options);
  // Thousands of comparisons: only a difference is worth the words.
  if (JSON.stringify(chosen?.gpus) !== JSON.stringify(expected?.gpus)) {
    expect(chosen?.gpus, `${count} of ${JSON.stringify(options)}`).toEqual(expected?.gpus);
  }
  if (chosen === undefined || expected === undefined) return;
  if (count > 1) expect(chosen.bandwidthGBps).toBeCloseTo(expected.bandwidthGBps, 6);
  expect(chosen.sharedLoadGBps).toBeCloseTo(expected.sharedLoadGBps, 6);
  expect(chosen.leftoverValue).toBeCloseTo(expected.leftoverValue, 8);
}

describe('selectGpus against every set of 16 GPUs', () => {
  /** Free GPUs per block of equal ones, as masks: blocks of one socket hold ever fewer, GPUs of a block are the first. */
  function classes(blockSize: number): number[] {
    const blocksPerSocket = 8 / blockSize;
    let sockets: number[][] = [[]];
    for (let block = 0; block < blocksPerSocket; block++) {
      sockets = sockets.flatMap((counts) =>
        [...Array((counts.at(-1) ?? blockSize) + 1).keys()].map((count) => [...counts, count]),
      );
    }
    const maskOf = (counts: readonly number[]): number =>
      counts.reduce((mask, count, block) => mask | ((2 ** count - 1) << (block * blockSize)), 0);
    return sockets.flatMap((left) => sockets.map((right) => maskOf(left) | (maskOf(right) << 8)));
  }

  const sixteen: readonly [string, () => ServerTopology, number][] = [
    ['dgx2, pairs on a switch', () => topology('dgx2'), 2],
    ['two sockets of two switches of four', () => serverTopology(synthetic('cpu:2 switch:2 gpu:4')), 4],
  ];
  it.each(sixteen)(
    'chooses the best set for 10,000 random masks and every symmetry class: %s',
    (_, build, blockSize) => {
      const server = build();
      const reference = new Exhaustive(server, DEFAULT_SIZES);
      const check = (free: number, count: number): void => {
        const chosen = selectGpus(server, count, { free: reference.members(free) });
        const expected = reference.select(count, free);
        if (JSON.stringify(chosen?.gpus) !== JSON.stringify(expected)) {
          expect(chosen?.gpus, `${count} of ${reference.members(free)}`).toEqual(expected);
        }
      };
      fc.assert(fc.property(fc.integer({ min: 1, max: 65_535 }), fc.integer({ min: 1, max: 16 }), check), {
        seed: 1,
        numRuns: 4000,
      });
      const masks = classes(blockSize);
      expect(masks).toHaveLength(225);
      for (const free of masks) for (let count = 1; count <= 16; count++) check(free, count);
    },
    120_000,
  );
});
