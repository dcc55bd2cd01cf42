import { describe, expect, it } from 'vitest';
import { compileClusterTables } from '../../../src/compile/cluster-tables.js';
import { Levels } from '../../../src/placement/gangs/gang.js';
import { jobTable } from '../../../src/simulation/jobs/job-table.js';
import { refusedAs } from '../../restart/refusals.js';
import { oneGpuServers } from '../one-gpu-servers.js';

const tables = compileClusterTables(oneGpuServers(2));
const levels = new Levels([]);

describe('jobTable', () => {
  it('numbers equal gangs and tenants once', () => {
    const table = jobTable(
      [
        { submitSeconds: 5, durationSeconds: 1, gpus: 1, tenant: 'a' },
        { submitSeconds: 0, durationSeconds: 1, gpus: 1, pods: 2, tenant: 'b' },
        { submitSeconds: 5, durationSeconds: 1, gpus: 1, pods: 1, tenant: 'a' },
      ],
      tables,
      levels,
    );
    expect(table.gangs).toHaveLength(2);
    expect([...table.gangOf]).toEqual([0, 1, 0]);
    expect(table.tenants).toEqual(['a', 'b']);
    expect([...table.tenantOf]).toEqual([0, 1, 0]);
    expect([...table.bySubmission]).toEqual([1, 0, 2]);
    expect([...table.submissionOf]).toEqual([1, 0, 2]);
  });

  it('takes any number of tenants', () => {
    const jobs = Array.from({ length: 300_000 }, (_, i) => ({
      submitSeconds: 0,
      durationSeconds: 1,
      gpus: 1,
      tenant: `t${i}`,
    }));
    expect(jobTable(jobs, tables, levels).tenants).toHaveLength(300_000);
  });

  it('turns GPU-seconds into a run time, and adds the stalls of checkpoints to the estimate', () => {
    const table = jobTable(
      [
        {
          submitSeconds: 0,
          workGpuSeconds: 200,
          gpus: 1,
          pods: 2,
          checkpoint: { computeSeconds: 30, stallSeconds: 2 },
        },
      ],
      tables,
      levels,
    );
    expect(table.work[0]).toBe(100e6);
    expect(table.estimate[0]).toBe(106e6);
  });

  it('refuses time of communication for pods that do not communicate', () => {
    const job = { submitSeconds: 0, durationSeconds: 1, gpus: 1, pods: 2, communicates: false };
    expect(() => jobTable([{ ...job, communicationFraction: 0.5 }], tables, levels)).toThrow(
      refusedAs('invalid-option', ['jobs', 0, 'communicates']),
    );
    expect(jobTable([{ ...job, communicationFraction: 0 }], tables, levels).gangs[0]!.need.communicates).toBe(
      false,
    );
  });
});
