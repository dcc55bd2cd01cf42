import { readFileSync } from 'node:fs';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fromOpenbPods } from '../../src/formats/index.js';
import { type SamplePod, typicalPods } from '../../src/policies/index.js';
import { describeWithShared, shared } from '../shared-data.js';

const pod = (cpuMilli: number, gpus = 1, gpuMilli = 1000, gpuModels: string[] = []): SamplePod => ({
  cpuMilli,
  gpus,
  gpuMilli,
  gpuModels,
});
const times = (n: number, sample: SamplePod): SamplePod[] => Array.from({ length: n }, () => ({ ...sample }));

describe('typicalPods', () => {
  it('takes the most frequent kinds until they cover the share, and scales their shares to 1', () => {
    const pods = [...times(60, pod(1000)), ...times(36, pod(2000)), ...times(4, pod(3000))];
    expect(typicalPods(pods)).toEqual([
      { cpuMilli: 1000, gpus: 1, gpuMilli: 1000, share: 0.6 / 0.96 },
      { cpuMilli: 2000, gpus: 1, gpuMilli: 1000, share: 0.36 / 0.96 },
    ]);
    expect(typicalPods(pods, { coverage: 1 }).map((typical) => typical.share)).toEqual([0.6, 0.36, 0.04]);
  });

  it('orders kinds seen equally often by CPU, share, GPUs and models, larger first', () => {
    const pods = [
      pod(1000, 1, 500),
      pod(1000, 1, 1000, ['A']),
      pod(1000, 1, 1000, ['B', 'A']),
      pod(1000, 2, 1000),
      pod(2000, 0, 0),
    ];
    expect(
      typicalPods(pods, { coverage: 1 }).map((t) => [t.cpuMilli, t.gpuMilli, t.gpus, t.gpuModels]),
    ).toEqual([
      [2000, 0, 0, undefined],
      [1000, 1000, 2, undefined],
      [1000, 1000, 1, ['B', 'A']],
      [1000, 1000, 1, ['A']],
      [1000, 500, 1, undefined],
    ]);
  });

  it('does not depend on the order of the pods', () => {
    const pods = [...times(3, pod(1000)), ...times(3, pod(2000, 0, 0)), ...times(2, pod(500, 1, 250))];
    expect(typicalPods([...pods].reverse())).toEqual(typicalPods(pods));
  });

  it.each([0, -1, 1.01, Number.NaN])('refuses a coverage of %d', (coverage) => {
    expect(() => typicalPods([pod(1)], { coverage })).toThrow(
      expect.objectContaining({ code: 'invalid-option', path: ['coverage'] }),
    );
  });

  it('takes kinds until the share is covered, not beyond: just reached is enough', () => {
    const pods = [...times(50, pod(3)), ...times(30, pod(2)), ...times(20, pod(1))];
    const kinds = (coverage: number): number => typicalPods(pods, { coverage }).length;
    expect([0.01, 0.5, 0.51, 0.8, 0.81, 1].map(kinds)).toEqual([1, 1, 2, 2, 3, 3]);
  });

  it('has shares that sum to 1, whatever the pods and the coverage', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(4), fc.nat(2)), { minLength: 1, maxLength: 60 }),
        fc.double({ min: 0.001, max: 1, noNaN: true }),
        (list, coverage) => {
          const pods = list.map(([cpuMilli, gpus]) => pod(cpuMilli, gpus, gpus === 0 ? 0 : 1000));
          const typical = typicalPods(pods, { coverage });
          expect(typical.reduce((sum, t) => sum + t.share, 0)).toBeCloseTo(1, 12);
          const key = (p: SamplePod): string => `${p.cpuMilli}/${p.gpus}`;
          const taken = new Set(typical.map(key));
          const covered = (kinds: ReadonlySet<string>): number =>
            pods.filter((p) => kinds.has(key(p))).length;
          expect(covered(taken)).toBeGreaterThanOrEqual(coverage * pods.length);
          taken.delete(key(typical.at(-1)!));
          expect(covered(taken)).toBeLessThan(coverage * pods.length);
        },
      ),
      { seed: 1, numRuns: 500 },
    );
  });

  it('tells kinds apart by each of CPU, share, GPUs and models, not by memory or name', () => {
    const base = { ...pod(1000, 1, 500, ['A']), memoryMiB: 1, name: 'a' };
    const alike = { ...base, memoryMiB: 2, name: 'b' };
    expect(typicalPods([base, alike], { coverage: 1 })).toEqual([
      { cpuMilli: 1000, gpus: 1, gpuMilli: 500, gpuModels: ['A'], share: 1 },
    ]);
    const others = [
      { cpuMilli: 1 },
      { gpuMilli: 1 },
      { gpus: 2 },
      { gpuModels: [] },
      { gpuModels: ['A', 'A'] },
    ];
    for (const other of others) {
      expect(typicalPods([base, { ...base, ...other }], { coverage: 1 })).toHaveLength(2);
    }
  });

  it('gives no list of models where any will do', () => {
    const [typical] = typicalPods([{ cpuMilli: 1, gpus: 1, gpuMilli: 1 }]);
    expect(typical).not.toHaveProperty('gpuModels');
  });

  it('keeps no hold of the pods it was given', () => {
    const mine = pod(1, 1, 1, ['A']);
    const [typical] = typicalPods([mine]);
    (mine.gpuModels as string[]).push('B');
    expect(typical!.gpuModels).toEqual(['A']);
  });

  it.each<[string, unknown, (string | number)[]]>([
    ['what is no list', 7, ['pods']],
    ['a pod that is none', [pod(1), null], ['pods', 1]],
    ['models that are no list', [{ ...pod(1), gpuModels: 'A' }], ['pods', 0, 'gpuModels']],
  ])('refuses %s', (_, pods, path) => {
    expect(() => typicalPods(pods as SamplePod[])).toThrow(
      expect.objectContaining({ code: 'invalid-option', path }),
    );
  });

  it('refuses an empty list', () => {
    expect(() => typicalPods([])).toThrow(
      expect.objectContaining({ code: 'invalid-option', path: ['pods'] }),
    );
  });
});

describeWithShared('openb/vectors.json', 'typicalPods against unit vectors', (file) => {
  const { typicalDefault } = JSON.parse(readFileSync(file, 'utf8')) as {
    typicalDefault: { cpuMilli: number; gpuMilli: number; gpus: number; share: number }[];
  };

  it('equals the typical pods of the default trace to the last digit', () => {
    const pods = fromOpenbPods(readFileSync(shared('openb/openb_pod_list_default.csv')!, 'utf8'));
    const ours = typicalPods(pods).map(({ cpuMilli, gpuMilli, gpus, share }) => ({
      cpuMilli,
      gpuMilli,
      gpus,
      share,
    }));
    expect(ours).toEqual(
      typicalDefault.map(({ cpuMilli, gpuMilli, gpus, share }) => ({ cpuMilli, gpuMilli, gpus, share })),
    );
    expect(ours).toHaveLength(35);
  });
});
