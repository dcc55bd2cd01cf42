import { describe, expect, it } from 'vitest';
import { compileClusterTables } from '../../src/compile/cluster-tables.js';
import { clusterTopology } from '../../src/index.js';
import { PlacementEngine } from '../../src/placement/engine.js';
import type { Policy, PolicyContext } from '../../src/placement/request/policy.js';
import { podNeed } from '../../src/placement/state/pod-need.js';
import { copyState } from '../../src/placement/state/state.js';
import { bestFit, random } from '../../src/policies/index.js';
import { gpuBox } from './random-cluster.js';

const tables = compileClusterTables(
  clusterTopology({
    tiers: [],
    types: { four: gpuBox(4), two: gpuBox(2) },
    servers: [
      { id: 'a', type: 'four', gpuModel: 'X', cpuMilli: 9000 },
      { id: 'b', type: 'two', gpuModel: 'Y', cpuMilli: 7000 },
      ...Array.from({ length: 20 }, (_, i) => ({ id: `c${i}`, type: 'four' })),
    ],
  }),
);
const engineWith = (policy: Policy, seed = 0): PlacementEngine =>
  new PlacementEngine(tables, { policy, workload: undefined, sizes: undefined, seed });
const one = podNeed({ gpuMilli: 100 }, tables);
/** Where the next 30 pods go. */
const next = (engine: PlacementEngine): string =>
  Array.from({ length: 30 }, () => (engine.decide(one) ? `${engine.server}/${engine.gpuMask}` : '-')).join(
    ' ',
  );

describe('PlacementEngine', () => {
  it('prepares the policy once with the models and the largest finite figures of the cluster', () => {
    const seen: PolicyContext[] = [];
    const policy: Policy = {
      ...bestFit(),
      prepare: (context) => {
        seen.push(context);
        return bestFit().prepare(context);
      },
    };
    const workload = [{ cpuMilli: 1, gpus: 0, gpuMilli: 0, share: 1 }];
    new PlacementEngine(tables, { policy, workload, sizes: undefined, seed: 0 });
    expect(seen).toEqual([{ gpuModels: ['X', 'Y', 'A'], cpuMilliMax: 9000, gpuMilliMax: 4000, workload }]);
  });

  it('names 0 as the largest CPU where no server states one', () => {
    const seen: PolicyContext[] = [];
    const open = compileClusterTables(
      clusterTopology({ tiers: [], types: { none: gpuBox(0) }, servers: [{ id: 'a', type: 'none' }] }),
    );
    const policy: Policy = {
      ...bestFit(),
      prepare: (context) => {
        seen.push(context);
        return bestFit().prepare(context);
      },
    };
    new PlacementEngine(open, { policy, workload: undefined, sizes: undefined, seed: 0 });
    expect(seen[0]).toMatchObject({ cpuMilliMax: 0, gpuMilliMax: 0 });
  });

  it('decides without taking, and keeps the last answer when nothing fits', () => {
    const engine = engineWith(bestFit());
    expect(engine.decide(podNeed({ gpus: 2, gpuModels: ['Y'] }, tables))).toBe(true);
    expect([engine.server, engine.gpuMask]).toEqual([1, 0b11]);
    expect(engine.state.freeMask[1]).toBe(0b11);
    expect(engine.decide(podNeed({ gpus: 3, gpuModels: ['Y'] }, tables))).toBe(false);
    expect([engine.server, engine.gpuMask]).toEqual([1, 0b11]);
  });

  it('draws on deciding, not on peeking', () => {
    const peeked = engineWith(random({ seed: 4 }));
    for (let i = 0; i < 5; i++) {
      const before = peeked.random();
      expect(peeked.peek(one)).toBe(true);
      expect(peeked.random()).toEqual(before);
      const { server, gpuMask } = peeked;
      peeked.decide(one);
      expect([peeked.server, peeked.gpuMask]).toEqual([server, gpuMask]);
      expect(peeked.random()).not.toEqual(before);
    }
  });

  it('draws the server and the GPU from streams of their own', () => {
    // A whole GPU draws no GPU, so only the stream of servers moves.
    const engine = engineWith(random());
    const [ties, gpu] = engine.random();
    engine.decide(podNeed({ gpus: 1 }, tables));
    expect(engine.random()[0]).not.toEqual(ties);
    expect(engine.random()[1]).toEqual(gpu);
    engine.decide(one);
    expect(engine.random()[1]).not.toEqual(gpu);
  });

  it('prefers the seed of the policy to its own', () => {
    expect(next(engineWith(random({ seed: 1 }), 2))).toBe(next(engineWith(random(), 1)));
    expect(next(engineWith(random(), 2))).not.toBe(next(engineWith(random(), 1)));
    // 0 is a seed, not the lack of one.
    expect(next(engineWith(random({ seed: 0 }), 2))).toBe(next(engineWith(random(), 0)));
  });

  it('draws for a policy that is random in the GPU alone', () => {
    const policy: Policy = {
      name: 'first server, any GPU',
      ties: 'document-order',
      prepare: () => ({ by: 'server', shareGpu: 'random', score: () => 0 }),
    };
    const engine = engineWith(policy);
    const before = engine.random();
    engine.peek(one);
    expect(engine.random()).toEqual(before);
    expect(new Set(next(engine).split(' '))).toEqual(new Set(['0/1', '0/2', '0/4', '0/8']));
  });

  it('draws for a policy that is random in the server alone', () => {
    const engine = engineWith({
      name: 'any server, tightest GPU',
      ties: 'random',
      prepare: () => ({ by: 'server', shareGpu: 'tightest', score: () => 0 }),
    });
    const before = engine.random();
    engine.peek(one);
    expect(engine.random()).toEqual(before);
    expect(new Set(next(engine).split(' ')).size).toBeGreaterThan(5);
  });

  it('goes back to a copy: state, scores and draws', () => {
    const engine = engineWith(random({ seed: 8 }));
    for (let i = 0; i < 10; i++) if (engine.decide(one)) engine.take(one, engine.server, engine.gpuMask);
    const copy = copyState(engine.state);
    const stood = engine.random();
    const run = (): string => {
      const answers: string[] = [];
      for (let i = 0; i < 40; i++) {
        const need = i % 3 === 0 ? podNeed({ gpus: 2 }, tables) : one;
        if (!engine.decide(need)) continue;
        engine.take(need, engine.server, engine.gpuMask);
        answers.push(`${engine.server}/${engine.gpuMask}`);
      }
      return answers.join(' ');
    };
    const first = run();
    engine.overwrite(copy, stood);
    expect(run()).toBe(first);
  });

  it.each([undefined, null, 'bestFit', bestFit, {}, { name: 'x', ties: 'random' }])(
    'refuses %o in place of a policy',
    (policy) => {
      expect(() => engineWith(policy as Policy)).toThrow(
        expect.objectContaining({ code: 'invalid-option', path: ['policy'] }),
      );
    },
  );
});
