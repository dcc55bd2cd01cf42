import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type ClusterTables, compileClusterTables } from '../../../src/compile/cluster-tables.js';
import { type ClusterDocument, clusterTopology } from '../../../src/index.js';
import { type PodNeed, podNeed } from '../../../src/placement/state/pod-need.js';
import {
  copyState,
  emptyState,
  fits,
  fitsEmpty,
  freeMilliOf,
  give,
  lowestBits,
  lowestGpus,
  ordinals,
  overwriteState,
  type PlacementState,
  podsOnPlaces,
  podsThatFit,
  popcount16,
  RESIDENT_COLUMNS,
  take,
} from '../../../src/placement/state/state.js';
import { cluster, gpuBox, request } from '../random-cluster.js';

const compiled = (document: ClusterDocument) => {
  const tables = compileClusterTables(clusterTopology(document));
  return { tables, state: emptyState(tables, { residents: true }) };
};
/** All of a state as plain values. */
const plain = (state: PlacementState): Record<string, number[]> =>
  Object.fromEntries(Object.entries(state).map(([name, values]) => [name, [...(values as Float64Array)]]));

/** Free thousandths of every GPU of a server. */
const rooms = (tables: ClusterTables, state: PlacementState, server: number): number[] =>
  Array.from({ length: tables.shapeGpus[tables.shapeOf[server]!]! }, (_, gpu) =>
    freeMilliOf(tables, state, server, gpu),
  );

const PAIR: ClusterDocument = {
  tiers: [],
  types: { full: gpuBox(16), none: gpuBox(0) },
  servers: [
    { id: 'a', type: 'full', cpuMilli: 5000, memoryMiB: 64 },
    { id: 'b', type: 'none' },
  ],
};

describe('podsOnPlaces and lowestGpus', () => {
  // Places of GPUs 0, 2, 5 and of 1, 3, 4.
  const places = [[0b100101, 0b011010]];
  const need = (podGpus: number): PodNeed => ({
    ...podNeed(
      { gpus: podGpus },
      { gpuModels: [], shapeModel: new Int32Array(0), shapeLabels: [], shapeType: [] },
    ),
    places,
  });

  it('count whole pods on each place, and give one the lowest GPUs of the first place that has room', () => {
    expect([1, 2, 3, 4].map((gpus) => podsOnPlaces(need(gpus), 0, 0b111111))).toEqual([6, 2, 2, 0]);
    expect(podsOnPlaces(need(2), 0, 0b001111)).toBe(2);
    expect(podsOnPlaces(need(2), 0, 0b001011)).toBe(1);
    expect(ordinals(lowestGpus(need(2), 0, 0b111111))).toEqual([0, 2]);
    expect(ordinals(lowestGpus(need(2), 0, 0b111011))).toEqual([0, 5]);
    expect(ordinals(lowestGpus(need(3), 0, 0b111011))).toEqual([1, 3, 4]);
    expect(ordinals(lowestGpus(need(2), 0, 0b011110))).toEqual([1, 3]);
  });
});

describe('popcount16, lowestBits and ordinals', () => {
  it('agree with the binary digits of every mask', () => {
    for (let mask = 0; mask < 65_536; mask++) {
      const bits = [...mask.toString(2)].reverse().flatMap((digit, i) => (digit === '1' ? [i] : []));
      const listed = ordinals(mask);
      if (popcount16(mask) !== bits.length || listed.join() !== bits.join()) expect(listed).toEqual(bits);
      for (let count = 0; count <= bits.length; count += 3) {
        const lowest = bits.slice(0, count).reduce((set, bit) => set | (1 << bit), 0);
        if (lowestBits(mask, count) !== lowest) expect(lowestBits(mask, count)).toBe(lowest);
      }
    }
  });
});

describe('emptyState', () => {
  it('has every GPU, core and MiB free and nobody resident', () => {
    const { state } = compiled(PAIR);
    expect(plain(state)).toEqual({
      cpuFreeMilli: [5000, Number.POSITIVE_INFINITY],
      memoryFreeMiB: [64, Number.POSITIVE_INFINITY],
      sharedFreeMilli: new Array(16).fill(1000),
      freeMask: [65_535, 0],
      residents: new Array(2 * RESIDENT_COLUMNS).fill(0),
      cordoned: [0, 0],
    });
  });
});

describe('take and give', () => {
  it('move CPU, memory, the GPUs of the mask and the residents, and nothing else', () => {
    const { tables, state } = compiled(PAIR);
    const pair = podNeed({ gpus: 2, cpuMilli: 1000, memoryMiB: 10 }, tables);
    const share = podNeed({ gpuMilli: 300 }, tables);
    take(tables, state, pair, 0, 0b1000_0000_0000_0001);
    take(tables, state, share, 0, 0b10);
    take(tables, state, share, 0, 0b10);
    take(tables, state, podNeed({ cpuMilli: 7 }, tables), 1, 0);
    expect(plain(state)).toMatchObject({
      cpuFreeMilli: [4000, Number.POSITIVE_INFINITY],
      memoryFreeMiB: [54, Number.POSITIVE_INFINITY],
      // What whole pods hold is no shared room: GPUs 0 and 15 are told apart by the mask.
      sharedFreeMilli: [1000, 400, ...new Array(14).fill(1000)],
      freeMask: [0b0111_1111_1111_1100, 0],
      cordoned: [0, 0],
    });
    expect(rooms(tables, state, 0)).toEqual([0, 400, ...new Array(13).fill(1000), 0]);
    expect(rooms(tables, state, 1)).toEqual([]);
    expect([...state.residents].flatMap((n, i) => (n === 0 ? [] : [[i, n]]))).toEqual([
      [0, 2],
      [2, 1],
    ]);
    give(tables, state, share, 0, 0b10);
    expect(freeMilliOf(tables, state, 0, 1)).toBe(700);
    expect(state.freeMask[0]! & 0b10).toBe(0);
    give(tables, state, share, 0, 0b10);
    give(tables, state, pair, 0, 0b1000_0000_0000_0001);
    expect(plain(state)).toEqual(plain(compiled(PAIR).state));
  });

  it('are inverse for any pods on any servers, in any order of leaving', () => {
    fc.assert(
      fc.property(
        cluster,
        fc.array(fc.tuple(request, fc.nat(7), fc.nat(1000)), { maxLength: 20 }),
        (document, wishes) => {
          const { tables, state } = compiled(document);
          const empty = plain(state);
          const live: [need: ReturnType<typeof podNeed>, server: number, mask: number, leaves: number][] = [];
          for (const [wanted, at, leaves] of wishes) {
            const need = podNeed(wanted, tables);
            const server = at % tables.serverCount;
            if (!fits(tables, state, need, server)) continue;
            const able = rooms(tables, state, server).flatMap((free, g) =>
              need.gpus > 0 && free >= need.gpuMilli ? [g] : [],
            );
            const mask = able.slice(-need.gpus || able.length).reduce((set, g) => set | (1 << g), 0);
            take(tables, state, need, server, mask);
            live.push([need, server, mask, leaves]);
          }
          for (const [need, server, mask] of live.sort((a, b) => a[3] - b[3])) {
            give(tables, state, need, server, mask);
          }
          expect(plain(state)).toEqual(empty);
        },
      ),
      { seed: 1, numRuns: 300 },
    );
  });
});

describe('fits and fitsEmpty', () => {
  it('agree on a server that is empty', () => {
    fc.assert(
      fc.property(cluster, request, (document, wanted) => {
        const { tables, state } = compiled(document);
        const need = podNeed(wanted, tables);
        for (let s = 0; s < tables.serverCount; s++) {
          expect(fitsEmpty(tables, need, tables.shapeOf[s]!)).toBe(fits(tables, state, need, s));
        }
      }),
      { seed: 1, numRuns: 300 },
    );
  });

  it('ask for room on single GPUs: two halves are no whole, for a share neither', () => {
    const { tables, state } = compiled({
      tiers: [],
      types: { two: gpuBox(2) },
      servers: [{ id: 'a', type: 'two' }],
    });
    const need = (gpuMilli: number) => podNeed({ gpuMilli }, tables);
    take(tables, state, need(500), 0, 0b01);
    take(tables, state, need(400), 0, 0b10);
    expect([600, 601].map((milli) => fits(tables, state, need(milli), 0))).toEqual([true, false]);
    expect(fits(tables, state, podNeed({ gpus: 1 }, tables), 0)).toBe(false);
    expect(fits(tables, state, podNeed({ gpus: 0 }, tables), 0)).toBe(true);
  });

  it('hold a pod without GPUs to its models too', () => {
    const { tables, state } = compiled(PAIR);
    const need = podNeed({ gpuModels: ['H100'] }, tables);
    expect(fits(tables, state, need, 0)).toBe(false);
    expect(fitsEmpty(tables, need, 0)).toBe(false);
  });
});

describe('copyState and overwriteState', () => {
  it('share nothing with the state, and bring back all of it', () => {
    const { tables, state } = compiled(PAIR);
    const empty = plain(state);
    const copy = copyState(state);
    take(tables, state, podNeed({ gpus: 3, cpuMilli: 1, memoryMiB: 1 }, tables), 0, 0b111);
    expect(plain(copy)).toEqual(empty);
    take(tables, state, podNeed({ gpuMilli: 1 }, tables), 0, 0b1000);
    state.cordoned[1] = 1;
    for (const [name, values] of Object.entries(plain(state))) expect(values, name).not.toEqual(empty[name]);
    overwriteState(state, copy);
    expect(plain(state)).toEqual(empty);
    take(tables, state, podNeed({ gpus: 1 }, tables), 0, 0b1);
    expect(plain(copy)).toEqual(empty);
  });
});

describe('emptyState without residents', () => {
  it('counts nobody, and gives and takes all the same', () => {
    const { tables, state: counted } = compiled(PAIR);
    const state = emptyState(tables, { residents: false });
    const need = podNeed({ gpus: 2, cpuMilli: 5 }, tables);
    for (const one of [counted, state]) take(tables, one, need, 0, 0b11);
    expect(state.residents.length).toBe(0);
    expect({ ...plain(state), residents: [] }).toEqual({ ...plain(counted), residents: [] });
  });
});

describe('podsThatFit', () => {
  it('counts as many pods as can be taken one after the other', () => {
    fc.assert(
      fc.property(
        cluster,
        fc.array(fc.tuple(request, fc.nat(7)), { maxLength: 6 }),
        request,
        (document, before, wanted) => {
          const { tables, state } = compiled(document);
          const put = (need: ReturnType<typeof podNeed>, server: number): boolean => {
            if (!fits(tables, state, need, server)) return false;
            const able = rooms(tables, state, server).flatMap((free, g) =>
              need.gpus > 0 && free >= need.gpuMilli ? [g] : [],
            );
            take(
              tables,
              state,
              need,
              server,
              able.slice(0, need.gpus).reduce((set, g) => set | (1 << g), 0),
            );
            return true;
          };
          for (const [one, at] of before) put(podNeed(one, tables), at % tables.serverCount);
          const need = podNeed(wanted, tables);
          for (let server = 0; server < tables.serverCount; server++) {
            const said = podsThatFit(tables, state, need, server, 20);
            expect(said > 0).toBe(fits(tables, state, need, server));
            let pods = 0;
            while (pods < 20 && put(need, server)) pods++;
            expect(said).toBe(pods);
          }
        },
      ),
      { seed: 1, numRuns: 500 },
    );
  });

  it('is none on a cordoned server, and so fits none', () => {
    const { tables, state } = compiled(PAIR);
    const need = podNeed({ gpus: 1 }, tables);
    expect([podsThatFit(tables, state, need, 0, 99), fits(tables, state, need, 0)]).toEqual([16, true]);
    state.cordoned[0] = 1;
    expect([podsThatFit(tables, state, need, 0, 99), fits(tables, state, need, 0)]).toEqual([0, false]);
    // Whether it would fit if it were empty is asked without cordons.
    expect(fitsEmpty(tables, need, tables.shapeOf[0]!)).toBe(true);
  });
});
