import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { newServerFacts } from '../../src/placement/scores/server-facts.js';
import {
  type FragmentationClasses,
  FragmentationMeasure,
  type ServerFacts,
  type Workload,
} from '../../src/policies/index.js';

function server(cpuFreeMilli: number, gpuFreeMilli: readonly number[], gpuModel = 0): ServerFacts {
  const facts = newServerFacts();
  facts.cpuFreeMilli = cpuFreeMilli;
  facts.gpus = gpuFreeMilli.length;
  facts.gpuModel = gpuModel;
  facts.gpuFreeMilli.set(gpuFreeMilli);
  facts.idleGpuMilli = gpuFreeMilli.reduce((sum, free) => sum + free, 0);
  return facts;
}

function noClasses(): FragmentationClasses {
  return {
    lackBoth: 0,
    lackGpu: 0,
    satisfied: 0,
    lackCpu: 0,
    cpuOnlySatisfied: 0,
    cpuOnlyLackCpu: 0,
    modelNotAllowed: 0,
  };
}

describe('FragmentationMeasure', () => {
  it('counts all idle capacity where a pod finds its GPU but not its CPU (published unit test: 251.91)', () => {
    const measure = new FragmentationMeasure(
      [{ cpuMilli: 6000, gpus: 1, gpuMilli: 465, share: 0.0933 }],
      ['X'],
    );
    const facts = server(1000, [200, 1000, 1000, 500]);
    expect(measure.of(facts)).toBeCloseTo(251.91, 9);
    const classes = noClasses();
    measure.addClasses(facts, classes);
    expect(classes).toEqual({ ...noClasses(), lackCpu: measure.of(facts) });
  });

  const one = (pod: Omit<Workload[number], 'share'>): Workload => [{ ...pod, share: 1 }];
  it.each<[keyof FragmentationClasses, Workload, ServerFacts, number]>([
    ['lackBoth', one({ cpuMilli: 9000, gpus: 2, gpuMilli: 1000 }), server(1000, [1000, 400]), 1400],
    ['lackGpu', one({ cpuMilli: 500, gpus: 2, gpuMilli: 1000 }), server(1000, [1000, 400]), 1400],
    ['lackCpu', one({ cpuMilli: 9000, gpus: 1, gpuMilli: 1000 }), server(1000, [1000, 400]), 1400],
    ['cpuOnlySatisfied', one({ cpuMilli: 500, gpus: 0, gpuMilli: 0 }), server(1000, [1000, 400]), 1400],
    ['cpuOnlyLackCpu', one({ cpuMilli: 9000, gpus: 0, gpuMilli: 0 }), server(1000, [1000, 400]), 1400],
    [
      'modelNotAllowed',
      one({ cpuMilli: 500, gpus: 1, gpuMilli: 500, gpuModels: ['Y'] }),
      server(1000, [1000, 400]),
      1400,
    ],
  ])('puts all idle capacity into %s', (name, workload, facts, expected) => {
    const classes = noClasses();
    new FragmentationMeasure(workload, ['X', 'Y']).addClasses(facts, classes);
    expect(classes).toEqual({ ...noClasses(), [name]: expected });
  });

  it('splits the capacity of a server that fits the pod into the usable and the remainders', () => {
    const classes = noClasses();
    const measure = new FragmentationMeasure(
      one({ cpuMilli: 500, gpus: 1, gpuMilli: 500, gpuModels: ['Y'] }),
      ['X', 'Y'],
    );
    measure.addClasses(server(1000, [1000, 400], 1), classes);
    expect(classes).toEqual({ ...noClasses(), lackGpu: 400, satisfied: 1000 });
    expect(measure.of(server(1000, [1000, 400], 1))).toBe(400);
  });

  it('asks for enough CPU and enough GPUs, just enough being enough', () => {
    const measure = new FragmentationMeasure(one({ cpuMilli: 1000, gpus: 2, gpuMilli: 600 }), ['X']);
    const satisfied = (facts: ServerFacts): number => {
      const classes = noClasses();
      measure.addClasses(facts, classes);
      return classes.satisfied;
    };
    expect(satisfied(server(1000, [600, 599, 1000]))).toBe(1600);
    expect(satisfied(server(999, [600, 600]))).toBe(0);
    expect(satisfied(server(1000, [600, 599]))).toBe(0);
    expect(satisfied(server(Number.POSITIVE_INFINITY, [600, 600]))).toBe(1200);
  });

  it('weighs pods by their share and adds up servers', () => {
    const measure = new FragmentationMeasure(
      [
        { cpuMilli: 0, gpus: 1, gpuMilli: 1000, share: 0.75 },
        { cpuMilli: 0, gpus: 0, gpuMilli: 0, share: 0.25 },
      ],
      ['X'],
    );
    expect(measure.of(server(0, [1000, 400]))).toBeCloseTo(0.75 * 400 + 0.25 * 1400, 9);
    const classes = noClasses();
    measure.addClasses(server(0, [1000, 400]), classes);
    measure.addClasses(server(0, [400]), classes);
    expect(classes).toEqual({
      ...noClasses(),
      satisfied: 750,
      lackGpu: 300 + 300,
      cpuOnlySatisfied: 350 + 100,
    });
  });

  it('splits the idle capacity without loss, and counts all but the usable as fragmented', () => {
    const typical = fc.record({
      cpuMilli: fc.nat(8000),
      gpus: fc.integer({ min: 1, max: 4 }),
      gpuMilli: fc.constantFrom(1, 250, 500, 1000),
      gpuModels: fc.subarray(['X', 'Y']),
      share: fc.constant(0.25),
    });
    fc.assert(
      fc.property(
        fc.array(typical, { minLength: 4, maxLength: 4 }),
        fc.nat(8000),
        fc.array(fc.constantFrom(0, 200, 250, 400, 500, 900, 1000), { maxLength: 16 }),
        fc.nat(1),
        (workload, cpu, gpus, model) => {
          const measure = new FragmentationMeasure(workload, ['X', 'Y']);
          const facts = server(cpu, gpus, model);
          const classes = noClasses();
          measure.addClasses(facts, classes);
          const all = Object.values(classes).reduce((sum, x) => sum + x, 0);
          expect(all).toBeCloseTo(facts.idleGpuMilli, 6);
          expect(measure.of(facts)).toBeCloseTo(all - classes.satisfied, 6);
        },
      ),
      { seed: 1, numRuns: 1000 },
    );
  });

  it('is 0 for a server without idle GPU', () => {
    const measure = new FragmentationMeasure(one({ cpuMilli: 1, gpus: 1, gpuMilli: 1 }), ['X']);
    expect(measure.of(server(1000, [0, 0]))).toBe(0);
    expect(measure.of(server(1000, []))).toBe(0);
  });

  const good = { cpuMilli: 1, gpus: 1, gpuMilli: 1, share: 1 };
  it.each<[string, unknown, (string | number)[]]>([
    ['no list', 7, ['workload']],
    ['an empty list', [], ['workload']],
    ['a negative amount', [{ ...good, cpuMilli: -1 }], ['workload', 0, 'cpuMilli']],
    ['a fraction of a GPU count', [good, { ...good, gpus: 0.5 }], ['workload', 1, 'gpus']],
    ['a share beyond one GPU', [{ ...good, gpuMilli: 1001 }], ['workload', 0, 'gpuMilli']],
    ['GPUs of nothing', [{ ...good, gpuMilli: 0 }], ['workload', 0, 'gpuMilli']],
    ['thousandths of no GPU', [{ ...good, gpus: 0 }], ['workload', 0, 'gpuMilli']],
    ['a negative share', [{ ...good, share: -0.1 }], ['workload', 0, 'share']],
    ['an infinite share', [{ ...good, share: Number.POSITIVE_INFINITY }], ['workload', 0, 'share']],
    ['a CPU figure that is a text', [{ ...good, cpuMilli: '1' }], ['workload', 0, 'cpuMilli']],
    ['more CPU than the limit', [{ ...good, cpuMilli: 2 ** 31 }], ['workload', 0, 'cpuMilli']],
    ['more GPUs than a server has', [{ ...good, gpus: 17 }], ['workload', 0, 'gpus']],
    ['a typical pod that is none', [good, null], ['workload', 1]],
    ['models that are no list', [{ ...good, gpuModels: 'XAY' }], ['workload', 0, 'gpuModels']],
    ['a share that is no number', [{ ...good, share: Number.NaN }], ['workload', 0, 'share']],
  ])('refuses %s', (_, workload, path) => {
    expect(() => new FragmentationMeasure(workload as Workload, ['X'])).toThrow(
      expect.objectContaining({ code: 'invalid-option', path }),
    );
  });
});
