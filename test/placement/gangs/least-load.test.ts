import { describe, expect, it } from 'vitest';
import type { Gang } from '../../../src/placement/gangs/gang.js';
import { GangCapacity } from '../../../src/placement/gangs/gang-capacity.js';
import { costOf, type PlanCost } from '../../../src/placement/gangs/gang-plan.js';
import { GangTask } from '../../../src/placement/gangs/gang-task.js';
import { LeastLoad } from '../../../src/placement/gangs/least-load.js';
import { podsThatFit } from '../../../src/placement/state/state.js';
import { anyGang, Disorder, domainsOf, kindsCluster, someGpus } from '../kinds-cluster.js';
import { Dice, gangCase } from './gang-cluster.js';

const TOLERANCE = 1e-9;

/** A domain with room for a gang of whole GPUs, and what plans in it. */
class Case {
  readonly disorder: Disorder;
  readonly gang: Gang;
  readonly level: number;
  readonly domain: number;
  readonly servers: readonly number[];
  readonly capacity: GangCapacity;
  readonly task: GangTask;

  constructor(disorder: Disorder, gang: Gang, level: number, domain: number) {
    this.disorder = disorder;
    this.gang = gang;
    this.level = level;
    this.domain = domain;
    const { tables, index, engine } = disorder;
    const { serverStart, serverEnd } = tables.fabric;
    const first = serverStart[domain]!;
    this.servers = Array.from({ length: serverEnd[domain]! - first }, (_, i) => first + i);
    this.capacity = new GangCapacity(tables, engine.state, index);
    this.capacity.begin(gang);
    this.capacity.fill(level);
    this.task = new GangTask(index, gang, gang.pods, level, [domain]);
    this.task.target.aim(0);
  }

  get holds(): boolean {
    return this.capacity.holds(this.domain, this.level, this.gang.pods);
  }

  least(): LeastLoad {
    return new LeastLoad(this.disorder.index, this.capacity, this.task);
  }

  /** Pods that the servers take, one after the other. */
  room(): number[] {
    const { tables, engine } = this.disorder;
    return this.servers.map((s) => podsThatFit(tables, engine.state, this.gang.need, s, this.gang.pods));
  }

  /** Servers and numbers of pods keep the rule of slices. */
  isSliced(counts: readonly number[]): boolean {
    const { slicePods, sliceLevel, pods } = this.gang;
    const over = this.disorder
      .slicesOf(this.servers, sliceLevel)
      .map((part) => part.reduce((sum, s) => sum + counts[s - this.servers[0]!]!, 0) % slicePods)
      .filter((rest) => rest > 0);
    return over.length === 0 || (over.length === 1 && over[0] === pods % slicePods);
  }

  cost(servers: readonly number[], masks: readonly number[]): PlanCost {
    return costOf(this.disorder.index, this.level, { servers, masks });
  }

  /** The least load of all numbers of pods and all sets of GPUs, and the least damage with it. */
  best(): { load: number; damage: number } {
    const { engine } = this.disorder;
    const room = this.room();
    const counts = this.servers.map(() => 0);
    const masks = this.servers.map(() => 0);
    const best = { load: Number.POSITIVE_INFINITY, damage: Number.POSITIVE_INFINITY };
    const visit = (i: number, left: number): void => {
      if (i === this.servers.length) {
        if (left > 0 || !this.isSliced(counts)) return;
        const used = [...masks.keys()].filter((at) => masks[at] !== 0);
        const cost = this.cost(
          used.map((at) => this.servers[at]!),
          used.map((at) => masks[at]!),
        );
        const more = cost.unitLoad - best.load;
        const slack = TOLERANCE * Math.max(1, cost.unitLoad);
        if (more > slack) return;
        if (more < -slack) best.damage = cost.damageGpus;
        best.damage = Math.min(best.damage, cost.damageGpus);
        best.load = Math.min(best.load, cost.unitLoad);
        return;
      }
      for (let own = 0; own <= Math.min(left, room[i]!); own++) {
        counts[i] = own;
        for (const mask of someGpus(engine.state.freeMask[this.servers[i]!]!, own * this.gang.need.gpus)) {
          masks[i] = mask;
          visit(i + 1, left - own);
        }
      }
      counts[i] = 0;
      masks[i] = 0;
    };
    visit(0, this.gang.pods);
    return best;
  }
}

/** A gang of whole GPUs in some domain of a disorderly cluster; undefined where the dice say otherwise. */
function caseOf(seed: number, whole: boolean): Case | undefined {
  const dice = new Dice(seed);
  const cluster = whole
    ? kindsCluster(dice, { serversMin: 4, serversMax: 9, tiersMax: 3, types: [dice.of([0, 1, 9])] })
    : gangCase(seed).cluster;
  const disorder = new Disorder(cluster, dice, { limits: !whole });
  disorder.run(1);
  const { tables, levels } = disorder;
  const { gang } = anyGang(dice, tables, levels, { limits: !whole, podsMax: whole ? 6 : 5 });
  if (gang.need.gpus === 0 || gang.need.gpuMilli < 1000) return undefined;
  const level = dice.below(tables.fabric.levelCount);
  const found = new Case(disorder, gang, level, dice.of(domainsOf(tables.fabric, level)));
  return found.holds && whole === found.task.wholeKind >= 0 ? found : undefined;
}

describe('LeastLoad', () => {
  it('has the least load of all splits over servers and all sets of GPUs, and keeps slices together', () => {
    let compared = 0;
    let sliced = 0;
    let wide = 0;
    for (let seed = 0; seed < 4000; seed++) {
      const given = caseOf(seed, false);
      if (given === undefined) continue;
      const where = `seed ${seed}`;
      const { gang, task, servers } = given;
      const pieces = given.least().planIn(given.domain, given.level);
      pieces.sort((a, b) => a.server - b.server);
      const room = given.room();
      const counts = servers.map(() => 0);
      for (const { server, pods } of pieces) counts[server - servers[0]!]! += pods;
      expect(
        counts.reduce((sum, n) => sum + n, 0),
        where,
      ).toBe(gang.pods);
      expect(
        counts.every((n, i) => n <= room[i]!),
        where,
      ).toBe(true);
      expect(given.isSliced(counts), where).toBe(true);
      const cost = given.cost(
        pieces.map(({ server }) => server),
        pieces.map(({ server, pods }) => task.target.maskOn(server, pods)),
      );
      const best = given.best();
      expect(Math.abs(cost.unitLoad - best.load), where).toBeLessThanOrEqual(
        TOLERANCE * Math.max(1, best.load),
      );
      compared++;
      if (gang.slicePods > 1) sliced++;
      if (pieces.length > 1) wide++;
    }
    expect(compared).toBeGreaterThan(300);
    expect(sliced).toBeGreaterThan(100);
    expect(wide).toBeGreaterThan(100);
  });

  it('also does the least damage of these where servers of one kind are taken whole', () => {
    let compared = 0;
    for (let seed = 0; seed < 3000; seed++) {
      const given = caseOf(seed, true);
      if (given === undefined) continue;
      const pieces = given.least().planIn(given.domain, given.level);
      pieces.sort((a, b) => a.server - b.server);
      const cost = given.cost(
        pieces.map(({ server }) => server),
        pieces.map(({ server, pods }) => given.task.target.maskOn(server, pods)),
      );
      const best = given.best();
      expect(cost.unitLoad, `seed ${seed}`).toBeCloseTo(best.load, 6);
      expect(cost.damageGpus, `seed ${seed}`).toBeCloseTo(best.damage, 6);
      compared++;
    }
    expect(compared).toBeGreaterThan(100);
  });

  it('does no more damage after another look, and looks again only where that may help', () => {
    let looks = 0;
    for (let seed = 0; seed < 800; seed++) {
      const given = caseOf(seed, false);
      if (given === undefined) continue;
      const least = given.least();
      const first = least.planIn(given.domain, given.level);
      const isWhole = (server: number): boolean => {
        const { index, engine } = given.disorder;
        return engine.state.freeMask[server] === index.kinds[index.kindOf(server)]!.full;
      };
      const servers = first.map(({ server }) => server);
      const again = least.refine({ servers });
      expect(again, `seed ${seed}`).toBe(servers.some(isWhole));
      if (!again) continue;
      looks++;
      const pods = least.planIn(given.domain, given.level).reduce((sum, piece) => sum + piece.pods, 0);
      expect(pods, `seed ${seed}`).toBe(given.gang.pods);
      least.begin();
      expect(least.planIn(given.domain, given.level), `seed ${seed}`).toEqual(first);
    }
    expect(looks).toBeGreaterThan(50);
  });

  it('says beforehand at least how many sums there are, and more for a domain than for its parts', () => {
    let compared = 0;
    for (let seed = 0; seed < 1500; seed++) {
      const dice = new Dice(seed);
      const cluster = kindsCluster(dice, { serversMin: 10, serversMax: 60, tiersMax: 3 });
      const disorder = new Disorder(cluster, dice);
      const { tables, levels } = disorder;
      const { fabric } = tables;
      const { gang } = anyGang(dice, tables, levels, { limits: false, podsMax: 60 });
      if (gang.need.gpus === 0 || gang.need.gpuMilli < 1000) continue;
      for (let level = 0; level < fabric.levelCount; level++) {
        for (const domain of domainsOf(fabric, level)) {
          const given = new Case(disorder, gang, level, domain);
          if (!given.holds || given.task.wholeKind >= 0) continue;
          const least = given.least();
          const steps = least.stepsIn(domain, level);
          let inParts = 0;
          for (let part = fabric.childStart[domain]!; part < fabric.childEnd[domain]!; part++) {
            inParts += least.stepsIn(part, level - 1);
          }
          expect(steps, `seed ${seed}`).toBeGreaterThanOrEqual(inParts);
          compared++;
          if (level > 0 || (gang.sliceLevel === -1 && gang.slicePods > 1)) continue;
          // Every number of pods that a server takes is added to every sum of those before it.
          let sums = 0;
          let before = 0;
          for (const room of given.room()) {
            for (let own = 0; own <= room && own <= gang.pods; own++) {
              sums += Math.min(before, gang.pods - own) + 1;
            }
            before += room;
          }
          expect(steps, `seed ${seed}, slices of ${gang.slicePods}`).toBeGreaterThanOrEqual(sums);
        }
      }
    }
    expect(compared).toBeGreaterThan(500);
  });
});
