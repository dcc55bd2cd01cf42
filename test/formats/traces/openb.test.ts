import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fromOpenbNodes, fromOpenbPods } from '../../../src/formats/index.js';
import { CorralError, clusterTopology } from '../../../src/index.js';

// Written for these tests, in the columns of the traces.
const NODES = [
  'sn,cpu_milli,memory_mib,gpu,model',
  'n-0,96000,393216,8,G2',
  'n-1,64000,262144,2,P100',
  'n-2,8000,1024,0,',
  '',
].join('\n');
const PODS = [
  'name,cpu_milli,memory_mib,num_gpu,gpu_milli,gpu_spec,qos,pod_phase,creation_time,deletion_time,scheduled_time',
  'p-0,12000,16384,1,1000,,LS,Running,0,12537496,0',
  'p-1,6000,12288,1,460,V100M16|V100M32|V100M32,BE,Succeeded,5,9,',
  'p-2,16000,0,0,0,T4,,Pending,7,,',
  'p-3,88000,327680,8,1000,|G2||,LS,Running,1,2,2',
].join('\n');

describe('fromOpenbNodes', () => {
  it('gives a cluster document in file order with one type per model and size', () => {
    const document = fromOpenbNodes(NODES);
    expect(document.servers).toEqual([
      { id: 'n-0', type: 'G2 x8', cpuMilli: 96_000, memoryMiB: 393_216 },
      { id: 'n-1', type: 'P100 x2', cpuMilli: 64_000, memoryMiB: 262_144 },
      { id: 'n-2', type: 'no GPU', cpuMilli: 8000, memoryMiB: 1024 },
    ]);
    const cluster = clusterTopology(document);
    expect(cluster.servers.map((server) => [server.gpuModel, server.type.gpus.length])).toEqual([
      ['G2', 8],
      ['P100', 2],
      ['none', 0],
    ]);
  });

  it.each<[string, string, string, (string | number)[]]>([
    ['a negative number', NODES.replace('96000', '-1'), 'invalid-format', ['line', 2, 'cpu_milli']],
    ['a fraction', NODES.replace('96000', '1.5'), 'invalid-format', ['line', 2, 'cpu_milli']],
    [
      'an exponent that leaves a fraction',
      NODES.replace('96000', '1e-3'),
      'invalid-format',
      ['line', 2, 'cpu_milli'],
    ],
    ['a blank number', NODES.replace('96000', ''), 'invalid-format', ['line', 2, 'cpu_milli']],
    [
      'a number beyond the limit',
      NODES.replace('96000', '99999999999'),
      'invalid-format',
      ['line', 2, 'cpu_milli'],
    ],
    ['too many GPUs', NODES.replace(',8,G2', ',17,G2'), 'invalid-format', ['line', 2, 'gpu']],
    ['GPUs of no model', NODES.replace('G2', ''), 'invalid-format', ['line', 2, 'model']],
    ['a name twice', NODES.replace('n-1', 'n-0'), 'duplicate-id', ['line', 3, 'sn']],
    ['a blank name', NODES.replace('n-1', ''), 'invalid-format', ['line', 3, 'sn']],
    ['a line cut off', NODES.slice(0, NODES.indexOf(',P100')), 'invalid-format', ['line', 3]],
    ['an unknown column', NODES.replace('model', 'modell'), 'invalid-format', ['line', 1]],
    ['a column twice', NODES.replace('memory_mib', 'cpu_milli'), 'invalid-format', ['line', 1]],
    ['a missing column', 'sn,cpu_milli,memory_mib,gpu\nn,1,1,1', 'invalid-format', ['line', 1]],
    ['quotation marks', NODES.replace('G2', '"G2"'), 'invalid-format', ['line', 2]],
    ['a header and nothing else', NODES.slice(0, NODES.indexOf('\n')), 'invalid-format', ['line', 2]],
    ['an empty text', '', 'invalid-format', ['line', 1]],
    ['no text at all', undefined as unknown as string, 'invalid-format', []],
  ])('refuses %s', (_, csv, code, path) => {
    expect(() => fromOpenbNodes(csv)).toThrow(expect.objectContaining({ code, path }));
  });
});

describe('fromOpenbPods', () => {
  it('reads every column', () => {
    expect(fromOpenbPods(PODS)).toEqual([
      {
        name: 'p-0',
        cpuMilli: 12_000,
        memoryMiB: 16_384,
        gpus: 1,
        gpuMilli: 1000,
        gpuModels: [],
        qos: 'LS',
        phase: 'Running',
        creationSeconds: 0,
        deletionSeconds: 12_537_496,
        scheduledSeconds: 0,
      },
      {
        name: 'p-1',
        cpuMilli: 6000,
        memoryMiB: 12_288,
        gpus: 1,
        gpuMilli: 460,
        gpuModels: ['V100M16', 'V100M32', 'V100M32'],
        qos: 'BE',
        phase: 'Succeeded',
        creationSeconds: 5,
        deletionSeconds: 9,
      },
      {
        name: 'p-2',
        cpuMilli: 16_000,
        memoryMiB: 0,
        gpus: 0,
        gpuMilli: 0,
        gpuModels: [],
        phase: 'Pending',
        creationSeconds: 7,
      },
      {
        name: 'p-3',
        cpuMilli: 88_000,
        memoryMiB: 327_680,
        gpus: 8,
        gpuMilli: 1000,
        gpuModels: ['G2'],
        qos: 'LS',
        phase: 'Running',
        creationSeconds: 1,
        deletionSeconds: 2,
        scheduledSeconds: 2,
      },
    ]);
  });

  it('reads the five-column files, CRLF, a byte order mark and a missing last line end', () => {
    const short = '\uFEFFname,cpu_milli,memory_mib,num_gpu,gpu_milli\r\np,1,2,1,3\r\n';
    expect(fromOpenbPods(short)).toEqual([
      { name: 'p', cpuMilli: 1, memoryMiB: 2, gpus: 1, gpuMilli: 3, gpuModels: [] },
    ]);
    expect(fromOpenbPods(short.trimEnd())).toEqual(fromOpenbPods(short));
  });

  it.each<[string, string, string, (string | number)[]]>([
    [
      'a share of several GPUs',
      PODS.replace(',8,1000,', ',8,500,'),
      'invalid-format',
      ['line', 5, 'gpu_milli'],
    ],
    ['a GPU of nothing', PODS.replace(',1,460,', ',1,0,'), 'invalid-format', ['line', 3, 'gpu_milli']],
    [
      'thousandths of no GPU',
      PODS.replace(',0,0,0,T4', ',0,0,500,T4'),
      'invalid-format',
      ['line', 4, 'gpu_milli'],
    ],
    ['more than a GPU', PODS.replace(',1,460,', ',1,1460,'), 'invalid-format', ['line', 3, 'gpu_milli']],
    [
      'a time before the start',
      PODS.replace('Succeeded,5', 'Succeeded,-5'),
      'invalid-format',
      ['line', 3, 'creation_time'],
    ],
    ['a name twice', PODS.replace('p-3', 'p-0'), 'duplicate-id', ['line', 5, 'name']],
  ])('refuses %s', (_, csv, code, path) => {
    expect(() => fromOpenbPods(csv)).toThrow(expect.objectContaining({ code, path }));
  });

  it('throws nothing but CorralError, whatever happens to the text', () => {
    const mutation = fc.record({
      at: fc.nat(PODS.length),
      drop: fc.nat(20),
      insert: fc.oneof(
        fc.string({ maxLength: 5 }),
        fc.constantFrom(',', '\n', '"', '|', '-', '__proto__', '\0', '9'.repeat(400)),
      ),
    });
    let refused = 0;
    fc.assert(
      fc.property(
        fc.constantFrom(NODES, PODS),
        fc.array(mutation, { minLength: 1, maxLength: 4 }),
        (text, mutations) => {
          const mutated = mutations.reduce(
            (t, { at, drop, insert }) => t.slice(0, at) + insert + t.slice(at + drop),
            text,
          );
          for (const read of [fromOpenbNodes, fromOpenbPods]) {
            try {
              read(mutated);
            } catch (error) {
              expect(error).toBeInstanceOf(CorralError);
              refused++;
            }
          }
        },
      ),
      { seed: 1, numRuns: 2000 },
    );
    expect(refused).toBeGreaterThan(2000);
  });
});
