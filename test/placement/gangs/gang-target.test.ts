import { describe, expect, it } from 'vitest';
import { gangBandwidthGBps } from '../../../src/check/gangs/gang-traffic.js';
import type { Gang } from '../../../src/placement/gangs/gang.js';
import { gangBandwidth } from '../../../src/placement/gangs/gang-bandwidth.js';
import { GangTarget, type ServerPattern } from '../../../src/placement/gangs/gang-target.js';
import { podsThatFit, popcount16 } from '../../../src/placement/state/state.js';
import { anyGang, Disorder, domainsOf, lowestLevelOf, someGpus } from '../kinds-cluster.js';
import { Dice, gangCase } from './gang-cluster.js';

/** Small clusters with tiers, uplinks and accelerators, in states that came about by chance. */
function* clusters(from: number, to: number): Generator<{ seed: number; dice: Dice; disorder: Disorder }> {
  for (let seed = from; seed < to; seed++) {
    const dice = new Dice(seed);
    const disorder = new Disorder(gangCase(seed).cluster, dice);
    disorder.run();
    yield { seed, dice, disorder };
  }
}

/** Whether servers of a domain, if empty, take a pod of one GPU of a gang. */
function takesPods({ tables, index }: Disorder, gang: Gang, domain: number): boolean {
  const { serverStart, serverEnd } = tables.fabric;
  for (let s = serverStart[domain]!; s < serverEnd[domain]!; s++) {
    const kind = index.kindOf(s);
    if (index.kinds[kind] !== undefined && index.allows(gang.need, kind)) return true;
  }
  return false;
}

describe('gangBandwidth', () => {
  it('equals the definition for any GPUs on several servers', () => {
    let compared = 0;
    for (const { seed, dice, disorder } of clusters(0, 1500)) {
      const { cluster, tables, index } = disorder;
      const taken = cluster.servers.map(({ type }) =>
        type.gpus.length === 0 || dice.chance(40) ? 0 : dice.below(2 ** type.gpus.length),
      );
      const positions = [...taken.keys()].filter((position) => taken[position] !== 0);
      if (positions.length < 2) continue;
      compared++;
      const pieces = positions
        .map((position) => ({ server: disorder.serverAt(position), mask: taken[position]! }))
        .sort((a, b) => a.server - b.server);
      const servers = pieces.map(({ server }) => server);
      const masks = pieces.map(({ mask }) => mask);
      const level = lowestLevelOf(tables.fabric, servers);
      const setTablesOf = (kind: number) => index.kinds[kind]!.classes.tables;
      const bandwidth = gangBandwidth(tables.fabric, setTablesOf, level, { servers, masks });
      const expected = gangBandwidthGBps(cluster, taken)!;
      expect(Math.abs(bandwidth - expected), `seed ${seed}`).toBeLessThanOrEqual(1e-9 * expected);
    }
    expect(compared).toBeGreaterThan(500);
  });
});

describe('GangTarget', () => {
  it('allows a server the numbers of pods for which some of its GPUs target the target', () => {
    let narrowed = 0;
    for (const { seed, dice, disorder } of clusters(2000, 2300)) {
      const { tables, index, engine, levels } = disorder;
      const { gang, request } = anyGang(dice, tables, levels, { limits: false });
      if (gang.need.gpus === 0 || gang.need.gpuMilli < 1000) continue;
      const target = new GangTarget(index, gang, gang.pods, tables.fabric.levelCount - 1);
      const n = gang.pods * gang.need.gpus;
      for (const wanted of [0, 0.5, 2, 6, 12, 50]) {
        target.aim(wanted);
        for (let s = 0; s < tables.serverCount; s++) {
          const free = engine.state.freeMask[s]!;
          const kind = index.kindOf(s);
          const most = podsThatFit(tables, engine.state, gang.need, s, gang.pods);
          let expected = 1;
          for (let pods = 1; pods <= most; pods++) {
            const g = pods * gang.need.gpus;
            const { bandwidthGBps, nicGBps } = index.kinds[kind]!.classes.tables;
            const crossing = g === n ? 0 : (wanted * Math.max(g, n - g)) / (n - 1);
            const isFast = (set: number): boolean =>
              bandwidthGBps[set]! >= wanted * (1 - 1e-9) && nicGBps[set]! >= crossing * (1 - 1e-9);
            // Inside an accelerator domain every number will do.
            if (target.islandOf(s) !== -1 || someGpus(free, g).some(isFast)) expected |= 1 << pods;
            else narrowed++;
          }
          expect(target.allowedOn(s), `seed ${seed}, target ${wanted}, ${JSON.stringify(request)}`).toBe(
            expected,
          );
        }
      }
    }
    expect(narrowed).toBeGreaterThan(300);
  });

  it('gives the GPUs of a number that is allowed', () => {
    for (const { seed, dice, disorder } of clusters(3000, 3300)) {
      const { tables, index, engine, levels } = disorder;
      const { gang } = anyGang(dice, tables, levels, { limits: false });
      if (gang.need.gpus === 0 || gang.need.gpuMilli < 1000) continue;
      const target = new GangTarget(index, gang, gang.pods, tables.fabric.levelCount - 1);
      target.aim(dice.of([0, 0.5, 2, 6, 12]));
      for (let s = 0; s < tables.serverCount; s++) {
        const allowed = target.allowedOn(s);
        for (let pods = 1; 1 << pods <= allowed; pods++) {
          if (((allowed >> pods) & 1) === 0) continue;
          const gpus = pods * gang.need.gpus;
          const mask = target.maskOn(s, pods);
          const { bandwidthGBps, nicGBps } = index.kinds[index.kindOf(s)]!.classes.tables;
          expect(popcount16(mask)).toBe(gpus);
          expect(mask & ~engine.state.freeMask[s]!).toBe(0);
          if (target.islandOf(s) !== -1) continue;
          expect(bandwidthGBps[mask]!, `seed ${seed}`).toBeGreaterThanOrEqual(
            target.bandwidthGBps * (1 - 1e-9),
          );
          expect(nicGBps[mask]!, `seed ${seed}`).toBeGreaterThanOrEqual(target.crossing(gpus) * (1 - 1e-9));
        }
      }
    }
  });

  it('asks nothing of a part with all of the gang, or none, and most of one with the fewest or all but', () => {
    const dice = new Dice(1);
    const { index, tables, levels } = new Disorder(gangCase(1).cluster, dice);
    const { gang } = anyGang(dice, tables, levels, { limits: false });
    const target = new GangTarget(index, { ...gang, need: { ...gang.need, gpus: 2 } }, 5, 0);
    target.aim(9);
    expect(target.gpus).toBe(10);
    expect([0, 1, 5, 9, 10].map((gpus) => target.crossing(gpus))).toEqual([0, 9, 5, 9, 0]);
  });

  it('allows a domain what its uplink carries', () => {
    let limited = 0;
    for (const { dice, disorder } of clusters(4000, 4200)) {
      const { index, tables, levels } = disorder;
      const { fabric } = tables;
      const { gang } = anyGang(dice, tables, levels, { limits: false });
      const target = new GangTarget(index, { ...gang, need: { ...gang.need, gpus: 1 } }, gang.pods, 0);
      target.aim(dice.of([1, 3, 10, 40]));
      for (let level = 0; level < fabric.levelCount; level++) {
        for (const domain of domainsOf(fabric, level)) {
          for (let gpus = 0; gpus <= gang.pods; gpus++) {
            // Below the islands nothing passes an uplink.
            const island = fabric.islandOf[domain]!;
            const isInside = island !== -1 && island !== domain;
            const carries = isInside || fabric.uplinkGBps[domain]! >= target.crossing(gpus) * (1 - 1e-9);
            expect(target.uplinkAllows(domain, gpus)).toBe(carries);
            if (!carries) limited++;
            if (!carries && takesPods(disorder, gang, domain)) {
              expect(target.everyUplinkAllows(level, gpus)).toBe(false);
            }
          }
        }
      }
    }
    expect(limited).toBeGreaterThan(100);
  });

  it('bounds what any placement over several servers reaches', () => {
    let near = 0;
    for (const { seed, dice, disorder } of clusters(5000, 5600)) {
      const { cluster, tables, index, engine, levels } = disorder;
      const { gang } = anyGang(dice, tables, levels, { limits: false, podsMax: 3 });
      const { need, pods } = gang;
      if (need.gpus === 0 || need.gpuMilli < 1000) continue;
      const target = new GangTarget(index, gang, pods, tables.fabric.levelCount - 1);
      const patterns: ServerPattern[] = [];
      for (let s = 0; s < tables.serverCount; s++) {
        if (podsThatFit(tables, engine.state, need, s, pods) === 0) continue;
        const isInside = target.islandOf(s) !== -1;
        patterns.push({ kind: index.kindOf(s), free: engine.state.freeMask[s]!, isInside });
      }
      const bound = target.upperBound(patterns);
      for (let round = 0; round < 30; round++) {
        const taken = cluster.servers.map(() => 0);
        let left = pods;
        for (let tries = 0; tries < 30 && left > 0; tries++) {
          const s = dice.below(tables.serverCount);
          const at = tables.documentIndexOf[s]!;
          const free = engine.state.freeMask[s]! & ~taken[at]!;
          if (podsThatFit(tables, engine.state, need, s, 1) === 0 || popcount16(free) < need.gpus) continue;
          taken[at]! |= dice.of(someGpus(free, need.gpus));
          left--;
        }
        if (left > 0 || taken.filter((mask) => mask !== 0).length < 2) continue;
        const reached = gangBandwidthGBps(cluster, taken)!;
        expect(reached, `seed ${seed}`).toBeLessThanOrEqual(bound * (1 + 1e-9));
        if (reached > 0.99 * bound) near++;
      }
    }
    expect(near).toBeGreaterThan(100);
  });
});
