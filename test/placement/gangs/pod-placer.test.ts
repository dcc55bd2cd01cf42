import { describe, expect, it } from 'vitest';
import { PodPlacer } from '../../../src/placement/gangs/pod-placer.js';
import type { PodChooser } from '../../../src/placement/pods/pod-chooser.js';
import { RangeSearch } from '../../../src/placement/pods/range-search.js';
import { podNeed } from '../../../src/placement/state/pod-need.js';
import { copyState } from '../../../src/placement/state/state.js';
import { Disorder, kindsCluster } from '../kinds-cluster.js';
import { Dice } from './gang-cluster.js';

const SHAPES = { gpuModels: [], shapeModel: new Int32Array(0), shapeLabels: [], shapeType: [] };
const NEED = podNeed({ gpuMilli: 250 }, SHAPES);

/** Servers with room for so many pods each; chooses the first with room and tells what it is asked. */
class Counters implements PodChooser {
  server = -1;
  gpuMask = 0;
  readonly room: number[];
  readonly log: string[] = [];

  constructor(room: number[]) {
    this.room = room;
  }

  choose(_: unknown, from: number, to: number): boolean {
    this.server = this.room.findIndex((room, s) => s >= from && s < to && room > 0);
    this.gpuMask = 1 << this.room[this.server]!;
    return this.server !== -1;
  }

  take(_: unknown, server: number, mask: number): void {
    this.log.push(`take ${server} ${mask}`);
    this.room[server]!--;
  }

  give(_: unknown, server: number, mask: number): void {
    this.log.push(`give ${server} ${mask}`);
    this.room[server]!++;
  }
}

describe('PodPlacer', () => {
  it('takes every pod before it chooses for the next, and gives all back in reverse', () => {
    const counters = new Counters([1, 2, 2]);
    const placer = new PodPlacer(counters, counters);
    const allotments = [
      { from: 1, to: 3, pods: 3 },
      { from: 0, to: 1, pods: 1 },
    ];
    expect(placer.plan(NEED, allotments, 2)).toEqual({
      pods: 4,
      level: 2,
      bandwidthGBps: null,
      servers: [1, 1, 2, 0],
      masks: [4, 2, 4, 2],
      podCounts: [1, 1, 1, 1],
    });
    expect(counters.room).toEqual([1, 2, 2]);
    const takes = counters.log.slice(0, 4);
    expect(counters.log.slice(4)).toEqual(takes.map((line) => line.replace('take', 'give')).reverse());
  });

  it('gives all back also where an allotment is larger than its servers hold, which is a fault', () => {
    const counters = new Counters([1, 1]);
    const placer = new PodPlacer(counters, counters);
    expect(() => placer.plan(NEED, [{ from: 0, to: 2, pods: 3 }], 0)).toThrow('larger than its servers hold');
    expect(counters.room).toEqual([1, 1]);
  });

  it('leaves state and index of an engine as they were', () => {
    for (let seed = 0; seed < 100; seed++) {
      const dice = new Dice(seed);
      const disorder = new Disorder(kindsCluster(dice, { serversMax: 12, tiersMax: 2 }), dice);
      disorder.run();
      const { tables, engine, index } = disorder;
      const search = new RangeSearch(index);
      const before = copyState(engine.state);
      const need = podNeed({ gpuMilli: 333 }, tables);
      const allotment = { from: 0, to: tables.serverCount, pods: 1 + dice.below(30) };
      let first: unknown;
      for (let round = 0; round < 2; round++) {
        let plan: unknown;
        try {
          plan = new PodPlacer(search, engine).plan(need, [allotment], 0);
        } catch (error) {
          plan = String(error);
        }
        expect(engine.state).toEqual(before);
        first ??= plan;
        expect(plan).toEqual(first);
      }
    }
  });
});
