import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { collectiveBandwidth } from '../../src/bandwidth/collective-bandwidth.js';
import { optimalBandwidth } from '../../src/bandwidth/optimal.js';
import { sharedBandwidth } from '../../src/bandwidth/shared-bandwidth.js';
import { type TopologyName, topology, topologyNames } from '../../src/catalogue/index.js';
import { networkOf } from '../../src/topology/network.js';
import type { Link } from '../../src/topology/server-document.js';
import { serverTopology } from '../../src/topology/server-topology.js';
import { optimalByEveryCut } from './every-cut.js';
import { members, withFigures } from './figures.js';
import { arbitraryServer, SEED, smallServer } from './small-server.js';

/** Server, GPUs, GB/s with NCCL's constants, GB/s with line rates; printed to one decimal. */
const WORKED: readonly (readonly [TopologyName, readonly number[], number, number])[] = [
  ['dgx-h100', [0, 1], 370.8, 450.0],
  ['dgx-h100', [0, 1, 2, 3, 4, 5, 6, 7], 370.8, 450.0],
  ['dgx-a100', [0, 1, 2, 3, 4, 5, 6, 7], 240.0, 300.0],
  ['dgx1-v100', [0, 1], 20.0, 25.0],
  ['dgx1-v100', [0, 3], 40.0, 50.0],
  ['dgx1-v100', [0, 5], 6.0, 15.8],
  ['dgx1-v100', [0, 1, 2, 3], 80.0, 100.0],
  ['dgx1-v100', [0, 1, 2, 3, 4, 5, 6, 7], 120.0, 150.0],
  ['gb200-nvl72-tray', [0, 1, 2, 3], 721.8, 900.0],
  ['l40s-8-dual-root', [0, 1], 24.0, 31.5],
  ['l40s-8-dual-root', [0, 4], 16.0, 31.5],
  ['l40s-8-dual-root', [0, 1, 4, 5], 24.0, 31.5],
  ['l40s-8-dual-root', [0, 1, 2, 3, 4, 5, 6, 7], 24.0, 31.5],
  ['azure-ncads-a100-v4', [0, 1], 240.0, 300.0],
  ['azure-ncads-a100-v4', [0, 2], 24.0, 31.5],
  ['azure-ncads-a100-v4', [0, 1, 2, 3], 72.0, 94.5],
  ['mi300x-8', [0, 1], 48.0, 64.0],
  ['mi300x-8', [0, 1, 2, 3, 4, 5, 6, 7], 336.0, 448.0],
  ['gaudi3-hls3', [0, 1, 2, 3, 4, 5, 6, 7], 446.3, 525.0],
  ['cert-2s-2gpu-switch', [0, 1], 16.0, 39.0],
];

describe('optimal', () => {
  it.each(WORKED)(
    'gives the worked numbers of %s %j: %d with NCCL figures, %d raw',
    (name, gpus, nccl, raw) => {
      // 0.05 for the printed decimal, 0.001 for figures such as 446.25 that lie on its edge.
      expect(Math.abs(collectiveBandwidth(withFigures(name, 'nccl'), gpus) - nccl)).toBeLessThanOrEqual(
        0.051,
      );
      expect(Math.abs(collectiveBandwidth(withFigures(name, 'raw'), gpus) - raw)).toBeLessThanOrEqual(0.051);
    },
  );

  it.each(topologyNames.filter((name) => topology(name).gpus.length <= 8))(
    'equals the minimum over every cut for every set of GPUs of %s',
    (name) => {
      for (const server of [topology(name), withFigures(name, 'nccl')]) {
        for (let mask = 0; mask < 1 << server.gpus.length; mask++) {
          const gpus = members(mask);
          const expected = optimalByEveryCut(server, gpus);
          const actual = collectiveBandwidth(server, gpus);
          if (expected === actual) continue;
          expect(Math.abs(actual / expected - 1), `${gpus}: ${actual}, every cut ${expected}`).toBeLessThan(
            1e-12,
          );
        }
      }
    },
    60_000,
  );

  it('equals the minimum over every cut on random servers', () => {
    fc.assert(
      fc.property(arbitraryServer({ caps: true }), (server) => {
        for (let mask = 0; mask < 1 << server.gpus.length; mask++) {
          const gpus = members(mask);
          const expected = optimalByEveryCut(server, gpus);
          const actual = collectiveBandwidth(server, gpus);
          if (expected !== actual) expect(Math.abs(actual / expected - 1)).toBeLessThan(1e-11);
        }
      }),
      { seed: SEED, numRuns: 300 },
    );
  }, 60_000);

  it('does not let a GPU outside the set forward', () => {
    const server = smallServer(
      ['gpu0', 'gpu1', 'gpu2'],
      [
        ['gpu0', 'gpu1', 'nvlink', 50],
        ['gpu1', 'gpu2', 'nvlink', 50],
      ],
    );
    expect(collectiveBandwidth(server, [0, 2])).toBe(0);
    // gpu1 forwards once it belongs: 50 enter gpu0, who needs 2 of 3 parts.
    expect(collectiveBandwidth(server, [0, 1, 2])).toBe(50);
  });

  it('does not let a NIC forward', () => {
    const server = smallServer(
      ['gpu0', 'gpu1', 'nic0'],
      [
        ['gpu0', 'nic0', 'pcie', 50],
        ['gpu1', 'nic0', 'pcie', 50],
      ],
    );
    expect(collectiveBandwidth(server, [0, 1])).toBe(0);
  });

  it('does not add PCIe lanes to an accelerator fabric that connects the set, and falls back to all links otherwise', () => {
    const server = smallServer(
      ['gpu0', 'gpu1', 'gpu2', 'sw0'],
      [
        ['gpu0', 'gpu1', 'nvlink', 20],
        ['gpu0', 'sw0', 'pcie', 50],
        ['gpu1', 'sw0', 'pcie', 50],
        ['gpu2', 'sw0', 'pcie', 50],
      ],
    );
    expect(collectiveBandwidth(server, [0, 1])).toBe(20);
    expect(collectiveBandwidth(server, [0, 2])).toBe(50);
    expect(collectiveBandwidth(server, [0, 1, 2])).toBe(50);
  });

  it('takes the NVSwitches of a fabric as one, also when a GPU has lost its links to one of them', () => {
    const server = smallServer(
      ['gpu0', 'gpu1', 'gpu2', 'nvsw0', 'nvsw1'],
      [
        ['gpu0', 'nvsw0', 'nvlink', 185.4],
        ['gpu1', 'nvsw0', 'nvlink', 185.4],
        ['gpu1', 'nvsw1', 'nvlink', 185.4],
        ['gpu2', 'nvsw0', 'nvlink', 185.4],
        ['gpu2', 'nvsw1', 'nvlink', 185.4],
      ],
    );
    expect(collectiveBandwidth(server, [1, 2])).toBe(370.8);
    expect(collectiveBandwidth(server, [0, 1])).toBe(185.4);
    expect(collectiveBandwidth(server, [0, 1, 2])).toBe(185.4);
    expect(sharedBandwidth(server, [[1, 2]])).toEqual([370.8]);
  });

  it('joins two GPUs on two NVSwitches that a third GPU has in common, as NCCL does', () => {
    const server = smallServer(
      ['gpu0', 'gpu1', 'gpu2', 'nvsw0', 'nvsw1'],
      [
        ['gpu0', 'nvsw0', 'nvlink', 185.4],
        ['gpu1', 'nvsw0', 'nvlink', 185.4],
        ['gpu1', 'nvsw1', 'nvlink', 185.4],
        ['gpu2', 'nvsw1', 'nvlink', 185.4],
      ],
    );
    expect(collectiveBandwidth(server, [0, 2])).toBe(185.4);
    expect(collectiveBandwidth(server, [0, 2], { algorithm: 'ring' })).toBe(185.4);
  });

  it.each(['optimal', 'ring', 'ring-search'] as const)(
    'leaves the healthy GPUs of a DGX H100 at full speed when another has lost a switch (%s)',
    (algorithm) => {
      for (const [server, gbps] of [
        [topology('dgx-h100'), 385.2],
        [withFigures('dgx-h100', 'nccl'), 370.8],
      ] as const) {
        const { document } = server;
        const nvswitch = document.devices.find(({ kind }) => kind === 'nvswitch')!.id;
        const lost = (link: Link): boolean =>
          link.between.includes('gpu2') && link.between.includes(nvswitch);
        const broken = serverTopology({
          ...document,
          links: document.links.filter((link) => !lost(link)),
        });
        expect(collectiveBandwidth(broken, [0, 1, 3, 4, 5, 6, 7], { algorithm })).toBeCloseTo(gbps, 9);
      }
    },
  );

  it('sums the links of the NVSwitches of a fabric, also when one GPU has lost some', () => {
    const server = smallServer(
      ['gpu0', 'gpu1', 'nvsw0', 'nvsw1'],
      [
        ['gpu0', 'nvsw0', 'nvlink', 100],
        ['gpu0', 'nvsw1', 'nvlink', 100],
        ['gpu1', 'nvsw0', 'nvlink', 30],
        ['gpu1', 'nvsw1', 'nvlink', 100],
      ],
    );
    expect(collectiveBandwidth(server, [0, 1])).toBe(130);
  });

  it('ignores per-flow caps', () => {
    const server = smallServer(
      ['gpu0', 'gpu1', 'sw0'],
      [
        ['gpu0', 'sw0', 'pcie', 50, 10],
        ['gpu1', 'sw0', 'pcie', 50],
      ],
    );
    expect(collectiveBandwidth(server, [0, 1])).toBe(50);
  });

  it('is quick enough to be asked for every set of GPUs when a server type is compiled', () => {
    // The budgets are 50 ms for 8 GPUs and 1 s for 16; the measured cost is a hundredth and a tenth of it.
    for (const [name, budgetMs] of [
      ['dgx1-v100', 50],
      ['rtxpro6000-8-pairs', 50],
      ['dgx2', 1000],
    ] as const) {
      const server = topology(name);
      const network = networkOf(server);
      const begin = performance.now();
      let sum = 0;
      for (let mask = 0; mask < 2 ** server.gpus.length; mask++) {
        const gbps = optimalBandwidth(network, mask);
        if (gbps < Number.POSITIVE_INFINITY) sum += gbps;
      }
      expect(sum).toBeGreaterThan(0);
      expect(performance.now() - begin).toBeLessThan(budgetMs);
    }
  });
});
