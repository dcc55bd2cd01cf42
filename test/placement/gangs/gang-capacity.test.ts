import { describe, expect, it } from 'vitest';
import { SERVER } from '../../../src/placement/gangs/gang.js';
import { GangCapacity } from '../../../src/placement/gangs/gang-capacity.js';
import { podsThatFit } from '../../../src/placement/state/state.js';
import { anyGang, Disorder, domainsOf, kindsCluster } from '../kinds-cluster.js';
import { Dice } from './gang-cluster.js';

/**
 * Whether so many pods fit, by the rule of slices alone: each domain of the level of slices takes a multiple of a slice,
 * but for one that also takes what is over.
 *
 * @param rooms - pods that fit in each domain of the level of slices
 */
function fitsInSlices(rooms: readonly number[], slicePods: number, pods: number): boolean {
  const over = pods % slicePods;
  /** Pods placed so far and whether the smaller slice is: every state that can be reached. */
  let reached = new Set([over === 0 ? '0/true' : '0/false']);
  for (const room of rooms) {
    const next = new Set<string>();
    for (const state of reached) {
      const [placed, done] = state.split('/');
      for (let own = 0; own <= room && Number(placed) + own <= pods; own++) {
        if (own % slicePods === 0) next.add(`${Number(placed) + own}/${done}`);
        if (done === 'false' && own % slicePods === over) next.add(`${Number(placed) + own}/true`);
      }
    }
    reached = next;
  }
  return reached.has(`${pods}/true`);
}

describe('GangCapacity', () => {
  it('knows of every domain whether it holds so many pods, in slices or not', () => {
    let sliced = 0;
    for (let seed = 0; seed < 300; seed++) {
      const dice = new Dice(seed);
      const disorder = new Disorder(kindsCluster(dice, { serversMax: 14, tiersMax: 3, limits: true }), dice, {
        limits: true,
      });
      disorder.run();
      const { tables, engine, index } = disorder;
      const { fabric } = tables;
      const counting = new GangCapacity(tables, engine.state, index);
      const looking = new GangCapacity(tables, engine.state, undefined);
      for (let i = 0; i < 4; i++) {
        const { gang, request } = anyGang(dice, tables, disorder.levels, { limits: true });
        counting.begin(gang);
        looking.begin(gang);
        for (let level = 0; level < fabric.levelCount; level++) {
          counting.fill(level);
          looking.fill(level);
          let most = 0;
          for (const domain of domainsOf(fabric, level)) {
            const where = `seed ${seed}, domain ${domain}, ${JSON.stringify(request)}`;
            const servers: number[] = [];
            for (let s = fabric.serverStart[domain]!; s < fabric.serverEnd[domain]!; s++) servers.push(s);
            const room = (s: number): number => podsThatFit(tables, engine.state, gang.need, s, gang.pods);
            const parts = disorder.slicesOf(servers, gang.sliceLevel < level ? gang.sliceLevel : level);
            const rooms = parts.map((part) => part.reduce((sum, s) => sum + room(s), 0));
            const slicePods = gang.sliceLevel < level ? gang.slicePods : 1;
            let pods = 0;
            for (let wanted = 1; wanted <= gang.pods; wanted++) {
              const fits = fitsInSlices(rooms, slicePods, wanted);
              expect(looking.holds(domain, level, wanted), `${where}, ${wanted} pods`).toBe(fits);
              expect(counting.holds(domain, level, wanted), `${where}, ${wanted} pods`).toBe(fits);
              if (fits) pods = wanted;
            }
            if (slicePods > 1) sliced++;
            expect(looking.podsIn(domain, level), where).toBe(pods);
            expect(counting.podsIn(domain, level), where).toBe(pods);
            most = Math.max(most, pods);
          }
          expect(looking.mostPods(level)).toBe(most);
          expect(counting.mostPods(level)).toBe(most);
        }
        // Asked for the widest level at once, it fills those below as well.
        const atOnce = new GangCapacity(tables, engine.state, index);
        atOnce.begin(gang);
        atOnce.fill(fabric.levelCount - 1);
        expect([...atOnce.full]).toEqual([...counting.full]);
        expect([...atOnce.rest]).toEqual([...counting.rest]);
      }
    }
    expect(sliced).toBeGreaterThan(500);
  });

  it('counts in pods below the level of slices and in slices from there up', () => {
    const dice = new Dice(1);
    const { tables, engine, index, levels } = new Disorder(
      kindsCluster(dice, { serversMax: 9, tiersMax: 3 }),
      dice,
    );
    const capacity = new GangCapacity(tables, engine.state, index);
    const { gang } = anyGang(dice, tables, levels, { limits: false });
    capacity.begin({ ...gang, slicePods: 3, sliceLevel: 0 });
    expect([SERVER, 0, 1].map((level) => capacity.units.unit(level))).toEqual([1, 3, 3]);
    capacity.begin({ ...gang, slicePods: 3, sliceLevel: SERVER });
    expect([SERVER, 0].map((level) => capacity.units.unit(level))).toEqual([3, 3]);
  });

  it('forgets the gang before', () => {
    const dice = new Dice(8);
    const disorder = new Disorder(kindsCluster(dice, { serversMax: 14, tiersMax: 3 }), dice);
    const { tables, engine, index, levels } = disorder;
    const capacity = new GangCapacity(tables, engine.state, index);
    const last = tables.fabric.levelCount - 1;
    for (let i = 0; i < 50; i++) {
      disorder.step();
      const { gang } = anyGang(dice, tables, levels, { limits: false });
      capacity.begin(gang);
      const fresh = new GangCapacity(tables, engine.state, index);
      fresh.begin(gang);
      expect(capacity.mostPods(last)).toBe(fresh.mostPods(last));
      expect([...capacity.full]).toEqual([...fresh.full]);
      expect([...capacity.rest]).toEqual([...fresh.rest]);
    }
  });

  it('finds the most pods that one server takes, up to what is asked for', () => {
    for (let seed = 0; seed < 200; seed++) {
      const dice = new Dice(seed);
      const disorder = new Disorder(kindsCluster(dice, { serversMax: 12, tiersMax: 1 }), dice);
      disorder.run();
      const { tables, engine, index, levels } = disorder;
      const { gang } = anyGang(dice, tables, levels, { limits: false });
      let most = 0;
      for (let s = 0; s < tables.serverCount; s++) {
        most = Math.max(most, podsThatFit(tables, engine.state, gang.need, s, gang.pods));
      }
      const capacity = new GangCapacity(tables, engine.state, index);
      capacity.begin(gang);
      expect(capacity.mostPods(SERVER)).toBe(most);
    }
  });
});
