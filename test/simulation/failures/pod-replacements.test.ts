import { describe, expect, it } from 'vitest';
import { compileClusterTables } from '../../../src/compile/cluster-tables.js';
import { clusterTopology } from '../../../src/index.js';
import { PlacementEngine } from '../../../src/placement/engine.js';
import { type Gang, gangOf, Levels } from '../../../src/placement/gangs/gang.js';
import type { PlacementRequest } from '../../../src/placement/request/request.js';
import { podNeed } from '../../../src/placement/state/pod-need.js';
import { bestFit, topologyAware } from '../../../src/policies/index.js';
import { PodReplacements, type Slot } from '../../../src/simulation/failures/pod-replacements.js';
import { gpuBox } from '../../placement/random-cluster.js';

/** 2 blocks of 2 racks of 3 servers of 4 GPUs: s0 … s11. */
const tables = compileClusterTables(
  clusterTopology({
    tiers: ['block', 'rack'],
    types: { four: gpuBox(4) },
    servers: Array.from({ length: 12 }, (_, i) => ({
      id: `s${i}`,
      type: 'four',
      domains: { block: `b${Math.floor(i / 6)}`, rack: `r${Math.floor(i / 3)}` },
    })),
  }),
);
const levels = new Levels(['block', 'rack']);
const gangFor = (request: PlacementRequest): Gang => gangOf(request, podNeed(request, tables), levels);

/** An engine on which only some servers are free. */
function engineWith(free: readonly number[], policy = topologyAware()): PlacementEngine {
  const engine = new PlacementEngine(tables, { policy, workload: undefined, sizes: undefined, seed: 0 });
  for (let server = 0; server < 12; server++) if (!free.includes(server)) engine.setCordoned(server, true);
  return engine;
}

/** Whole servers of a gang; a minus says that one is lost. */
const slotsOn = (...servers: readonly (number | string)[]): Slot[] =>
  servers.map((server) => ({
    server: Math.abs(Number(server)),
    mask: 0b1111,
    isLost: typeof server === 'string',
  }));

/** Where the pods of a gang are once those that can be are replaced; a text where none was found. */
function replaced(
  request: PlacementRequest,
  slots: readonly Slot[],
  free: readonly number[],
  policy = topologyAware(),
): (number | string)[] {
  const engine = engineWith(free, policy);
  const before = [...engine.state.freeMask];
  const found = new PodReplacements(engine).find(gangFor(request), slots);
  expect([...engine.state.freeMask]).toEqual(before);
  return found.map(({ server, isLost }) => (isLost ? `${server}` : server));
}

describe.each([topologyAware(), bestFit()])('replacements under $name', (policy) => {
  it('are the nearest servers with room, and pods that are left stay where they are', () => {
    const request = { pods: 3, gpus: 4 };
    const slots = slotsOn(0, '1', 2);
    expect(replaced(request, slots, [4, 8], policy)).toEqual([0, 4, 2]);
    expect(replaced(request, slots, [8], policy)).toEqual([0, 8, 2]);
    expect(replaced(request, slots, [], policy)).toEqual([0, '1', 2]);
  });

  it('are as many as there are', () => {
    expect(replaced({ pods: 4, gpus: 4 }, slotsOn(0, '1', '2', 3), [5], policy)).toEqual([0, 5, '2', 3]);
  });

  it('keep to the domain that the gang must be in', () => {
    const slots = slotsOn(0, '1');
    expect(replaced({ pods: 2, gpus: 4, require: 'rack' }, slots, [3, 6], policy)).toEqual([0, '1']);
    expect(replaced({ pods: 2, gpus: 4, require: 'rack' }, slots, [2, 3], policy)).toEqual([0, 2]);
    expect(replaced({ pods: 2, gpus: 4, require: 'block' }, slots, [3, 6], policy)).toEqual([0, 3]);
  });

  it('keep slices together: pods join the others of theirs, whole slices take the nearest domain with room', () => {
    const request = { pods: 4, gpus: 4, slice: { pods: 2, tier: 'rack' } };
    expect(replaced(request, slotsOn(0, '1', 3, 4), [5, 2], policy)).toEqual([0, 2, 3, 4]);
    expect(replaced(request, slotsOn(0, '1', 3, 4), [5], policy)).toEqual([0, '1', 3, 4]);
    expect(replaced(request, slotsOn('0', '1', 3, 4), [5, 6, 7], policy)).toEqual([6, 7, 3, 4]);
    expect(replaced(request, slotsOn('0', '1', 3, 4), [5, 6, 9], policy)).toEqual(['0', '1', 3, 4]);
    // The last slice may be smaller.
    expect(replaced({ ...request, pods: 3 }, slotsOn(0, 1, '3'), [9], policy)).toEqual([0, 1, 9]);
  });

  it('take the place of pods that share a server, one by one', () => {
    const slots: Slot[] = [
      { server: 0, mask: 0b0011, isLost: true },
      { server: 0, mask: 0b1100, isLost: true },
      { server: 1, mask: 0b0011, isLost: false },
    ];
    expect(replaced({ pods: 3, gpus: 2 }, slots, [1], policy)).toEqual([1, 1, 1]);
  });

  it('are found for shares and for pods without GPUs', () => {
    const slots: Slot[] = [
      { server: 0, mask: 1, isLost: true },
      { server: 1, mask: 1, isLost: false },
    ];
    expect(replaced({ pods: 2, gpuMilli: 500 }, slots, [2], policy)).toEqual([2, 1]);
    const bare = slots.map((slot) => ({ ...slot, mask: 0 }));
    expect(replaced({ pods: 2, gpus: 0 }, bare, [2], policy)).toEqual([2, 1]);
  });
});

it('replacements of a policy that looks at topology are on the fastest GPUs, then where least is lost', () => {
  const engine = engineWith([2, 3]);
  const one = gangFor({ pods: 2, gpus: 1 });
  // On s2 a pair is broken for whoever comes later, on s3 it is broken already.
  engine.take(one.need, 3, 0b0001);
  const slots: Slot[] = [
    { server: 9, mask: 1, isLost: true },
    { server: 10, mask: 1, isLost: false },
  ];
  expect(new PodReplacements(engine).find(one, slots)[0]!.server).toBe(3);
});
