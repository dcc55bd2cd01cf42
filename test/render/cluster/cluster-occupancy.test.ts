import { describe, expect, it } from 'vitest';
import { clusterTopology, compile } from '../../../src/index.js';
import { freeGpus, occupancy } from '../../../src/render/cluster/cluster-occupancy.js';

const cluster = clusterTopology({
  tiers: [],
  types: { four: 'ws-4x5090' },
  servers: ['a', 'b'].map((id) => ({ id, type: 'four' })),
});

describe('occupancy', () => {
  it('takes for free what no gang holds, where it is told nothing else', () => {
    const pods = [{ server: 'b', gpus: [1, 2] }];
    const { cells, groupNames, groupSizes } = occupancy(cluster, { groups: [{ placement: { pods } }] });
    expect(cells).toEqual([
      ['free', 'free', 'free', 'free'],
      ['free', [0], [0], 'free'],
    ]);
    expect([groupNames, groupSizes]).toEqual([['group 1'], [2]]);
  });

  it('reads what a solver says is free, whatever the order of its servers', () => {
    const solver = compile(cluster);
    solver.place({ gpus: 3 });
    solver.place({ gpuMilli: 100 });
    const free = solver.free();
    const expected = [
      ['taken', 'taken', 'taken', 'shared'],
      ['free', 'free', 'free', 'free'],
    ];
    expect(occupancy(cluster, { free }).cells).toEqual(expected);
    const reversed = { ...free, servers: free.servers.toReversed() };
    expect(occupancy(cluster, { free: reversed }).cells).toEqual(expected);
  });

  it('counts a GPU that pods of one gang share once, and lists all gangs of a GPU', () => {
    const gang = (...gpus: number[]) => ({
      placement: { pods: gpus.map((gpu) => ({ server: 'a', gpus: [gpu] })) },
    });
    const { cells, groupSizes } = occupancy(cluster, { groups: [gang(0, 0, 1), gang(1)] });
    expect(groupSizes).toEqual([2, 1]);
    expect(cells[0]).toEqual([[0], [0, 1], 'free', 'free']);
  });

  it('closes free GPUs of cordoned servers only', () => {
    const groups = [{ placement: { pods: [{ server: 'a', gpus: [3] }] } }];
    const { cells, cordoned } = occupancy(cluster, { groups, cordoned: ['a', 'a'] });
    expect(cells[0]).toEqual(['cordoned', 'cordoned', 'cordoned', [0]]);
    expect(cordoned).toEqual([true, false]);
    expect(cells.map(freeGpus)).toEqual([0, 4]);
    const solver = compile(cluster);
    solver.place({ gpus: 1 });
    const { cells: known } = occupancy(cluster, { free: solver.free(), cordoned: ['a'] });
    expect(known[0]).toEqual(['taken', 'cordoned', 'cordoned', 'cordoned']);
  });

  it('does not change what it is given', () => {
    const solver = compile(cluster);
    const free = solver.free();
    const copy = structuredClone(free);
    occupancy(cluster, {
      free,
      cordoned: ['a'],
      groups: [{ placement: { pods: [{ server: 'a', gpus: [0] }] } }],
    });
    expect(free).toEqual(copy);
  });
});
