import { describe, expect, it } from 'vitest';
import { compileClusterTables } from '../../../src/compile/cluster-tables.js';
import { clusterTopology } from '../../../src/index.js';
import {
  loadResidents,
  loadServerFacts,
  newServerFacts,
} from '../../../src/placement/scores/server-facts.js';
import { podNeed } from '../../../src/placement/state/pod-need.js';
import { emptyState, take } from '../../../src/placement/state/state.js';
import { gpuBox } from '../random-cluster.js';

describe('loadServerFacts and loadResidents', () => {
  const tables = compileClusterTables(
    clusterTopology({
      tiers: [],
      types: { four: gpuBox(4), two: gpuBox(2) },
      servers: [
        { id: 'a', type: 'four', gpuModel: 'X', cpuMilli: 9000, memoryMiB: 99 },
        { id: 'b', type: 'two', gpuModel: 'Y' },
      ],
    }),
  );
  const state = emptyState(tables, { residents: true });
  take(tables, state, podNeed({ gpus: 1, cpuMilli: 1000, memoryMiB: 9 }, tables), 0, 0b0100);
  take(tables, state, podNeed({ gpuMilli: 250 }, tables), 1, 0b10);

  it('tell of one server what is free and who is there', () => {
    const facts = newServerFacts();
    loadServerFacts(tables, state, 0, facts);
    loadResidents(state, 0, facts);
    expect(facts).toMatchObject({
      cpuFreeMilli: 8000,
      memoryFreeMiB: 90,
      gpus: 4,
      gpuModel: 0,
      idleGpuMilli: 3000,
    });
    expect([...facts.gpuFreeMilli.subarray(0, 4)]).toEqual([1000, 1000, 0, 1000]);
    expect([...facts.residents]).toEqual([0, 1, ...new Array(15).fill(0)]);
  });

  it('leave nothing of the server before', () => {
    const facts = newServerFacts();
    loadServerFacts(tables, state, 0, facts);
    loadResidents(state, 0, facts);
    loadServerFacts(tables, state, 1, facts);
    loadResidents(state, 1, facts);
    expect(facts).toMatchObject({
      cpuFreeMilli: Number.POSITIVE_INFINITY,
      memoryFreeMiB: Number.POSITIVE_INFINITY,
      gpus: 2,
      gpuModel: 1,
      idleGpuMilli: 1750,
    });
    expect([...facts.gpuFreeMilli.subarray(0, 2)]).toEqual([1000, 750]);
    expect([...facts.residents]).toEqual([1, ...new Array(16).fill(0)]);
  });

  it('have room for the largest server', () => {
    expect([newServerFacts().gpuFreeMilli.length, newServerFacts().residents.length]).toEqual([16, 17]);
  });
});
