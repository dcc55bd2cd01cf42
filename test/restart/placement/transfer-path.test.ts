import { describe, expect, it } from 'vitest';
import { nicBandwidth } from '../../../src/bandwidth/index.js';
import { synthetic } from '../../../src/catalogue/index.js';
import { clusterTopology } from '../../../src/index.js';
import { TransferPaths } from '../../../src/restart/placement/transfer-path.js';
import { smallCluster } from '../small-cluster.js';

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

  it('takes what the GPUs of the type reach through its ports unless told, and uplinks that are not given for no limit', () => {
    const cluster = smallCluster(sizes);
    const { type } = cluster.servers[0]!;
    // Eight ports of 400 Gb/s; the links inside would carry 443.2.
    expect(type.name).toBe('dgx-h100');
    expect(nicBandwidth(type, [...type.gpus.keys()])).toBe(400);
    expect(new TransferPaths(cluster, undefined).betweenGBps(0, 15)).toBe(400);
  });

  it('is not limited by a type that says nothing about its network', () => {
    const cluster = clusterTopology({
      tiers: [],
      types: { t: synthetic('cpu:1 gpu:2', { name: 't' }) },
      servers: ['a', 'b'].map((id) => ({ id, type: 't' })),
    });
    expect(new TransferPaths(cluster, undefined).betweenGBps(0, 1)).toBe(Number.POSITIVE_INFINITY);
  });

  it('uses the accelerator fabric inside a tier that is one', () => {
    const paths = new TransferPaths(
      smallCluster(sizes, { uplinks, accelerator: { tier: 'rack', GBpsPerGpu: 900 } }),
      400,
    );
    expect(paths.betweenGBps(0, 3)).toBe(7200);
    expect(paths.betweenGBps(0, 4)).toBe(200);
  });

  it('knows accelerator fabrics and uplinks of single domains', () => {
    const paths = new TransferPaths(
      smallCluster(sizes, {
        uplinks: { rack: { GBps: 800, domains: { b0r0: 80, b1r1: null } } },
        accelerator: { tier: 'rack', domains: { b0r0: 900 } },
      }),
      400,
    );
    expect(paths.betweenGBps(0, 3)).toBe(7200);
    expect(paths.betweenGBps(4, 7)).toBe(400);
    // Out of b0r0 80 GB/s for 4 servers; into b1r1 nothing limits.
    expect([paths.betweenGBps(0, 4), paths.betweenGBps(4, 8), paths.betweenGBps(12, 13)]).toEqual([
      20, 200, 400,
    ]);
  });

  it('takes the NICs it is told for those of every server', () => {
    const paths = new TransferPaths(smallCluster(sizes, { uplinks }), 100);
    // The ports of the type would carry 400 in the rack; the share of 800 GB/s for 4 servers is more than the NICs.
    expect([0, 3, 4, 8].map((to) => paths.betweenGBps(0, to))).toEqual([100, 100, 100, 50]);
  });

  it('uses the accelerator fabric of a tier above racks between racks too, and uplinks only out of it', () => {
    const paths = new TransferPaths(
      smallCluster(sizes, { uplinks, accelerator: { tier: 'block', GBpsPerGpu: 900 } }),
      400,
    );
    expect([3, 4, 7].map((to) => paths.betweenGBps(0, to))).toEqual([7200, 7200, 7200]);
    expect([paths.betweenGBps(0, 8), paths.betweenGBps(15, 0)]).toEqual([50, 50]);
  });

  it('goes as fast through a fabric as the server with fewer GPUs', () => {
    const cluster = clusterTopology({
      tiers: ['rack'],
      types: { h100: 'dgx-h100', tray: 'gb200-nvl72-tray' },
      servers: [
        { id: 'of eight', type: 'h100', domains: { rack: 'r' } },
        { id: 'of four', type: 'tray', domains: { rack: 'r' } },
      ],
      accelerator: { tier: 'rack', GBpsPerGpu: 900 },
    });
    const paths = new TransferPaths(cluster, 1);
    expect([paths.betweenGBps(0, 1), paths.betweenGBps(1, 0)]).toEqual([3600, 3600]);
  });
});
