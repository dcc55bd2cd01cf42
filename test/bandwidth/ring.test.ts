import { readFileSync } from 'node:fs';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { collectiveBandwidth } from '../../src/bandwidth/collective-bandwidth.js';
import { fabricBandwidth, optimalBandwidth } from '../../src/bandwidth/optimal.js';
import { packRings } from '../../src/bandwidth/ring.js';
import { type TopologyName, topology, topologyNames } from '../../src/catalogue/index.js';
import { networkOf } from '../../src/topology/network.js';
import { describeWithShared } from '../shared-data.js';
import { ringsByEveryOrder } from './every-order.js';
import { members, withFigures } from './figures.js';
import { arbitraryServer, SEED, smallServer } from './small-server.js';

const isFabricWord = (word: string): boolean => /^(NV\d+|XGMI|SCALEUP)$/.test(word);

describe('ring', () => {
  it('turns both ways on the two-link and the one-link rings of a DGX-1V, which is all it has', () => {
    const { rings, bandwidthGBps } = packRings(networkOf(withFigures('dgx1-v100', 'nccl')), 0xff);
    expect(rings.map((ring) => ring.bandwidthGBps)).toEqual([40, 40, 20, 20]);
    expect(rings[0]!.order).toEqual([0, 3, 2, 1, 5, 6, 7, 4]);
    expect(rings[1]!.order).toEqual([0, 4, 7, 6, 5, 1, 2, 3]);
    expect(bandwidthGBps).toBe(120);
  });

  it.each<TopologyName>([
    'dgx1-v100',
    'azure-ndv2',
    'mi300x-8',
    'mi250x-frontier',
    'l40s-8-dual-root',
    'rtxpro6000-8-pairs',
  ])(
    'is the greedy packing over every order, for every set of up to 6 GPUs of %s and all of them',
    (name) => {
      const server = withFigures(name, 'nccl');
      const network = networkOf(server);
      for (let mask = 0; mask < 1 << server.gpus.length; mask++) {
        const gpus = members(mask);
        if (gpus.length < 2 || (gpus.length > 6 && mask !== 0xff)) continue;
        let expected =
          fabricBandwidth(network, mask) > 0 ? ringsByEveryOrder(server, gpus, isFabricWord) : [];
        if (expected.length === 0) expected = ringsByEveryOrder(server, gpus, () => true);
        const { rings } = packRings(network, mask);
        expect(rings.map((ring) => ring.order)).toEqual(expected.map((ring) => ring.order));
        rings.forEach((ring, i) => {
          expect(ring.bandwidthGBps).toBeCloseTo(expected[i]!.bandwidthGBps, 9);
        });
      }
    },
    120_000,
  );

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
    // 0 > 1 > 2 > 0 and its reverse, 10 each; but gpu0 cannot receive more than 10 inside the fabric.
    const { rings, bandwidthGBps } = packRings(networkOf(server), 0b111);
    expect(rings).toEqual([
      { order: [0, 1, 2], bandwidthGBps: 10 },
      { order: [0, 2, 1], bandwidthGBps: 10 },
    ]);
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
