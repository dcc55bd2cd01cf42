import { describe, expect, it } from 'vitest';
import { judgePlacement } from '../../../src/check/index.js';
import { PodSearch } from '../../../src/placement/pods/pod-search.js';
import { RangeSearch } from '../../../src/placement/pods/range-search.js';
import { podNeed } from '../../../src/placement/state/pod-need.js';
import { fits, freeMilliOf, ordinals, popcount16 } from '../../../src/placement/state/state.js';
import { Dice } from '../gangs/gang-cluster.js';
import { anyPod, Disorder, kindsCluster } from '../kinds-cluster.js';

describe('RangeSearch', () => {
  it('chooses for shares what looking at every server of the range does', () => {
    let chosen = 0;
    for (let seed = 0; seed < 800; seed++) {
      const dice = new Dice(seed);
      const disorder = new Disorder(kindsCluster(dice, { serversMax: 12, tiersMax: 2, limits: true }), dice, {
        limits: true,
      });
      disorder.run();
      const { tables, engine, index, cluster } = disorder;
      const { state } = engine;
      const search = new RangeSearch(index);
      for (let i = 0; i < 4; i++) {
        const { gpus: _, ...pod } = anyPod(dice, { limits: true });
        const gpuMilli = dice.of([100, 250, 333, 500, 700]);
        const request = { ...pod, gpuMilli };
        const need = podNeed(request, tables);
        const from = dice.below(tables.serverCount);
        const to = from + 1 + dice.below(tables.serverCount - from);
        const where = `seed ${seed}, ${from} to ${to}, ${JSON.stringify(request)}`;
        const free = { free: disorder.free(), cordoned: disorder.cordoned() };
        // Every GPU of every server: room of the shared GPU, then damage, then the fuller server, then the order.
        let best: { server: number; mask: number; room: number; damage: number; whole: number } | undefined;
        for (let s = from; s < to; s++) {
          if (!fits(tables, state, need, s)) continue;
          const gpuCount = tables.shapeGpus[tables.shapeOf[s]!]!;
          for (let gpu = 0; gpu < gpuCount; gpu++) {
            const room = freeMilliOf(tables, state, s, gpu);
            if (room < need.gpuMilli) continue;
            const mask = 1 << gpu;
            const { damage } = judgePlacement(cluster, free, request, {
              pods: [{ server: disorder.idOf(s), gpus: ordinals(mask) }],
              tier: 'server',
              bandwidthGBps: null,
            });
            const whole = popcount16(state.freeMask[s]!);
            const less = best === undefined ? 0 : best.damage - damage;
            const isBetter = room === 1000 && (less > 1e-9 || (less > -1e-9 && whole < (best?.whole ?? 0)));
            if (best === undefined || room < best.room || (room === best.room && isBetter)) {
              best = { server: s, mask, room, damage, whole };
            }
          }
        }
        expect(search.choose(need, from, to), where).toBe(best !== undefined);
        if (best === undefined) continue;
        chosen++;
        expect(search.server, where).toBe(best.server);
        // Of wholly free GPUs that lose alike, NICs decide before ordinals.
        if (best.room < 1000) expect(search.gpuMask, where).toBe(best.mask);
        else {
          const { damage } = judgePlacement(cluster, free, request, {
            pods: [{ server: disorder.idOf(best.server), gpus: ordinals(search.gpuMask) }],
            tier: 'server',
            bandwidthGBps: null,
          });
          expect(damage, where).toBeCloseTo(best.damage, 8);
        }
      }
    }
    expect(chosen).toBeGreaterThan(400);
  });

  it('answers for the whole cluster as the search for one pod does, and as for all servers one by one', () => {
    for (let seed = 1000; seed < 1150; seed++) {
      const dice = new Dice(seed);
      const disorder = new Disorder(kindsCluster(dice, { serversMax: 12, tiersMax: 2, limits: true }), dice, {
        limits: true,
      });
      disorder.run();
      const { tables, engine, index } = disorder;
      const range = new RangeSearch(index);
      const search = new PodSearch(index);
      const { gpus: _, ...request } = anyPod(dice, { limits: true });
      const need = podNeed(request, tables);
      if (need.gpuMilli === 1000 || need.gpus === 0) continue;
      const where = `seed ${seed}, ${JSON.stringify(request)}`;
      expect(range.choose(need, 0, tables.serverCount), where).toBe(search.find(need));
      if (search.server === -1) continue;
      expect([range.server, range.gpuMask], where).toEqual([search.server, search.gpuMask]);
      // A server that is the only one of its range is chosen there just as well.
      expect(range.choose(need, search.server, search.server + 1)).toBe(true);
      expect([range.server, range.gpuMask], where).toEqual([search.server, search.gpuMask]);
      expect(engine.state.cordoned[search.server]).toBe(0);
    }
  });
});
