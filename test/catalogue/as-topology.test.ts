import { describe, expect, it } from 'vitest';
import { asCluster, asServer } from '../../src/catalogue/as-topology.js';
import { superPod, topology } from '../../src/catalogue/index.js';
import { clusterTopology } from '../../src/index.js';

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

  it('builds a topology from a document, also one that names types of the catalogue', () => {
    const document = superPod({ units: 1 });
    expect(JSON.stringify(asCluster(document, []))).toBe(JSON.stringify(clusterTopology(document)));
    expect(asCluster(topology('dgx-h100').document, []).servers[0]!.id).toBe('dgx-h100');
  });

  it('says where in a document something is wrong', () => {
    const server = topology('dgx2').document;
    for (const [given, path] of [
      [{ ...superPod({ units: 1 }), tier: [] }, ['cluster', 'tier']],
      [{ ...superPod({ units: 1 }), types: { server: 'dgx-9' } }, ['cluster', 'types', 'server']],
      [{ ...server, device: [] }, ['cluster', 'device']],
      [{ tiers: [], servers: [], types: {} }, ['cluster', 'servers']],
    ] as const) {
      expect(() => asCluster(given as never, ['cluster'])).toThrow(expect.objectContaining({ path }));
    }
  });

  it.each([[undefined], [null], [{}], [{ servers: [] }], ['h100'], [7]])(
    'refuses what is neither, naming the place: %s',
    (given) => {
      for (const call of [asCluster, asServer]) {
        expect(() => call(given as never, ['a', 0])).toThrow(
          expect.objectContaining({ code: 'invalid-option', path: ['a', 0] }),
        );
      }
    },
  );
});

describe('asServer', () => {
  it('leaves a topology as it is, and builds one from a document', () => {
    const type = topology('dgx2');
    expect(asServer(type, [])).toBe(type);
    expect(asServer(type.document, []).gpus).toEqual(type.gpus);
  });
});
