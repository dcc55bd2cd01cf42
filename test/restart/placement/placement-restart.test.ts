import { describe, expect, it } from 'vitest';
import { type ClusterTopology, compile, type Placement } from '../../../src/index.js';
import { randomStream } from '../../../src/random.js';
import { defaultRecovery } from '../../../src/restart/model/default-recovery.js';
import { ettr } from '../../../src/restart/model/ettr.js';
import { simulateRestarts } from '../../../src/restart/model/simulate-restarts.js';
import { phase } from '../../../src/restart/phases/phases.js';
import { copyHolders } from '../../../src/restart/placement/copy-holders.js';
import { llama3FailureLaws } from '../../../src/restart/placement/failure-laws.js';
import {
  type PlacementRestartOptions,
  placementRestart,
} from '../../../src/restart/placement/placement-restart.js';
import { refused, refusedAs } from '../refusals.js';
import { gangOn, smallCluster } from '../small-cluster.js';

const cluster = smallCluster(
  { blocks: 2, racks: 4, servers: 4 },
  { uplinks: { rack: { GBps: 800 }, block: { GBps: 400 } } },
);
const GB = 1e9;
const packed = gangOn(...cluster.servers.slice(0, 8).map((s) => s.id));
const spread = gangOn(...cluster.servers.filter((_, i) => i % 4 === 0).map((s) => s.id));

const scenario: PlacementRestartOptions = {
  laws: llama3FailureLaws({ switchTier: 'rack' }),
  recovery: defaultRecovery({ servers: 8 }),
  computeSeconds: 60,
  stallSeconds: 0.1,
  durable: { snapshots: 30, stallSeconds: 5 },
  checkpoint: { bytes: 800 * GB, storeGBps: 20, nicGBps: 400, localGBps: 100 },
};

describe('placementRestart', () => {
  it('says for every domain which checkpoint survives and how long it takes to load', () => {
    const { domains } = placementRestart(packed, cluster, {
      ...scenario,
      copies: copyHolders(packed, cluster),
    });
    const of = (law: string): (typeof domains)[number][] => domains.filter((d) => d.law === law);
    // A GPU dies: the host lives, its part (100 GB) goes to the replacement in place at NIC speed, others read at 100.
    expect(of('GPU').every((d) => d.rollback === 'memory' && d.loadSeconds === 1)).toBe(true);
    // A host dies: the copy is on the next server, for the last of the rack in the next rack at 200 GB/s.
    expect(of('host').map((d) => d.rollback)).toEqual(Array(8).fill('memory'));
    // A rack dies, and three of its four parts have both copies in it: all read 800 GB from the store.
    expect(of('network').map((d) => [d.rollback, d.loadSeconds])).toEqual([
      ['durable', 40],
      ['durable', 40],
    ]);
    expect(of('software').map((d) => [d.rollback, d.loadSeconds])).toEqual([['memory', 1]]);
  });

  it('loads over the lowest common tier of replacement and copy holder', () => {
    const fast = { ...scenario, checkpoint: { ...scenario.checkpoint, localGBps: undefined } };
    const load = (gang: Placement, apart: string): number =>
      placementRestart(gang, cluster, {
        ...fast,
        laws: [{ name: 'host', level: 'server', failuresPerSecond: 1e-6 }],
        copies: copyHolders(gang, cluster, { apart }),
      }).domains[0]!.loadSeconds;
    const pair = (b: string): Placement => gangOn('b0r0s0', b);
    // 400 GB per part: 400 GB/s in the rack has no copy apart; 200 between racks, 25 between blocks.
    expect(load(pair('b0r1s0'), 'rack')).toBe(2);
    expect(load(pair('b1r0s0'), 'rack')).toBe(16);
  });

  it('waits for the slowest of several replacements, in whatever order they are lost', () => {
    // The rack loses two parts: one has its copy in the next rack, the other in the next block.
    for (const members of [
      ['b0r0s0', 'b0r0s1', 'b0r1s0', 'b1r0s0'],
      ['b0r0s1', 'b0r0s0', 'b0r1s0', 'b1r0s0'],
    ]) {
      for (const copies of [
        [[0, 2], [1, 3], [2], [3]],
        [[0, 3], [1, 2], [2], [3]],
      ]) {
        const { domains } = placementRestart(gangOn(...members), cluster, {
          ...scenario,
          checkpoint: { ...scenario.checkpoint, localGBps: undefined },
          laws: [{ name: 'rack', level: { tier: 'rack' }, failuresPerSecond: 1e-6 }],
          copies,
        });
        // 200 GB at 25 GB/s.
        expect(domains[0]).toMatchObject({ domain: 'b0r0', rollback: 'memory', loadSeconds: 8 });
      }
    }
  });

  it('notices a failure as fast as its law says, and else as the recovery path does', () => {
    const { model } = placementRestart(packed, cluster, {
      ...scenario,
      laws: [...llama3FailureLaws(), { name: 'own', level: 'job', failuresPerSecond: 1e-6 }],
    });
    const detect = Object.fromEntries(
      model.failureClasses.map((c) => [
        c.name.split(',')[0],
        c.hidden.find((s) => s.step === 'detect')!.phase.mean,
      ]),
    );
    expect(detect).toEqual({ GPU: 10, host: 2, network: 60, software: 69, own: 69 });
  });

  it('takes the nearest spare outside the domain, each once', () => {
    const gang = gangOn('b0r0s0', 'b0r0s1', 'b0r1s0');
    const { domains } = placementRestart(gang, cluster, {
      ...scenario,
      laws: [
        { name: 'host', level: 'server', failuresPerSecond: 1e-6 },
        { name: 'rack', level: { tier: 'rack' }, failuresPerSecond: 1e-6 },
      ],
      spares: ['b1r0s0', 'b0r0s3', 'b0r2s0'],
    });
    expect(domains.map((d) => d.replacements)).toEqual([
      ['b0r0s3'],
      ['b0r0s3'],
      ['b0r0s3'],
      ['b0r2s0', 'b1r0s0'],
      ['b0r0s3'],
    ]);
  });

  it('waits for a repair where spares do not suffice', () => {
    const gang = gangOn('b0r0s0', 'b0r0s1');
    const options = {
      ...scenario,
      laws: [{ name: 'rack', level: { tier: 'rack' }, failuresPerSecond: 1e-6 }],
      spares: ['b0r1s0'],
    };
    const without = placementRestart(gang, cluster, options);
    expect(without.domains[0]!.replacements).toEqual(['b0r1s0', null]);
    const waiting = placementRestart(gang, cluster, { ...options, repair: phase.fixed(7200) });
    const hidden = (r: typeof without): number => r.model.toDurable.hiddenSeconds;
    expect(hidden(waiting) - hidden(without)).toBeCloseTo(7200, 9);
    const enough = { ...options, spares: ['b0r1s0', 'b0r1s1'], repair: phase.fixed(7200) };
    expect(hidden(placementRestart(gang, cluster, enough))).toBeCloseTo(hidden(without), 9);
  });

  it('loses fewer GPU-hours with copies in another rack than with copies in the same', () => {
    const inside = placementRestart(packed, cluster, {
      ...scenario,
      copies: packed.pods.map((_, i) => [i, i % 4 === 3 ? i - 3 : i + 1]),
    });
    const apart = placementRestart(packed, cluster, {
      ...scenario,
      copies: copyHolders(packed, cluster, { apart: 'rack' }),
    });
    expect(inside.failuresPerDay).toBeCloseTo(apart.failuresPerDay, 12);
    expect(apart.lostGpuHoursPerDay).toBeLessThan(inside.lostGpuHoursPerDay);
    expect(apart.domains.every((d) => d.rollback === 'memory')).toBe(true);
  });

  it('fails more often the more racks it touches', () => {
    const a = placementRestart(packed, cluster, scenario);
    const b = placementRestart(spread, cluster, scenario);
    const rackFailures = (r: typeof a): number =>
      r.domains.filter((d) => d.level === 'tier').reduce((sum, d) => sum + d.failuresPerSecond, 0);
    expect(rackFailures(b) / rackFailures(a)).toBeCloseTo(4, 12);
    expect(b.failuresPerDay).toBeGreaterThan(a.failuresPerDay);
  });

  it('adds up: rates of the domains are the model’s, losses are what is not productive', () => {
    for (const gang of [packed, spread]) {
      const r = placementRestart(gang, cluster, { ...scenario, copies: copyHolders(gang, cluster) });
      const rate = r.domains.reduce((sum, d) => sum + d.failuresPerSecond, 0);
      expect(r.model.failuresPerSecond / rate).toBeCloseTo(1, 12);
      expect(r.failuresPerDay).toBeCloseTo(rate * 86_400, 12);
      expect(r.ettr).toBe(ettr(r.model));
      expect(r.lostGpuHoursPerDay).toBeCloseTo((1 - r.ettr) * r.gpus * 24, 6);
      expect(r.model.failureClasses.length).toBeLessThan(10);
    }
  });

  it('agrees with the simulation of its own model', () => {
    const often = scenario.laws.map((law) => ({ ...law, failuresPerSecond: 2000 * law.failuresPerSecond }));
    const { model } = placementRestart(packed, cluster, {
      ...scenario,
      laws: often,
      copies: copyHolders(packed, cluster),
    });
    const run = simulateRestarts(model, { seed: 1, commits: 20_000 });
    expect(Math.abs(run.ettr - ettr(model))).toBeLessThan(4 * run.standardError);
  });

  it('goes back to the store for everything where there is one tier', () => {
    const { durable: _, ...oneTier } = scenario;
    const { domains, model } = placementRestart(packed, cluster, {
      ...oneTier,
      computeSeconds: 1800,
      stallSeconds: 5,
    });
    expect(domains.every((d) => d.rollback === 'durable' && d.loadSeconds === 40)).toBe(true);
    expect(model.durable).toBeUndefined();
  });

  it('reads placements as a solver gives them', () => {
    const solver = compile(cluster);
    const answer = solver.place({ gpus: 4 });
    if (!answer.ok) throw new Error(answer.message);
    const r = placementRestart(answer.placement, cluster, scenario);
    expect(r.gpus).toBe(4);
    expect(r.domains.filter((d) => d.level === 'gpu')).toHaveLength(4);
  });

  it('finds the surviving tier as counting finds it, in random clusters with random copies', () => {
    const random = randomStream(8, 'workload');
    for (let round = 0; round < 100; round++) {
      const some = smallCluster({
        blocks: 1 + random.below(2),
        racks: 1 + random.below(4),
        servers: 1 + random.below(4),
      });
      const members = some.servers.filter(() => random.below(3) > 0).map((s) => s.id);
      if (members.length === 0) continue;
      const copies = members.map(() =>
        Array.from({ length: 1 + random.below(3) }, () => random.below(members.length)),
      );
      const { domains } = placementRestart(gangOn(...members), some, {
        ...scenario,
        laws: [
          { name: 'gpu', level: 'gpu', failuresPerSecond: 1e-9 },
          { name: 'server', level: 'server', failuresPerSecond: 1e-9 },
          { name: 'rack', level: { tier: 'rack' }, failuresPerSecond: 1e-9 },
          { name: 'block', level: { tier: 'block' }, failuresPerSecond: 1e-9 },
        ],
        copies,
      });
      for (const domain of domains) expect(domain.rollback).toBe(counted(some, members, copies, domain));
    }
  });

  it('grows with the servers, not with their square', () => {
    const large = smallCluster({ blocks: 8, racks: 32, servers: 8 });
    const everywhere = gangOn(...large.servers.map((s) => s.id));
    const r = placementRestart(everywhere, large, {
      ...scenario,
      copies: copyHolders(everywhere, large, { apart: 'rack' }),
    });
    expect(r.gpus).toBe(16_384);
    expect(r.domains).toHaveLength(16_384 + 2048 + 256 + 1);
    expect(r.failuresPerDay).toBeCloseTo(419 / 54, 6);
  });

  it.each([
    [['checkpoint', 'bytes'], { checkpoint: { ...scenario.checkpoint, bytes: -1 } }],
    [['checkpoint', 'storeGBps'], { checkpoint: { ...scenario.checkpoint, storeGBps: 0 } }],
    [['checkpoint', 'nicGBps'], { checkpoint: { ...scenario.checkpoint, nicGBps: Number.NaN } }],
    [['checkpoint', 'size'], { checkpoint: { ...scenario.checkpoint, size: 1 } }],
    [['copies'], { copies: [[0]] }],
    [['copies', 0], { copies: packed.pods.map(() => []) }],
    [['copies', 0, 0], { copies: packed.pods.map(() => [8]) }],
    [['spares', 0], { spares: ['b0r0s0'] }],
    [['repair'], { repair: 3 }],
    [['recovery'], { recovery: undefined }],
    [['computeSeconds'], { computeSeconds: -1 }],
    [
      ['laws', 0, 'failuresPerSecond'],
      { laws: [{ name: 'x', level: 'gpu', failuresPerSecond: Number.NaN }] },
    ],
    [['interval'], { interval: 3 }],
  ])('refuses nonsense at %j', (path, change) => {
    expect(() => placementRestart(packed, cluster, { ...scenario, ...change } as never)).toThrow(
      refused(...path),
    );
  });

  it('refuses a spare that the cluster has not', () => {
    expect(() => placementRestart(packed, cluster, { ...scenario, spares: ['x'] })).toThrow(
      refusedAs('unknown-reference', ['spares', 0]),
    );
  });
});

/** Every part, every holder, looked up by name. */
function counted(
  cluster: ClusterTopology,
  members: readonly string[],
  copies: readonly (readonly number[])[],
  domain: { readonly law: string; readonly server?: string; readonly domain?: string },
): string {
  const lost = (id: string): boolean => {
    if (domain.law === 'gpu') return false;
    if (domain.law === 'server') return id === domain.server;
    const t = cluster.tiers.findIndex((tier) => tier.name === domain.law);
    const server = cluster.servers.find((s) => s.id === id)!;
    return cluster.tiers[t]!.domains[server.domains[t]!] === domain.domain;
  };
  return copies.every((holders) => holders.some((i) => !lost(members[i]!))) ? 'memory' : 'durable';
}
