import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { GoRandom } from '../../../src/simulation/replay/go-random.js';
import { inflationWorkload, type ReplayPod } from '../../../src/simulation/replay/inflation-workload.js';
import { refusedAs } from '../../restart/refusals.js';

const pod = (name: string, gpus: number, gpuMilli: number): ReplayPod => ({
  name,
  cpuMilli: 1000,
  memoryMiB: 0,
  gpus,
  gpuMilli,
});
const trace: ReplayPod[] = Array.from({ length: 40 }, (_, i) =>
  i % 4 === 0
    ? pod(`p${i}`, 0, 0)
    : i % 4 === 1
      ? pod(`p${i}`, 4, 1000)
      : pod(`p${i}`, 1, 100 * (1 + (i % 7))),
);
const milliOf = (p: ReplayPod): number => p.gpus * p.gpuMilli;
const requested = trace.reduce((sum, p) => sum + milliOf(p), 0);

/**
 * The preparation once more, from the description of the published experiments: one draw lost, Go's Shuffle by
 * Go's Int31n, tune, ten draws lost, Go's Perm. Only the generator itself is shared.
 */
function byTheBook(
  seed: number,
  nodeCount: number,
  targetMilli: number,
): { pods: string[]; ranks: number[] } {
  const go = new GoRandom(seed);
  go.int63();
  const list = trace.map((p) => ({ name: p.name, p }));
  go.shuffle(list);
  let load = requested;
  if (targetMilli > 0 && load > targetMilli) {
    while (load > targetMilli) {
      const at = go.intn(list.length);
      load -= milliOf(list[at]!.p);
      list.splice(at, 1);
    }
  } else if (targetMilli > 0 && load < targetMilli) {
    for (let i = 0; ; i++) {
      const p = trace[go.intn(trace.length)]!;
      if (load + p.gpuMilli > targetMilli) break;
      list.push({ name: `${p.name}-tuned-${i}`, p });
      load += milliOf(p);
    }
  }
  for (let i = 0; i < 10; i++) go.int63();
  const ranks: number[] = [];
  for (let i = 0; i < nodeCount; i++) {
    const j = go.intn(i + 1);
    if (i === j) ranks.push(i);
    else {
      ranks.push(ranks[j]!);
      ranks[j] = i;
    }
  }
  return { pods: list.map((entry) => entry.name), ranks };
}

describe('inflationWorkload', () => {
  it('draws number by number what the published program draws', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: -5, max: 2 ** 31 }),
        fc.integer({ min: 1, max: 30 }),
        fc.constantFrom(-1, 0, 1, 10, 100, 3000, 20_000, requested, requested + 50, 200_000),
        (seed, nodeCount, targetMilli) => {
          const { offered, nodeOrder } = inflationWorkload(trace, {
            nodeCount,
            gpuMilli: 1,
            seed,
            ratio: targetMilli,
          });
          const book = byTheBook(seed, nodeCount, targetMilli);
          expect(offered.map((entry) => entry.name)).toEqual(book.pods);
          // The node of rank 0 wins ties.
          expect([...nodeOrder]).toEqual(
            Array.from({ length: nodeCount }, (_, rank) => book.ranks.indexOf(rank)),
          );
        },
      ),
      { seed: 1, numRuns: 300 },
    );
  });

  const prepare = (ratio: number, pods = trace) =>
    inflationWorkload(pods, { nodeCount: 3, gpuMilli: 10_000, seed: 7, ratio }).offered;
  const load = (offered: ReturnType<typeof prepare>): number =>
    offered.reduce((sum, { pod: p }) => sum + milliOf(p), 0);

  it('offers the trace as it is, shuffled, where no load is asked for or it has just that', () => {
    for (const ratio of [0, -1, requested / 10_000]) {
      const names = prepare(ratio).map(({ name }) => name);
      expect(names).not.toEqual(trace.map(({ name }) => name));
      expect([...names].sort()).toEqual(trace.map(({ name }) => name).sort());
    }
  });

  it('removes pods until the load is at most what is asked for, keeping the order of the rest', () => {
    const whole = prepare(0).map(({ name }) => name);
    const offered = prepare(1.2);
    expect(load(offered)).toBeLessThanOrEqual(12_000);
    expect(load(offered)).toBeGreaterThan(12_000 - 4000);
    const kept = new Set(offered.map(({ name }) => name));
    expect(offered.map(({ name }) => name)).toEqual(whole.filter((name) => kept.has(name)));
  });

  it('repeats pods behind the trace, each by its own name, up to one GPU short of the load', () => {
    const offered = prepare(20);
    expect(load(offered)).toBeGreaterThan(200_000 - 1000);
    // The published test looks at one GPU of four: up to three more than asked for.
    expect(load(offered)).toBeLessThanOrEqual(200_000 + 3000);
    const repeated = offered.slice(trace.length);
    expect(repeated.map(({ name }) => name)).toEqual(repeated.map(({ pod: p }, i) => `${p.name}-tuned-${i}`));
    expect(offered.slice(0, trace.length).every(({ name }) => !name.includes('tuned'))).toBe(true);
  });

  it('removes every pod with GPUs for a load below the smallest of them', () => {
    const offered = prepare(1e-9);
    expect(load(offered)).toBe(0);
  });

  it('shuffles a copy: the trace stays as it is', () => {
    const before = structuredClone(trace);
    prepare(3);
    expect(trace).toEqual(before);
  });

  it('says that a trace without GPUs reaches no load', () => {
    expect(() => prepare(1, [pod('c', 0, 0)])).toThrow(refusedAs('invalid-option', ['pods']));
    expect(prepare(0, [pod('c', 0, 0)])).toHaveLength(1);
  });
});
