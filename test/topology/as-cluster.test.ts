import { describe, expect, it } from 'vitest';
import { superPod, topology } from '../../src/catalogue/index.js';
import { clusterTopology } from '../../src/index.js';
import { asCluster } from '../../src/topology/as-cluster.js';

describe('asCluster', () => {
  it('leaves a cluster as it is', () => {
    const cluster = clusterTopology(superPod({ units: 1 }));
    expect(asCluster(cluster, ['cluster'])).toBe(cluster);
  });

  it('makes a cluster of one server of a lone server type', () => {
    const type = topology('dgx-h100');
    expect(asCluster(type, ['cluster'])).toEqual({
      tiers: [],
      servers: [{ id: type.name, type, gpuModel: type.document.gpuModel, domains: [] }],
    });
  });

  it.each([
    [superPod()],
    [topology('dgx-h100').document],
    [undefined],
    [null],
    [{}],
    [{ servers: [] }],
    ['h100'],
  ])('refuses what is neither, naming the place', (given) => {
    expect(() => asCluster(given as never, ['a', 0])).toThrow(
      expect.objectContaining({ code: 'invalid-option', path: ['a', 0] }),
    );
  });
});
