import { readFileSync } from 'node:fs';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  fromSwf,
  type SwfDropReason,
  type SwfJob,
  type SwfJobsOptions,
  swfJobs,
  toSwf,
} from '../../../src/formats/index.js';
import { describeWithShared } from '../../shared-data.js';

const job = (jobNumber: number, fields: Partial<SwfJob> = {}): SwfJob => ({
  jobNumber,
  submitSeconds: 100,
  runSeconds: 60,
  processorsRequested: 4,
  requestedSeconds: 90,
  status: 1,
  ...fields,
});
const convert = (jobs: readonly SwfJob[], options?: SwfJobsOptions) => swfJobs({ jobs }, options);
const one = (fields: Partial<SwfJob>, options?: SwfJobsOptions) => convert([job(1, fields)], options).jobs[0];
const NONE: Record<SwfDropReason, number> = {
  partial: 0,
  'no-submit-time': 0,
  'no-run-time': 0,
  'no-processors': 0,
  'zero-length': 0,
  cancelled: 0,
  failed: 0,
};
const thrown = (code: string, path: readonly (string | number)[]): unknown =>
  expect.objectContaining({ name: 'CorralError', code, path });

describe('swfJobs', () => {
  it('makes a processor a GPU and a job a gang', () => {
    expect(convert([job(7, { user: 3, waitSeconds: 5, precedingJob: 1, requestedMemoryKiB: 9 })])).toEqual({
      jobs: [
        {
          id: '7',
          submitSeconds: 100,
          durationSeconds: 60,
          estimateSeconds: 90,
          pods: 4,
          gpus: 1,
          tenant: '3',
        },
      ],
      dropped: NONE,
      overran: 0,
      roundedUp: 0,
    });
    expect(one({})).not.toHaveProperty('tenant');
  });

  it.each<[number, number, number, number, number]>([
    [1, 8, 1, 1, 0],
    [7, 8, 1, 7, 0],
    [8, 8, 1, 8, 0],
    [9, 8, 2, 8, 1],
    [30, 8, 4, 8, 1],
    [32, 8, 4, 8, 0],
    [5, 1, 5, 1, 0],
    [16, 16, 1, 16, 0],
  ])('packs %d processors by %d into %d pods of %d GPUs', (processors, processorsPerPod, pods, gpus, up) => {
    const result = convert([job(1, { processorsRequested: processors })], { processorsPerPod });
    expect(result.jobs[0]).toMatchObject({ pods, gpus });
    expect(result.roundedUp).toBe(up);
  });

  it('gives at least the processors, and less than a pod more', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 1000 }),
        fc.integer({ min: 1, max: 16 }),
        (p, processorsPerPod) => {
          const { pods, gpus } = one({ processorsRequested: p }, { processorsPerPod })!;
          expect(pods * gpus).toBeGreaterThanOrEqual(p);
          expect(pods * gpus).toBeLessThan(p + processorsPerPod);
        },
      ),
      { seed: 20_240_207, numRuns: 300 },
    );
  });

  it('takes the count that is asked for, and the other where it is unknown or 0', () => {
    const both = { processorsRequested: 8, processorsAllocated: 6 };
    expect(one(both)!.pods).toBe(8);
    expect(one(both, { processors: 'allocated' })!.pods).toBe(6);
    expect(one({ processorsRequested: undefined, processorsAllocated: 6 })!.pods).toBe(6);
    expect(one({ processorsRequested: 0, processorsAllocated: 6 })!.pods).toBe(6);
    expect(one({ processorsRequested: 8 }, { processors: 'allocated' })!.pods).toBe(8);
    expect(one({ processorsRequested: 8, processorsAllocated: 0 }, { processors: 'allocated' })!.pods).toBe(
      8,
    );
  });

  it('treats jobs that overran as told, and counts them', () => {
    const long = { runSeconds: 100 };
    expect(one(long)).toMatchObject({ durationSeconds: 100, estimateSeconds: 100 });
    expect(one(long, { overrun: 'kill' })).toMatchObject({ durationSeconds: 90, estimateSeconds: 90 });
    expect(one(long, { overrun: 'keep' })).toMatchObject({ durationSeconds: 100, estimateSeconds: 90 });
    for (const overrun of ['extend', 'kill', 'keep'] as const) {
      expect(convert([job(1, long), job(2), job(3, { runSeconds: 90 })], { overrun }).overran).toBe(1);
      expect(one({}, { overrun })).toMatchObject({ durationSeconds: 60, estimateSeconds: 90 });
    }
  });

  it('tells the run time where no estimate is known, or where it is asked to', () => {
    expect(one({ requestedSeconds: undefined })).toMatchObject({ durationSeconds: 60, estimateSeconds: 60 });
    expect(one({ requestedSeconds: 0 })).toMatchObject({ durationSeconds: 60, estimateSeconds: 60 });
    const unknown = convert([job(1, { requestedSeconds: 0 })], { overrun: 'kill' });
    expect(unknown).toMatchObject({ jobs: [{ durationSeconds: 60, estimateSeconds: 60 }], overran: 0 });
    expect(one({}, { estimate: 'exact' })).toMatchObject({ durationSeconds: 60, estimateSeconds: 60 });
    expect(one({ runSeconds: 100 }, { estimate: 'exact', overrun: 'kill' })).toMatchObject({
      durationSeconds: 90,
      estimateSeconds: 90,
    });
  });

  it('names the tenant by the field that is asked for', () => {
    const fields = { user: 1, group: 2, queue: 3, partition: 0 };
    expect(one(fields)!.tenant).toBe('1');
    expect(one(fields, { tenant: 'group' })!.tenant).toBe('2');
    expect(one(fields, { tenant: 'queue' })!.tenant).toBe('3');
    expect(one(fields, { tenant: 'partition' })!.tenant).toBe('0');
  });

  it('sorts by submission and keeps file order among equals', () => {
    const jobs = [
      job(1, { submitSeconds: 50 }),
      job(2, { submitSeconds: 10 }),
      job(3, { submitSeconds: 50 }),
      job(4, { submitSeconds: 10.5 }),
    ];
    expect(convert(jobs).jobs.map((j) => j.id)).toEqual(['2', '4', '1', '3']);
    expect(convert(jobs, { fromZero: true }).jobs.map((j) => j.submitSeconds)).toEqual([0, 0.5, 40, 40]);
    expect(convert([], { fromZero: true }).jobs).toEqual([]);
  });

  const ODD: readonly (readonly [SwfDropReason, Partial<SwfJob>])[] = [
    ['partial', { status: 2 }],
    ['partial', { status: 3, submitSeconds: undefined }],
    ['partial', { status: 4 }],
    ['no-submit-time', { submitSeconds: undefined }],
    ['no-run-time', { runSeconds: undefined, processorsRequested: 0 }],
    ['no-processors', { processorsRequested: undefined }],
    ['no-processors', { processorsRequested: 0 }],
    ['zero-length', { runSeconds: 0, status: 5 }],
    ['cancelled', { status: 5 }],
    ['failed', { status: 0 }],
  ];

  it.each(ODD)('drops and counts under "%s" when told to: %o', (reason, fields) => {
    const all = Object.keys(NONE) as SwfDropReason[];
    const result = convert([job(1, fields), job(2)], { drop: all });
    expect(result.dropped).toEqual({ ...NONE, [reason]: 1 });
    expect(result.jobs.map((j) => j.id)).toEqual(['2']);
    expect(convert([job(1, fields)], { drop: [reason] }).dropped[reason]).toBe(1);
  });

  it.each(ODD)('keeps or refuses what is not to be dropped as "%s": %o', (reason, fields) => {
    const place: Partial<Record<SwfDropReason, string>> = {
      partial: 'status',
      'no-submit-time': 'submitSeconds',
      'no-run-time': 'runSeconds',
      'no-processors': 'processorsRequested',
    };
    const run = () => convert([job(2), job(1, fields)], { drop: [] });
    if (place[reason] === undefined) expect(run().jobs).toHaveLength(2);
    else expect(run).toThrow(thrown('invalid-document', ['jobs', 1, place[reason]]));
  });

  it('by default keeps what held processors, also if it failed or was cancelled, and drops the rest', () => {
    const result = convert(ODD.map(([, fields], i) => job(i + 1, fields)));
    expect(result.jobs.map((j) => j.id)).toEqual(['9', '10']);
    expect(result.dropped).toEqual({
      partial: 3,
      'no-submit-time': 1,
      'no-run-time': 1,
      'no-processors': 2,
      'zero-length': 1,
      cancelled: 0,
      failed: 0,
    });
  });

  it('refuses a number twice, but not for a job that is dropped', () => {
    expect(() => convert([job(1), job(1)])).toThrow(thrown('duplicate-id', ['jobs', 1, 'jobNumber']));
    expect(convert([job(1), job(1, { status: 2 }), job(1, { status: 3 })]).jobs).toHaveLength(1);
  });

  it('refuses a gang larger than a request may be', () => {
    expect(one({ processorsRequested: 2 ** 20 })!.pods).toBe(2 ** 20);
    expect(() => one({ processorsRequested: 2 ** 20 + 1 })).toThrow(thrown('limit-exceeded', ['jobs', 0]));
    expect(one({ processorsRequested: 2 ** 20 + 1 }, { processorsPerPod: 2 })!.pods).toBe(2 ** 19 + 1);
  });

  it.each<[string, unknown, (string | number)[]]>([
    ['an unknown option', { dropp: [] }, ['dropp']],
    ['an unknown reason', { drop: ['slow'] }, ['drop', 0]],
    ['a pod of no processor', { processorsPerPod: 0 }, ['processorsPerPod']],
    ['a pod of 17', { processorsPerPod: 17 }, ['processorsPerPod']],
    ['a pod of one and a half', { processorsPerPod: 1.5 }, ['processorsPerPod']],
    ['an unknown count', { processors: 'used' }, ['processors']],
    ['an unknown estimate', { estimate: 'good' }, ['estimate']],
    ['an unknown treatment', { overrun: 'ignore' }, ['overrun']],
    ['an unknown tenant', { tenant: 'constructor' }, ['tenant']],
    ['a clock that is no boolean', { fromZero: 1 }, ['fromZero']],
    ['options that are none', null, []],
  ])('refuses %s', (_, options, path) => {
    expect(() => convert([job(1)], options as SwfJobsOptions)).toThrow(thrown('invalid-option', path));
  });

  it('refuses times that a log may name and no simulation counts', () => {
    const most = 9_007_199_254;
    expect(one(job(1, { runSeconds: most, requestedSeconds: most, submitSeconds: most }))).toBeDefined();
    for (const field of ['runSeconds', 'requestedSeconds'] as const) {
      expect(() => convert([job(1), job(2, { [field]: most + 1 })])).toThrow(
        thrown('limit-exceeded', ['jobs', 1, field]),
      );
    }
    const late = [job(1, { submitSeconds: 1e10 }), job(2, { submitSeconds: 1e10 + 5 })];
    expect(() => convert(late)).toThrow(thrown('limit-exceeded', ['jobs']));
    expect(convert(late, { fromZero: true }).jobs.map(({ submitSeconds }) => submitSeconds)).toEqual([0, 5]);
  });

  it('refuses jobs that no log can hold', () => {
    expect(() => convert([job(1, { runSeconds: -1 })])).toThrow(
      thrown('invalid-document', ['jobs', 0, 'runSeconds']),
    );
    expect(() => convert([{ ...job(1), runSecond: 1 } as SwfJob])).toThrow(
      thrown('invalid-document', ['jobs', 0, 'runSecond']),
    );
    expect(() => swfJobs(undefined as never)).toThrow(thrown('invalid-document', ['jobs']));
    expect(() => swfJobs({ jobs: [null as never] })).toThrow(thrown('invalid-document', ['jobs', 0]));
  });
});

describeWithShared(
  'simulation/backfill-hpc2n.json',
  'swfJobs against a published backfilling run',
  (file) => {
    // The file has the jobs of the log that were simulated, not the log: it is printed and read back here.
    const { jobs: rows } = JSON.parse(readFileSync(file, 'utf8')) as { jobs: readonly number[][] };
    const text = toSwf({
      header: [{ name: 'MaxProcs', value: '240' }],
      jobs: rows.map(([jobNumber, submitSeconds, runSeconds, processorsAllocated, requestedSeconds]) => ({
        jobNumber: jobNumber!,
        submitSeconds,
        runSeconds,
        processorsAllocated,
        requestedSeconds,
      })),
    });

    it('keeps all of its 3145 jobs with their sizes, times and estimates', () => {
      const { jobs, dropped, overran } = swfJobs(fromSwf(text), { processors: 'allocated' });
      expect(rows).toHaveLength(3145);
      expect(dropped).toEqual(NONE);
      expect(overran).toBe(0);
      expect(
        jobs.map((j) => [Number(j.id), j.submitSeconds, j.durationSeconds, j.pods, j.estimateSeconds]),
      ).toEqual(rows.map((row) => row.slice(0, 5)));
    });
  },
);
