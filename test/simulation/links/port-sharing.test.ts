import { describe, expect, it } from 'vitest';
import { fairShares } from '../../../src/bandwidth/fair-shares.js';
import { nicBandwidth } from '../../../src/bandwidth/ports/nic-bandwidth.js';
import { compileClusterTables } from '../../../src/compile/cluster-tables.js';
import { nicBandwidths } from '../../../src/compile/nic-bandwidths.js';
import { clusterTopology, type ServerDocument } from '../../../src/index.js';
import { spread } from '../../../src/policies/index.js';
import type { GangPieces, Holdings } from '../../../src/simulation/allocation/holdings.js';
import { simulate } from '../../../src/simulation/index.js';
import { LinkSharing } from '../../../src/simulation/links/link-sharing.js';
import { PortSharing } from '../../../src/simulation/links/port-sharing.js';
import type { ClusterTopology } from '../../../src/topology/index.js';
import { drawsOf } from '../whole/swarm.js';

/** GPUs in pairs on switches, each switch with a NIC; `portGBps` of each NIC. */
function pairs(switches: number, portGBps: number): ServerDocument {
  const names = Array.from({ length: switches }, (_, i) => i);
  const link = (a: string, b: string, bandwidthGBps: number) => ({
    between: [a, b] as [string, string],
    medium: 'pcie' as const,
    bandwidthGBps,
    basis: 'raw' as const,
    source: 'test',
    verified: false,
  });
  return {
    name: `pairs ${switches} ${portGBps}`,
    title: 'pairs of GPUs that share a port',
    gpuModel: 'A',
    devices: [
      { id: 'socket', kind: 'socket' },
      ...names.flatMap((i) => [
        { id: `sw${i}`, kind: 'pcie-switch' as const },
        { id: `gpu${2 * i}`, kind: 'gpu' as const },
        { id: `gpu${2 * i + 1}`, kind: 'gpu' as const },
        { id: `nic${i}`, kind: 'nic' as const, portGBps, portBasis: 'raw' as const, portSource: 'test' },
      ]),
    ],
    links: names.flatMap((i) => [
      link(`sw${i}`, 'socket', 30),
      link(`sw${i}`, `gpu${2 * i}`, 24),
      link(`sw${i}`, `gpu${2 * i + 1}`, 24),
      link(`sw${i}`, `nic${i}`, 24),
    ]),
  };
}

const nicTables = (cluster: ClusterTopology) => {
  const { kindType } = compileClusterTables(cluster);
  const tables = kindType.map((type) => nicBandwidths(type));
  return (kind: number): Float64Array => tables[kind]!;
};

const pieces = (...some: readonly (readonly [server: number, mask: number])[]): GangPieces => ({
  servers: some.map(([server]) => server),
  masks: some.map(([, mask]) => mask),
  podCounts: some.map(() => 1),
});

/** Two servers of two pairs of GPUs, ports of 10 GB/s. */
const two = clusterTopology({
  tiers: [],
  types: { pairs: pairs(2, 10) },
  servers: ['a', 'b'].map((id) => ({ id, type: 'pairs' })),
});

describe('PortSharing', () => {
  it('finds two jobs that share a port, and none that have ports of their own', () => {
    const ports = new PortSharing(compileClusterTables(two), nicTables(two));
    expect(ports.enter(0, pieces([0, 0b0001], [1, 0b0001]))).toEqual([0, 1]);
    expect(ports.sharesIn(0)).toEqual([]);
    ports.enter(1, pieces([0, 0b0010], [1, 0b0100]));
    // On server 0 both use the first port; on server 1 each has one.
    expect(ports.sharesIn(0)).toEqual([{ jobs: [0, 1], loads: [1, 1], GBps: 10 }]);
    expect(ports.sharesIn(1)).toEqual([]);
    expect(ports.leave(0)).toEqual([0, 1]);
    expect(ports.sharesIn(0)).toEqual([]);
  });

  it('leaves out what follows from smaller sets of jobs', () => {
    const ports = new PortSharing(compileClusterTables(two), nicTables(two));
    const elsewhere: readonly [number, number] = [1, 0b1111];
    for (const gpu of [0, 1, 2, 3]) ports.enter(gpu, pieces([0, 1 << gpu], elsewhere));
    // Two pairs share a port each; three or four jobs together lack nothing beyond that.
    expect(ports.sharesIn(0).map(({ jobs, GBps }) => [jobs, GBps])).toEqual([
      [[0, 1], 10],
      [[2, 3], 10],
    ]);
  });

  it('asks nothing of jobs that take whole servers, that stay on one, or whose GPUs have a port each', () => {
    const ports = new PortSharing(compileClusterTables(two), nicTables(two));
    expect(ports.enter(0, pieces([0, 0b1111], [1, 0b1111]))).toEqual([]);
    expect(ports.enter(1, pieces([0, 0b0011]))).toEqual([]);
    const h100 = clusterTopology({
      tiers: [],
      types: { h100: 'dgx-h100' },
      servers: ['a', 'b'].map((id) => ({ id, type: 'h100' })),
    });
    const own = new PortSharing(compileClusterTables(h100), nicTables(h100));
    expect(own.enter(0, pieces([0, 0b1], [1, 0b1]))).toEqual([]);
  });

  it('adds up the ports of all servers in an accelerator domain', () => {
    const racks = clusterTopology({
      tiers: ['rack'],
      types: { pairs: pairs(2, 10) },
      servers: ['a0', 'a1', 'b0'].map((id) => ({ id, type: 'pairs', domains: { rack: id.slice(0, 1) } })),
      accelerator: { tier: 'rack', domains: { a: 100 } },
    });
    const tables = compileClusterTables(racks);
    const ports = new PortSharing(tables, nicTables(racks));
    const rack = tables.serverCount;
    // Job 0 has a port on a1 besides the one it shares on a0: 20 GB/s for both together, of 20 and 10 alone.
    expect(ports.enter(0, pieces([0, 0b0001], [1, 0b0001], [2, 0b0101]))).toEqual([rack, 2]);
    expect(ports.enter(1, pieces([0, 0b0010], [2, 0b1000]))).toEqual([rack, 2]);
    expect(ports.sharesIn(rack)).toEqual([{ jobs: [0, 1], loads: [2 / 3, 1], GBps: 20 }]);
  });

  it('looks at pairs and all together where more than ten jobs share ports', () => {
    const many = clusterTopology({
      tiers: [],
      types: { pairs: pairs(6, 10) },
      servers: ['a', 'b'].map((id) => ({ id, type: 'pairs' })),
    });
    const ports = new PortSharing(compileClusterTables(many), nicTables(many));
    for (let gpu = 0; gpu < 12; gpu++) ports.enter(gpu, pieces([0, 1 << gpu], [1, 0b1111_1111_1111]));
    const shares = ports.sharesIn(0);
    expect(shares.filter(({ jobs }) => jobs.length === 2)).toHaveLength(6);
    expect(shares.at(-1)).toMatchObject({ jobs: { length: 12 }, GBps: 60 });
    expect(shares).toHaveLength(7);
  });
});

const JOBS = 8;

/** Racks of servers that share ports, with or without accelerator fabrics and uplinks of their own. */
function clusterFor(draw: ReturnType<typeof drawsOf>): ClusterTopology {
  const domains = ['r0', 'r1', 'r2'];
  const figure = (): number | null => (draw.between(0, 2) === 0 ? null : draw.between(4, 60));
  return clusterTopology({
    tiers: ['rack'],
    types: { narrow: pairs(2, 10), wide: pairs(2, 30) },
    servers: Array.from({ length: 9 }, (_, i) => ({
      id: `s${i}`,
      type: draw.between(0, 1) === 0 ? 'narrow' : 'wide',
      domains: { rack: domains[Math.floor(i / 3)]! },
    })),
    uplinks: { rack: { GBps: 25, domains: Object.fromEntries(domains.map((d) => [d, figure()])) } },
    accelerator: { tier: 'rack', domains: Object.fromEntries(domains.map((d) => [d, figure()])) },
  });
}

/** Every GPU belongs to one of the jobs, or to nobody. */
function gangsFor(draw: ReturnType<typeof drawsOf>, servers: number): GangPieces[] {
  const masks = Array.from({ length: JOBS }, () => new Array<number>(servers).fill(0));
  for (let server = 0; server < servers; server++) {
    for (let gpu = 0; gpu < 4; gpu++) {
      const job = draw.between(0, JOBS + 1);
      if (job < JOBS) masks[job]![server]! |= 1 << gpu;
    }
  }
  return masks.map((own) =>
    pieces(...own.map((mask, server) => [server, mask] as const).filter(([, mask]) => mask !== 0)),
  );
}

interface Crossing {
  readonly loads: ReadonlyMap<number, number>;
  readonly GBps: number;
}

/** All that limits the jobs: uplinks of racks, and the ports of places for every set of jobs, each alone as well. */
function crossingsOf(cluster: ClusterTopology, gangs: ReadonlyMap<number, GangPieces>): Crossing[] {
  const [rack] = cluster.tiers;
  const crossings: Crossing[] = [];
  const gpusIn = (gang: GangPieces, inside: (server: number) => boolean): number =>
    gang.masks.reduce(
      (sum, mask, i) => sum + (inside(gang.servers[i]!) ? mask.toString(2).split('1').length - 1 : 0),
      0,
    );
  const loadsAt = (inside: (server: number) => boolean): Map<number, number> => {
    const loads = new Map<number, number>();
    for (const [job, gang] of gangs) {
      const n = gpusIn(gang, () => true);
      const g = gpusIn(gang, inside);
      if (g > 0 && g < n) loads.set(job, Math.max(g, n - g) / (n - 1));
    }
    return loads;
  };
  const ports = (servers: readonly number[]): void => {
    const loads = loadsAt((server) => servers.includes(server));
    const jobs = [...loads.keys()];
    for (let set = 1; set < 2 ** jobs.length; set++) {
      const some = jobs.filter((_, i) => ((set >> i) & 1) === 1);
      const GBps = servers.reduce((sum, server) => {
        const gpus = [0, 1, 2, 3].filter((gpu) =>
          some.some((job) =>
            gangs.get(job)!.servers.some((s, i) => s === server && (gangs.get(job)!.masks[i]! >> gpu) & 1),
          ),
        );
        return sum + nicBandwidth(cluster.servers[server]!.type, gpus);
      }, 0);
      crossings.push({ loads: new Map(some.map((job) => [job, loads.get(job)!])), GBps });
    }
  };
  rack!.domains.forEach((_, d) => {
    const inside = [...cluster.servers.keys()].filter((s) => cluster.servers[s]!.domains[0] === d);
    const uplink = rack!.domainUplinksGBps === undefined ? rack!.uplinkGBps : rack!.domainUplinksGBps[d];
    crossings.push({ loads: loadsAt((s) => inside.includes(s)), GBps: uplink ?? Number.POSITIVE_INFINITY });
    const fabric =
      rack!.domainAcceleratorsGBpsPerGpu === undefined
        ? rack!.acceleratorGBpsPerGpu
        : rack!.domainAcceleratorsGBpsPerGpu[d];
    if (typeof fabric === 'number') ports(inside);
    else for (const server of inside) ports([server]);
  });
  return crossings;
}

describe('LinkSharing over ports', () => {
  it('gives what fairShares gives over the uplinks and the ports of every set of jobs', () => {
    let shared = 0;
    for (let seed = 0; seed < 60; seed++) {
      const draw = drawsOf(seed);
      const cluster = clusterFor(draw);
      const tables = compileClusterTables(cluster);
      const gangs = gangsFor(draw, cluster.servers.length);
      const alone = gangs.map((gang, job) => {
        const own = crossingsOf(cluster, new Map([[job, gang]]));
        return own.reduce(
          (least, { loads, GBps }) => Math.min(least, loads.has(job) ? GBps / loads.get(job)! : least),
          draw.between(5, 40),
        );
      });
      const holdings = { pieces: gangs, bandwidthGBps: Float64Array.from(alone) } as unknown as Holdings;
      const links = new LinkSharing(tables, holdings, JOBS, nicTables(cluster));
      const inside = new Set<number>();
      for (let step = 0; step < 16; step++) {
        const job = draw.between(0, JOBS - 1);
        if (gangs[job]!.servers.length === 0) continue;
        if (inside.delete(job)) links.leave(job);
        else {
          inside.add(job);
          links.enter(job);
        }
        const present = new Map([...inside].map((one) => [one, gangs[one]!]));
        const crossings = crossingsOf(cluster, present);
        const jobs = [...inside];
        const expected = fairShares(
          crossings.map(({ GBps }) => GBps),
          jobs.map((one) => {
            const crossed = [...crossings.keys()].filter((at) => crossings[at]!.loads.has(one));
            const loads = crossed.map((at) => crossings[at]!.loads.get(one)!);
            return { links: crossed, loads, cap: alone[one]! };
          }),
        );
        jobs.forEach((one, i) => {
          expect(links.rateGBps[one], `seed ${seed}, step ${step}, job ${one}`).toBeCloseTo(expected[i]!, 8);
          if (expected[i]! < alone[one]! * (1 - 1e-9)) shared++;
        });
      }
    }
    expect(shared).toBeGreaterThan(200);
  });
});

describe('simulate with ports that jobs share', () => {
  const a3 = clusterTopology({
    tiers: [],
    types: { a3: 'gcp-a3-highgpu-8g' },
    servers: ['a', 'b'].map((id) => ({ id, type: 'a3' })),
  });
  const half = { communicationFraction: 0.5, durationSeconds: 1000, submitSeconds: 0 };

  it('halves what two gangs reach that use one port of 200 Gb/s on either server', () => {
    // GPUs 0 and 1 share a port.
    const tables = compileClusterTables(a3);
    const gangs = [pieces([0, 0b01], [1, 0b01]), pieces([0, 0b10], [1, 0b10])];
    const alone = Float64Array.from(gangs, () => 25);
    const holdings = { pieces: gangs, bandwidthGBps: alone } as unknown as Holdings;
    const links = new LinkSharing(tables, holdings, 2, nicTables(a3));
    links.enter(0);
    expect(links.rateGBps[0]).toBe(25);
    links.enter(1);
    expect([...links.rateGBps]).toEqual([12.5, 12.5]);
    expect([...links.changed].sort()).toEqual([0, 1]);
    links.leave(0);
    expect(links.rateGBps[1]).toBe(25);
  });

  it('takes half as long again for two such gangs of which communication is half', () => {
    const jobs = [0, 1].map(() => ({ ...half, pods: 2, gpus: 1, ratedGBps: 25 }));
    const shared = simulate({ cluster: a3, jobs, policy: spread() });
    expect(shared.jobs.map((job) => job.runs[0]!.bandwidthGBps)).toEqual([25, 25]);
    expect(shared.jobs.map((job) => job.endSeconds)).toEqual([1500, 1500]);
    const apart = simulate({ cluster: a3, jobs, policy: spread(), linkSharing: false });
    expect(apart.jobs.map((job) => job.endSeconds)).toEqual([1000, 1000]);
  });
});

describe('ports of a server on which all GPUs together lack nothing', () => {
  it('are shared by the two that do', () => {
    const place = { numa: 0, socket: 0 } as const;
    const link = (a: string, b: string, bandwidthGBps: number) => ({
      between: [a, b] as [string, string],
      medium: 'pcie' as const,
      bandwidthGBps,
      basis: 'raw' as const,
      source: 'test',
      verified: false,
    });
    const nic = (id: string, portGBps: number) => ({ id, kind: 'nic' as const, ...place, portGBps });
    const switches = ['sw0', 'sw1', 'sw2'];
    // GPUs a and b have one port of 25. What c cannot send, over 10, and d has no port for, makes up for it in the sum.
    const type: ServerDocument = {
      name: 'uneven',
      title: 'four GPUs, three ports',
      gpuModel: 'A',
      devices: [
        { id: 'numa0', kind: 'numa', ...place },
        ...switches.map((id) => ({ id, kind: 'pcie-switch' as const })),
        ...['a', 'b', 'c', 'd'].map((id) => ({ id, kind: 'gpu' as const, ...place })),
        nic('nic0', 25),
        nic('nic1', 50),
        nic('nic2', 20),
      ],
      links: [
        ...switches.flatMap((id, i) => [link(id, 'numa0', 50), link(`nic${i}`, id, 50)]),
        link('a', 'sw0', 50),
        link('b', 'sw0', 50),
        link('c', 'sw1', 10),
        link('d', 'sw2', 50),
      ],
    };
    const servers = ['s0', 's1'].map((id) => ({ id, type: 'uneven', cpuMilli: 1000 }));
    const { jobs } = simulate({
      cluster: clusterTopology({ tiers: [], types: { uneven: type }, servers }),
      // So much CPU that a server takes one pod of each gang.
      jobs: [600, 400].map((cpuMilli) => ({
        submitSeconds: 0,
        durationSeconds: 1000,
        pods: 2,
        gpus: 1,
        cpuMilli,
        communicationFraction: 1,
        ratedGBps: 25,
      })),
    });
    // 12.5 GB/s each instead of 25.
    expect(jobs.map((job) => job.runs[0]!.pods.map(({ gpus }) => gpus[0]))).toEqual([
      [0, 0],
      [1, 1],
    ]);
    expect(jobs.map(({ endSeconds }) => endSeconds)).toEqual([2000, 2000]);
  });
});
