import { describe, expect, it } from 'vitest';
import {
  type AlibabaInstance2025,
  alibabaInstanceJobs,
  fromAlibabaInstances2025,
} from '../../../src/formats/index.js';

// Written for these tests, in the columns of the trace.
const COLUMNS =
  'instance_sn,role,app_name,cpu_request,cpu_limit,gpu_request,gpu_limit,rdma_request,rdma_limit,memory_request,memory_limit,disk_request,disk_limit,max_instance_per_node,creation_time,scheduled_time,deletion_time';
const TRACE = [
  COLUMNS,
  'i-0,HN,app-a,10,11,1,2,25,30,100.0,100.5,600.0,700.5,8,,,',
  'i-1,CN,app-b,48,48,0,0,1,1,0.25,200,10,20,-1,50.0,51,90.5',
  'i-2,CN,app-a,0.5,1.0,0.0,0.0,100,100,1,1,0,0,2.0,40,NaN,NaN',
  '',
].join('\n');
const thrown = (code: string, path: readonly (string | number)[]): unknown =>
  expect.objectContaining({ name: 'CorralError', code, path });

describe('alibabaInstanceJobs', () => {
  const instances = fromAlibabaInstances2025(TRACE);
  const base = instances[0]!;
  const timed = (creationSeconds?: number, deletionSeconds?: number): AlibabaInstance2025 => ({
    ...base,
    ...(creationSeconds !== undefined && { creationSeconds }),
    ...(deletionSeconds !== undefined && { deletionSeconds }),
  });

  it('runs from creation to deletion, the window where the trace is silent, in order of creation', () => {
    expect(alibabaInstanceJobs(instances)).toEqual({
      jobs: [
        {
          id: 'i-0',
          submitSeconds: 0,
          durationSeconds: 90.5,
          pods: 1,
          gpus: 1,
          cpuMilli: 10_000,
          memoryMiB: 102_400,
          tenant: 'app-a',
        },
        {
          id: 'i-2',
          submitSeconds: 40,
          durationSeconds: 50.5,
          pods: 1,
          gpus: 0,
          cpuMilli: 500,
          memoryMiB: 1024,
          tenant: 'app-a',
        },
        {
          id: 'i-1',
          submitSeconds: 50,
          durationSeconds: 40.5,
          pods: 1,
          gpus: 0,
          cpuMilli: 48_000,
          memoryMiB: 256,
          tenant: 'app-b',
        },
      ],
      dropped: 0,
    });
  });

  it('cuts lives at the end that is given', () => {
    const { jobs, dropped } = alibabaInstanceJobs(instances, { endSeconds: 45 });
    expect(jobs.map((job) => [job.id, job.durationSeconds])).toEqual([
      ['i-0', 45],
      ['i-2', 5],
    ]);
    expect(dropped).toBe(1);
    const late = { ...timed(), scheduledSeconds: 9 };
    expect(alibabaInstanceJobs([late]).jobs[0]!.durationSeconds).toBe(9);
    expect(alibabaInstanceJobs([timed()], { endSeconds: 7 }).jobs[0]!.durationSeconds).toBe(7);
  });

  it('leaves out what ends before it begins, and counts it', () => {
    expect(alibabaInstanceJobs([timed(5, 5), timed(6, 4), timed(1, 2)])).toMatchObject({
      jobs: [{ submitSeconds: 1, durationSeconds: 1 }],
      dropped: 2,
    });
    expect(alibabaInstanceJobs([])).toEqual({ jobs: [], dropped: 0 });
  });

  it.each([-1, Number.NaN, Number.POSITIVE_INFINITY, '7'])('refuses to end at %s', (endSeconds) => {
    expect(() => alibabaInstanceJobs(instances, { endSeconds: endSeconds as number })).toThrow(
      thrown('invalid-option', ['endSeconds']),
    );
  });

  it('refuses what is no list', () => {
    expect(() => alibabaInstanceJobs(TRACE as never)).toThrow(thrown('invalid-document', []));
  });

  it('refuses a name twice among the jobs', () => {
    expect(() => alibabaInstanceJobs([timed(1, 2), timed(3, 4)])).toThrow(
      thrown('duplicate-id', [1, 'name']),
    );
  });

  it.each<[string, Record<string, unknown>, string]>([
    ['a time that is no number', { creationSeconds: Number.NaN }, 'creationSeconds'],
    ['a time beyond those of a simulation', { deletionSeconds: 9_007_199_255 }, 'deletionSeconds'],
    ['a negative time', { scheduledSeconds: -1 }, 'scheduledSeconds'],
    ['a GPU and a half', { gpus: 1.5 }, 'gpus'],
    ['more GPUs than a server has', { gpus: 17 }, 'gpus'],
    ['CPU as a big integer', { cpuMilli: 5n }, 'cpuMilli'],
    ['no memory figure', { memoryMiB: undefined }, 'memoryMiB'],
    ['no name', { name: '' }, 'name'],
    ['a name beyond 1,024 characters', { name: 'x'.repeat(1025) }, 'name'],
    ['an app that is no text', { app: 7 }, 'app'],
    ['a field of another name', { application: 'x' }, 'application'],
  ])('refuses %s', (_, change, field) => {
    const hostile = [base, { ...base, name: 'other', ...change }] as AlibabaInstance2025[];
    expect(() => alibabaInstanceJobs(hostile)).toThrow(thrown('invalid-document', [1, field]));
  });

  it('refuses holes, and members that are no instances', () => {
    const holed = [base];
    holed.length = 2;
    for (const hostile of [holed, [base, null], [base, new Map()], [base, [base]]]) {
      expect(() => alibabaInstanceJobs(hostile as never)).toThrow(thrown('invalid-document', [1]));
    }
  });

  it('reads each field once, so that a getter cannot change its mind', () => {
    let asked = 0;
    const fickle = {
      ...timed(1, 2),
      get gpus() {
        return asked++ === 0 ? 2 : -500;
      },
    };
    expect(alibabaInstanceJobs([fickle]).jobs[0]!.gpus).toBe(2);
    expect(asked).toBe(1);
  });
});
