import { describe, expect, it } from 'vitest';
import { type ClusterTables, compileClusterTables } from '../../../src/compile/cluster-tables.js';
import { clusterTopology } from '../../../src/index.js';
import { spread } from '../../../src/policies/index.js';
import type { Holdings } from '../../../src/simulation/allocation/holdings.js';
import { simulate } from '../../../src/simulation/index.js';
import { LinkSharing } from '../../../src/simulation/links/link-sharing.js';
import type { ClusterTopology } from '../../../src/topology/index.js';
import { gpuBox } from '../../placement/random-cluster.js';
import { drawsOf } from '../whole/swarm.js';

const JOBS = 12;
const TIERS = ['zone', 'block', 'rack'] as const;
type Tier = (typeof TIERS)[number];
const UPLINK: Record<Tier, number> = { zone: 50, block: 40, rack: 25 };
/** Servers in one domain of a tier. */
const SIZE: Record<Tier, number> = { zone: 12, block: 6, rack: 3 };

/** Domain of a tier → its place among those of the tier. */
const domainOf = (server: number, tier: Tier): number => Math.floor(server / SIZE[tier]);

/** Accelerator domains: all of a tier, or those of even place. */
interface Islands {
  readonly tier: Tier;
  readonly only?: 'even';
}

/** 2 zones of 2 blocks of 2 racks of 3 servers of 4 GPUs. */
function tablesOf(islands?: Islands): ClusterTables {
  const even = (tier: Tier): Record<string, number> =>
    Object.fromEntries([0, 2, 4, 6].filter((d) => d * SIZE[tier] < 24).map((d) => [`${tier}${d}`, 9]));
  return compileClusterTables(
    clusterTopology({
      tiers: [...TIERS],
      types: { four: gpuBox(4) },
      uplinks: Object.fromEntries(TIERS.map((tier) => [tier, { GBps: UPLINK[tier] }])),
      servers: Array.from({ length: 24 }, (_, i) => ({
        id: `s${i}`,
        type: 'four',
        domains: Object.fromEntries(TIERS.map((tier) => [tier, `${tier}${domainOf(i, tier)}`])),
      })),
      ...(islands !== undefined && {
        accelerator: {
          tier: islands.tier,
          ...(islands.only === 'even' ? { domains: even(islands.tier) } : { GBpsPerGpu: 9 }),
        },
      }),
    }),
  );
}

/** Whether a domain lies inside an accelerator domain, which its uplink then says nothing about. */
function isInsideIsland(tier: Tier, domain: number, islands?: Islands): boolean {
  if (islands === undefined || TIERS.indexOf(tier) <= TIERS.indexOf(islands.tier)) return false;
  const island = domainOf(domain * SIZE[tier], islands.tier);
  return islands.only === undefined || island % 2 === 0;
}

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

/** What a gang loads uplinks with at 1 GB/s, said again: those of domains that hold some of it, but not all. */
function loadsOf({ servers }: Gang, islands?: Islands): Map<string, number> {
  const loads = new Map<string, number>();
  const gpus = 4 * servers.length;
  for (const tier of TIERS) {
    for (const domain of new Set(servers.map((server) => domainOf(server, tier)))) {
      const count = 4 * servers.filter((server) => domainOf(server, tier) === domain).length;
      if (count === gpus || isInsideIsland(tier, domain, islands)) continue;
      loads.set(`${tier} ${domain}`, Math.max(count, gpus - count) / (gpus - 1));
    }
  }
  return loads;
}

/** Max-min fairness: nobody can have more without taking it from somebody who has no more. */
function expectFair(
  gangs: readonly Gang[],
  rates: Float64Array,
  inside: ReadonlySet<number>,
  islands?: Islands,
): void {
  const used = new Map<string, number>();
  const fastest = new Map<string, number>();
  for (const job of inside) {
    for (const [link, load] of loadsOf(gangs[job]!, islands)) {
      used.set(link, (used.get(link) ?? 0) + load * rates[job]!);
      fastest.set(link, Math.max(fastest.get(link) ?? 0, rates[job]!));
    }
  }
  const capacity = (link: string): number => UPLINK[link.split(' ')[0] as Tier];
  for (const [link, load] of used) expect(load).toBeLessThanOrEqual(capacity(link) * (1 + 1e-9));
  for (const job of inside) {
    const { alone } = gangs[job]!;
    const rate = rates[job]!;
    expect(rate).toBeLessThanOrEqual(alone);
    if (rate >= alone * (1 - 1e-9)) continue;
    const isHeld = [...loadsOf(gangs[job]!, islands).keys()].some(
      (link) => used.get(link)! >= capacity(link) * (1 - 1e-9) && fastest.get(link)! <= rate * (1 + 1e-9),
    );
    expect(isHeld).toBe(true);
  }
}

describe('LinkSharing', () => {
  it.each<[string, Islands | undefined]>([
    ['without accelerator domains', undefined],
    ['with accelerator domains of the lowest tier', { tier: 'rack' }],
    ['with accelerator domains of the middle tier', { tier: 'block' }],
    ['with accelerator domains of the top tier', { tier: 'zone' }],
    ['with some racks as accelerator domains', { tier: 'rack', only: 'even' }],
    ['with some blocks as accelerator domains', { tier: 'block', only: 'even' }],
    ['with one zone as accelerator domain', { tier: 'zone', only: 'even' }],
  ])('is max-min fair after every arrival and departure, %s', (_, islands) => {
    const tables = tablesOf(islands);
    for (let seed = 0; seed < 30; seed++) {
      const draw = drawsOf(seed);
      const gangs = Array.from({ length: JOBS }, (): Gang => {
        const servers = new Set(Array.from({ length: draw.between(1, 6) }, () => draw.between(0, 23)));
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
        expectFair(gangs, links.rateGBps, inside, islands);
      }
    }
  });

  it.each<[Tier, Tier[]]>([
    ['rack', ['rack', 'block', 'zone']],
    ['block', ['block', 'zone']],
    ['zone', ['zone']],
  ])('counts the uplinks of accelerator domains at tier %s and of all around them', (tier, crossed) => {
    // Two gangs of a server in either zone, in the same racks: they cross the uplinks of every tier.
    const gangs = [
      { servers: [0, 12], alone: 1000 },
      { servers: [1, 13], alone: 1000 },
    ];
    const links = new LinkSharing(tablesOf({ tier }), holdingsOf(gangs), 2, noPorts);
    links.enter(0);
    links.enter(1);
    // Half of 8 GPUs on each side: 4/7 GB/s of either at 1 GB/s, over the narrowest uplink that counts.
    const narrowest = Math.min(...crossed.map((one) => UPLINK[one]));
    expect(links.rateGBps[0]).toBeCloseTo((narrowest * 7) / 8, 9);
    expect(links.rateGBps[1]).toBeCloseTo((narrowest * 7) / 8, 9);
  });

  it('computes nobody again who shares no contended uplink with who comes', () => {
    const gangs = [
      { servers: [0, 3], alone: 30 },
      { servers: [1, 4], alone: 30 },
      { servers: [6, 9], alone: 30 },
    ];
    const links = new LinkSharing(tablesOf(), holdingsOf(gangs), 3, noPorts);
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

  it('lets jobs share the uplinks of racks that are accelerator domains', () => {
    const trays = clusterTopology({
      tiers: ['rack'],
      types: { tray: 'gb200-nvl72-tray' },
      uplinks: { rack: { GBps: 60 } },
      accelerator: { tier: 'rack', GBpsPerGpu: 670 },
      servers: ['a', 'b', 'c'].map((rack) => ({ id: `tray-${rack}`, type: 'tray', domains: { rack } })),
    });
    const job = { pods: 6, gpus: 1, durationSeconds: 1000, submitSeconds: 0, communicationFraction: 0.5 };
    const { jobs } = simulate({ cluster: trays, jobs: [job, job] });
    // The first has three GPUs in either of two racks and reaches 5 · 60 / 3 = 100 GB/s, what both are rated at.
    // The second gets one GPU in each of these racks and four in the third.
    expect(jobs.map(({ runs }) => runs[0]!.bandwidthGBps)).toEqual([100, 60]);
    // Both cross the uplinks of the first racks, with 3/5 and 5/5 GB/s at 1 GB/s: 60 / (8/5) = 37.5 GB/s each.
    for (const { endSeconds } of jobs) expect(endSeconds).toBeCloseTo(500 + (500 * 100) / 37.5, 3);
    expect(jobs[0]!.endSeconds).toBeCloseTo(1833.3, 1);
    const alone = simulate({ cluster: trays, jobs: [job, job], linkSharing: false });
    expect(alone.jobs.map(({ endSeconds }) => Math.round(endSeconds!))).toEqual([1000, 1333]);
  });
});
