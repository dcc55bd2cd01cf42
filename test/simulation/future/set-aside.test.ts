import { describe, expect, it } from 'vitest';
import type { PlacementEngine } from '../../../src/placement/engine.js';
import type { PlacementRequest } from '../../../src/placement/request/request.js';
import { SetAside } from '../../../src/simulation/future/set-aside.js';
import { fourGpuEngine, gangFor } from './placed-cluster.js';

/** Two servers of four GPUs now and later; of the first, GPUs 2 and 3 and half the CPU are taken now. */
function engines(): { readonly now: PlacementEngine; readonly later: PlacementEngine } {
  const now = fourGpuEngine(2);
  now.take(gangFor(now, { gpus: 2, cpuMilli: 4000 }).need, 0, 0b1100);
  return { now, later: fourGpuEngine(2) };
}

/** What is left to others on the servers, of GPUs, CPU and memory, and on which servers something is set aside. */
function left(
  request: PlacementRequest,
  plan: readonly (readonly [server: number, mask: number, pods: number])[],
  isExact = false,
): unknown {
  const { now, later } = engines();
  const before = [[...now.state.freeMask], [...now.state.cpuFreeMilli], [...now.state.memoryFreeMiB]];
  const aside = new SetAside(now, later);
  const podsOn = aside.take(
    gangFor(now, request).need,
    {
      servers: plan.map(([server]) => server),
      masks: plan.map(([, mask]) => mask),
      podCounts: plan.map(([, , pods]) => pods),
    },
    isExact,
  );
  const { freeMask, cpuFreeMilli, memoryFreeMiB } = now.state;
  const shown = {
    gpus: [...freeMask],
    cpu: [...cpuFreeMilli],
    memory: [...memoryFreeMiB],
    podsOn: [...podsOn],
  };
  aside.clear();
  expect([[...freeMask], [...cpuFreeMilli], [...memoryFreeMiB]]).toEqual(before);
  return shown;
}

const UNTOUCHED = { gpus: [0b0011, 0b1111], cpu: [4000, 8000], memory: [8000, 8000], podsOn: [] };

describe('SetAside', () => {
  it('takes nothing for a gang that gets by with what comes back', () => {
    expect(left({ gpus: 2 }, [[0, 0b0011, 1]])).toEqual(UNTOUCHED);
    expect(left({ gpus: 1, cpuMilli: 4000 }, [[0, 0b0001, 1]])).toEqual(UNTOUCHED);
  });

  it('takes the GPUs that are missing of what comes back, and leaves the best of the others', () => {
    expect(left({ gpus: 3 }, [[0, 0b1011, 1]])).toMatchObject({ gpus: [0b0001, 0b1111], podsOn: [[0, 1]] });
    expect(left({ gpus: 4 }, [[0, 0b1111, 1]])).toMatchObject({ gpus: [0, 0b1111] });
  });

  it('takes the very GPUs where these are needed', () => {
    expect(left({ gpus: 2 }, [[0, 0b0110, 1]], true)).toMatchObject({
      gpus: [0b0001, 0b1111],
      podsOn: [[0, 1]],
    });
  });

  it('takes the GPUs of all pieces on a server together', () => {
    const pieces = [
      [0, 0b0100, 1],
      [0, 0b1001, 2],
      [1, 0b0001, 1],
    ] as const;
    expect(left({ gpus: 1, pods: 4 }, pieces)).toMatchObject({
      gpus: [0b0001, 0b0111],
      podsOn: [
        [0, 3],
        [1, 1],
      ],
    });
  });

  it('takes CPU and memory that are missing', () => {
    expect(left({ gpus: 1, cpuMilli: 6000, memoryMiB: 1000 }, [[0, 0b0001, 1]])).toEqual({
      gpus: [0b0011, 0b1111],
      cpu: [2000, 8000],
      memory: [7000, 8000],
      podsOn: [[0, 1]],
    });
  });

  it('takes shares of a GPU that are missing', () => {
    const { now, later } = engines();
    const half = gangFor(now, { gpuMilli: 300 }).need;
    now.take(half, 1, 0b0001);
    later.take(half, 1, 0b0001);
    const aside = new SetAside(now, later);
    aside.take(gangFor(now, { gpuMilli: 500 }).need, { servers: [1], masks: [0b0001], podCounts: [1] }, true);
    expect(now.decide(gangFor(now, { gpuMilli: 200 }).need) && [now.server, now.gpuMask]).toEqual([
      1, 0b0001,
    ]);
    expect(now.state.sharedFreeMilli[4]).toBe(200);
    aside.clear();
    expect(now.state.sharedFreeMilli[4]).toBe(700);
  });
});
