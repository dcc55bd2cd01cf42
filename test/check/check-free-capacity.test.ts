import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { clusterDocument, operations } from '../../src/arbitraries/index.js';
import { type CheckedFreeCapacity, type CheckedPlacement, checkFreeCapacity } from '../../src/check/index.js';
import { clusterTopology, compile, type FreeCapacity, type Placement } from '../../src/index.js';
import { gpuBox } from '../placement/random-cluster.js';

const cluster = clusterTopology({
  tiers: [],
  types: { pair: gpuBox(2) },
  servers: [
    { id: 'limited', type: 'pair', cpuMilli: 4000, memoryMiB: 1024 },
    { id: 'open', type: 'pair' },
  ],
});
const placements: CheckedPlacement[] = [
  { request: { gpuMilli: 300, cpuMilli: 1000 }, pods: [{ server: 'limited', gpus: [1] }] },
  { request: { gpuMilli: 300, memoryMiB: 24 }, pods: [{ server: 'limited', gpus: [1] }] },
  { request: { gpus: 2 }, pods: [{ server: 'open', gpus: [0, 1] }] },
];
const free = {
  gpus: 1,
  gpuMilli: 1400,
  servers: [
    { server: 'limited', gpus: [0], gpuMilli: [1000, 400], cpuMilli: 3000, memoryMiB: 1000 },
    { server: 'open', gpus: [], gpuMilli: [0, 0], cpuMilli: null, memoryMiB: null },
  ],
} satisfies CheckedFreeCapacity;

const changed = (server: 0 | 1, change: Partial<FreeCapacity['servers'][number]>): CheckedFreeCapacity => ({
  ...free,
  servers: free.servers.map((entry, i) => (i === server ? { ...entry, ...change } : entry)),
});

describe('checkFreeCapacity', () => {
  it('has nothing to say where free and taken make up the capacity', () => {
    expect(checkFreeCapacity(cluster, placements, free)).toEqual([]);
  });

  it.each<[string, CheckedFreeCapacity, RegExp]>([
    ['a GPU said to be free that is not', changed(1, { gpus: [0] }), /"open", free GPUs: said \[0\]/],
    ['a share forgotten', changed(0, { gpuMilli: [1000, 700] }), /said \[1000,700\], expected \[1000,400\]/],
    [
      'CPU forgotten',
      changed(0, { cpuMilli: 4000 }),
      /"limited", free milli-cores: said 4000, expected 3000/,
    ],
    ['memory made up', changed(0, { memoryMiB: 1001 }), /free MiB: said 1001/],
    ['a limit made up', changed(1, { cpuMilli: 5 }), /"open", free milli-cores: said 5, expected null/],
    ['a wrong total of GPUs', { ...free, gpus: 2 }, /free GPUs in all: said 2, expected 1/],
    ['a wrong total of shares', { ...free, gpuMilli: 1000 }, /thousandths of GPUs in all/],
    ['a server left out', { ...free, servers: free.servers.slice(1) }, /^servers: said \["open"\]/],
  ])('finds %s, and nothing else', (_, said, message) => {
    const violations = checkFreeCapacity(cluster, placements, said);
    expect(violations).toHaveLength(1);
    expect(violations[0]).toMatch(message);
  });

  it('finds nothing wrong with what the solver says after every step', () => {
    fc.assert(
      fc.property(clusterDocument(), operations({ lengthMax: 30 }), (document, history) => {
        const topology = clusterTopology(document);
        const solver = compile(topology);
        let live: { request: CheckedPlacement['request']; placement: Placement }[] = [];
        for (const step of history) {
          if (step.kind === 'place') {
            const answer = solver.place(step.request);
            if (answer.ok) live = [...live, { request: step.request, placement: answer.placement }];
          } else if (step.kind === 'release' && live.length > 0) {
            const at = step.pick % live.length;
            solver.release(live[at]!.placement);
            live = live.filter((_, i) => i !== at);
          }
          const placed = live.map(({ request, placement }) => ({ request, pods: placement.pods }));
          expect(checkFreeCapacity(topology, placed, solver.free())).toEqual([]);
        }
      }),
      { seed: 20_240_207, numRuns: 100 },
    );
  });
});
