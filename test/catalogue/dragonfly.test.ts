import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { dragonfly } from '../../src/catalogue/dragonfly.js';
import { synthetic } from '../../src/catalogue/synthetic.js';
import { topology } from '../../src/catalogue/topology.js';
import { buildClusterTopology } from '../../src/topology/cluster-topology.js';
import type { ServerDocument } from '../../src/topology/server-document.js';
import { describeWithShared } from '../shared-data.js';
import { caught } from './caught.js';

describe('dragonfly', () => {
  it('is Frontier by default', () => {
    const cluster = dragonfly();
    expect(cluster.tiers).toEqual(['group']);
    expect(cluster.servers).toHaveLength(9472);
    expect(cluster.servers[129]!.id).toBe('group1-server1');
    expect(cluster.types).toEqual({ 'mi250x-frontier': 'mi250x-frontier' });
    expect(cluster.uplinks).toEqual({ group: { GBps: 7300 } });
  });

  it('sums the global links of a group', () => {
    const { uplinks } = dragonfly({ groups: 3, serversPerGroup: 4, linksPerGroupPair: 2, globalGbps: 100 });
    expect(uplinks).toEqual({ group: { GBps: 50 } });
  });

  it('has no limit above a group that is alone', () => {
    expect(dragonfly({ groups: 1, serversPerGroup: 4 }).uplinks).toEqual({});
  });

  it('takes other ports of its servers, which global links do not depend on', () => {
    const { uplinks, types } = dragonfly({ groups: 3, serversPerGroup: 4, portsPerServer: 2, portGbps: 100 });
    expect(uplinks).toEqual({ group: { GBps: 200 } });
    expect(Object.keys(types)).toEqual(['mi250x-frontier with 2 ports of 100 Gb/s']);
    const own = synthetic('cpu:1 gpu:2 nic:1', { name: 'own' });
    const { own: written } = dragonfly({ server: own, groups: 2 }).types;
    // Slingshot 11 where the server says nothing.
    expect((written as ServerDocument).devices.find(({ kind }) => kind === 'nic')!.portGBps).toBe(25);
  });

  it('is a cluster document', () => {
    const read = buildClusterTopology(dragonfly({ groups: 3, serversPerGroup: 2 }), (name) =>
      topology(name as 'dgx-h100'),
    );
    expect(read.tiers[0]!.domains).toEqual(['group0', 'group1', 'group2']);
  });

  it.each([
    ['groups', 0],
    ['serversPerGroup', 1.5],
    ['linksPerGroupPair', 0],
    ['linksPerGroupPair', 5000],
    ['globalGbps', 0],
    ['portsPerServer', 0],
    ['portGbps', 0],
    ['routers', 32],
  ])('refuses %s: %s', (option, value) => {
    const error = caught(() => dragonfly({ [option]: value } as object));
    expect(error.code).toBe('invalid-option');
    expect(error.path).toEqual([option]);
  });

  it('refuses more than 65,536 servers', () => {
    expect(caught(() => dragonfly({ groups: 513 })).code).toBe('limit-exceeded');
  });
});

interface Fabric {
  readonly id: string;
  readonly groups: number;
  readonly nodesPerGroup: number;
  readonly globalTbpsPerGroup: number;
}

describeWithShared(
  'servers/fabrics.json',
  'dragonfly against the collected description of Frontier',
  (path) => {
    const { fabrics } = JSON.parse(readFileSync(path, 'utf8')) as { fabrics: Fabric[] };

    it('has its size and its global bandwidth', () => {
      const frontier = fabrics.find((fabric) => fabric.id === 'frontier-dragonfly')!;
      expect(dragonfly().servers).toHaveLength(frontier.groups * frontier.nodesPerGroup);
      expect((dragonfly().uplinks!.group!.GBps! * 8) / 1000).toBeCloseTo(frontier.globalTbpsPerGroup, 9);
    });
  },
);
