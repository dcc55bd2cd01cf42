import { describe, expect, it } from 'vitest';
import { superPod, topology } from '../../src/catalogue/index.js';
import { clusterTopology, serverTopology } from '../../src/index.js';
import { checkCluster, checkServer } from '../../src/topology/expected-topology.js';

describe('checkServer', () => {
  it('lets a topology pass', () => {
    expect(() => checkServer(topology('dgx2'), ['server'])).not.toThrow();
  });

  it('tells who hands in a document what to call, once', () => {
    expect(() => checkServer(topology('dgx2').document, ['server'])).toThrow(
      expect.objectContaining({
        code: 'invalid-option',
        path: ['server'],
        message: expect.stringContaining('call serverTopology(document) once'),
      }),
    );
  });

  it.each([[undefined], [null], ['dgx2'], [{}], [[]]])('refuses anything else: %s', (given) => {
    expect(() => checkServer(given, ['server'])).toThrow(expect.objectContaining({ path: ['server'] }));
  });
});

describe('checkCluster', () => {
  it('lets a topology pass, and tells who hands in a document what to call', () => {
    const document = superPod({ units: 1 });
    expect(() => checkCluster(clusterTopology(document), ['cluster'])).not.toThrow();
    expect(() => checkCluster(document, ['cluster'])).toThrow(
      expect.objectContaining({ message: expect.stringContaining('call clusterTopology(document) once') }),
    );
    expect(() => checkCluster(topology('dgx2'), ['cluster'])).toThrow(
      expect.objectContaining({ code: 'invalid-option', path: ['cluster'] }),
    );
  });
});

describe('a topology where a document is asked for', () => {
  const server = topology('dgx-h100');
  const cluster = clusterTopology({ tiers: [], types: { t: 'dgx-h100' }, servers: [{ id: 's', type: 't' }] });

  it.each<[string, () => unknown, readonly string[]]>([
    ['serverTopology', () => serverTopology(server as never), []],
    ['clusterTopology', () => clusterTopology(cluster as never), []],
    [
      'a server type',
      () => clusterTopology({ tiers: [], types: { t: server as never }, servers: [{ id: 's', type: 't' }] }),
      ['types', 't'],
    ],
  ])('is named as such: %s', (_, call, path) => {
    expect(call).toThrow(
      expect.objectContaining({
        code: 'invalid-document',
        path,
        message: expect.stringContaining('this is a topology'),
      }),
    );
  });
});
