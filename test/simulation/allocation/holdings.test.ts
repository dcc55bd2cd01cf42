import { describe, expect, it } from 'vitest';
import { compileClusterTables } from '../../../src/compile/cluster-tables.js';
import { clusterTopology, type PlacementRequest } from '../../../src/index.js';
import { PlacementEngine } from '../../../src/placement/engine.js';
import { type Gang, gangOf, Levels } from '../../../src/placement/gangs/gang.js';
import type { Policy } from '../../../src/placement/request/policy.js';
import { podNeed } from '../../../src/placement/state/pod-need.js';
import { spread, topologyAware } from '../../../src/policies/index.js';
import { forEachPiece, Holdings } from '../../../src/simulation/allocation/holdings.js';
import { RunLog } from '../../../src/simulation/jobs/run-log.js';
import { gpuBox } from '../../placement/random-cluster.js';
import { drawsOf } from '../whole/swarm.js';

const tables = compileClusterTables(
  clusterTopology({
    tiers: ['rack'],
    types: { four: gpuBox(4) },
    servers: Array.from({ length: 4 }, (_, i) => ({
      id: `s${i}`,
      type: 'four',
      cpuMilli: 8000,
      domains: { rack: `r${i >> 1}` },
    })),
  }),
);
const levels = new Levels(['rack']);
const gang = (request: PlacementRequest): Gang => gangOf(request, podNeed(request, tables), levels);
const engineOf = (policy: Policy): PlacementEngine =>
  new PlacementEngine(tables, { policy, workload: undefined, sizes: undefined, seed: 0 });

/** Server by server, what is free; shares of GPUs included. */
function freeOf(engine: PlacementEngine): unknown {
  const { freeMask, cpuFreeMilli, sharedFreeMilli } = engine.state;
  return { freeMask: [...freeMask], cpuFreeMilli: [...cpuFreeMilli], sharedFreeMilli: [...sharedFreeMilli] };
}

const REQUESTS: readonly PlacementRequest[] = [
  { gpus: 1 },
  { gpus: 3 },
  { gpuMilli: 300 },
  { gpus: 0, cpuMilli: 1000 },
  { gpus: 2, pods: 3 },
  { gpus: 1, pods: 5, cpuMilli: 1000 },
  { gpuMilli: 400, pods: 3 },
  { gpus: 1, pods: 9, podsMin: 2 },
];

describe.each([
  ['topologyAware', topologyAware],
  ['a policy of scores', spread],
])('Holdings under %s', (_, policy) => {
  it('keeps a mirror equal through any order of taking and giving back, and ends where it began', () => {
    for (let seed = 0; seed < 30; seed++) {
      const draw = drawsOf(seed);
      const engine = engineOf(policy());
      const holdings = new Holdings(engine, REQUESTS.length);
      holdings.mirror = engineOf(topologyAware());
      const empty = freeOf(engine);
      const held = new Set<number>();
      for (let step = 0; step < 30; step++) {
        const job = draw.between(0, REQUESTS.length - 1);
        if (held.delete(job)) {
          holdings.give(job, gang(REQUESTS[job]!));
          holdings.forget(job);
          expect(holdings.pods[job]).toBe(0);
        } else if (holdings.take(job, gang(REQUESTS[job]!))) {
          held.add(job);
          const { pods = 1, podsMin = pods } = REQUESTS[job]!;
          expect(holdings.pods[job]).toBeGreaterThanOrEqual(podsMin);
          expect(holdings.pods[job]).toBeLessThanOrEqual(pods);
        }
        expect(freeOf(holdings.mirror), `seed ${seed}, step ${step}`).toEqual(freeOf(engine));
      }
      for (const job of held) holdings.give(job, gang(REQUESTS[job]!));
      expect(freeOf(engine), `seed ${seed}`).toEqual(empty);
    }
  });

  it('takes again exactly what it gave back', () => {
    for (const request of REQUESTS) {
      const engine = engineOf(policy());
      const holdings = new Holdings(engine, 1);
      expect(holdings.take(0, gang(request))).toBe(true);
      const before = freeOf(engine);
      holdings.give(0, gang(request));
      expect(freeOf(engine)).not.toEqual(before);
      holdings.takeAgain(0, gang(request));
      expect(freeOf(engine)).toEqual(before);
    }
  });
});

describe('Holdings', () => {
  const whole: PlacementRequest = { gpus: 4 };

  it('notes nothing of what does not fit', () => {
    const holdings = new Holdings(engineOf(topologyAware()), 2);
    expect(holdings.take(0, gang({ pods: 4, gpus: 4 }))).toBe(true);
    expect(holdings.take(1, gang({ gpus: 1 }))).toBe(false);
    expect([holdings.server[1], holdings.pods[1], holdings.pieces[1]]).toEqual([-1, 0, undefined]);
  });

  it('may take again what is free still, on servers that take pods', () => {
    const holdings = new Holdings(engineOf(topologyAware()), 3);
    holdings.take(0, gang(whole));
    const server = holdings.server[0]!;
    expect(holdings.mayTakeAgain(0, gang(whole))).toBe(false);
    holdings.give(0, gang(whole));
    expect(holdings.mayTakeAgain(0, gang(whole))).toBe(true);
    holdings.setCordoned(server, true);
    expect(holdings.mayTakeAgain(0, gang(whole))).toBe(false);
    holdings.setCordoned(server, false);
    holdings.take(1, gang({ pods: 16, gpus: 1 }));
    expect(holdings.mayTakeAgain(0, gang(whole))).toBe(false);
  });

  it('knows where it is', () => {
    const holdings = new Holdings(engineOf(topologyAware()), 2);
    holdings.take(0, gang(whole));
    holdings.take(1, gang({ pods: 2, gpus: 4 }));
    const on = (job: number): number[] => [0, 1, 2, 3].filter((server) => holdings.isOn(job, server));
    expect(on(0)).toEqual([holdings.server[0]]);
    expect(on(1)).toEqual([...holdings.pieces[1]!.servers].sort((a, b) => a - b));
    expect(on(1)).toHaveLength(2);
    holdings.give(0, gang(whole));
    holdings.forget(0);
    expect(on(0)).toEqual([]);
  });

  it('calls back for every server of a job, with the pods there, and not for who holds nothing', () => {
    const holdings = new Holdings(engineOf(topologyAware()), 3);
    const visited = (job: number): [number, number][] => {
      const calls: [number, number][] = [];
      forEachPiece(holdings.noteOf(job), (server, _mask, pods) => calls.push([server, pods]));
      return calls;
    };
    holdings.take(0, gang({ pods: 3, gpus: 2 }));
    holdings.take(1, gang({ gpus: 1 }));
    const { servers, podCounts } = holdings.pieces[0]!;
    expect(visited(0)).toEqual(servers.map((server, i) => [server, podCounts[i]!]));
    expect(visited(0).reduce((sum, [, pods]) => sum + pods, 0)).toBe(3);
    expect(visited(1)).toEqual([[holdings.server[1], 1]]);
    expect(visited(2)).toEqual([]);
  });

  it('writes a run with its pieces into the log', () => {
    const holdings = new Holdings(engineOf(topologyAware()), 1);
    const request = { pods: 3, gpus: 2 };
    holdings.take(0, gang(request));
    const log = new RunLog();
    holdings.log(0, log);
    log.add(0, 0, 1, 0, Number.NaN);
    let pods = 0;
    let gpus = 0;
    for (let piece = log.pieceStart[0]!; piece < log.pieceStart[1]!; piece++) {
      pods += log.pods[piece]!;
      gpus += log.masks[piece]!.toString(2).replaceAll('0', '').length;
    }
    expect([pods, gpus]).toEqual([3, 6]);
  });
});
