import { describe, expect, it } from 'vitest';
import {
  type CheckedPod,
  type CheckedRequest,
  type ClaimedPlacement,
  judgePlacement,
  type ReferencePlacement,
  referencePlace,
} from '../../../src/check/index.js';
import type { ClusterTopology } from '../../../src/index.js';
import { uplinkGBpsOf } from '../../../src/topology/cluster-topology.js';
import { type GangCase, GPUS_MAX, gangCase, SERVERS_MAX } from './gang-cluster.js';

/** What is placed by the first that fits, without a thought for bandwidth: something to compare the best with. */
class FirstFit {
  readonly #cluster: ClusterTopology;
  readonly #live: { readonly request: CheckedRequest; readonly pods: readonly CheckedPod[] }[] = [];
  readonly #cordoned = new Set<string>();

  constructor(cluster: ClusterTopology) {
    this.#cluster = cluster;
  }

  state() {
    const servers = this.#cluster.servers.map(({ id, type, cpuMilli, memoryMiB }) => {
      const here = this.#live.flatMap(({ request, pods }) =>
        pods.filter(({ server }) => server === id).map(({ gpus }) => ({ request, gpus })),
      );
      const used = (of: (request: CheckedRequest) => number): number =>
        here.reduce((sum, { request }) => sum + of(request), 0);
      const gpuMilli = [...type.gpus.keys()].map((gpu) =>
        here.reduce(
          (left, { request, gpus }) => left - (gpus.includes(gpu) ? (request.gpuMilli ?? 1000) : 0),
          1000,
        ),
      );
      return {
        server: id,
        gpus: [...gpuMilli.keys()].filter((gpu) => gpuMilli[gpu] === 1000),
        gpuMilli,
        cpuMilli: cpuMilli === undefined ? null : cpuMilli - used((request) => request.cpuMilli ?? 0),
        memoryMiB: memoryMiB === undefined ? null : memoryMiB - used((request) => request.memoryMiB ?? 0),
      };
    });
    return { free: { servers }, cordoned: [...this.#cordoned] };
  }

  /** Pods one after the other, each on the first server with room for it; undefined if that breaks a rule. */
  find(request: CheckedRequest): ClaimedPlacement | undefined {
    const { free } = this.state();
    const servers = free.servers.map((server) => ({ ...server, gpuMilli: [...server.gpuMilli] }));
    const pods: CheckedPod[] = [];
    for (let pod = 0; pod < (request.pods ?? 1); pod++) {
      for (const server of servers) {
        const wanted = request.gpuMilli === undefined ? (request.gpus ?? 0) : 1;
        const perGpu = request.gpuMilli ?? 1000;
        const gpus = [...server.gpuMilli.keys()]
          .filter((gpu) => server.gpuMilli[gpu]! >= perGpu)
          .slice(0, wanted);
        const placed: CheckedPod = { server: server.server, gpus };
        if (gpus.length < wanted || this.#faults(request, [...pods, placed]).length > 0) continue;
        pods.push(placed);
        for (const gpu of gpus) server.gpuMilli[gpu]! -= perGpu;
        break;
      }
    }
    const placement = this.#claim(request, pods);
    return this.#faults(request, pods, true).length > 0 ? undefined : placement;
  }

  place(request: CheckedRequest): void {
    const placement = this.find(request);
    if (placement !== undefined) this.#live.push({ request, pods: placement.pods });
  }

  release(pick: number): void {
    if (this.#live.length > 0) this.#live.splice(pick % this.#live.length, 1);
  }

  cordon(pick: number, cordoned: boolean): void {
    const { id } = this.#cluster.servers[pick % this.#cluster.servers.length]!;
    if (cordoned) this.#cordoned.add(id);
    else this.#cordoned.delete(id);
  }

  /** Violations, without those of what is claimed and, until all pods are placed, of their number. */
  #faults(request: CheckedRequest, pods: readonly CheckedPod[], complete = false): string[] {
    const claim = { pods, tier: 'not said', bandwidthGBps: -1 };
    const { violations } = judgePlacement(this.#cluster, this.state(), request, claim);
    return violations.filter((words) => !/ said /.test(words) && (complete || !/pods given/.test(words)));
  }

  #claim(request: CheckedRequest, pods: readonly CheckedPod[]): ClaimedPlacement {
    const claim = { pods, tier: 'not said', bandwidthGBps: -1 };
    const { tier, bandwidthGBps } = judgePlacement(this.#cluster, this.state(), request, claim);
    return { pods, tier, bandwidthGBps };
  }
}

function after({ cluster, history }: GangCase): FirstFit {
  const solver = new FirstFit(cluster);
  for (const step of history) {
    if (step.kind === 'place') solver.place(step.request);
    else if (step.kind === 'release') solver.release(step.pick);
    else solver.cordon(step.pick, step.kind === 'cordon');
  }
  return solver;
}

/** Positive if the second is better, by more than rounding. */
function compare(cluster: ClusterTopology, a: ReferencePlacement, b: ReferencePlacement): number {
  const levels = ['server', ...cluster.tiers.map(({ name }) => name).reverse(), 'cluster'];
  const keyOf = ({ pods, tier, bandwidthGBps, load, damage, servers }: ReferencePlacement): number[] => [
    -pods,
    levels.indexOf(tier),
    -(bandwidthGBps ?? 0),
    load,
    damage,
    servers,
  ];
  const other = keyOf(b);
  return (
    keyOf(a)
      .map((figure, i) => figure - other[i]!)
      .find((difference) => Math.abs(difference) > 1e-6) ?? 0
  );
}

describe('gangCase', () => {
  const cases = Array.from({ length: 1500 }, (_, seed) => gangCase(seed));

  it('gives the same case for the same seed', () => {
    const plain = ({ cluster, ...rest }: GangCase) => ({
      ...rest,
      tiers: cluster.tiers,
      servers: cluster.servers.map(({ type, ...server }) => ({ ...server, type: type.name })),
    });
    for (const seed of [1, 2, 3]) expect(plain(gangCase(seed))).toEqual(plain(gangCase(seed)));
    expect(plain(gangCase(1))).not.toEqual(plain(gangCase(2)));
  });

  it('reaches what it promises', () => {
    const share = (of: (gangCase: GangCase) => boolean): number => cases.filter(of).length / cases.length;
    for (const count of [0, 1, 2, 3]) {
      expect(share(({ cluster }) => cluster.tiers.length === count)).toBeGreaterThan(0.05);
    }
    for (const { cluster } of cases) {
      const gpus = cluster.servers.reduce((sum, { type }) => sum + type.gpus.length, 0);
      expect(gpus).toBeLessThanOrEqual(GPUS_MAX);
      expect(cluster.servers.length).toBeLessThanOrEqual(SERVERS_MAX);
    }
    expect(share(({ cluster }) => cluster.servers.length > 3)).toBeGreaterThan(0.25);
    expect(share(({ cluster }) => new Set(cluster.servers.map(({ type }) => type)).size > 1)).toBeGreaterThan(
      0.3,
    );
    expect(
      share(({ cluster }) => cluster.tiers.some((tier) => uplinkGBpsOf(tier, 0) < Infinity)),
    ).toBeGreaterThan(0.5);
    expect(
      share(({ cluster }) => cluster.tiers.some((tier) => tier.domainUplinksGBps !== undefined)),
    ).toBeGreaterThan(0.15);
    expect(
      share(({ cluster }) =>
        cluster.tiers.some(
          (tier) =>
            tier.acceleratorGBpsPerGpu !== undefined || tier.domainAcceleratorsGBpsPerGpu !== undefined,
        ),
      ),
    ).toBeGreaterThan(0.2);
    expect(
      share(({ cluster }) => cluster.tiers.some((tier) => tier.domainAcceleratorsGBpsPerGpu !== undefined)),
    ).toBeGreaterThan(0.05);
    for (const field of [
      'podsMin',
      'slice',
      'require',
      'prefer',
      'labels',
      'gpuModels',
      'gpuMilli',
      'gpus',
    ] as const) {
      expect(
        share(({ requests }) => requests.some((request) => request[field] !== undefined)),
      ).toBeGreaterThan(0.1);
    }
  });

  it('makes cases in which the reference is never worse than the first that fits, and often better', () => {
    const counts = { fits: 0, better: 0, faster: 0, onlyBest: 0, several: 0, crossing: 0, slow: 0 };
    cases.forEach((given, seed) => {
      const { cluster, requests, sizes } = given;
      const solver = after(given);
      for (const request of requests) {
        const best = referencePlace(cluster, solver.state(), request, { sizes });
        const first = solver.find(request);
        if (best === undefined) {
          expect(first, `seed ${seed}`).toBeUndefined();
          continue;
        }
        counts.fits++;
        if (best.servers > 1) counts.several++;
        if (best.tier === 'cluster') counts.crossing++;
        if (best.bandwidthGBps !== null && best.bandwidthGBps < 5) counts.slow++;
        if (first === undefined) {
          counts.onlyBest++;
          continue;
        }
        const { violations, ...figures } = judgePlacement(cluster, solver.state(), request, first, { sizes });
        expect(violations).toEqual([]);
        const rank = compare(cluster, figures, best);
        expect(rank, `seed ${seed}: ${JSON.stringify({ request, best, figures })}`).toBeGreaterThanOrEqual(0);
        if (rank > 0) counts.better++;
        if ((best.bandwidthGBps ?? 0) > (figures.bandwidthGBps ?? 0) * 1.01) counts.faster++;
      }
    });
    // Each is a reason for a search that a solver could get wrong.
    const { fits, onlyBest, ...others } = counts;
    expect(fits).toBeGreaterThan(1500);
    expect(onlyBest).toBeGreaterThan(5);
    for (const count of Object.values(others)) expect(count).toBeGreaterThan(100);
  });
});
