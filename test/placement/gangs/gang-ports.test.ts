import { describe, expect, it } from 'vitest';
import { fatTree, nvl72, railOptimized, type TopologyName } from '../../../src/catalogue/index.js';
import {
  type ClusterDocument,
  clusterTopology,
  compile,
  type Placement,
  type PlacementRequest,
} from '../../../src/index.js';

/** What a gang reaches in an empty cluster, GB/s. */
function reached(document: ClusterDocument, request: PlacementRequest): number | null {
  const result = compile(clusterTopology(document)).find(request);
  if (!result.ok) throw new Error(`does not fit: ${result.reason}`);
  return result.placement.bandwidthGBps;
}

/** Two servers of a type, with nothing between them that limits. */
function two(type: TopologyName): ClusterDocument {
  return { tiers: [], types: { t: type }, servers: ['a', 'b'].map((id) => ({ id, type: 't' })) };
}

/** What one GPU on each of two servers reaches, given their ordinals, when all others are busy. */
function oneAndOne(type: TopologyName, ordinals: readonly [number, number]): number | null {
  const solver = compile(clusterTopology(two(type)));
  const released: Placement[] = [];
  for (let gpu = 0; gpu < 16; gpu++) {
    const result = solver.place({ gpus: 1 });
    if (!result.ok) throw new Error(result.reason);
    const [{ server, gpus } = { server: '', gpus: [] }] = result.placement.pods;
    if (gpus[0] !== ordinals[server === 'a' ? 0 : 1]) continue;
    released.push(result.placement);
  }
  // Only now: the next pod would have taken the GPU again.
  for (const placement of released) solver.release(placement);
  const result = solver.find({ pods: 2, gpus: 1 });
  if (!result.ok) throw new Error(result.reason);
  expect(result.placement.pods.map(({ gpus }) => gpus)).toEqual(ordinals.map((ordinal) => [ordinal]));
  return result.placement.bandwidthGBps;
}

/** n GPUs, g of them on each server, whose ports carry N GB/s together: (n - 1) N / max(g, n - g). */
const bound = (n: number, g: number, N: number): number => ((n - 1) * N) / Math.max(g, n - g);
/** Among the GPUs of one DGX H100. */
const NVLINK_GBPS = 385.2;

describe('a gang over the ports of its servers', () => {
  it.each([
    [50, [93.75, 64.583, 56.25]],
    [100, [187.5, 129.167, 112.5]],
    [200, [375, 258.333, 225]],
    [400, [NVLINK_GBPS, NVLINK_GBPS, NVLINK_GBPS]],
  ])('of rails of %d Gb/s: 2 and 4 servers of a unit, and 8 over two units', (railGbps, right) => {
    const cluster = railOptimized({ railGbps, units: 2, serversPerUnit: 4 });
    [2, 4, 8].forEach((pods, i) => {
      expect(reached(cluster, { pods, gpus: 8 })).toBeCloseTo(right[i]!, 3);
    });
  });

  it('of a fat tree: (n - 1) N / max(g, n - g), whichever ports and rates it is built with', () => {
    for (const portGbps of [50, 100, 200, 400]) {
      for (const portsPerServer of [1, 2, 4, 8]) {
        const cluster = fatTree({ portGbps, portsPerServer, serversPerLeaf: 4, leavesPerPod: 2 });
        const N = (portsPerServer * portGbps) / 8;
        for (const pods of [2, 3, 4, 8]) {
          const right = Math.min(NVLINK_GBPS, bound(8 * pods, 8, N));
          expect(reached(cluster, { pods, gpus: 8 })).toBeCloseTo(right, 9);
        }
      }
    }
  });

  it('of two servers of the catalogue', () => {
    // 15 N / 8: four ports of 200 Gb/s; one of 100; four of 200.
    expect(reached(two('gcp-a3-highgpu-8g'), { pods: 2, gpus: 8 })).toBeCloseTo(187.5, 9);
    expect(reached(two('azure-ndv2'), { pods: 2, gpus: 8 })).toBeCloseTo(23.4375, 9);
    expect(reached(two('mi250x-frontier'), { pods: 2, gpus: 8 })).toBeCloseTo(187.5, 9);
  });

  it('of one GPU on each of two servers: the port of a DGX H100, a neighbour of a Frontier GCD', () => {
    expect(oneAndOne('dgx-h100', [0, 5])).toBe(50);
    expect(oneAndOne('mi250x-frontier', [1, 3])).toBe(25);
    // GCDs without a NIC themselves.
    expect(oneAndOne('mi250x-frontier', [0, 6])).toBe(25);
  });
});

describe('a gang over two racks of NVLink', () => {
  const cluster = clusterTopology(nvl72({ racks: 2 }));
  /** Pods of whole trays by rack, and what they reach, if only the first `open` trays of each rack are free. */
  function find(pods: number, open: readonly [number, number]) {
    const solver = compile(cluster);
    for (const { id } of cluster.servers) {
      const [, rack, tray] = /rack(\d)-tray(\d+)$/.exec(id)!;
      if (Number(tray) >= open[Number(rack) as 0 | 1]) solver.cordon(id);
    }
    const result = solver.find({ pods, gpus: 4 });
    if (!result.ok) throw new Error(result.reason);
    const first = result.placement.pods.filter(({ server }) => server.includes('rack0')).length;
    return { split: [first, pods - first], GBps: result.placement.bandwidthGBps! };
  }

  it('is split 15 + 4 for 19 trays: NICs of four trays carry what NVLink does, those of three do not', () => {
    expect(find(19, [18, 18])).toEqual({ split: [15, 4], GBps: 745.2 });
    // 75 · 600 / 64 and 75 · 400 / 68.
    expect(find(19, [16, 3]).GBps).toBeCloseTo(703.125, 9);
    expect(find(19, [17, 2]).GBps).toBeCloseTo(441.176, 3);
  });
});
