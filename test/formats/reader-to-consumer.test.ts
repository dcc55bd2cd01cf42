import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type AlibabaJob2026,
  fromAlibabaJobs2026,
  fromAlibabaNodes2026,
  fromHwlocXml,
  fromNcclXml,
  fromNvidiaSmiTopo,
  fromOpenbNodes,
  fromOpenbPods,
  fromRocmSmiTopo,
  fromSwf,
  swfJobs,
} from '../../src/formats/index.js';
import { CorralError, clusterTopology, serverTopology } from '../../src/index.js';
import { binPack } from '../../src/policies/index.js';
import { inflationReplay, type SimulationJob, simulate } from '../../src/simulation/index.js';
import { describeWithShared } from '../shared-data.js';

/** Values at and beyond limits, in the place of a figure or a name. */
const ODD: readonly string[] = [
  '0',
  '1',
  '1e-9',
  '0.0000001',
  '0.001',
  '1e9',
  '1000000000',
  '2147483647',
  '2147483648',
  '4294967295',
  '9007199254',
  '9007199255',
  '1e12',
  '18446744073709551615',
  '1e309',
  '-1',
  'x'.repeat(960),
  'x'.repeat(1024),
  'x'.repeat(1025),
  'constructor',
  '__proto__',
  '\uD800',
];

/** The texts with some of their words replaced by odd ones. */
function withOddWords(texts: readonly string[]): fc.Arbitrary<string> {
  const change = fc.record({ at: fc.nat(100_000), value: fc.constantFrom(...ODD) });
  return fc
    .tuple(fc.constantFrom(...texts), fc.array(change, { minLength: 1, maxLength: 3 }))
    .map(([text, changes]) => {
      const words = text.split(/([A-Za-z0-9_.]+)/);
      for (const { at, value } of changes) words[(at % Math.max(1, words.length >> 1)) * 2 + 1] = value;
      return words.join('');
    });
}

/** What a reader made of a text; undefined where it refuses it, which it does itself and does not leave to the validator. */
function readOf<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof CorralError)) throw error;
    expect(error.code).not.toBe('invalid-document');
    return undefined;
  }
}

const policy = binPack();
const NODES = 'sn,cpu_milli,memory_mib,gpu,model\na,64000,262144,2,T4\nb,8000,1024,0,\nc,96000,1000,8,V100\n';
const PODS =
  'name,cpu_milli,memory_mib,num_gpu,gpu_milli,gpu_spec\np,4000,1024,1,500,T4|V100\nq,1,1,2,1000,\nr,1,1,0,0,\n';
const JOBS =
  'job_name,organization,gpu_model,cpu_request,gpu_request,worker_num,submit_time,duration,job_type\n' +
  'j,o,T4,4,1,2,0,60,HP\nk,,,1,0.5,1,5,1,Spot\n';
const SPOT_NODES = 'node_name,gpu_model,gpu_capacity_num,cpu_num\na,T4,2,64\nb,,0,8\n';
const LOG =
  '; MaxProcs: 4\n1 0 5 60 2 -1 -1 2 90 -1 1 1 1 -1 -1 -1 -1 -1\n2 9 -1 5 1 -1 -1 1 9 -1 1 1 1 -1 -1 -1 -1 -1\n';

/** How often each kind of text was read, so that no property holds of nothing. */
function property(texts: readonly string[], use: (text: string) => boolean, numRuns: number): void {
  let taken = 0;
  fc.assert(
    fc.property(withOddWords(texts), (text) => {
      if (use(text)) taken++;
    }),
    { seed: 20_240_207, numRuns },
  );
  expect(taken).toBeGreaterThan(numRuns / 50);
}

describe('what a reader of traces returns', () => {
  const cluster = clusterTopology(fromOpenbNodes(NODES));

  it.each<[string, (text: string) => Parameters<typeof clusterTopology>[0], string]>([
    ['fromOpenbNodes', fromOpenbNodes, NODES],
    ['fromAlibabaNodes2026', fromAlibabaNodes2026, SPOT_NODES],
  ])('is a cluster: %s', (_, read, text) => {
    const use = (changed: string): boolean => {
      const document = readOf(() => read(changed));
      if (document !== undefined) clusterTopology(document);
      return document !== undefined;
    };
    property([text], use, 1500);
  });

  it('is a list of pods that is replayed: fromOpenbPods', () => {
    const use = (text: string): boolean => {
      const pods = readOf(() => fromOpenbPods(text));
      if (pods !== undefined) inflationReplay({ nodes: cluster, pods, policy, ratio: 0 });
      return pods !== undefined;
    };
    property([PODS], use, 1000);
  });

  it.each<[string, (text: string) => Parameters<typeof simulate>[0]['jobs'], string]>([
    ['fromAlibabaJobs2026', (text) => fromAlibabaJobs2026(text).map(asJob), JOBS],
    ['fromSwf and swfJobs', (text) => swfJobs(fromSwf(text)).jobs, LOG],
  ])('is a list of jobs that is simulated: %s', (_, read, text) => {
    const use = (changed: string): boolean => {
      const jobs = readOf(() => read(changed));
      if (jobs !== undefined) simulate({ cluster, jobs, untilSeconds: 10 });
      return jobs !== undefined;
    };
    property([text], use, 1000);
  });

  it('holds the limits of names to the letter', () => {
    const named = (name: string): string => NODES.replace('\na,', `\n${name},`);
    expect(clusterTopology(fromOpenbNodes(named('x'.repeat(1024)))).servers).toHaveLength(3);
    expect(() => fromOpenbNodes(named('x'.repeat(1025)))).toThrow(
      expect.objectContaining({ code: 'invalid-format', path: ['line', 2, 'sn'] }),
    );
    expect(() => fromOpenbNodes(NODES.replace('T4', 'x'.repeat(961)))).toThrow(
      expect.objectContaining({ code: 'invalid-format', path: ['line', 2, 'model'] }),
    );
    const models = (count: number): string => PODS.replace('T4|V100', 'T4|'.repeat(count));
    expect(fromOpenbPods(models(1024))[0]!.gpuModels).toHaveLength(1024);
    expect(() => fromOpenbPods(models(1025))).toThrow(
      expect.objectContaining({ code: 'invalid-format', path: ['line', 2, 'gpu_spec'] }),
    );
  });
});

const MATRIX = ['\tGPU0\tGPU1\tNIC0\tCPU Affinity\tNUMA Affinity', 'GPU0\t X \tNV4\tPIX\t0-1\t0']
  .concat(['GPU1\tNV4\t X \tSYS\t2-3\t1', 'NIC0\tPIX\tSYS\t X ', '', 'NIC Legend:', '', '  NIC0: mlx5_0'])
  .join('\n');

describe('what a reader of servers returns', () => {
  it('is a server for every figure that its options take', () => {
    const figures = [1e-310, 1e-9, 1e-6, 7.9e-6, 8e-6, 1e-3, 1000, 1e4, 1e6, 1e9, Number.NaN];
    let taken = 0;
    for (const figure of figures) {
      for (const name of ['nvlinkGBpsPerLink', 'portGbps', 'socketGBps'] as const) {
        const document = readOf(() => fromNvidiaSmiTopo(MATRIX, { [name]: figure }));
        if (document === undefined) continue;
        serverTopology(document);
        taken++;
      }
    }
    expect(taken).toBe(14);
  });

  it('is a server: fromNvidiaSmiTopo', () => {
    const use = (text: string): boolean => {
      const document = readOf(() => fromNvidiaSmiTopo(text));
      if (document !== undefined) serverTopology(document);
      return document !== undefined;
    };
    property([MATRIX], use, 2000);
  });

  const files = (folder: string, ends: string): string[] =>
    readdirSync(folder)
      .filter((name) => name.endsWith(ends))
      .map((name) => readFileSync(join(folder, name), 'utf8'))
      .filter(({ length }) => length < 100_000);
  const asServer =
    (read: (text: string) => unknown) =>
    (text: string): boolean => {
      const document = readOf(() => read(text));
      if (document !== undefined) serverTopology(document);
      return document !== undefined;
    };

  describeWithShared('servers/topo-matrices', 'of matrices', (folder) => {
    it('is a server, whatever figures and names stand in the text', () => {
      const texts = files(folder, '.txt');
      property(texts, asServer(eitherMatrix), 600);
    });
  });
  describeWithShared('servers/nccl-topo/generated', 'of NCCL files', (folder) => {
    it('is a server, whatever figures and names stand in the text', () => {
      property(files(folder, '.xml'), asServer(fromNcclXml), 600);
    });
  });
  describeWithShared('servers/hwloc', 'of hwloc files', (folder) => {
    it('is a server, whatever figures and names stand in the text', () => {
      property(files(folder, '.xml'), asServer(fromHwlocXml), 200);
    });
  });
});

function eitherMatrix(text: string): unknown {
  return text.includes('rocm') || text.includes('XGMI') ? fromRocmSmiTopo(text) : fromNvidiaSmiTopo(text);
}

/** A job of the spot trace as a request: that says whole GPUs or a share, and nothing of the market. */
function asJob({ spot: _, gpus, ...job }: AlibabaJob2026): SimulationJob {
  return job.gpuMilli === undefined ? { ...job, gpus } : job;
}
