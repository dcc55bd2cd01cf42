import { describe, expect, it } from 'vitest';
import { compileClusterTables } from '../../src/compile/cluster-tables.js';
import { clusterTopology } from '../../src/index.js';
import { spread } from '../../src/policies/index.js';
import type { Holdings } from '../../src/simulation/holdings.js';
import { simulate } from '../../src/simulation/index.js';
import { LinkSharing } from '../../src/simulation/link-sharing.js';
import type { ClusterTopology } from '../../src/topology/index.js';
import { gpuBox } from '../placement/random-cluster.js';
import { drawsOf } from './swarm.js';

const JOBS = 12;
const UPLINK = { block: 40, rack: 25 };

/** 3 blocks of 3 racks of 3 servers of 4 GPUs. */
const tables = compileClusterTables(
  clusterTopology({
    tiers: ['block', 'rack'],
    types: { four: gpuBox(4) },
    uplinks: { block: { GBps: UPLINK.block }, rack: { GBps: UPLINK.rack } },
    servers: Array.from({ length: 27 }, (_, i) => ({
      id: `s${i}`,
      type: 'four',
      domains: { block: `b${Math.floor(i / 9)}`, rack: `r${Math.floor(i / 3)}` },
    })),
  }),
);

/** The boxes of these clusters have no NICs. */
const noPorts = (): Float64Array => new Float64Array(2 ** 4);

interface Gang {
  readonly servers: readonly number[];
  readonly alone: number;
}

function holdingsOf(gangs: readonly Gang[]): Holdings {
  return {
    pieces: gangs.map(({ servers }) => ({
      servers,
      masks: servers.map(() => 0b1111),
      podCounts: servers.map(() => 1),
    })),
    bandwidthGBps: Float64Array.from(gangs, ({ alone }) => alone),
  } as unknown as Holdings;
}

/** What a gang loads the uplinks of racks and blocks with at 1 GB/s, said again. */
function loadsOf({ servers }: Gang): Map<string, number> {
  const loads = new Map<string, number>();
  const gpus = 4 * servers.length;
  for (const [tier, size] of [
    ['rack', 3],
    ['block', 9],
  ] as const) {
    const inside = new Map<number, number>();
    for (const server of servers) {
      const domain = Math.floor(server / size);
      inside.set(domain, (inside.get(domain) ?? 0) + 4);
    }
    if (inside.size === 1) continue;
    for (const [domain, count] of inside)
      loads.set(`${tier} ${domain}`, Math.max(count, gpus - count) / (gpus - 1));
  }
  return loads;
}

/** Max-min fairness: nobody can have more without taking it from somebody who has no more. */
function expectFair(gangs: readonly Gang[], rates: Float64Array, inside: ReadonlySet<number>): void {
  const used = new Map<string, number>();
  const fastest = new Map<string, number>();
  for (const job of inside) {
    for (const [link, load] of loadsOf(gangs[job]!)) {
      used.set(link, (used.get(link) ?? 0) + load * rates[job]!);
      fastest.set(link, Math.max(fastest.get(link) ?? 0, rates[job]!));
    }
  }
  const capacity = (link: string): number => (link.startsWith('rack') ? UPLINK.rack : UPLINK.block);
  for (const [link, load] of used) expect(load).toBeLessThanOrEqual(capacity(link) * (1 + 1e-9));
  for (const job of inside) {
    const { alone } = gangs[job]!;
    const rate = rates[job]!;
    expect(rate).toBeLessThanOrEqual(alone);
    if (rate >= alone * (1 - 1e-9)) continue;
    const isHeld = [...loadsOf(gangs[job]!).keys()].some(
      (link) => used.get(link)! >= capacity(link) * (1 - 1e-9) && fastest.get(link)! <= rate * (1 + 1e-9),
    );
    expect(isHeld).toBe(true);
  }
}

describe('LinkSharing', () => {
  it('is max-min fair after every arrival and departure', () => {
    for (let seed = 0; seed < 100; seed++) {
      const draw = drawsOf(seed);
      const gangs = Array.from({ length: JOBS }, (): Gang => {
        const servers = new Set(Array.from({ length: draw.between(1, 6) }, () => draw.between(0, 26)));
        return { servers: [...servers].sort((a, b) => a - b), alone: draw.between(1, 30) };
      });
      const links = new LinkSharing(tables, holdingsOf(gangs), JOBS, noPorts);
      const inside = new Set<number>();
      for (let step = 0; step < 30; step++) {
        const job = draw.between(0, JOBS - 1);
        if (inside.delete(job)) links.leave(job);
        else {
          inside.add(job);
          links.enter(job);
        }
        expectFair(gangs, links.rateGBps, inside);
      }
    }
  });

  it('computes nobody again who shares no contended uplink with who comes', () => {
    const gangs = [
      { servers: [0, 3], alone: 30 },
      { servers: [1, 4], alone: 30 },
      { servers: [9, 12], alone: 30 },
    ];
    const links = new LinkSharing(tables, holdingsOf(gangs), 3, noPorts);
    links.enter(0);
    expect(links.changed).toEqual([]);
    links.enter(2);
    expect(links.changed).toEqual([]);
    links.enter(1);
    expect([...links.changed].sort()).toEqual([0, 1]);
    // Both racks hold half of each gang of 8 GPUs: a load of 4/7 at 1 GB/s.
    expect(links.rateGBps[0]).toBeCloseTo(25 / (2 * (4 / 7)), 9);
    expect(links.rateGBps[2]).toBe(30);
    links.leave(0);
    expect(links.rateGBps[1]).toBe(30);
  });
});

describe('simulate with communication', () => {
  const racksOfTwo = (racks: number): ClusterTopology =>
    clusterTopology({
      tiers: ['rack'],
      types: { h100: 'dgx-h100' },
      uplinks: { rack: { GBps: 100 } },
      servers: Array.from({ length: 2 * racks }, (_, i) => ({
        id: `s${i}`,
        type: 'h100',
        domains: { rack: `r${Math.floor(i / 2)}` },
      })),
    });
  const cluster = racksOfTwo(2);
  const gang = { pods: 3, gpus: 8, communicationFraction: 0.5, durationSeconds: 1000, submitSeconds: 0 };

  it('takes as long as the bandwidth of the placement makes it', () => {
    // 3 servers never fit in one rack; 16 of 24 GPUs in one: 100 · 23 / 16 = 143.75 GB/s.
    const [job] = simulate({ cluster, jobs: [{ ...gang, ratedGBps: 287.5 }] }).jobs;
    expect(job!.runs[0]!.bandwidthGBps).toBeCloseTo(143.75, 9);
    expect(job!.endSeconds).toBe(1500);
  });

  it('takes no longer where it reaches what it is rated for', () => {
    expect(simulate({ cluster, jobs: [{ ...gang, ratedGBps: 100 }] }).jobs[0]!.endSeconds).toBe(1000);
    expect(simulate({ cluster, jobs: [gang] }).jobs[0]!.endSeconds).toBe(1000);
  });

  it('slows two gangs down that share an uplink, and the one that is left speeds up', () => {
    // Three racks of two servers: each gang fills one, and the third holds a server of both.
    const cluster = racksOfTwo(3);
    const gang = { pods: 3, gpus: 8, submitSeconds: 0, communicationFraction: 0.5, ratedGBps: 143.75 };
    const jobs = [
      { ...gang, durationSeconds: 1000 },
      { ...gang, durationSeconds: 500 },
    ];
    const alone = simulate({ cluster, jobs, linkSharing: false });
    expect(alone.jobs.map((job) => job.endSeconds)).toEqual([1000, 500]);
    // In the third rack 16/23 GB/s of each at 1 GB/s: 100 / (32/23) = 71.875 GB/s, half of what either reaches alone.
    const shared = simulate({ cluster, jobs });
    expect(shared.jobs.map((job) => job.endSeconds)).toEqual([750 + 500, 750]);
    expect(shared.metrics.gpuHours.slowdown).toBeGreaterThan(0);
  });

  it('slows two gangs down that send through the only port of their servers', () => {
    const cluster = clusterTopology({
      tiers: [],
      types: { v100: 'azure-ndv2' },
      servers: ['a', 'b'].map((id) => ({ id, type: 'v100' })),
    });
    const half = { pods: 2, gpus: 4, submitSeconds: 0, durationSeconds: 1000, communicationFraction: 0.5 };
    const jobs = [half, half].map((job) => ({ ...job, ratedGBps: 21.875 }));
    // Spread: one half on each server. The one near the port reaches 7 · 12.5 / 4 GB/s alone, the other 7 · 10 / 4.
    const options = { cluster, jobs, policy: spread() };
    const alone = simulate({ ...options, linkSharing: false });
    expect(alone.jobs.map((job) => job.endSeconds)).toEqual([1000, 1125]);
    // Each loads a port with 4/7 at 1 GB/s: 12.5 · 7 / 8 = 10.9375 GB/s for both, half of what they are rated for.
    const shared = simulate(options);
    expect(shared.jobs.map((job) => job.endSeconds)).toEqual([1500, 1500]);
  });
});
