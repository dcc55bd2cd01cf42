import { describe, expect, it } from 'vitest';
import { CAPACITY_BLOCK, FreeIndex } from '../../../src/placement/state/free-index.js';
import { podNeed } from '../../../src/placement/state/pod-need.js';
import { fits } from '../../../src/placement/state/state.js';
import { Dice } from '../gangs/gang-cluster.js';
import { Disorder, kindsCluster } from '../kinds-cluster.js';

/** All that an index says of a state, in plain values. */
function told(index: FreeIndex): unknown {
  const cells = Array.from({ length: index.tables.fabric.cellCount }, (_, cell) => cell);
  return {
    whole: cells.map((cell) => index.whole.countOf(cell)),
    best: index.kinds.map((_, kind) => {
      const root = index.rootOf(kind);
      return [index.whole.bestGroup(root), index.whole.leastDamage(root)];
    }),
    kinds: index.kinds.map((of) => {
      if (of === undefined) return undefined;
      const membersOf = (next: (from: number) => number): number[] => {
        const members: number[] = [];
        for (let s = next(0); s !== -1; s = next(s + 1)) members.push(s);
        return members;
      };
      const rooms = membersOf((from) => of.nextFreeMilli(from));
      return {
        classes: Array.from(of.classBase, (_, c) => membersOf((from) => of.nextOfClass(c, from))),
        places: Array.from({ length: of.classes.gpuCount }, (_, i) =>
          membersOf((from) => of.nextRank(i + 1, from)),
        ),
        rooms: rooms.map((milli) => [milli, membersOf((from) => of.nextOfFreeMilli(milli, from))]),
      };
    }),
  };
}

describe('FreeIndex', () => {
  it('is after any history what one built from the state alone is', () => {
    for (let seed = 0; seed < 150; seed++) {
      const dice = new Dice(seed);
      const disorder = new Disorder(kindsCluster(dice, { serversMax: 40, tiersMax: 3, limits: true }), dice, {
        limits: true,
      });
      for (let round = 0; round < 4; round++) {
        disorder.run();
        const { tables, engine, index } = disorder;
        const now = told(index);
        expect(now, `seed ${seed}`).toEqual(told(new FreeIndex(tables, engine.state)));
        index.rebuild();
        expect(told(index), `seed ${seed}, rebuilt`).toEqual(now);
      }
    }
  });

  it('holds every server that is not cordoned in the set of its class, and no other', () => {
    const dice = new Dice(7);
    const disorder = new Disorder(kindsCluster(dice, { serversMax: 40, tiersMax: 3 }), dice);
    for (let i = 0; i < 200; i++) disorder.step();
    const { index, tables, engine } = disorder;
    for (let s = 0; s < tables.serverCount; s++) {
      const kind = index.kindOf(s);
      expect(kind).toBe(tables.shapeKind[tables.shapeOf[s]!]);
      expect(index.serverAt(kind, index.localOf(s))).toBe(s);
      const of = index.kinds[kind];
      if (of === undefined) continue;
      const free = engine.state.freeMask[s]!;
      const isIn = of.nextOfClass(of.classes.classOf[free]!, index.localOf(s)) === index.localOf(s);
      expect(isIn).toBe(engine.state.cordoned[s] === 0);
    }
  });

  it('is the same after a cordon is undone, and after one that was there already', () => {
    const dice = new Dice(11);
    const { index, tables, engine } = new Disorder(kindsCluster(dice, { serversMax: 30, tiersMax: 2 }), dice);
    const before = told(index);
    for (let s = 0; s < tables.serverCount; s++) {
      index.cordon(s);
      const once = told(index);
      index.cordon(s);
      expect(told(index)).toEqual(once);
    }
    for (const [kind] of index.kinds.entries()) expect(index.whole.countOf(index.rootOf(kind))).toBe(0);
    for (let s = 0; s < tables.serverCount; s++) {
      index.uncordon(s);
      index.uncordon(s);
    }
    expect(told(index)).toEqual(before);
    expect(engine.state.cordoned.every((n) => n === 0)).toBe(true);
  });

  it('never says that a block has no room where one of its servers has', () => {
    for (let seed = 0; seed < 20; seed++) {
      const dice = new Dice(seed);
      const disorder = new Disorder(
        kindsCluster(dice, { serversMax: 3 * CAPACITY_BLOCK, tiersMax: 1, limits: true }),
        dice,
        { limits: true },
      );
      const { index, tables, engine } = disorder;
      for (let step = 0; step < 400; step++) {
        disorder.step();
        const need = podNeed({ cpuMilli: dice.below(20) * 1000, memoryMiB: dice.below(20) * 1024 }, tables);
        for (let start = 0; start < tables.serverCount; start += CAPACITY_BLOCK) {
          const end = Math.min(start + CAPACITY_BLOCK, tables.serverCount);
          let has = false;
          for (let s = start; s < end; s++) has ||= fits(tables, engine.state, need, s);
          if (has) expect(index.mayHaveCapacity(start, need)).toBe(true);
          // A bound that was measured is one that rules out.
          if (dice.chance(30)) index.measureCapacity(start);
        }
      }
    }
  });

  it('measures that a block is full', () => {
    const dice = new Dice(5);
    const { index, tables, engine } = new Disorder(
      kindsCluster(dice, { serversMax: 20, tiersMax: 0, limits: true }),
      dice,
    );
    const much = podNeed({ cpuMilli: 30_000_000 }, tables);
    engine.state.cpuFreeMilli.fill(1000);
    expect(index.mayHaveCapacity(0, much)).toBe(true);
    index.measureCapacity(0);
    expect(index.mayHaveCapacity(0, much)).toBe(false);
    expect(index.mayHaveCapacity(0, podNeed({ cpuMilli: 1000 }, tables))).toBe(true);
    engine.state.cpuFreeMilli[0] = 40_000_000;
    index.capacityGrew(0);
    expect(index.mayHaveCapacity(0, much)).toBe(true);
  });

  it('allows kinds by their model, and leaves labels to the servers', () => {
    const dice = new Dice(2);
    const { index, tables } = new Disorder(
      kindsCluster(dice, { serversMax: 30, tiersMax: 1, limits: true }),
      dice,
    );
    const onlyA = podNeed({ gpuModels: ['A'] }, tables);
    const labelled = podNeed({ gpuModels: ['A'], labels: { pool: 'x' } }, tables);
    tables.kindModel.forEach((model, kind) => {
      expect(index.allows(podNeed({}, tables), kind)).toBe(true);
      expect(index.allows(onlyA, kind)).toBe(tables.gpuModels[model] === 'A');
      expect(index.allows(labelled, kind)).toBe(true);
    });
  });
});
