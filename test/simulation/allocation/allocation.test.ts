import { describe, expect, it } from 'vitest';
import { clusterTopology } from '../../../src/index.js';
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
