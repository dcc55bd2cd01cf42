import { describe, expect, it } from 'vitest';
import { compile, type PlacementRequest } from '../../src/index.js';
import { bestFit, fgd, gpuPacking, topologyAware } from '../../src/policies/index.js';
import { racks } from '../check/gangs/gang-examples.js';
import { Dice } from './gangs/gang-cluster.js';
import { anyPod, kindsCluster } from './kinds-cluster.js';

const four = () => compile(racks({ A: ['a1', 'a2'], B: ['b1', 'b2'] }));

describe('rank', () => {
  it('gives 100 to the best and goes down in equal steps, equal servers in document order', () => {
    const solver = four();
    solver.place({ gpus: 1 });
    // a1 has one GPU left and breaks nothing; in its rack a whole server counts for less than in the other.
    expect(solver.rank({ gpus: 1 })).toEqual([
      { server: 'a1', score: 100 },
      { server: 'a2', score: (100 * 2) / 3 },
      { server: 'b1', score: 100 / 3 },
      { server: 'b2', score: 100 / 3 },
    ]);
    expect(solver.rank({ gpus: 2 })).toEqual([
      { server: 'a2', score: 100 },
      { server: 'b1', score: 50 },
      { server: 'b2', score: 50 },
    ]);
    expect(solver.rank({ cpuMilli: 5 }).map(({ score }) => score)).toEqual([100, 100, 100, 100]);
    expect(solver.rank({ gpus: 3 })).toEqual([]);
  });

  it('puts the tightest shared GPU before all others, then wholly free ones', () => {
    const solver = four();
    for (const gpuMilli of [700, 600, 500]) solver.place({ gpuMilli });
    const rooms = solver.free().servers.map(({ gpuMilli }) => gpuMilli.filter((milli) => milli < 1000));
    expect(rooms).toEqual([[300, 400], [500], [], []]);
    expect(solver.rank({ gpuMilli: 350 }).map(({ server }) => server)).toEqual(['a1', 'a2', 'b1', 'b2']);
    expect(solver.rank({ gpuMilli: 450 }).map(({ server }) => server)).toEqual(['a2', 'b1', 'b2']);
  });

  it('chooses among those named, each once, in whatever order', () => {
    const solver = four();
    solver.place({ gpus: 1 });
    const best = solver.rank({ gpus: 1 }, ['b2', 'a2', 'b2', 'a1']);
    expect(best.map(({ server }) => server)).toEqual(['a1', 'a2', 'b2']);
    expect(solver.rank({ gpus: 1 }, [])).toEqual([]);
  });

  it('takes one pod in so many words, and refuses gangs', () => {
    expect(four().rank({ pods: 1, gpus: 1 })).toHaveLength(4);
    expect(() => four().rank({ pods: 2, gpus: 1 })).toThrow(
      expect.objectContaining({ code: 'invalid-request', path: ['pods'] }),
    );
  });

  it.each([
    ['unknown-reference', ['a1', 'z9'], ['servers', 1]],
    ['invalid-option', 'a1', ['servers']],
    ['invalid-option', null, ['servers']],
  ])('refuses with %s the servers %o', (code, servers, path) => {
    expect(() => four().rank({ gpus: 1 }, servers as never)).toThrow(
      expect.objectContaining({ name: 'CorralError', code, path }),
    );
  });

  it.each([
    topologyAware(),
    bestFit(),
    gpuPacking(),
    fgd({ workload: [{ cpuMilli: 2000, gpus: 1, gpuMilli: 500, share: 1 }] }),
  ])('begins with where the pod would be placed: $name', (policy) => {
    let ranked = 0;
    for (let seed = 0; seed < 80; seed++) {
      const dice = new Dice(seed);
      const cluster = kindsCluster(dice, { serversMax: 20, tiersMax: 3, limits: true });
      const solver = compile(cluster, { policy });
      for (let i = 0; i < 30; i++) {
        const place = dice.of([
          {},
          { requirePerPod: 'socket' },
          { prefer: 'socket' },
          { require: 'numa' },
        ] as const);
        const request: PlacementRequest = { ...anyPod(dice, { limits: true }), ...place };
        const order = solver.rank(request);
        const scores = order.map(({ score }) => score);
        expect(scores).toEqual([...scores].sort((a, b) => b - a));
        const answer = solver.place(request);
        expect(order[0]?.server, `seed ${seed}, ${JSON.stringify(request)}`).toBe(
          answer.ok ? answer.placement.pods[0]!.server : undefined,
        );
        if (order.length > 1) ranked++;
      }
    }
    expect(ranked).toBeGreaterThan(500);
  });
});
