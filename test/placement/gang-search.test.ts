import { describe, expect, it } from 'vitest';
import { compileClusterTables } from '../../src/compile/cluster-tables.js';
import { compile, type Placement, type PlacementRequest, type Solver } from '../../src/index.js';
import { mostOnOneServer } from '../../src/placement/gang-search.js';
import { podsThatFit } from '../../src/placement/state.js';
import { buildClusterTopology } from '../../src/topology/cluster-topology.js';
import { racks } from '../check/gang-examples.js';
import { Dice } from './gang-cluster.js';
import { anyGang, Disorder, kindsCluster } from './kinds-cluster.js';

const placed = (solver: Solver, request: PlacementRequest): Placement => {
  const answer = solver.place(request);
  if (!answer.ok) throw new Error(answer.message);
  return answer.placement;
};
const serversOf = (placement: Placement): string => placement.pods.map(({ server }) => server).join(' ');

/** Six servers of two GPUs in racks of one, two and three. */
const three = () => compile(racks({ A: ['a1'], B: ['b1', 'b2'], C: ['c1', 'c2', 'c3'] }));

describe('GangSearch', () => {
  it('takes the most pods that fit where they must be, before it looks at tiers', () => {
    expect(placed(three(), { pods: 5, podsMin: 1, gpus: 2, require: 'rack' })).toMatchObject({
      tier: 'rack',
    });
    expect(placed(three(), { pods: 5, podsMin: 1, gpus: 2, require: 'rack' }).pods.length).toBe(3);
    // One server would hold two pods: five are more.
    expect(placed(three(), { pods: 5, podsMin: 2, gpus: 1 }).pods.length).toBe(5);
    expect(placed(three(), { pods: 99, podsMin: 6, gpus: 2 }).pods.length).toBe(6);
    expect(three().place({ pods: 99, podsMin: 7, gpus: 2 })).toMatchObject({ ok: false });
    expect(placed(three(), { pods: 9, podsMin: 1, gpus: 1, require: 'server' }).pods.length).toBe(2);
  });

  it('takes the lowest tier with a domain that holds all, and of those the one that is used up', () => {
    expect(serversOf(placed(three(), { pods: 2, gpus: 1 }))).toBe('a1 a1');
    expect(serversOf(placed(three(), { pods: 2, gpus: 2 }))).toBe('b1 b2');
    expect(serversOf(placed(three(), { pods: 3, gpus: 2 }))).toBe('c1 c2 c3');
    expect(placed(three(), { pods: 4, gpus: 2 }).tier).toBe('cluster');
  });

  it('never opens more servers than it must, and no more domains', () => {
    const gang = placed(three(), { pods: 5, gpus: 1 });
    expect([gang.tier, new Set(gang.pods.map(({ server }) => server)).size]).toEqual(['rack', 3]);
    const wide = placed(three(), { pods: 4, gpus: 2 });
    const inRacks = new Set(wide.pods.map(({ server }) => server[0]));
    expect(inRacks).toEqual(new Set(['a', 'c']));
  });

  it('puts slices in consecutive pods, the smaller one last', () => {
    for (const pods of [3, 4, 5, 6]) {
      const gang = placed(three(), { pods, gpus: 2, slice: { pods: 2, tier: 'rack' }, podsMin: 3 });
      for (let first = 0; first < gang.pods.length; first += 2) {
        const slice = gang.pods.slice(first, first + 2).map(({ server }) => server[0]);
        expect(new Set(slice).size).toBe(1);
      }
    }
    // B and C hold a pair each; a third pair would lie in two racks, a single pod need not.
    expect(three().find({ pods: 6, gpus: 2, slice: { pods: 2, tier: 'rack' } }).ok).toBe(false);
    expect(three().find({ pods: 5, gpus: 2, slice: { pods: 2, tier: 'rack' } }).ok).toBe(true);
  });

  it('moves the smaller slice to the end, wherever it lies in the tree', () => {
    const slice = { pods: 2, tier: 'rack' };
    const one = placed(compile(racks({ A: ['a1', 'a2', 'a3'], B: ['b1', 'b2'] })), {
      pods: 5,
      gpus: 2,
      slice,
    });
    expect(serversOf(one)).toBe('b1 b2 a1 a2 a3');
    // The same where two domains are compared.
    const types = { pair: 'pair' };
    const cluster = buildClusterTopology(
      {
        tiers: ['block', 'rack'],
        types,
        servers: ['xa', 'xa', 'xa', 'xb', 'xb', 'ya', 'ya', 'ya', 'yb', 'yb'].map((rack, i) => ({
          id: `${rack}${i}`,
          type: 'pair',
          domains: { block: rack[0]!, rack },
        })),
      },
      () => racks({ A: ['a'] }).servers[0]!.type,
    );
    const two = placed(compile(cluster), { pods: 5, gpus: 2, slice });
    expect([two.tier, serversOf(two)]).toEqual(['block', 'xb3 xb4 xa0 xa1 xa2']);
  });

  it('says what the gang reaches, which is what its NICs carry', () => {
    // Out of a server of two GPUs go 5 GB/s however many send.
    const cluster = racks({ A: ['a1', 'a2', 'a3'] });
    // Three GPUs, two of them on one server: they have to send to one, and one to take in from two, 2 × 5 / 2 each way.
    expect(placed(compile(cluster), { pods: 3, gpus: 1 }).bandwidthGBps).toBeCloseTo(5, 9);
    expect(placed(compile(cluster), { pods: 3, gpus: 2 }).bandwidthGBps).toBeCloseTo((5 * 5) / 4, 9);
  });

  it('places shares and pods without GPUs on as many servers as it takes', () => {
    const gang = placed(three(), { pods: 5, gpuMilli: 600 });
    expect([gang.tier, gang.bandwidthGBps]).toEqual(['rack', null]);
    expect(new Set(gang.pods.map(({ server, gpus }) => `${server} ${gpus}`)).size).toBe(5);
    const together = placed(three(), { pods: 4, gpuMilli: 500 });
    expect([together.tier, serversOf(together)]).toEqual(['server', 'a1 a1 a1 a1']);
    expect(placed(three(), { pods: 1000, cpuMilli: 1 }).tier).toBe('server');
  });
});

describe('mostOnOneServer', () => {
  it('is the most that any server takes, up to what is asked for', () => {
    for (let seed = 0; seed < 200; seed++) {
      const dice = new Dice(seed);
      const disorder = new Disorder(kindsCluster(dice, { serversMax: 12, tiersMax: 1 }), dice);
      disorder.run();
      const { tables, engine, levels } = disorder;
      const { gang } = anyGang(dice, tables, levels, { limits: false });
      let most = 0;
      for (let s = 0; s < tables.serverCount; s++) {
        most = Math.max(most, podsThatFit(tables, engine.state, gang.need, s, gang.pods));
      }
      expect(mostOnOneServer(tables, engine.state, gang)).toBe(most);
    }
    expect(compileClusterTables(racks({ A: ['a1'] })).serverCount).toBe(1);
  });
});
