import { describe, expect, it } from 'vitest';
import { judgePlacement } from '../../../src/check/index.js';
import { costOf, isCheaper, type PlanCost } from '../../../src/placement/gangs/gang-plan.js';
import { ordinals } from '../../../src/placement/state/state.js';
import { Disorder, lowestLevelOf, someGpus } from '../kinds-cluster.js';
import { Dice, gangCase } from './gang-cluster.js';

describe('costOf', () => {
  it('equals load and damage by their definition, for any free GPUs on several servers', () => {
    let compared = 0;
    for (let seed = 0; seed < 2500; seed++) {
      const dice = new Dice(seed);
      const disorder = new Disorder(gangCase(seed).cluster, dice);
      disorder.run(1);
      const { cluster, tables, index, engine } = disorder;
      const servers: number[] = [];
      const masks: number[] = [];
      for (let s = 0; s < tables.serverCount; s++) {
        const free = engine.state.freeMask[s]!;
        if (free === 0 || engine.state.cordoned[s] === 1 || dice.chance(40)) continue;
        const sets = someGpus(free, 1 + dice.below(4));
        if (sets.length === 0) continue;
        servers.push(s);
        masks.push(dice.of(sets));
      }
      if (servers.length < 2) continue;
      compared++;
      const level = lowestLevelOf(tables.fabric, servers);
      const cost = costOf(index, level, { servers, masks });
      const pods = servers.map((s, i) => ({ server: disorder.idOf(s), gpus: ordinals(masks[i]!) }));
      const judged = judgePlacement(
        cluster,
        { free: disorder.free(), cordoned: disorder.cordoned() },
        { gpus: 1 },
        { pods, tier: 'cluster', bandwidthGBps: 0 },
      );
      expect(cost.damageGpus, `seed ${seed}`).toBeCloseTo(judged.damage, 8);
      expect(cost.servers).toBe(servers.length);
      // The judge counts no load where a placement takes cordoned servers: ask again without.
      const { load } = judgePlacement(
        cluster,
        { free: disorder.free(), cordoned: [] },
        { gpus: 1 },
        { pods, tier: 'cluster', bandwidthGBps: 0 },
      );
      expect(Math.abs(cost.unitLoad - load), `seed ${seed}`).toBeLessThanOrEqual(1e-9 * Math.max(1, load));
    }
    expect(compared).toBeGreaterThan(500);
  });

  it('counts nothing for the fabric of one accelerator domain', () => {
    let compared = 0;
    for (let seed = 0; seed < 300; seed++) {
      const dice = new Dice(seed);
      const { tables, index, engine } = new Disorder(gangCase(seed).cluster, dice);
      const servers = [...engine.state.freeMask.keys()].filter((s) => engine.state.freeMask[s] !== 0);
      const masks = servers.map(() => 1);
      if (servers.length < 2) continue;
      const level = lowestLevelOf(tables.fabric, servers);
      const { unitLoad } = costOf(index, level, { servers, masks });
      const { acceleratorLevel, islandOf, cellDomain, groupOf } = tables.fabric;
      if (level > acceleratorLevel || islandOf[cellDomain[groupOf[servers[0]!]!]!] === -1) continue;
      expect(unitLoad).toBe(0);
      compared++;
    }
    expect(compared).toBeGreaterThan(10);
  });
});

describe('isCheaper', () => {
  it('looks at load, then damage, then servers, and holds what differs by rounding for equal', () => {
    const cost = (unitLoad: number, damageGpus: number, servers: number): PlanCost => ({
      unitLoad,
      damageGpus,
      servers,
    });
    const ordered = [cost(1, 9, 9), cost(2, 1, 9), cost(2, 2, 1), cost(2, 2, 2)];
    ordered.forEach((a, i) => {
      ordered.forEach((b, j) => {
        expect(isCheaper(a, b)).toBe(i < j);
      });
    });
    // Loads are integers; damages are sums of quotients.
    expect(isCheaper(cost(2, 0.3, 2), cost(2, 0.1 + 0.2, 2))).toBe(false);
    expect(isCheaper(cost(2, 0.1 + 0.2, 1), cost(2, 0.3, 2))).toBe(true);
  });
});
