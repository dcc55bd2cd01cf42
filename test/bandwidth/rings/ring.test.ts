import { readFileSync } from 'node:fs';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { collectiveBandwidth } from '../../../src/bandwidth/collective-bandwidth.js';
import { fabricBandwidth, optimalBandwidth } from '../../../src/bandwidth/optimal.js';
import { packRings } from '../../../src/bandwidth/rings/ring.js';
import { type TopologyName, topology, topologyNames } from '../../../src/catalogue/index.js';
import { networkOf } from '../../../src/topology/network.js';
import { serverTopology } from '../../../src/topology/server-topology.js';
import type { ServerTopology } from '../../../src/topology/types.js';
import { describeWithShared } from '../../shared-data.js';
import { EveryRing, loadHighs } from '../every-ring.js';
import { members, withFigures } from '../figures.js';
import { arbitraryServer, SEED, type ShortLink, smallServer } from '../small-server.js';

const isFabricWord = (word: string): boolean => /^(NV\d+|XGMI|SCALEUP)$/.test(word);

function ringOf(server: ServerTopology, gpus: readonly number[]): number {
  return collectiveBandwidth(server, gpus, { algorithm: 'ring' });
}

/** GPUs that are all joined to each other by NVLinks of 10. */
function fullMesh(gpuCount: number): ServerTopology {
  const ids = Array.from({ length: gpuCount }, (_, i) => `gpu${i}`);
  const links = ids.flatMap((a, i) => ids.slice(i + 1).map((b): ShortLink => [a, b, 'nvlink', 10]));
  return smallServer(ids, links);
}

describe('ring', () => {
  it('turns six times on the two-link and the one-link rings of a DGX-1V, which is all it has', () => {
    const { rings, bandwidthGBps } = packRings(networkOf(withFigures('dgx1-v100', 'nccl')), 0xff);
    expect(rings.map((ring) => ring.bandwidthGBps)).toEqual([20, 20, 20, 20, 20, 20]);
    for (const { order } of rings) expect([...order].sort()).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
    expect(bandwidthGBps).toBe(120);
  });

  it.each<[TopologyName, number, number]>([
    ['dgx1-v100', 6, 120],
    ['mi300x-8', 7, 336],
    // Halves: a mesh of four is no sum of whole rings.
    ['hgx-a100-4gpu', 6, 240],
    ['dgx1-p100', 4, 72],
    ['dgx-h100', 1, 370.8],
    ['gaudi3-hls3', 7, 446.25],
  ])('fills all NVLinks or xGMI links of %s with %i equal rings, %d GB/s', (name, count, gbps) => {
    const network = networkOf(withFigures(name, 'nccl'));
    const all = 2 ** network.gpuVertices.length - 1;
    const { rings, bandwidthGBps } = packRings(network, all);
    expect(rings).toHaveLength(count);
    expect(bandwidthGBps).toBeCloseTo(gbps, 9);
    expect(optimalBandwidth(network, all)).toBeCloseTo(gbps, 9);
  });

  it.each([3, 4, 5, 6, 7, 8, 16])('equals optimal on a full mesh of %i GPUs, or nearly so above 8', (n) => {
    const server = fullMesh(n);
    const gpus = members(2 ** n - 1);
    if (n <= 8) expect(ringOf(server, gpus)).toBeCloseTo(10 * (n - 1), 9);
    else expect(ringOf(server, gpus)).toBeGreaterThan(0.85 * collectiveBandwidth(server, gpus));
  });

  it('tours a tree of links once, however its GPUs are numbered', () => {
    // Eight switches of two GPUs, the second of each far away by number; 16 across.
    const switches = Array.from({ length: 8 }, (_, i) => `sw${i}`);
    const server = smallServer(
      [...Array.from({ length: 16 }, (_, i) => `gpu${i}`), ...switches, 'socket0', 'socket1'],
      [
        ...Array.from({ length: 16 }, (_, i): ShortLink => [`gpu${i}`, `sw${i % 8}`, 'pcie', 24]),
        ...switches.map((id, i): ShortLink => [id, `socket${i % 2}`, 'pcie', 20]),
        ['socket0', 'socket1', 'socket', 16],
      ],
    );
    expect(packRings(networkOf(server), 0xffff).rings.map((ring) => ring.bandwidthGBps)).toEqual([16]);
    expect(ringOf(server, [0, 2, 4, 8, 10, 12])).toBe(20);
  });

  it('cuts rings to what a shared link carries where no pair alone fills it', () => {
    // One flow across reaches 39 of 60, and a GPU 50: two rings of 25.
    const server = smallServer(
      ['gpu0', 'gpu1', 'gpu2', 'gpu3', 'numa0', 'numa1'],
      [
        ['gpu0', 'numa0', 'pcie', 50],
        ['gpu1', 'numa0', 'pcie', 50],
        ['gpu2', 'numa1', 'pcie', 50],
        ['gpu3', 'numa1', 'pcie', 50],
        ['numa0', 'numa1', 'socket', 60, 39],
      ],
    );
    expect(ringOf(server, [0, 1, 2, 3])).toBe(50);
    expect(ringOf(server, [0, 2])).toBe(39);
  });

  it('crosses the sockets of a DGX A100 both ways at once to reach a GPU without NVLinks', () => {
    const { document } = withFigures('dgx-a100', 'nccl');
    const server = serverTopology({
      ...document,
      links: document.links.filter((link) => link.medium !== 'nvlink' || !link.between.includes('gpu0')),
    });
    expect(ringOf(server, [0, 1, 2, 3, 4, 5, 6, 7])).toBe(24);
  });

  it.each<TopologyName>([
    'dgx1-v100',
    'azure-ndv2',
    'mi300x-8',
    'mi250x-frontier',
    'l40s-8-dual-root',
    'rtxpro6000-8-pairs',
  ])(
    'is beaten by no equal rings, for every set of up to 5 GPUs of %s',
    async (name) => {
      const highs = await loadHighs();
      const server = withFigures(name, 'nccl');
      const network = networkOf(server);
      for (let mask = 0; mask < 1 << server.gpus.length; mask += 1 + (mask % 5)) {
        const gpus = members(mask);
        if (gpus.length < 2 || gpus.length > 5) continue;
        let judge = EveryRing.of(highs, server, gpus, isFabricWord);
        const limit = fabricBandwidth(network, mask);
        if (limit === 0 || judge.count === 0) judge = EveryRing.of(highs, server, gpus);
        const ring = ringOf(server, gpus);
        if (limit > 0 && ring >= limit * (1 - 1e-9)) continue;
        expect(ring, `${gpus}`).toBeLessThanOrEqual(judge.unequal() * (1 + 1e-9));
        expect(judge.equalAbove(ring), `${gpus}`).toBe(undefined);
      }
    },
    120_000,
  );

  it('is within a tenth of the best equal rings on random servers, and mostly the best', async () => {
    const highs = await loadHighs();
    let sets = 0;
    let best = 0;
    fc.assert(
      fc.property(arbitraryServer({ caps: false }), (server) => {
        if (server.document.devices.some(({ kind }) => kind === 'nvswitch')) return;
        const gpus = [...server.gpus.keys()].slice(0, 5);
        if (fabricBandwidth(networkOf(server), 2 ** gpus.length - 1) > 0) return;
        const ring = ringOf(server, gpus);
        const above = EveryRing.of(highs, server, gpus).equalAbove(ring);
        sets++;
        if (above === undefined) best++;
        else expect(ring).toBeGreaterThan(0.9 * above);
      }),
      { seed: SEED, numRuns: 60 },
    );
    expect(sets).toBeGreaterThan(10);
    expect(best).toBeGreaterThan(0.8 * sets);
  }, 120_000);

  it('takes a bounded number of steps on a mesh of 16 GPUs whose links all differ', () => {
    const ids = Array.from({ length: 16 }, (_, i) => `gpu${i}`);
    const links = ids.flatMap((a, i) =>
      ids.slice(i + 1).map((b, j): ShortLink => [a, b, 'nvlink', 1 + ((i * 7919 + j * 104729) % 997) / 100]),
    );
    const server = smallServer(ids, links);
    const ring = ringOf(server, members(0xffff));
    const optimal = collectiveBandwidth(server, members(0xffff));
    expect(ring).toBeGreaterThan(0.4 * optimal);
    expect(ring).toBeLessThanOrEqual(optimal);
  });

  it.each(topologyNames)('never exceeds optimal for any set of GPUs of %s', (name) => {
    const server = topology(name);
    const network = networkOf(server);
    // All sets up to 8 GPUs; of 16, a few hundred spread over all sizes.
    const step = server.gpus.length > 8 ? 211 : 1;
    for (let mask = 0; mask < 2 ** server.gpus.length; mask += step) {
      const ring = packRings(network, mask).bandwidthGBps;
      const optimal = optimalBandwidth(network, mask);
      if (ring === optimal) continue;
      expect(ring, `${members(mask)}`).toBeLessThanOrEqual(optimal * (1 + 1e-12));
      expect(ring, `${members(mask)}`).toBeGreaterThan(0);
    }
  });

  it('never exceeds optimal on random servers', () => {
    fc.assert(
      fc.property(arbitraryServer({ caps: true }), (server) => {
        for (let mask = 0; mask < 1 << server.gpus.length; mask++) {
          const ring = collectiveBandwidth(server, members(mask), { algorithm: 'ring' });
          const optimal = collectiveBandwidth(server, members(mask));
          if (ring !== optimal) expect(ring).toBeLessThanOrEqual(optimal * (1 + 1e-11));
        }
      }),
      { seed: SEED, numRuns: 200 },
    );
  }, 60_000);

  it('is limited by what the fabric alone can do where a hop has to fall back to PCIe', () => {
    const server = smallServer(
      ['gpu0', 'gpu1', 'gpu2', 'sw0'],
      [
        ['gpu0', 'gpu1', 'nvlink', 10],
        ['gpu1', 'gpu2', 'nvlink', 10],
        ['gpu0', 'sw0', 'pcie', 50],
        ['gpu1', 'sw0', 'pcie', 50],
        ['gpu2', 'sw0', 'pcie', 50],
      ],
    );
    // 0 > 1 > 2 > 0 and its reverse would be 20; but gpu0 cannot receive more than 10 inside the fabric.
    const { rings, bandwidthGBps } = packRings(networkOf(server), 0b111);
    expect(rings).toEqual([{ order: [0, 1, 2], bandwidthGBps: 10 }]);
    expect(bandwidthGBps).toBe(10);
  });

  it('loads a link once for every hop that crosses it', () => {
    const server = smallServer(
      ['gpu0', 'gpu1', 'gpu2', 'gpu3', 'sw0', 'sw1', 'sw2'],
      [
        ['gpu0', 'sw0', 'pcie', 50],
        ['gpu1', 'sw0', 'pcie', 50],
        ['gpu2', 'sw1', 'pcie', 50],
        ['gpu3', 'sw2', 'pcie', 50],
        ['sw0', 'sw1', 'pcie', 30],
        ['sw1', 'sw2', 'pcie', 30],
      ],
    );
    expect(packRings(networkOf(server), 0b1111).rings).toEqual([{ order: [0, 1, 2, 3], bandwidthGBps: 30 }]);
    expect(packRings(networkOf(server), 0b0011).rings).toEqual([{ order: [0, 1], bandwidthGBps: 50 }]);
  });

  it('keeps each ordered pair under the per-flow caps of its route', () => {
    const server = smallServer(
      ['gpu0', 'gpu1', 'numa0', 'numa1'],
      [
        ['gpu0', 'numa0', 'pcie', 55],
        ['gpu1', 'numa1', 'pcie', 55],
        ['numa0', 'numa1', 'socket', 83, 39],
      ],
    );
    expect(collectiveBandwidth(server, [0, 1], { algorithm: 'ring' })).toBe(39);
    expect(collectiveBandwidth(server, [0, 1])).toBe(55);
  });

  describeWithShared(
    'servers/nccl-oracle-summary.json',
    'beside what NCCL 2.30.7 finds inside one node',
    (path) => {
      const { cases } = JSON.parse(readFileSync(path, 'utf8')) as {
        cases: { case: string; gpus: number; ring?: { ch: number; intra: number } }[];
      };
      const inside = cases.flatMap(({ case: id, ring }) => {
        const name = topologyNames.find((candidate) => `${candidate}.inter0` === id);
        return ring !== undefined && name !== undefined ? [{ name, ncclGBps: ring.ch * ring.intra }] : [];
      });
      it('has cases', () => expect(inside.length).toBeGreaterThan(10));
      it.each(inside)(
        'is NCCL or less than one step of its speed ladder above it on $name',
        ({ name, ncclGBps }) => {
          const server = withFigures(name, 'nccl');
          const ring = collectiveBandwidth(server, members(2 ** server.gpus.length - 1), {
            algorithm: 'ring',
          });
          expect(ring).toBeGreaterThanOrEqual(ncclGBps);
          // Below 60 GB/s the steps of the ladder are wide: 48 is found as 2 x 20.
          expect(ring).toBeLessThanOrEqual(ncclGBps * (ncclGBps < 60 ? 1.2 : 1.035));
        },
      );
    },
  );
});
