import { describe, expect, it } from 'vitest';
import { copyHolders } from '../../../src/restart/placement/copy-holders.js';
import { refused, refusedAs } from '../refusals.js';
import { gangOn, smallCluster } from '../small-cluster.js';

const cluster = smallCluster({ blocks: 2, racks: 3, servers: 2 });
const all = cluster.servers.map((s) => s.id);

describe('copyHolders', () => {
  it('puts the second copy on the next server', () => {
    expect(copyHolders(gangOn('b0r0s0', 'b0r0s1', 'b0r1s0'), cluster)).toEqual([
      [0, 1],
      [1, 2],
      [2, 0],
    ]);
  });

  it('keeps copies in different domains of a tier, each server its own part first', () => {
    for (const apart of ['rack', 'block'] as const) {
      for (const copies of [1, 2, 3]) {
        const holders = copyHolders(gangOn(...all), cluster, { copies, apart });
        const tier = cluster.tiers.findIndex((t) => t.name === apart);
        holders.forEach((list, own) => {
          expect(list[0]).toBe(own);
          const domains = list.map((i) => cluster.servers[i]!.domains[tier]);
          expect(new Set(domains).size).toBe(list.length);
          expect(list.length).toBe(Math.min(copies, cluster.tiers[tier]!.domains.length));
        });
      }
    }
  });

  it('gives fewer copies where the gang does not touch enough domains', () => {
    expect(copyHolders(gangOn('b0r0s0', 'b0r0s1'), cluster, { apart: 'rack' })).toEqual([[0], [1]]);
  });

  it('refuses nonsense', () => {
    const gang = gangOn('b0r0s0');
    expect(() => copyHolders({ pods: [{ server: 'b0r0s0', gpus: [0, 0] }] }, cluster)).toThrow(
      refusedAs('duplicate-id', ['placement', 'pods', 0, 'gpus', 1]),
    );
    expect(() => copyHolders(gang, cluster, { copies: 0 })).toThrow(refused('copies'));
    expect(() => copyHolders(gang, cluster, { apart: 'pod' })).toThrow(
      refusedAs('unknown-reference', ['apart']),
    );
    expect(() => copyHolders(gang, cluster, { copy: 2 } as never)).toThrow(refused('copy'));
  });
});
