import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { buildFabric } from '../../src/catalogue/build-fabric.js';
import { dragonfly, fatTree, nvl72, railOptimized } from '../../src/catalogue/index.js';
import { type ClusterDocument, type CorralError, clusterTopology } from '../../src/index.js';
import { caught } from './caught.js';

describe('buildFabric', () => {
  const build = (serverCount: number) =>
    buildFabric({
      server: { name: 'dgx-h100', type: 'dgx-h100', ports: 8, GBps: 10 },
      serverWord: 'node',
      levels: [
        { tier: 'hall', size: 2 },
        { tier: 'row', size: 3, uplink: { oversubscription: 3 } },
        { tier: 'rack', size: 2, uplink: { GBps: 10 } },
      ],
      serverCount,
      resources: {},
    });

  it('numbers members inside the domain above', () => {
    const { servers } = build(24);
    expect(servers[0]!.id).toBe('hall0-row0-rack0-node0');
    expect(servers[23]).toEqual({
      id: 'hall1-row1-rack2-node1',
      type: 'dgx-h100',
      domains: { hall: 'hall1', row: 'hall1-row1', rack: 'hall1-row1-rack2' },
    });
    expect(new Set(servers.map((entry) => entry.id)).size).toBe(24);
    expect(new Set(servers.map((entry) => entry.domains!.rack)).size).toBe(12);
  });

  it('stops where the servers end', () => {
    expect(
      build(7)
        .servers.map((entry) => entry.domains!.row)
        .at(-1),
    ).toBe('hall0-row1');
  });

  it('leaves out the uplinks that do not limit, and adds up what the members of a domain send', () => {
    expect(build(1).uplinks).toEqual({ row: { GBps: 10 }, rack: { GBps: 10 } });
  });
});

describe('what the builders of fabrics return', () => {
  /** Figures from one limit of an option to the other. */
  const between = (min: number, max: number) =>
    fc.oneof(
      fc.constantFrom(min, max),
      fc
        .double({ min: Math.log(min), max: Math.log(max), noNaN: true })
        .map((x) => Math.min(max, Math.max(min, Math.exp(x)))),
    );
  const size = fc.constantFrom(1, 2, 7, 64, 65_536);
  const gbps = between(0.001, 10_000);
  const ratio = between(0.001, 1000);
  const options = fc.record(
    {
      server: fc.constantFrom('dgx-h100', 'gb200-nvl72-tray'),
      serversPerLeaf: size,
      leavesPerPod: size,
      pods: size,
      portsPerServer: fc.constantFrom(1, 8, 1024),
      portGbps: gbps,
      leafOversubscription: ratio,
      podOversubscription: ratio,
      serversPerUnit: size,
      units: size,
      railGbps: gbps,
      oversubscription: ratio,
      groups: size,
      serversPerGroup: size,
      linksPerGroupPair: fc.constantFrom(1, 4096),
      globalGbps: gbps,
      racks: size,
      traysPerRack: fc.constantFrom(1, 18),
      racksPerUnit: size,
      GBpsPerGpu: between(1e-6, 1e9),
    },
    { requiredKeys: [] },
  );
  const builders = { fatTree, railOptimized, dragonfly, nvl72 };
  const namesOf: Readonly<Record<keyof typeof builders, readonly string[]>> = {
    fatTree: [
      'server',
      'serversPerLeaf',
      'leavesPerPod',
      'pods',
      'portsPerServer',
      'portGbps',
      'leafOversubscription',
      'podOversubscription',
    ],
    railOptimized: ['server', 'serversPerUnit', 'units', 'railGbps', 'oversubscription'],
    dragonfly: [
      'server',
      'groups',
      'serversPerGroup',
      'portsPerServer',
      'portGbps',
      'linksPerGroupPair',
      'globalGbps',
    ],
    nvl72: ['racks', 'traysPerRack', 'racksPerUnit', 'railGbps', 'oversubscription', 'GBpsPerGpu'],
  };

  it.each(Object.keys(builders) as (keyof typeof builders)[])(
    'is a document, or else their options are refused: %s',
    (name) => {
      const outcomes = { document: 0, refused: 0 };
      fc.assert(
        fc.property(options, (all) => {
          const own = Object.fromEntries(
            Object.entries(all).filter(([option]) => namesOf[name].includes(option)),
          );
          let document: ClusterDocument;
          try {
            document = builders[name](own as never);
          } catch (error) {
            expect(['invalid-option', 'limit-exceeded']).toContain((error as CorralError).code);
            outcomes.refused++;
            return;
          }
          outcomes.document++;
          clusterTopology({ ...document, servers: document.servers.slice(0, 3) });
        }),
        { numRuns: 300, seed: 4 },
      );
      expect(outcomes.document).toBeGreaterThan(20);
      expect(outcomes.refused).toBeGreaterThan(20);
    },
  );

  it('has no uplink beyond the limits of documents', () => {
    const most = { portsPerServer: 1024, portGbps: 10_000, serversPerLeaf: 64, leafOversubscription: 0.001 };
    expect(caught(() => fatTree(most))).toMatchObject({
      code: 'invalid-option',
      message: expect.stringMatching(/uplink of a leaf would carry 81920000000 GB\/s/),
    });
    const least = { serversPerLeaf: 1, portsPerServer: 1, portGbps: 0.001, leafOversubscription: 1000 };
    expect(caught(() => fatTree(least)).message).toMatch('uplink of a leaf would carry 1.25e-7 GB/s');
  });
});
