import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type ClusterTables, compileClusterTables } from '../../../src/compile/cluster-tables.js';
import {
  type ClusterDocument,
  clusterTopology,
  compile,
  type Placement,
  type PlacementRequest,
} from '../../../src/index.js';
import type { PolicyContext, ServerFacts } from '../../../src/placement/request/policy.js';
import { ScoreFinder } from '../../../src/placement/scores/score-finder.js';
import { type PodNeed, podNeed } from '../../../src/placement/state/pod-need.js';
import { emptyState, give, type PlacementState, take } from '../../../src/placement/state/state.js';
import {
  bestFit,
  dotProduct,
  fgd,
  gpuClustering,
  gpuPacking,
  type Policy,
  type TypicalPod,
  type Workload,
} from '../../../src/policies/index.js';
import { cluster, gpuBox, type Operation, operations } from '../random-cluster.js';

/*
 * Each policy once more, from its published definition and from scratch for every pod: score every server that
 * fits, take the first of the best. Nothing here is shared with the library.
 */

interface Box {
  readonly id: string;
  readonly model: string;
  cpu: number;
  memory: number;
  readonly gpus: number[];
  /** Sizes of resident GPU pods: 0 for a share. */
  readonly tags: number[];
}

interface Pod {
  readonly cpu: number;
  readonly memory: number;
  readonly count: number;
  readonly milli: number;
  readonly models: readonly string[];
}

interface Choice {
  readonly score: number;
  readonly gpus: readonly number[];
}

const WORKLOAD: Workload = [
  { cpuMilli: 3000, gpus: 1, gpuMilli: 470, share: 0.4 },
  { cpuMilli: 6000, gpus: 1, gpuMilli: 1000, gpuModels: ['A', 'B'], share: 0.3 },
  { cpuMilli: 9000, gpus: 4, gpuMilli: 1000, share: 0.2 },
  { cpuMilli: 8000, gpus: 0, gpuMilli: 0, share: 0.1 },
];

const sum = (values: readonly number[]): number => values.reduce((total, x) => total + x, 0);
const indices = (values: readonly number[], keep: (x: number) => boolean): number[] =>
  values.flatMap((x, i) => (keep(x) ? [i] : []));

function podOf(request: PlacementRequest): Pod {
  const count = request.gpuMilli === undefined ? (request.gpus ?? 0) : 1;
  return {
    cpu: request.cpuMilli ?? 0,
    memory: request.memoryMiB ?? 0,
    count,
    milli: count === 0 ? 0 : (request.gpuMilli ?? 1000),
    models: request.gpuModels ?? [],
  };
}

function fits(box: Box, pod: Pod): boolean {
  if (box.cpu < pod.cpu || box.memory < pod.memory) return false;
  if (pod.models.length > 0 && !pod.models.includes(box.model)) return false;
  return indices(box.gpus, (free) => free >= pod.milli).length >= pod.count;
}

/** Lowest wholly free GPUs, or the tightest for a share. */
function packed(box: Box, pod: Pod): number[] {
  const able = indices(box.gpus, (free) => free >= pod.milli);
  if (pod.milli === 1000 || pod.count === 0) return able.slice(0, pod.count);
  return [able.reduce((best, g) => (box.gpus[g]! < box.gpus[best]! ? g : best))];
}

function fragmentation(box: Box): number {
  const idle = sum(box.gpus);
  // One sum per class, added up in the order of the published program.
  const classes = { q1: 0, q2: 0, q4: 0, xl: 0, xr: 0, na: 0 };
  for (const m of WORKLOAD as readonly TypicalPod[]) {
    const cpuOk = box.cpu >= m.cpuMilli;
    const models = m.gpuModels ?? [];
    if (m.gpuMilli === 0) classes[cpuOk ? 'xl' : 'xr'] += m.share * idle;
    else if (models.length > 0 && !models.includes(box.model)) classes.na += m.share * idle;
    else {
      const gpuOk = indices(box.gpus, (free) => free >= m.gpuMilli).length >= m.gpus;
      const rest = sum(box.gpus.filter((free) => free < m.gpuMilli));
      if (gpuOk && cpuOk) classes.q2 += m.share * rest;
      else classes[gpuOk ? 'q4' : cpuOk ? 'q2' : 'q1'] += m.share * idle;
    }
  }
  const { q1, q2, q4, xl, xr, na } = classes;
  return q1 + q2 + q4 + xl + xr + na;
}

const finite = (cpu: number): number => (cpu === Number.POSITIVE_INFINITY ? 128_000 : cpu);

type Chooser = (box: Box, pod: Pod, scale: { gpu: number }) => Choice;

function fgdChoice(exact: boolean): Chooser {
  return (box, pod) => {
    const before = fragmentation(box);
    const scoreOf = (gpus: readonly number[]): number => {
      const after = {
        ...box,
        cpu: box.cpu - pod.cpu,
        gpus: box.gpus.map((free, g) => (gpus.includes(g) ? free - pod.milli : free)),
      };
      const gain = before - fragmentation(after);
      return exact ? Math.round(gain * 1e6) : Math.trunc(100 * (1 / (1 + Math.exp(-gain / 1000))));
    };
    if (pod.milli === 1000 || pod.count === 0) {
      const gpus = packed(box, pod);
      return { gpus, score: scoreOf(gpus) };
    }
    return indices(box.gpus, (free) => free >= pod.milli)
      .map((g) => ({ gpus: [g], score: scoreOf([g]) }))
      .reduce((best, choice) => (choice.score > best.score ? choice : best));
  };
}

const CHOOSERS: Record<string, { policy: () => Policy; choose: Chooser }> = {
  dotProduct: {
    policy: dotProduct,
    choose: (box, pod, scale) => {
      const d =
        (finite(box.cpu) / 128_000) * (pod.cpu / 128_000) +
        (sum(box.gpus) / scale.gpu) * ((pod.count * pod.milli) / scale.gpu);
      return { gpus: packed(box, pod), score: Math.trunc(100 * (1 - d / 2)) };
    },
  },
  bestFit: {
    policy: bestFit,
    choose: (box, pod, scale) => {
      const cpu = (0.5 * finite(box.cpu - pod.cpu)) / 128_000;
      const gpu = (0.5 * (sum(box.gpus) - pod.count * pod.milli)) / scale.gpu;
      return { gpus: packed(box, pod), score: Math.trunc(100 * (1 - (cpu + gpu))) };
    },
  },
  gpuClustering: {
    policy: gpuClustering,
    choose: (box, pod, scale) => {
      const gpus = packed(box, pod);
      if (pod.count === 0) return { gpus, score: 0 };
      const base = Math.trunc((25 * (scale.gpu - sum(box.gpus))) / scale.gpu);
      const tags = new Set(box.tags);
      const own = pod.milli === 1000 ? pod.count : 0;
      const bonus = tags.size === 0 ? 25 : tags.has(own) ? (tags.size === 1 ? 75 : 50) : 0;
      return { gpus, score: base + bonus };
    },
  },
  gpuPacking: {
    policy: gpuPacking,
    choose: (box, pod) => {
      const gpus = packed(box, pod);
      const n = box.gpus.length;
      if (pod.count === 0) return { gpus, score: 0 };
      if (box.gpus.every((free) => free === 1000)) return { gpus, score: Math.max(33 - n, n) };
      const rooms = box.gpus
        .filter((free) => free >= pod.milli)
        .sort((a, b) => a - b)
        .slice(0, pod.count);
      const whole = rooms.filter((free) => free === 1000).length;
      const percent = sum(rooms.map((free) => Math.trunc((free * 100) / 1000)));
      return {
        gpus,
        score: whole > 0 ? Math.max(50 - whole, 33) : Math.max(100 - Math.trunc(percent / 10), 50),
      };
    },
  },
  fgd: { policy: () => fgd({ workload: WORKLOAD }), choose: fgdChoice(false) },
  'fgd exact': { policy: () => fgd({ workload: WORKLOAD, exact: true }), choose: fgdChoice(true) },
};

function compare(
  document: ClusterDocument,
  history: readonly Operation[],
  policy: Policy,
  choose: Chooser,
): number {
  const solver = compile(clusterTopology(document), { policy });
  const boxes = document.servers.map(
    (server): Box => ({
      id: server.id,
      model: server.gpuModel!,
      cpu: server.cpuMilli ?? Number.POSITIVE_INFINITY,
      memory: server.memoryMiB ?? Number.POSITIVE_INFINITY,
      gpus: new Array<number>(Number(server.type)).fill(1000),
      tags: [],
    }),
  );
  const scale = { gpu: Math.max(8000, ...boxes.map((box) => 1000 * box.gpus.length)) };
  const live: { placement: Placement; pod: Pod; box: Box; gpus: readonly number[] }[] = [];
  const move = (box: Box, pod: Pod, gpus: readonly number[], sign: number): void => {
    box.cpu += sign * pod.cpu;
    box.memory += sign * pod.memory;
    for (const g of gpus) box.gpus[g]! += sign * pod.milli;
    if (pod.count === 0) return;
    const tag = pod.milli === 1000 ? pod.count : 0;
    if (sign < 0) box.tags.push(tag);
    else box.tags.splice(box.tags.indexOf(tag), 1);
  };
  let decisions = 0;
  for (const step of history) {
    if (step.kind === 'place') {
      const pod = podOf(step.request);
      let best: { box: Box; choice: Choice } | undefined;
      for (const box of boxes) {
        if (!fits(box, pod)) continue;
        const choice = choose(box, pod, scale);
        if (best === undefined || choice.score > best.choice.score) best = { box, choice };
      }
      const result = solver.place(step.request);
      decisions++;
      expect(result.ok ? result.placement.pods : []).toEqual(
        best === undefined ? [] : [{ server: best.box.id, gpus: best.choice.gpus }],
      );
      if (best === undefined || !result.ok) continue;
      move(best.box, pod, best.choice.gpus, -1);
      live.push({ placement: result.placement, pod, box: best.box, gpus: best.choice.gpus });
    } else if (step.kind === 'release' && live.length > 0) {
      const [gone] = live.splice(step.pick % live.length, 1);
      solver.release(gone!.placement);
      move(gone!.box, gone!.pod, gone!.gpus, 1);
    }
  }
  return decisions;
}

describe('ScoreFinder', () => {
  it.each(Object.entries(CHOOSERS))(
    'decides as scoring every server from scratch does: %s',
    (_, { policy, choose }) => {
      let decisions = 0;
      fc.assert(
        fc.property(cluster, operations, (document, history) => {
          decisions += compare(document, history, policy(), choose);
        }),
        { seed: 1, numRuns: 300 },
      );
      expect(decisions).toBeGreaterThan(2000);
    },
  );

  const noDraw = {
    below: (): number => {
      throw new Error('a deterministic policy drew a number');
    },
  };
  const OPEN: PolicyContext = { gpuModels: ['A'], cpuMilliMax: 0, gpuMilliMax: 4000, workload: WORKLOAD };
  const finderOn = (
    tables: ClusterTables,
    policy: Policy = bestFit(),
  ): { finder: ScoreFinder; state: PlacementState } => {
    const state = emptyState(tables, { residents: true });
    const scorer = policy.prepare(OPEN);
    if (scorer.by === 'topology') throw new Error('a policy without scores');
    return { state, finder: new ScoreFinder(tables, state, scorer, { countTies: false }) };
  };
  /** One that has been asked for nothing yet. */
  const finderLike = (tables: ClusterTables, state: PlacementState): ScoreFinder => {
    const scorer = bestFit().prepare(OPEN);
    if (scorer.by === 'topology') throw new Error('a policy without scores');
    return new ScoreFinder(tables, state, scorer, { countTies: false });
  };
  const tablesOf = (servers: number): ClusterTables =>
    compileClusterTables(
      clusterTopology({
        tiers: [],
        types: { four: gpuBox(4) },
        servers: Array.from({ length: servers }, (_, i) => ({ id: `s${i}`, type: 'four' })),
      }),
    );
  const need = (request: PlacementRequest): PodNeed => podNeed(request, tablesOf(1));

  it.each([
    ['a score of the server', bestFit],
    ['a difference', fgd],
  ])('scores anew only the servers that changed since a need was asked for: %s', (_, policy) => {
    const tables = tablesOf(100);
    const { finder, state } = finderOn(tables, policy());
    const scoredBy = (wanted: PodNeed): number => {
      const before = finder.scored;
      finder.find(wanted, noDraw);
      return finder.scored - before;
    };
    const [pair, share] = [need({ gpus: 2 }), need({ gpuMilli: 300 })];
    expect([scoredBy(pair), scoredBy(pair), scoredBy(share)]).toEqual([100, 0, 100]);
    for (const server of [7, 42, 7]) {
      take(tables, state, need({ gpuMilli: 1 }), server, 0b1);
      finder.changed(server);
    }
    expect([scoredBy(pair), scoredBy(pair), scoredBy(share)]).toEqual([2, 0, 2]);
    take(tables, state, need({ gpus: 3 }), 42, 0b1110);
    finder.changed(42);
    // It fits no more: that is no score. For a share there is room.
    expect([scoredBy(pair), scoredBy(share)]).toEqual([0, 1]);
    finder.allChanged();
    expect(scoredBy(pair)).toBe(99);
  });

  it('shows a difference the server as it will be: what is after one pod is before the next', () => {
    const gained: { before: number; after: number }[] = [];
    // Tells any two states of a server apart, down to which GPU has how much room.
    const potential = (facts: ServerFacts): number => {
      const rooms = [...facts.gpuFreeMilli.subarray(0, facts.gpus)];
      return [facts.cpuFreeMilli, facts.memoryFreeMiB, facts.idleGpuMilli, ...rooms].reduce(
        (sum, x, i) => sum + x * Math.sqrt(2 * i + 3),
        0,
      );
    };
    const policy: Policy = {
      name: 'witness',
      ties: 'document-order',
      prepare: () => ({
        by: 'difference',
        potential,
        // All alike, so the first GPU that is looked at gets the share.
        gain: (before, after) => gained.push({ before, after }) * 0,
      }),
    };
    fc.assert(
      fc.property(fc.constantFrom(1, 2, 4, 8, 16), operations, (gpus, history) => {
        const solver = compile(
          clusterTopology({
            tiers: [],
            types: { box: gpuBox(gpus) },
            servers: [{ id: 'a', type: 'box', cpuMilli: 80_000, memoryMiB: 81_920 }],
          }),
          { policy },
        );
        let present: number | undefined;
        const live: Placement[] = [];
        for (const step of history) {
          if (step.kind === 'place') {
            gained.length = 0;
            const result = solver.place(step.request);
            const [first] = gained;
            if (first !== undefined && present !== undefined) expect(first.before).toBeCloseTo(present, 6);
            if (!result.ok) continue;
            live.push(result.placement);
            // Without a score of its own the need was scored before, in the same state.
            if (first !== undefined) present = first.after;
            else present = undefined;
          } else if (step.kind === 'release' && live.length > 0) {
            solver.release(live.splice(step.pick % live.length, 1)[0]!);
            present = undefined;
          }
        }
      }),
      { seed: 1, numRuns: 200 },
    );
  });

  it('measures the present of a server once, however many needs are asked for', () => {
    let calls = 0;
    const counting: Policy = {
      name: 'counting',
      ties: 'document-order',
      prepare: () => ({ by: 'difference', potential: () => ++calls * 0, gain: () => 0 }),
    };
    const { finder } = finderOn(tablesOf(10), counting);
    for (const cpuMilli of [1, 2, 3]) finder.find(need({ cpuMilli }), noDraw);
    expect(calls).toBe(10 + 3 * 10);
  });

  it('scores anew only the servers of a range that changed, if it is asked for the same again', () => {
    const tables = tablesOf(100);
    const { finder, state } = finderOn(tables);
    const [pair, share] = [need({ gpus: 2 }), need({ gpuMilli: 300 })];
    const asked = (wanted: PodNeed, from: number, to: number): [server: number, scored: number] => {
      const before = finder.scored;
      const server = finder.findAmong(wanted, from, to, noDraw);
      expect(server).toBe(finderLike(tables, state).findAmong(wanted, from, to, noDraw));
      return [server, finder.scored - before];
    };
    expect([asked(pair, 10, 60), asked(pair, 10, 60)]).toEqual([
      [10, 50],
      [10, 0],
    ]);
    for (const server of [7, 42, 50, 99]) {
      take(tables, state, need({ gpus: 1 }), server, 0b1);
      finder.changed(server);
    }
    expect([asked(pair, 10, 60), asked(pair, 10, 60)]).toEqual([
      [42, 2],
      [42, 0],
    ]);
    // Another range, or need, is scored from the start.
    expect([asked(pair, 0, 60), asked(share, 0, 60), asked(pair, 0, 61)]).toEqual([
      [7, 60],
      [7, 60],
      [7, 61],
    ]);
    finder.allChanged();
    expect(asked(pair, 0, 61)).toEqual([7, 61]);
  });

  it('forgets the need not asked for longest once the scores fill their memory, and still answers right', () => {
    // Two million servers without GPUs: three needs are one more than the limit of 2^22 scores holds.
    const serverCount = 2 ** 21;
    const one = tablesOf(1);
    const tables: ClusterTables = {
      ...one,
      serverCount,
      gpuCount: 0,
      shapeOf: new Int32Array(serverCount),
      gpuStart: new Int32Array(serverCount + 1),
      shapeGpus: new Int32Array(1),
      shapeCpuMilli: new Float64Array([10_000]),
    };
    const { finder, state } = finderOn(tables);
    const wanted = [1000, 2000, 3000].map((cpuMilli) => need({ cpuMilli }));
    const asked = (i: number): [server: number, all: boolean] => {
      const before = finder.scored;
      return [finder.find(wanted[i]!, noDraw), finder.scored - before >= serverCount];
    };
    expect([asked(0), asked(1), asked(0), asked(2)]).toEqual([
      [0, true],
      [0, true],
      [0, false],
      [0, true],
    ]);
    take(tables, state, need({ cpuMilli: 5000 }), 123_456, 0);
    finder.changed(123_456);
    expect(asked(0)).toEqual([123_456, false]);
    expect(asked(1)).toEqual([123_456, true]);
    expect(asked(2)).toEqual([123_456, true]);
    give(tables, state, need({ cpuMilli: 5000 }), 123_456, 0);
    finder.changed(123_456);
    expect(asked(1)).toEqual([0, false]);
  }, 60_000);

  it('forgets needs on a small cluster too: each takes memory beside its scores', () => {
    const { finder } = finderOn(tablesOf(1));
    for (let cpuMilli = 0; cpuMilli < 100_000; cpuMilli++) finder.find(need({ cpuMilli }), noDraw);
    const before = finder.scored;
    finder.find(need({ cpuMilli: 0 }), noDraw);
    expect(finder.scored).toBe(before + 1);
  }, 60_000);

  it('never answers with a score that is no number', () => {
    const notANumber: Policy = {
      name: 'broken',
      ties: 'document-order',
      prepare: () => ({ by: 'server', shareGpu: 'tightest', score: () => Number.NaN }),
    };
    const solver = compile(clusterTopology({ tiers: [], types: { b: gpuBox(2) }, servers: two() }), {
      policy: notANumber,
    });
    expect(() => solver.place({ gpus: 1 })).toThrow(expect.objectContaining({ code: 'invalid-option' }));
    expect(solver.free().gpus).toBe(4);
  });
});

function two(): ClusterDocument['servers'] {
  return [
    { id: 'a', type: 'b' },
    { id: 'b', type: 'b' },
  ];
}
