import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fromAlibabaJobs2026, fromAlibabaNodes2026 } from '../../../src/formats/index.js';
import { CorralError, clusterTopology } from '../../../src/index.js';
import { mutatedText, truncatedText } from '../mutated-text.js';

// Written for these tests, in the columns of the trace.
const JOBS = [
  'job_name,organization,gpu_model,cpu_request,gpu_request,worker_num,submit_time,duration,job_type',
  'j-1,org-a,A10,12,1,1,0,500,HP',
  'j-2,org-b,H800,15.5,8.0,4.0,30.0,60.5,Spot',
  'j-3,,,4,0.25,2,30,0,Spot',
  'j-4,org-a,,4,0,3,31,7,HP',
  '',
].join('\n');
const NODES = [
  'node_name,gpu_model,gpu_capacity_num,cpu_num',
  '0,H800,8,190',
  '1,A10,1,128.0',
  '2,A10,1,64',
  '3,,0,32',
  '',
].join('\n');
const thrown = (code: string, path: readonly (string | number)[]): unknown =>
  expect.objectContaining({ name: 'CorralError', code, path });
const replacedIn =
  (text: string) =>
  (from: string, to: string): string => {
    expect(text).toContain(from);
    return text.replace(from, to);
  };

describe('fromAlibabaJobs2026', () => {
  it('reads every column: a worker is a pod, an organization a tenant, a fraction a share', () => {
    expect(fromAlibabaJobs2026(JOBS)).toEqual([
      {
        id: 'j-1',
        submitSeconds: 0,
        durationSeconds: 500,
        pods: 1,
        gpus: 1,
        cpuMilli: 12_000,
        gpuModels: ['A10'],
        tenant: 'org-a',
        spot: false,
      },
      {
        id: 'j-2',
        submitSeconds: 30,
        durationSeconds: 60.5,
        pods: 4,
        gpus: 8,
        cpuMilli: 15_500,
        gpuModels: ['H800'],
        tenant: 'org-b',
        spot: true,
      },
      {
        id: 'j-3',
        submitSeconds: 30,
        durationSeconds: 0,
        pods: 2,
        gpus: 0,
        gpuMilli: 250,
        cpuMilli: 4000,
        spot: true,
      },
      {
        id: 'j-4',
        submitSeconds: 31,
        durationSeconds: 7,
        pods: 3,
        gpus: 0,
        cpuMilli: 4000,
        tenant: 'org-a',
        spot: false,
      },
    ]);
  });

  it('takes CRLF, a byte order mark and a missing last line end', () => {
    const expected = fromAlibabaJobs2026(JOBS);
    expect(fromAlibabaJobs2026(`\uFEFF${JOBS.replaceAll('\n', '\r\n')}`)).toEqual(expected);
    expect(fromAlibabaJobs2026(JOBS.trimEnd())).toEqual(expected);
  });

  const replaced = replacedIn(JOBS);
  it.each<[string, () => string, string, (string | number)[]]>([
    ['an unknown kind', () => replaced('500,HP', '500,hp'), 'invalid-format', ['line', 2, 'job_type']],
    ['a name twice', () => replaced('j-3', 'j-1'), 'duplicate-id', ['line', 4, 'job_name']],
    ['a blank name', () => replaced('j-3', ''), 'invalid-format', ['line', 4, 'job_name']],
    ['a GPU and a half', () => replaced(',0.25,', ',1.5,'), 'invalid-format', ['line', 4, 'gpu_request']],
    [
      'next to nothing of a GPU',
      () => replaced(',0.25,', ',0.0004,'),
      'invalid-format',
      ['line', 4, 'gpu_request'],
    ],
    [
      'next to a whole GPU',
      () => replaced(',0.25,', ',0.9996,'),
      'invalid-format',
      ['line', 4, 'gpu_request'],
    ],
    ['17 GPUs', () => replaced(',8.0,', ',17,'), 'invalid-format', ['line', 3, 'gpu_request']],
    ['no worker', () => replaced(',1,1,0,', ',1,0,0,'), 'invalid-format', ['line', 2, 'worker_num']],
    ['half a worker', () => replaced(',4.0,', ',4.5,'), 'invalid-format', ['line', 3, 'worker_num']],
    ['too many workers', () => replaced(',4.0,', ',1048577,'), 'invalid-format', ['line', 3, 'worker_num']],
    ['a negative time', () => replaced(',31,7', ',-31,7'), 'invalid-format', ['line', 5, 'submit_time']],
    ['an endless job', () => replaced(',31,7', ',31,inf'), 'invalid-format', ['line', 5, 'duration']],
    ['a job without duration', () => replaced(',31,7', ',31,'), 'invalid-format', ['line', 5, 'duration']],
    ['a line cut off', () => JOBS.slice(0, JOBS.lastIndexOf(',')), 'invalid-format', ['line', 5]],
    ['a column of a prototype', () => replaced('gpu_model', 'constructor'), 'invalid-format', ['line', 1]],
    ['a header and nothing else', () => JOBS.slice(0, JOBS.indexOf('\n')), 'invalid-format', ['line', 2]],
    ['no text', () => 7 as unknown as string, 'invalid-format', []],
  ])('refuses %s', (_, text, code, path) => {
    expect(() => fromAlibabaJobs2026(text())).toThrow(thrown(code, path));
  });
});

describe('fromAlibabaNodes2026', () => {
  it('gives a cluster document in file order with one type per model and size', () => {
    const document = fromAlibabaNodes2026(NODES);
    expect(document.servers).toEqual([
      { id: '0', type: 'H800 x8', cpuMilli: 190_000 },
      { id: '1', type: 'A10 x1', cpuMilli: 128_000 },
      { id: '2', type: 'A10 x1', cpuMilli: 64_000 },
      { id: '3', type: 'no GPU', cpuMilli: 32_000 },
    ]);
    const cluster = clusterTopology(document);
    expect(cluster.servers.map((server) => [server.gpuModel, server.type.gpus.length])).toEqual([
      ['H800', 8],
      ['A10', 1],
      ['A10', 1],
      ['none', 0],
    ]);
  });

  const replaced = replacedIn(NODES);
  it.each<[string, () => string, string, (string | number)[]]>([
    ['a name twice', () => replaced('\n2,', '\n0,'), 'duplicate-id', ['line', 4, 'node_name']],
    ['GPUs of no model', () => replaced('H800', ''), 'invalid-format', ['line', 2, 'gpu_model']],
    ['17 GPUs', () => replaced(',8,', ',17,'), 'invalid-format', ['line', 2, 'gpu_capacity_num']],
    ['negative CPU', () => replaced('190', '-190'), 'invalid-format', ['line', 2, 'cpu_num']],
    ['a header and nothing else', () => NODES.slice(0, NODES.indexOf('\n')), 'invalid-format', ['line', 2]],
  ])('refuses %s', (_, text, code, path) => {
    expect(() => fromAlibabaNodes2026(text())).toThrow(thrown(code, path));
  });
});

describe('fromAlibabaJobs2026 and fromAlibabaNodes2026', () => {
  it.each([
    { read: fromAlibabaJobs2026, text: JOBS },
    { read: fromAlibabaNodes2026, text: NODES },
  ])('throw nothing but CorralError, whatever happens to the text: $read.name', ({ read, text }) => {
    let refused = 0;
    let taken = 0;
    fc.assert(
      fc.property(fc.oneof(mutatedText([text]), truncatedText([text])), (changed) => {
        try {
          read(changed);
          taken++;
        } catch (error) {
          if (!(error instanceof CorralError)) throw error;
          refused++;
        }
      }),
      { seed: 20_240_207, numRuns: 2000 },
    );
    expect(refused).toBeGreaterThan(500);
    expect(taken).toBeGreaterThan(50);
  });
});
