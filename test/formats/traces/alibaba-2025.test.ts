import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { alibabaInstanceJobs, fromAlibabaInstances2025 } from '../../../src/formats/index.js';
import { CorralError } from '../../../src/index.js';
import { mutatedText, truncatedText } from '../mutated-text.js';

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

describe('fromAlibabaInstances2025', () => {
  it('reads every column, in cores, GiB and seconds', () => {
    expect(fromAlibabaInstances2025(TRACE)).toEqual([
      {
        name: 'i-0',
        role: 'HN',
        app: 'app-a',
        gpus: 1,
        gpusLimit: 2,
        cpuMilli: 10_000,
        cpuLimitMilli: 11_000,
        rdmaPercent: 25,
        rdmaLimitPercent: 30,
        memoryMiB: 102_400,
        memoryLimitMiB: 102_912,
        diskGiB: 600,
        diskLimitGiB: 700.5,
        instancesPerServerMax: 8,
      },
      {
        name: 'i-1',
        role: 'CN',
        app: 'app-b',
        gpus: 0,
        gpusLimit: 0,
        cpuMilli: 48_000,
        cpuLimitMilli: 48_000,
        rdmaPercent: 1,
        rdmaLimitPercent: 1,
        memoryMiB: 256,
        memoryLimitMiB: 204_800,
        diskGiB: 10,
        diskLimitGiB: 20,
        creationSeconds: 50,
        scheduledSeconds: 51,
        deletionSeconds: 90.5,
      },
      {
        name: 'i-2',
        role: 'CN',
        app: 'app-a',
        gpus: 0,
        gpusLimit: 0,
        cpuMilli: 500,
        cpuLimitMilli: 1000,
        rdmaPercent: 100,
        rdmaLimitPercent: 100,
        memoryMiB: 1024,
        memoryLimitMiB: 1024,
        diskGiB: 0,
        diskLimitGiB: 0,
        instancesPerServerMax: 2,
        creationSeconds: 40,
      },
    ]);
  });

  it('reads numbers as Python prints them: 4031.0000000000005, 6e+01, 8.0', () => {
    const text = replaced('90.5', '4031.0000000000005')
      .replace(',51,', ',6e+01,')
      .replace('48,48,0,0', '4.8e+01,48.0,0.0,-0.0');
    expect(fromAlibabaInstances2025(text)[1]).toMatchObject({
      cpuMilli: 48_000,
      cpuLimitMilli: 48_000,
      gpus: 0,
      gpusLimit: 0,
      scheduledSeconds: 60,
      deletionSeconds: 4031.0000000000005,
    });
  });

  it('takes CRLF, a byte order mark and a missing last line end', () => {
    const expected = fromAlibabaInstances2025(TRACE);
    expect(fromAlibabaInstances2025(`\uFEFF${TRACE.replaceAll('\n', '\r\n')}`)).toEqual(expected);
    expect(fromAlibabaInstances2025(TRACE.trimEnd())).toEqual(expected);
  });

  const replaced = (from: string, to: string): string => {
    expect(TRACE).toContain(from);
    return TRACE.replace(from, to);
  };
  it.each<[string, () => string, string, (string | number)[]]>([
    ['an unknown role', () => replaced('i-1,CN', 'i-1,XN'), 'invalid-format', ['line', 3, 'role']],
    ['a name twice', () => replaced('i-2', 'i-0'), 'duplicate-id', ['line', 4, 'instance_sn']],
    ['a blank name', () => replaced('i-2', ''), 'invalid-format', ['line', 4, 'instance_sn']],
    ['half a GPU', () => replaced(',1,2,25', ',0.5,2,25'), 'invalid-format', ['line', 2, 'gpu_request']],
    ['17 GPUs', () => replaced(',1,2,25', ',1,17,25'), 'invalid-format', ['line', 2, 'gpu_limit']],
    ['negative CPU', () => replaced(',48,48', ',-48,48'), 'invalid-format', ['line', 3, 'cpu_request']],
    [
      'CPU beyond the limit',
      () => replaced(',48,48', ',48,2147484'),
      'invalid-format',
      ['line', 3, 'cpu_limit'],
    ],
    ['memory of no number', () => replaced('100.0', 'NaN'), 'invalid-format', ['line', 2, 'memory_request']],
    [
      'memory beyond the limit',
      () => replaced('100.5', '2097152'),
      'invalid-format',
      ['line', 2, 'memory_limit'],
    ],
    ['more than a card', () => replaced(',25,30', ',25,101'), 'invalid-format', ['line', 2, 'rdma_limit']],
    ['a blank disk', () => replaced(',600.0', ','), 'invalid-format', ['line', 2, 'disk_request']],
    [
      'no instance per server',
      () => replaced(',8,,,', ',0,,,'),
      'invalid-format',
      ['line', 2, 'max_instance_per_node'],
    ],
    [
      'minus two per server',
      () => replaced(',8,,,', ',-2,,,'),
      'invalid-format',
      ['line', 2, 'max_instance_per_node'],
    ],
    [
      'a time before the start',
      () => replaced('50.0', '-50.0'),
      'invalid-format',
      ['line', 3, 'creation_time'],
    ],
    [
      'a time beyond the limit',
      () => replaced('90.5', '9e12'),
      'invalid-format',
      ['line', 3, 'deletion_time'],
    ],
    ['a line cut off', () => TRACE.slice(0, TRACE.lastIndexOf(',')), 'invalid-format', ['line', 4]],
    ['a missing column', () => replaced(',disk_limit', ''), 'invalid-format', ['line', 1]],
    ['a column more', () => replaced('instance_sn', ',instance_sn'), 'invalid-format', ['line', 1]],
    ['a header and nothing else', () => COLUMNS, 'invalid-format', ['line', 2]],
    ['no text', () => undefined as unknown as string, 'invalid-format', []],
  ])('refuses %s', (_, text, code, path) => {
    expect(() => fromAlibabaInstances2025(text())).toThrow(thrown(code, path));
  });

  it('throws nothing but CorralError, whatever happens to the text', () => {
    let refused = 0;
    let taken = 0;
    fc.assert(
      fc.property(fc.oneof(mutatedText([TRACE]), truncatedText([TRACE])), (text) => {
        try {
          alibabaInstanceJobs(fromAlibabaInstances2025(text));
          taken++;
        } catch (error) {
          if (!(error instanceof CorralError)) throw error;
          refused++;
        }
      }),
      { seed: 20_240_207, numRuns: 4000 },
    );
    expect(refused).toBeGreaterThan(1000);
    expect(taken).toBeGreaterThan(50);
  });
});
