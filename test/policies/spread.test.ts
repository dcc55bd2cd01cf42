import { describe, expect, it } from 'vitest';
import { compile } from '../../src/index.js';
import { spread } from '../../src/policies/index.js';
import { boxCluster, gpuBox } from '../placement/random-cluster.js';

const solverOf = (types: readonly string[]) =>
  compile(
    boxCluster({
      tiers: [],
      types: { none: gpuBox(0), two: gpuBox(2), four: gpuBox(4) },
      servers: types.map((type, i) => ({ id: `${type}-${i}`, type })),
    }),
    { policy: spread() },
  );
const serverOf = (answer: ReturnType<ReturnType<typeof solverOf>['place']>): string =>
  answer.ok ? answer.placement.pods[0]!.server : answer.reason;

describe('spread', () => {
  it('goes round equal servers in document order', () => {
    const solver = solverOf(['four', 'four', 'four']);
    const servers = Array.from({ length: 6 }, () => serverOf(solver.place({ gpus: 1 })));
    expect(servers).toEqual(['four-0', 'four-1', 'four-2', 'four-0', 'four-1', 'four-2']);
  });

  it('goes by the share that is in use once the pod is there, not by the number of GPUs', () => {
    const solver = solverOf(['two', 'four']);
    // 1/4 is less than 1/2; 2/4 equals 1/2, and the first wins.
    expect([1, 1, 1].map((gpus) => serverOf(solver.place({ gpus })))).toEqual(['four-1', 'two-0', 'four-1']);
  });

  it('puts shares on the tightest GPU of the emptiest server', () => {
    const solver = solverOf(['four', 'four']);
    solver.place({ gpuMilli: 600 });
    solver.place({ gpuMilli: 500 });
    const third = solver.place({ gpuMilli: 400 });
    expect(third.ok && third.placement.pods[0]).toEqual({ server: 'four-1', gpus: [0] });
  });

  it('takes a server without GPUs for one that is not in use', () => {
    const solver = solverOf(['two', 'none']);
    solver.place({ gpus: 1 });
    expect(serverOf(solver.place({ cpuMilli: 1 }))).toBe('none-1');
  });

  it('is the opposite of filling up: after as many pods no server is left wholly free', () => {
    const solver = solverOf(['four', 'four', 'four', 'four']);
    for (let i = 0; i < 4; i++) solver.place({ gpus: 1 });
    expect(solver.free().servers.map(({ gpus }) => gpus.length)).toEqual([3, 3, 3, 3]);
  });
});
