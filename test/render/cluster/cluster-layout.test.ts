import { describe, expect, it } from 'vitest';
import { superPod } from '../../../src/catalogue/index.js';
import { clusterTopology } from '../../../src/index.js';
import { clusterLayout } from '../../../src/render/cluster/cluster-layout.js';

const flat = (count: number, type = 'dgx-h100') =>
  clusterTopology({
    tiers: [],
    types: { t: type },
    servers: Array.from({ length: count }, (_, i) => ({ id: `server ${i}`, type: 't' })),
  });

describe('clusterLayout', () => {
  it('has every server once, in document order inside a domain', () => {
    const cluster = clusterTopology(superPod());
    const { columns, domains } = clusterLayout(cluster);
    const servers = columns.flatMap((column) => column.servers);
    expect(servers).toEqual([...cluster.servers.keys()]);
    expect(domains.map(({ tier, domain }) => [tier, domain])).toEqual([0, 1, 2, 3].map((d) => [0, d]));
  });

  it('keeps a domain of 32 servers one column where that makes a good shape', () => {
    expect(clusterLayout(clusterTopology(superPod())).columns).toHaveLength(4);
  });

  it('shrinks cells and leaves names out as servers become many', () => {
    const details = [64, 65, 192, 193, 1024, 1025, 4096].map((count) => clusterLayout(flat(count)).detail);
    expect(details.map(({ cell }) => cell)).toEqual([16, 12, 12, 8, 8, 5, 5]);
    expect(details.map(({ serverSize }) => serverSize > 0)).toEqual([
      true,
      true,
      true,
      false,
      false,
      false,
      false,
    ]);
  });

  it('breaks one large domain into columns, none of them empty', () => {
    for (const count of [1, 2, 21, 33, 41, 63, 100, 1000, 4096]) {
      const { columns, width, height } = clusterLayout(flat(count));
      expect(columns.flatMap(({ servers }) => servers)).toHaveLength(count);
      for (const { servers } of columns) expect(servers.length).toBeGreaterThan(0);
      if (count > 30) {
        expect(width / height).toBeGreaterThan(0.8);
        expect(width / height).toBeLessThan(3);
      }
    }
  });

  it('gives equal layouts for equal clusters', () => {
    expect(clusterLayout(flat(77))).toEqual(clusterLayout(flat(77)));
  });
});
