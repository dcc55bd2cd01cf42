import { describe, expect, it } from 'vitest';
import { compileClusterTables } from '../../../src/compile/cluster-tables.js';
import { clusterTopology, type PlacementRequest } from '../../../src/index.js';
import { type Gang, gangOf, Levels } from '../../../src/placement/gangs/gang.js';
import { podNeed } from '../../../src/placement/state/pod-need.js';
import { podUnits } from '../../../src/simulation/allocation/allocation.js';
import { openRun } from '../../../src/simulation/assemble.js';
import { gpuBox } from '../../placement/random-cluster.js';
import { oneGpuServers } from '../one-gpu-servers.js';

const twoBoxes = clusterTopology({
  tiers: [],
  types: { box: gpuBox(4) },
  servers: [
    { id: 'a', type: 'box' },
    { id: 'b', type: 'box' },
  ],
});
const job = (gpus: number, tenant = '') => ({ submitSeconds: 0, durationSeconds: 10, gpus, tenant });

describe('Allocation', () => {
  it('remembers who was refused until something is given back', () => {
    const { allocation } = openRun({ cluster: twoBoxes, jobs: [job(4), job(3), job(2)] }, undefined).run;
    expect([allocation.place(0), allocation.place(1), allocation.place(2)]).toEqual([true, true, false]);
    allocation.release(1);
    expect(allocation.place(2)).toBe(true);
  });

  it('forgets no refusal for a trial that is undone', () => {
    const { allocation } = openRun({ cluster: twoBoxes, jobs: [job(4), job(3), job(1)] }, undefined).run;
    allocation.place(0);
    const { returns } = allocation;
    expect(allocation.place(2)).toBe(true);
    allocation.unplace(2);
    expect(allocation.returns).toBe(returns);
  });

  it('counts pods where that is enough, and GPUs always', () => {
    const cluster = oneGpuServers(3);
    const { allocation } = openRun({ cluster, jobs: [{ ...job(1), pods: 2 }, job(1)] }, undefined).run;
    expect(allocation).toMatchObject({ isCounted: true, freeUnits: 3, heldMilli: 0 });
    allocation.place(0);
    expect(allocation).toMatchObject({ freeUnits: 1, heldMilli: 2000 });
    allocation.suspend(0);
    expect(allocation).toMatchObject({ freeUnits: 3, heldMilli: 0 });
    allocation.resume(0);
    expect(allocation).toMatchObject({ freeUnits: 1, heldMilli: 2000 });
  });

  it('tells jobs of one request apart that may use other headroom', () => {
    const headroom = [{ name: 'kept', room: { gpus: 4 }, tenants: ['serving'] }];
    const jobs = [job(4), job(4, 'other'), job(4, 'serving')];
    const { allocation } = openRun({ cluster: twoBoxes, jobs, headroom }, undefined).run;
    expect(jobs.map((_, i) => allocation.place(i))).toEqual([true, false, true]);
    expect(allocation.headroom!.missing).toBe(1);
  });
});

const tables = compileClusterTables(
  clusterTopology({
    tiers: ['rack'],
    types: { four: gpuBox(4), three: gpuBox(3), none: gpuBox(0) },
    servers: [
      { id: 'a', type: 'four', domains: { rack: 'r0' } },
      { id: 'b', type: 'three', domains: { rack: 'r0' }, labels: { zone: 'x' } },
      { id: 'c', type: 'none', domains: { rack: 'r1' } },
    ],
  }),
);
const levels = new Levels(['rack']);
const gang = (request: PlacementRequest): Gang => gangOf(request, podNeed(request, tables), levels);
const units = (...requests: readonly PlacementRequest[]): number | undefined =>
  podUnits(tables, requests.map(gang));

describe('podUnits', () => {
  it('counts the pods that fit server by server, where all ask for the same number of GPUs', () => {
    expect(units({ gpus: 1 }, { gpus: 1, pods: 5 })).toBe(7);
    expect(units({ gpus: 2 }, { gpus: 2, pods: 9 })).toBe(3);
    expect(units({ gpus: 4 })).toBe(1);
    expect(units({ gpus: 5 })).toBe(0);
  });

  it('counts where a tier is only preferred, or all servers are asked for by name', () => {
    expect(units({ gpus: 1, prefer: 'rack' }, { gpus: 1, require: 'cluster' })).toBe(7);
    expect(units({ gpuMilli: 1000 }, { gpus: 1 })).toBe(7);
  });

  it.each<[string, readonly PlacementRequest[]]>([
    ['nobody asks', []],
    ['no GPUs are asked for', [{ gpus: 0 }]],
    ['one pod needs more than another', [{ gpus: 1 }, { gpus: 2 }]],
    ['some ask for no GPUs', [{ gpus: 1 }, {}]],
    ['a share is asked for', [{ gpuMilli: 500 }]],
    ['CPU is asked for', [{ gpus: 1, cpuMilli: 1 }]],
    ['memory is asked for', [{ gpus: 1, memoryMiB: 1 }]],
    ['a model is asked for', [{ gpus: 1, gpuModels: ['A'] }]],
    ['a label is asked for', [{ gpus: 1, labels: { zone: 'x' } }]],
    ['pods must be on one socket', [{ gpus: 2, requirePerPod: 'socket' }]],
    ['a tier is required', [{ gpus: 1, pods: 2, require: 'rack' }]],
    ['a server is required', [{ gpus: 1, pods: 2, require: 'server' }]],
    ['gangs are sliced', [{ gpus: 1, pods: 4, slice: { pods: 2, tier: 'rack' } }]],
    ['a gang is elastic', [{ gpus: 1, pods: 4, podsMin: 3 }]],
  ])('says that counting is not enough where %s', (_, requests) => {
    expect(units(...requests)).toBeUndefined();
    // Also where another asks plainly before or after it.
    if (requests.length > 0) {
      expect(units({ gpus: 1 }, ...requests)).toBeUndefined();
      expect(units(...requests, { gpus: 1 })).toBeUndefined();
    }
  });
});
