import { describe, expect, it } from 'vitest';
import { TransferPaths } from '../../src/restart/transfer-path.js';
import { smallCluster } from './small-cluster.js';

const sizes = { blocks: 2, racks: 2, servers: 4 };
const uplinks = { rack: { GBps: 800 }, block: { GBps: 400 } };

describe('TransferPaths', () => {
  it('is the NIC in the rack, and the share of the uplinks on the way above it', () => {
    const paths = new TransferPaths(smallCluster(sizes, { uplinks }), 400);
    // Positions: four servers per rack, two racks per block.
    expect([paths.betweenGBps(0, 0), paths.betweenGBps(0, 3)]).toEqual([400, 400]);
    // Out of one rack into another of the block: 800 GB/s for 4 servers.
    expect([paths.betweenGBps(0, 4), paths.betweenGBps(4, 0)]).toEqual([200, 200]);
    // And between blocks 400 GB/s for 8 servers.
    expect(paths.betweenGBps(0, 8)).toBe(50);
    expect([0, 3, 4, 8].map((to) => paths.commonTier(0, to))).toEqual([2, 1, 0, -1]);
  });

  it('takes the NICs of the type unless told, and uplinks that are not given for no limit', () => {
    const cluster = smallCluster(sizes);
    const { graph, nics } = cluster.servers[0]!.type;
    const sum = nics.reduce(
      (total, nic) => total + Math.max(...graph.mapEdges(nic, (_, l) => l.bandwidthGBps)),
      0,
    );
    expect(sum).toBeGreaterThan(100);
    expect(new TransferPaths(cluster, undefined).betweenGBps(0, 15)).toBe(sum);
  });

  it('uses the accelerator fabric inside a tier that is one', () => {
    const paths = new TransferPaths(
      smallCluster(sizes, { uplinks, accelerator: { tier: 'rack', GBpsPerGpu: 900 } }),
      400,
    );
    expect(paths.betweenGBps(0, 3)).toBe(7200);
    expect(paths.betweenGBps(0, 4)).toBe(200);
  });
});
