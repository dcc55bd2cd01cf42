import { describe, expect, it } from 'vitest';
import { gangOf, positionsById } from '../../../src/restart/placement/gang.js';
import { gangOn, smallCluster } from '../small-cluster.js';

describe('gangOf', () => {
  const cluster = smallCluster({ blocks: 1, racks: 2, servers: 2 });

  it('keeps the order in which pods name servers, and merges pods of one server', () => {
    const gang = gangOf(
      {
        pods: [
          { server: 'b0r1s0', gpus: [5] },
          { server: 'b0r0s0', gpus: [0] },
          { server: 'b0r1s0', gpus: [2] },
        ],
      },
      cluster,
      positionsById(cluster),
    );
    expect(gang.servers.map((s) => [s.id, s.position, s.gpus])).toEqual([
      ['b0r1s0', 2, [2, 5]],
      ['b0r0s0', 0, [0]],
    ]);
    expect(gang.gpus).toBe(3);
    expect(gangOf(gangOn('b0r0s1'), cluster, positionsById(cluster)).gpus).toBe(8);
  });
});
