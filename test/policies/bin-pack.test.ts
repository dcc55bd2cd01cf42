import { describe, expect, it } from 'vitest';
import { compile } from '../../src/index.js';
import { usedShare } from '../../src/policies/bin-pack.js';
import { binPack } from '../../src/policies/index.js';
import { boxCluster, gpuBox } from '../placement/random-cluster.js';

const mixed = () =>
  compile(
    boxCluster({
      tiers: [],
      types: { none: gpuBox(0), two: gpuBox(2), eight: gpuBox(8) },
      servers: [
        { id: 'large', type: 'eight' },
        { id: 'small', type: 'two' },
        { id: 'cpu', type: 'none' },
      ],
    }),
    { policy: binPack() },
  );
const serverOf = (answer: ReturnType<ReturnType<typeof mixed>['place']>): string =>
  answer.ok ? answer.placement.pods[0]!.server : answer.reason;

describe('binPack', () => {
  it('fills the server that is fullest by share once the pod is there', () => {
    const solver = mixed();
    // 1 of 2 is more than 1 of 8; then 2 of 2; then only the large one is left.
    expect([1, 1, 1].map((gpus) => serverOf(solver.place({ gpus })))).toEqual(['small', 'small', 'large']);
    expect(serverOf(solver.place({ gpus: 2 }))).toBe('large');
  });

  it('counts shares, and puts them on the tightest GPU', () => {
    const solver = mixed();
    solver.place({ gpuMilli: 700 });
    const second = solver.place({ gpuMilli: 300 });
    expect(second.ok && second.placement.pods[0]).toEqual({ server: 'small', gpus: [0] });
    const third = solver.place({ gpuMilli: 300 });
    expect(third.ok && third.placement.pods[0]).toEqual({ server: 'small', gpus: [1] });
  });

  it('sends pods without GPUs to servers without', () => {
    expect(serverOf(mixed().place({ cpuMilli: 1000 }))).toBe('cpu');
  });

  it('takes the first in document order among equals, and ranks by the score', () => {
    const solver = mixed();
    const ranked = solver.rank({ gpus: 1 });
    expect(ranked).toEqual([
      { server: 'small', score: 0.5 },
      { server: 'large', score: 0.125 },
    ]);
  });
});

describe('usedShare', () => {
  it('is the share of GPUs in use, and nothing where there are none', () => {
    expect([usedShare(8, 8000), usedShare(8, 2000), usedShare(2, 0), usedShare(0, 0)]).toEqual([
      0,
      0.75,
      1,
      undefined,
    ]);
  });
});
