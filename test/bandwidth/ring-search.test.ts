import { describe, expect, it } from 'vitest';
import { optimalBandwidth } from '../../src/bandwidth/optimal.js';
import { packRings } from '../../src/bandwidth/ring.js';
import { searchRings } from '../../src/bandwidth/ring-search.js';
import { type TopologyName, topology, topologyNames } from '../../src/catalogue/index.js';
import { networkOf } from '../../src/topology/network.js';
import { members, withFigures } from './figures.js';

describe('searchRings', () => {
  it.each<[TopologyName, number[]]>([
    ['dgx1-p100', [18, 18, 18, 18]],
    ['hgx-a100-4gpu', [40, 40, 40, 40, 40, 40]],
    ['mi300x-8', [48, 48, 48, 48, 48, 48, 48]],
  ])('fills every NVLink or xGMI link of %s, which a greedy packing does not', (name, expected) => {
    const server = withFigures(name, 'nccl');
    const network = networkOf(server);
    const all = 2 ** server.gpus.length - 1;
    const { rings, bandwidthGBps } = searchRings(network, all);
    expect(rings.map((ring) => ring.bandwidthGBps)).toEqual(expected);
    expect(bandwidthGBps).toBeCloseTo(optimalBandwidth(network, all), 9);
    expect(packRings(network, all).bandwidthGBps).toBeLessThan(0.9 * bandwidthGBps);
  });

  it('keeps the greedy packing where equal rings are no better', () => {
    const network = networkOf(withFigures('mi250x-frontier', 'nccl'));
    expect(searchRings(network, 0xff)).toEqual(packRings(network, 0xff));
    expect(searchRings(network, 0xff).bandwidthGBps).toBeLessThan(optimalBandwidth(network, 0xff));
  });

  it.each(topologyNames)('lies between the greedy packing and optimal for any set of GPUs of %s', (name) => {
    const server = topology(name);
    const network = networkOf(server);
    // All sets up to 8 GPUs; of 16, a few hundred spread over all sizes.
    const step = server.gpus.length > 8 ? 211 : 1;
    for (let mask = 0; mask < 2 ** server.gpus.length; mask += step) {
      const searched = searchRings(network, mask).bandwidthGBps;
      if (searched === Number.POSITIVE_INFINITY) continue;
      expect(searched, `${members(mask)}`).toBeGreaterThanOrEqual(packRings(network, mask).bandwidthGBps);
      expect(searched, `${members(mask)}`).toBeLessThanOrEqual(optimalBandwidth(network, mask) * (1 + 1e-12));
    }
  });
});
