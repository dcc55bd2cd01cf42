import { describe, expect, it } from 'vitest';
import { type Gang, gangOf } from '../../../src/placement/gangs/gang.js';
import { GangCapacity } from '../../../src/placement/gangs/gang-capacity.js';
import { costOf, isCheaper, type PlanCost } from '../../../src/placement/gangs/gang-plan.js';
import { GangTask } from '../../../src/placement/gangs/gang-task.js';
import { LeastLoad } from '../../../src/placement/gangs/least-load.js';
import { type RackAllotment, rackAllotments, rackCost } from '../../../src/placement/gangs/rack-orders.js';
import type { FreeIndex } from '../../../src/placement/state/free-index.js';
import { podNeed } from '../../../src/placement/state/pod-need.js';
import { buildClusterTopology } from '../../../src/topology/cluster-topology.js';
import { Disorder, domainsOf, kindsCluster } from '../kinds-cluster.js';
import { Dice, serverTypes } from './gang-cluster.js';

/**
 * Most that the mean of 1 - least / load may be over the cases, and least share of cases that are the least. Where racks
 * are few, their sizes seldom add up to the gang: such domains are left to `LeastLoad`.
 */
const SMALL_GAP_MAX = 0.055;
const SMALL_LEAST_MIN = 0.85;
const LARGE_GAP_MAX = 0.02;
const LARGE_LEAST_MIN = 0.65;
/** Splits of a gang that are still all looked at. */
const SPLITS_MAX = 20_000;

/** A domain of level 1 or more in a disorderly cluster, and a gang of whole servers of one kind that it holds. */
interface Case {
  readonly index: FreeIndex;
  readonly kind: number;
  readonly level: number;
  readonly domain: number;
  readonly servers: number;
  /** Rack → wholly free servers. */
  readonly room: ReadonlyMap<number, number>;
}

/** Types of 1, 2 and 4 GPUs: what they are linked by does not matter to whole servers. */
const TYPES = [0, 1, 9];

function caseOf(seed: number, serversMax: number): Case | undefined {
  const dice = new Dice(seed);
  const types = dice.chance(60) ? [dice.of(TYPES)] : TYPES;
  const cluster = kindsCluster(dice, { serversMin: 6, serversMax, tiersMax: 3, types });
  const disorder = new Disorder(cluster, dice);
  disorder.run(1);
  const { tables, index } = disorder;
  const { fabric } = tables;
  if (fabric.levelCount < 2) return undefined;
  const level = 1 + dice.below(fabric.levelCount - 1);
  const domain = dice.of(domainsOf(fabric, level));
  const kind = dice.below(fabric.kindCount);
  const room = new Map<number, number>();
  for (const rack of domainsOf(fabric, 0)) {
    let around = rack;
    for (let at = 0; at < level; at++) around = fabric.domainParent[around]!;
    const cell = fabric.cellAt[rack * fabric.kindCount + kind]!;
    const free = cell === -1 ? 0 : index.whole.countOf(cell);
    if (around === domain && free > 0) room.set(rack, free);
  }
  let all = 0;
  let inside = 0;
  for (let part = fabric.childStart[domain]!; part < fabric.childEnd[domain]!; part++) {
    const cell = fabric.cellAt[part * fabric.kindCount + kind]!;
    const free = cell === -1 ? 0 : index.whole.countOf(cell);
    all += free;
    inside = Math.max(inside, free);
  }
  // What a narrower domain holds is looked for there.
  if (all === inside) return undefined;
  return { index, kind, level, domain, servers: inside + 1 + dice.below(all - inside), room };
}

/** Hundreds of servers of one kind in racks in blocks, some of them busy, and a gang that takes several blocks. */
function manyRacks(seed: number): (Case & { readonly request: Gang }) | undefined {
  const dice = new Dice(seed);
  const blocks = 3 + dice.below(10);
  const racks = 3 + dice.below(8);
  const uneven = dice.chance(30);
  const perRack = 2 + dice.below(12);
  const servers: object[] = [];
  const busy: number[] = [];
  for (let rack = 0; rack < blocks * racks; rack++) {
    const percent = dice.of([0, 0, 10, 30, 60, 90]);
    const here = perRack + (uneven ? dice.below(4) : 0);
    for (let i = 0; i < here; i++) {
      const domains = { block: `b${Math.floor(rack / racks)}`, rack: `r${rack}` };
      if (dice.chance(percent)) busy.push(servers.length);
      servers.push({ id: `s${servers.length}`, type: '1', domains });
    }
  }
  const cluster = buildClusterTopology(
    { tiers: ['block', 'rack'], types: { 1: '1' }, servers },
    () => serverTypes[1]!,
  );
  const disorder = new Disorder(cluster, dice);
  const { tables, engine, index, levels } = disorder;
  const request = { gpus: serverTypes[1]!.gpus.length };
  const need = podNeed(request, tables);
  for (const server of busy) engine.take(need, server, 2 ** request.gpus - 1);
  const { fabric } = tables;
  const inBlock = domainsOf(fabric, 1).map((block) => index.whole.countOf(fabric.cellAt[block]!));
  const all = inBlock.reduce((sum, n) => sum + n, 0);
  const inside = Math.max(...inBlock);
  if (all === inside) return undefined;
  return {
    index,
    kind: 0,
    level: 2,
    domain: domainsOf(fabric, 2)[0]!,
    servers: inside + 1 + dice.below(all - inside),
    room: new Map(),
    request: gangOf(request, need, levels),
  };
}

/** How often, and how far, a load was above the least: 1 - least / load, 0 … 1, since the least may be 0. */
class Gap {
  count = 0;
  equal = 0;
  #sum = 0;
  #largest = 0;

  add(load: number, least: number, where: string): void {
    expect(load, where).toBeGreaterThanOrEqual(least - 1e-9 * least);
    const gap = load <= least * (1 + 1e-9) ? 0 : 1 - least / load;
    this.count++;
    if (gap === 0) this.equal++;
    this.#sum += gap;
    this.#largest = Math.max(this.#largest, gap);
  }

  get mean(): number {
    return this.#sum / Math.max(1, this.count);
  }

  toString(): string {
    const percent = (share: number): string => `${(100 * share).toFixed(3)} %`;
    return `${this.equal} of ${this.count} have the least load, mean gap ${percent(this.mean)}, largest ${percent(this.#largest)}`;
  }
}

const allotmentsOf = ({ index, kind, domain, level, servers }: Case): RackAllotment[] =>
  rackAllotments(index, { wholeKind: kind, level, pods: servers }, domain);
const costIn = ({ index, kind, level, servers }: Case, allotments: readonly RackAllotment[]): PlanCost =>
  rackCost(index, { wholeKind: kind, level, pods: servers }, allotments);

/** All ways to take the servers from the racks; undefined where there are too many to look at. */
function splits({ room, servers }: Case): RackAllotment[][] | undefined {
  let sums: { taken: RackAllotment[]; left: number }[] = [{ taken: [], left: servers }];
  for (const [rack, most] of room) {
    sums = sums.flatMap(({ taken, left }) =>
      Array.from({ length: Math.min(most, left) + 1 }, (_, own) => ({
        taken: own === 0 ? taken : [...taken, { rack, servers: own }],
        left: left - own,
      })),
    );
    if (sums.length > SPLITS_MAX) return undefined;
  }
  return sums.filter(({ left }) => left === 0).map(({ taken }) => taken);
}

/** The orders of the doc comment of `rackAllotments`, once more and slowly. */
function orders(given: Case): RackAllotment[][] {
  const { index, kind, level, servers, room } = given;
  const { fabric } = index.tables;
  const gpus = index.kinds[kind]!.classes.gpuCount;
  const aroundAll = (rack: number): number[] => {
    const around: number[] = [];
    for (let at = 1, d = fabric.domainParent[rack]!; at < level; at++, d = fabric.domainParent[d]!)
      around.push(d);
    return around;
  };
  const isPure = (rack: number): boolean => room.get(rack)! * gpus === fabric.domainGpus[rack];
  const inOrder = [...room.keys()].sort(
    (a, b) => Number(isPure(b)) - Number(isPure(a)) || room.get(b)! - room.get(a)! || a - b,
  );
  const blockOf = (rack: number): number => fabric.domainParent[rack]!;
  const blocks = [...new Set([...room.keys()].map(blockOf))].sort((a, b) => a - b);
  const sum = (racks: readonly number[]): number => racks.reduce((n, rack) => n + room.get(rack)!, 0);
  const spread = (
    choose: (open: Map<number, number[]>, left: number, held: (d: number) => number) => number,
  ) => {
    const open = new Map(blocks.map((block) => [block, inOrder.filter((rack) => blockOf(rack) === block)]));
    const taken: RackAllotment[] = [];
    const held = (d: number): number =>
      taken.reduce((n, allotment) => n + (aroundAll(allotment.rack).includes(d) ? allotment.servers : 0), 0);
    for (let left = servers; left > 0; ) {
      const block = choose(open, left, held);
      const racks = open.get(block)!;
      let [rack] = racks as [number];
      if (room.get(rack)! > left) {
        for (const other of racks) {
          if (room.get(other)! >= left && room.get(other)! < room.get(rack)!) rack = other;
        }
      }
      open.set(
        block,
        racks.filter((other) => other !== rack),
      );
      if (open.get(block)!.length === 0) open.delete(block);
      const some = Math.min(left, room.get(rack)!);
      taken.push({ rack, servers: some });
      left -= some;
    }
    return taken;
  };
  const roomiest = blocks.reduce((best, block) => {
    const of = (b: number): number => sum(inOrder.filter((rack) => blockOf(rack) === b));
    return of(block) > of(best) ? block : best;
  });
  const pureRoom = (block: number): number =>
    sum(inOrder.filter((rack) => blockOf(rack) === block && isPure(rack)));
  const saving = (open: Map<number, number[]>, left: number, held: (d: number) => number): number => {
    let best = -1;
    let most = -1;
    for (const [block, [rack]] of open) {
      const some = Math.min(room.get(rack!)!, left);
      const own = isPure(rack!) && some === room.get(rack!) ? servers : some;
      const saved = aroundAll(rack!).reduce((n, d) => n + 2 * held(d) + some, own);
      if (saved < most || (saved === most && pureRoom(block) <= pureRoom(best))) continue;
      best = block;
      most = saved;
    }
    return best;
  };
  let first = true;
  let current = -1;
  return [
    spread(saving),
    spread((open, left, held) => {
      const block = first ? roomiest : saving(open, left, held);
      first = false;
      return block;
    }),
    spread((open, left) => {
      if (open.has(current)) return current;
      const holding = [...open].filter(([, racks]) => sum(racks) >= left);
      const among = (holding.length > 0 ? holding : [...open]).map(([block, racks]) => ({
        block,
        room: sum(racks),
      }));
      const sign = holding.length > 0 ? 1 : -1;
      among.sort((a, b) => sign * (a.room - b.room) || a.block - b.block);
      current = among[0]!.block;
      return current;
    }),
  ];
}

describe('rackAllotments', () => {
  it('takes just the servers asked for, of every rack at most what is wholly free in it', () => {
    let cases = 0;
    for (let seed = 0; seed < 1500; seed++) {
      const given = caseOf(seed, 120);
      if (given === undefined) continue;
      cases++;
      const allotments = allotmentsOf(given);
      const where = `seed ${seed}`;
      expect(
        allotments.reduce((sum, allotment) => sum + allotment.servers, 0),
        where,
      ).toBe(given.servers);
      expect(new Set(allotments.map(({ rack }) => rack)).size, where).toBe(allotments.length);
      for (const { rack, servers } of allotments) {
        expect(servers, where).toBeGreaterThan(0);
        expect(servers, where).toBeLessThanOrEqual(given.room.get(rack) ?? 0);
      }
    }
    expect(cases).toBeGreaterThan(400);
  });

  it('costs just what the cheapest of its three orders does, and each of them is needed', () => {
    const wins = [0, 0, 0];
    for (let seed = 0; seed < 1500; seed++) {
      const given = caseOf(seed, 120);
      if (given === undefined) continue;
      const cost = costIn(given, allotmentsOf(given));
      const each = orders(given).map((allotments) => costIn(given, allotments));
      for (const other of each) expect(isCheaper(other, cost), `seed ${seed}`).toBe(false);
      const cheapest = each.reduce((best, other) => (isCheaper(other, best) ? other : best));
      expect(isCheaper(cost, cheapest), `seed ${seed}`).toBe(false);
      each.forEach((own, i) => {
        if (each.every((other, j) => j === i || isCheaper(own, other))) wins[i]!++;
      });
    }
    expect(Math.min(...wins), String(wins)).toBeGreaterThan(0);
  });

  it('loads little more than the best of all splits over few racks', () => {
    const gap = new Gap();
    for (let seed = 0; seed < 2000; seed++) {
      const given = caseOf(seed, 30);
      const all = given === undefined ? undefined : splits(given);
      if (given === undefined || all === undefined) continue;
      const least = Math.min(...all.map((allotments) => costIn(given, allotments).unitLoad));
      gap.add(costIn(given, allotmentsOf(given)).unitLoad, least, `seed ${seed}`);
    }
    console.info(`gangs over few racks: ${gap}`);
    expect(gap.count).toBeGreaterThan(400);
    expect(gap.mean).toBeLessThanOrEqual(SMALL_GAP_MAX);
    expect(gap.equal / gap.count).toBeGreaterThanOrEqual(SMALL_LEAST_MIN);
  });

  it('loads little more than the plan of least load over many racks', () => {
    const gap = new Gap();
    for (let seed = 0; seed < 150; seed++) {
      const given = manyRacks(seed);
      if (given === undefined) continue;
      const { index, kind, level, domain, servers, request } = given;
      const gang: Gang = { ...request, pods: servers, podsMin: servers };
      const capacity = new GangCapacity(index.tables, index.state, index);
      capacity.begin(gang);
      capacity.fill(level);
      const task = new GangTask(index, gang, servers, level, [domain]);
      expect(task.wholeKind).toBe(kind);
      const pieces = new LeastLoad(index, capacity, task).planIn(domain, level);
      const taken = pieces.map((piece) => piece.server).sort((a, b) => a - b);
      const masks = taken.map(() => index.kinds[kind]!.full);
      const { unitLoad } = costOf(index, level, { servers: taken, masks });
      gap.add(costIn(given, allotmentsOf(given)).unitLoad, unitLoad, `seed ${seed}`);
    }
    console.info(`gangs over many racks: ${gap}`);
    expect(gap.count).toBeGreaterThan(100);
    expect(gap.mean).toBeLessThanOrEqual(LARGE_GAP_MAX);
    expect(gap.equal / gap.count).toBeGreaterThanOrEqual(LARGE_LEAST_MIN);
  });
});

describe('rackCost', () => {
  it('is that of the plan server by server, but for what every plan of so many servers costs', () => {
    let compared = 0;
    for (let seed = 0; seed < 600; seed++) {
      const given = caseOf(seed, 40);
      if (given === undefined) continue;
      const { index, kind, level, servers } = given;
      const { fabric } = index.tables;
      const { full, classes } = index.kinds[kind]!;
      const { value } = classes.tables;
      const own = servers * classes.gpuCount * (value[full]! - value[0]!);
      for (const allotments of [allotmentsOf(given), ...orders(given)]) {
        const chosen = allotments
          .flatMap(({ rack, servers: count }) => {
            const cell = fabric.cellAt[rack * fabric.kindCount + kind]!;
            const inRack: number[] = [];
            for (let local = fabric.cellStart[cell]!; local < fabric.cellEnd[cell]!; local++) {
              const server = index.serverAt(kind, local);
              const { freeMask, cordoned } = index.state;
              if (freeMask[server] === full && cordoned[server] === 0) inRack.push(server);
            }
            return inRack.slice(0, count);
          })
          .sort((a, b) => a - b);
        const plan = costOf(index, level, { servers: chosen, masks: chosen.map(() => full) });
        const cost = costIn(given, allotments);
        expect(cost.unitLoad, `seed ${seed}`).toBeCloseTo(plan.unitLoad, 6);
        expect(cost.damageGpus + own, `seed ${seed}`).toBeCloseTo(plan.damageGpus, 8);
        expect(cost.servers, `seed ${seed}`).toBe(plan.servers);
        compared++;
      }
    }
    expect(compared).toBeGreaterThan(400);
  });
});
