import { readFileSync } from 'node:fs';
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
