import { describe, expect, it } from 'vitest';
import { clusterTopology, compile, type PlacementRequest, type Solver } from '../../src/index.js';
import type { DifferenceScorer, PolicyContext } from '../../src/placement/request/policy.js';
import { newServerFacts } from '../../src/placement/scores/server-facts.js';
import { type FgdOptions, FragmentationMeasure, fgd, type Workload } from '../../src/policies/index.js';
import { gpuBox } from '../placement/random-cluster.js';

const WORKLOAD: Workload = [{ cpuMilli: 6000, gpus: 1, gpuMilli: 465, share: 0.0933 }];
const CONTEXT: PolicyContext = { gpuModels: ['A'], cpuMilliMax: 0, gpuMilliMax: 4000, workload: WORKLOAD };
const scorer = (options?: FgdOptions): DifferenceScorer => {
  const prepared = fgd(options).prepare(CONTEXT);
  if (prepared.by !== 'difference') throw new Error('not a difference');
  return prepared;
};

describe('fgd', () => {
  it('is the sigmoid of the difference in GPUs, cut to a whole percent', () => {
    const { gain } = scorer();
    // 100 / (1 + e^-x): 50, 73.1 and 26.9 for one GPU more or less, 52.5 for a tenth.
    const gains = [0, 1000, -1000, 100, -100, 40, -0.001, 1e9, -1e9].map((fall) => gain(1e9 + fall, 1e9));
    expect(gains).toEqual([50, 73, 26, 52, 47, 50, 49, 100, 0]);
  });

  it('is the difference itself if exact, without the noise of the last digits', () => {
    const { gain } = scorer({ exact: true });
    expect(gain(1000, 250.5)).toBe(749.5);
    expect(gain(0.1 + 0.2, 0.3)).toBe(0);
    expect(gain(0.000002, 0)).toBe(0.000002);
  });

  it('measures the fragmentation of the server', () => {
    const facts = Object.assign(newServerFacts(), { cpuFreeMilli: 1000, gpus: 4, idleGpuMilli: 2700 });
    facts.gpuFreeMilli.set([200, 1000, 1000, 500]);
    expect(scorer().potential(facts)).toBeCloseTo(251.91, 9);
    expect(scorer().potential(facts)).toBe(new FragmentationMeasure(WORKLOAD, ['A']).of(facts));
  });

  it('says by its name whether it is exact', () => {
    expect([fgd().name, fgd({ exact: false }).name, fgd({ exact: true }).name]).toEqual([
      'fgd',
      'fgd',
      'fgd (exact)',
    ]);
  });

  it('says how to come by a workload', () => {
    expect(() => fgd().prepare({ ...CONTEXT, workload: undefined })).toThrow(/typicalPods\(\)/);
  });

  const solverOf = (workload: Workload, options: FgdOptions, servers: number[]): Solver =>
    compile(
      clusterTopology({
        tiers: [],
        types: Object.fromEntries([1, 2, 4].map((gpus) => [`b${gpus}`, gpuBox(gpus)])),
        servers: servers.map((gpus, i) => ({ id: `s${i}`, type: `b${gpus}` })),
      }),
      { policy: fgd({ workload, ...options }) },
    );
  const where = (solver: Solver, request: PlacementRequest): string => {
    const result = solver.place(request);
    if (!result.ok) return result.reason;
    const { server, gpus } = result.placement.pods[0]!;
    return `${server}:${gpus.join()}`;
  };

  it('fills a GPU in use before it breaks a whole one', () => {
    const large: Workload = [{ cpuMilli: 0, gpus: 1, gpuMilli: 600, share: 1 }];
    const solver = solverOf(large, {}, [2]);
    expect(where(solver, { gpuMilli: 400 })).toBe('s0:0');
    expect(where(solver, { gpuMilli: 600 })).toBe('s0:0');
    expect(where(solver, { gpuMilli: 300 })).toBe('s0:1');
    expect(where(solver, { gpuMilli: 600 })).toBe('s0:1');
    expect(where(solver, { gpuMilli: 101 })).toBe('no-capacity');
  });

  it('does not always take the tightest GPU', () => {
    // 1000 and 500 left; pods of 500 are expected: on the tight GPU 300 leave 200 of waste, on the whole one
    // 700, of which a pod of 500 can be had.
    const halves: Workload = [{ cpuMilli: 0, gpus: 1, gpuMilli: 500, share: 1 }];
    for (const exact of [false, true]) {
      const solver = solverOf(halves, { exact }, [2]);
      expect(where(solver, { gpuMilli: 500 })).toBe('s0:0');
      expect(where(solver, { gpuMilli: 300 })).toBe('s0:1');
    }
  });

  it('takes the lowest of GPUs that are equally good', () => {
    const solver = solverOf([{ cpuMilli: 0, gpus: 0, gpuMilli: 0, share: 1 }], {}, [4]);
    expect([where(solver, { gpuMilli: 300 }), where(solver, { gpuMilli: 300 })]).toEqual(['s0:0', 's0:0']);
  });

  it('tells apart by exactness what the whole score calls equal', () => {
    const half: Workload = [{ cpuMilli: 0, gpus: 1, gpuMilli: 510, share: 1 }];
    const run = (exact: boolean): string => {
      const solver = solverOf(half, { exact }, [1, 1]);
      expect(where(solver, { gpuMilli: 460 })).toBe('s0:0');
      expect(where(solver, { gpuMilli: 480 })).toBe('s1:0');
      // 500 more leave 40 of waste on the first or 20 on the second: both 49 as a whole score.
      return where(solver, { gpuMilli: 500 });
    };
    expect([run(false), run(true)]).toEqual(['s0:0', 's1:0']);
  });
});
