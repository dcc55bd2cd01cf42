import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { clusterTopology, compile } from '../../src/index.js';
import { newServerFacts } from '../../src/placement/scores/server-facts.js';
import {
  bestFit,
  binPack,
  type DifferenceScorer,
  dotProduct,
  fgd,
  gpuClustering,
  gpuPacking,
  type PodFacts,
  type Policy,
  type PolicyContext,
  random,
  type ServerFacts,
  type ServerScorer,
  spread,
} from '../../src/policies/index.js';
import { gpuBox } from '../placement/random-cluster.js';

const OPENB: PolicyContext = {
  gpuModels: ['X'],
  cpuMilliMax: 128_000,
  gpuMilliMax: 8000,
  workload: undefined,
};

function server(
  gpuFreeMilli: readonly number[],
  more: Partial<ServerFacts> = {},
  residents: readonly number[] = [],
): ServerFacts {
  const facts = newServerFacts();
  facts.cpuFreeMilli = 64_000;
  facts.gpus = gpuFreeMilli.length;
  facts.gpuFreeMilli.set(gpuFreeMilli);
  facts.idleGpuMilli = gpuFreeMilli.reduce((sum, free) => sum + free, 0);
  for (const size of residents) facts.residents[size]!++;
  return Object.assign(facts, more);
}

function pod(gpus: number, gpuMilli: number, cpuMilli = 8000): PodFacts {
  return { cpuMilli, memoryMiB: 0, gpus, gpuMilli, totalGpuMilli: gpus * gpuMilli };
}

function scorerOf(policy: Policy, context: PolicyContext): ServerScorer | DifferenceScorer {
  const scorer = policy.prepare(context);
  if (scorer.by === 'topology') throw new Error('a policy without scores');
  return scorer;
}

function score(policy: Policy, facts: ServerFacts, wanted: PodFacts, context = OPENB): number {
  const scorer = scorerOf(policy, context);
  if (scorer.by !== 'server') throw new Error('not a server scorer');
  return scorer.score(facts, wanted);
}

describe('gpuPacking', () => {
  it('equals the unit test of the published program', () => {
    expect(score(gpuPacking(), server([200, 1000, 1000, 500]), pod(2, 1000))).toBe(48);
    expect(score(gpuPacking(), server([1000, 1000, 1000, 1000]), pod(2, 1000))).toBe(29);
    expect(score(gpuPacking(), server(new Array(8).fill(1000)), pod(2, 1000))).toBe(25);
    expect(score(gpuPacking(), server([200, 1000, 1000, 500]), pod(2, 200))).toBe(93);
  });

  it('counts equal rooms once each', () => {
    // Three GPUs of 300: the two taken are 30 % each, 100 - 60/10.
    expect(score(gpuPacking(), server([300, 300, 300, 0]), pod(2, 200))).toBe(94);
  });

  it('ranks a GPU in use before a free GPU of a server in use before an idle server', () => {
    const share = pod(1, 300);
    const inUse = score(gpuPacking(), server([400, 1000]), share);
    const freeGpu = score(gpuPacking(), server([200, 1000]), share);
    const idle = score(gpuPacking(), server([1000, 1000]), share);
    expect(inUse).toBeGreaterThan(freeGpu);
    expect(freeGpu).toBeGreaterThan(idle);
    expect(score(gpuPacking(), server([1000]), pod(0, 0))).toBe(0);
  });
});

describe('gpuClustering', () => {
  it('adds 75, 50, 25 or 0 by who is there, to a base of how full the server is', () => {
    const half = [1000, 1000, 1000, 1000, 0, 0, 0, 0];
    const base = 12;
    expect(score(gpuClustering(), server(half, {}, [4]), pod(4, 1000))).toBe(base + 75);
    expect(score(gpuClustering(), server(half, {}, [1, 1, 2]), pod(2, 1000))).toBe(base + 50);
    expect(score(gpuClustering(), server(half), pod(2, 1000))).toBe(base + 25);
    expect(score(gpuClustering(), server(half, {}, [4]), pod(2, 1000))).toBe(base);
    // A share and a pod of one whole GPU are of different kinds.
    expect(score(gpuClustering(), server(half, {}, [1]), pod(1, 500))).toBe(base);
    expect(score(gpuClustering(), server(half, {}, [0]), pod(1, 500))).toBe(base + 75);
    expect(score(gpuClustering(), server(half, {}, [4]), pod(0, 0))).toBe(0);
  });
});

describe('bestFit and dotProduct', () => {
  it('are the published formulas, cut to whole numbers', () => {
    const facts = server([1000, 1000, 500, 0], { cpuFreeMilli: 96_000 });
    // 100 (1 - [0.5 · 80,000/128,000 + 0.5 · 500/8,000]) = 65.6
    expect(score(bestFit(), facts, pod(2, 1000, 16_000))).toBe(65);
    // d = (96/128)(16/128) + (2.5/8)(2/8) = 0.171875; 100 (1 - d/2) = 91.4
    expect(score(dotProduct(), facts, pod(2, 1000, 16_000))).toBe(91);
  });

  it('stay within 0 and 100 on servers larger than the published ones, and without CPU limits', () => {
    const context: PolicyContext = { ...OPENB, cpuMilliMax: 512_000, gpuMilliMax: 16_000 };
    for (const policy of [bestFit(), dotProduct()]) {
      for (const cpuFreeMilli of [0, 512_000, Number.POSITIVE_INFINITY]) {
        const value = score(
          policy,
          server(new Array(16).fill(1000), { cpuFreeMilli }),
          pod(16, 1000, 0),
          context,
        );
        expect(value >= 0 && value <= 100).toBe(true);
      }
    }
  });
});

describe('every policy', () => {
  const workload = [{ cpuMilli: 4000, gpus: 1, gpuMilli: 500, share: 1 }];
  const policies = [
    bestFit(),
    dotProduct(),
    gpuClustering(),
    gpuPacking(),
    binPack(),
    spread(),
    random(),
    fgd(),
    fgd({ exact: true }),
  ];

  it.each(policies)(
    'scores with finite numbers, on servers without CPU or memory limits too: $name',
    (policy) => {
      fc.assert(
        fc.property(
          fc.array(fc.constantFrom(0, 1, 500, 999, 1000), { maxLength: 16 }),
          fc.constantFrom(0, 1, 128_000, 2 ** 31 - 1, Number.POSITIVE_INFINITY),
          fc.constantFrom(0, 1, 128_000, 2 ** 31 - 1),
          fc.constantFrom(pod(0, 0), pod(1, 1), pod(1, 500), pod(1, 1000), pod(16, 1000)),
          (gpus, cpuFreeMilli, cpuMilli, wanted) => {
            const facts = server(gpus, { cpuFreeMilli, memoryFreeMiB: Number.POSITIVE_INFINITY });
            const scorer = scorerOf(policy, {
              gpuModels: ['X'],
              cpuMilliMax: 0,
              gpuMilliMax: 16_000,
              workload,
            });
            const value =
              scorer.by === 'server'
                ? scorer.score(facts, { ...wanted, cpuMilli })
                : scorer.gain(scorer.potential(facts), 0);
            expect(Number.isFinite(value)).toBe(true);
          },
        ),
        { seed: 1, numRuns: 500 },
      );
    },
  );

  it.each(policies)('may be prepared for many clusters: $name', (policy) => {
    const one = scorerOf(policy, { ...OPENB, workload });
    const facts = server([1000, 400, 0, 0], {}, [1]);
    const value = (scorer: ReturnType<typeof scorerOf>): number =>
      scorer.by === 'server' ? scorer.score(facts, pod(1, 300)) : scorer.potential(facts);
    const before = value(one);
    policy.prepare({
      ...OPENB,
      cpuMilliMax: 999_000,
      gpuMilliMax: 16_000,
      workload: [{ ...workload[0]!, gpuMilli: 1 }],
    });
    expect(value(one)).toBe(before);
  });
});

describe('fgd', () => {
  it('shares the GPU that keeps the others whole', () => {
    const workload = [
      { cpuMilli: 0, gpus: 1, gpuMilli: 1000, share: 0.9 },
      { cpuMilli: 0, gpus: 1, gpuMilli: 500, share: 0.1 },
    ];
    const topology = clusterTopology({
      tiers: [],
      types: { b: gpuBox(4) },
      servers: [{ id: 's', type: 'b' }],
    });
    const solver = compile(topology, { policy: fgd({ workload }) });
    const gpuOf = (gpuMilli: number): number => {
      const result = solver.place({ gpuMilli });
      return result.ok ? result.placement.pods[0]!.gpus[0]! : -1;
    };
    expect([gpuOf(500), gpuOf(500), gpuOf(500), gpuOf(500)]).toEqual([0, 0, 1, 1]);
  });

  it('prefers its own workload to the one given to compile', () => {
    const own = [{ cpuMilli: 0, gpus: 1, gpuMilli: -1, share: 1 }];
    expect(() =>
      fgd({ workload: own }).prepare({
        ...OPENB,
        workload: [{ cpuMilli: 0, gpus: 1, gpuMilli: 1, share: 1 }],
      }),
    ).toThrow(expect.objectContaining({ code: 'invalid-option' }));
  });
});

describe('random', () => {
  it('draws servers and GPUs uniformly', () => {
    const topology = clusterTopology({
      tiers: [],
      types: { b: gpuBox(4), full: gpuBox(1) },
      servers: [0, 1, 2, 3, 4].map((i) => ({ id: `s${i}`, type: i === 2 ? 'full' : 'b' })),
    });
    const solver = compile(topology, { policy: random({ seed: 11 }) });
    const counts = new Map<string, number>();
    const draws = 8000;
    for (let i = 0; i < draws; i++) {
      const result = solver.place({ gpuMilli: 1 });
      if (!result.ok) throw new Error(result.message);
      const { server: id, gpus } = result.placement.pods[0]!;
      const key = `${id}/${gpus[0]}`;
      counts.set(key, (counts.get(key) ?? 0) + 1);
      solver.release(result.placement);
    }
    // Each of five servers equally often, then each GPU of the server.
    const expected = (key: string): number => draws / 5 / (key.startsWith('s2') ? 1 : 4);
    expect(counts.size).toBe(17);
    const chiSquare = [...counts].reduce(
      (sum, [key, n]) => sum + (n - expected(key)) ** 2 / expected(key),
      0,
    );
    // Sixteen degrees of freedom: above 39.3 has probability 0.001.
    expect(chiSquare).toBeLessThan(39.3);
  });
});
