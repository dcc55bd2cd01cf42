import { describe, expect, it } from 'vitest';
import { clusterTopology } from '../../../src/index.js';
import { openRun } from '../../../src/simulation/assemble.js';
import type { SimulationJob } from '../../../src/simulation/index.js';
import { byServersInTheWay, setsInTheWay } from '../../../src/simulation/moves/move-sets.js';
import { gpuBox } from '../../placement/random-cluster.js';

const boxes = clusterTopology({
  tiers: [],
  types: { box: gpuBox(4) },
  servers: [
    { id: 'a', type: 'box' },
    { id: 'b', type: 'box' },
  ],
});

/** A run in which the first jobs have started, in order on a and b, and the last one waits. */
function waiting(sizes: readonly number[], head: Partial<SimulationJob>) {
  const jobs: SimulationJob[] = sizes.map((gpus) => ({ submitSeconds: 0, durationSeconds: 1000, gpus }));
  const { run } = openRun(
    { cluster: boxes, jobs: [...jobs, { submitSeconds: 1, durationSeconds: 1, ...head }] },
    undefined,
  );
  while (run.waiting.length === 0 || run.now === 0) run.step();
  return { run, head: sizes.length };
}

const candidates = (costs: readonly number[]) =>
  costs.map((cost, job) => ({ cost, job })).sort((a, b) => a.cost - b.cost || a.job - b.job);

function setsOf(
  sizes: readonly number[],
  costs: readonly number[],
  head: Partial<SimulationJob>,
  sizeMax = 9,
) {
  const { run, head: job } = waiting(sizes, head);
  return [...setsInTheWay(run, job, candidates(costs), sizeMax)].map((set) =>
    set.map((one) => one.job).sort((a, b) => a - b),
  );
}

/** Sets are on one server: 0 and 1 are on a, 2 and 3 on b. */
const isOnOne = (set: readonly number[]): boolean =>
  set.every((job) => job < 2) || set.every((job) => job >= 2);

describe('setsInTheWay', () => {
  it('gives sets of jobs on one server that frees enough, the cheapest first', () => {
    // a: 2 + 2, b: 2 + 1 and one free.
    const three = setsOf([2, 2, 2, 1], [5, 9, 4, 1], { gpus: 3 });
    expect(three.slice(0, 3)).toEqual([[2], [2, 3], [0, 1]]);
    const two = setsOf([2, 2, 2, 1], [5, 9, 4, 1], { gpus: 2 });
    expect(two.slice(0, 6)).toEqual([[3], [2], [0], [2, 3], [1], [0, 1]]);
  });

  it('then gives sets on several servers', () => {
    const more = setsOf([2, 2, 2, 1], [5, 9, 4, 1], { gpus: 3 }).slice(3);
    expect(more.filter((set) => !isOnOne(set))).toEqual([
      [0, 2],
      [0, 2, 3],
      [1, 2],
      [1, 2, 3],
      [0, 1, 3],
      [0, 1, 2],
      [0, 1, 2, 3],
    ]);
  });

  it('of equal cost gives the set with fewer jobs first', () => {
    expect(setsOf([2, 2, 2, 1], [2, 3, 2, 0], { gpus: 3 }).slice(0, 3)).toEqual([[2], [2, 3], [0, 1]]);
  });

  it('gives sets on all servers for a gang, if they free enough pods', () => {
    expect(setsOf([2, 2, 2, 2], [1, 2, 3, 9], { gpus: 2, pods: 3 })).toEqual([
      [0, 1, 2],
      [0, 1, 3],
      [0, 2, 3],
      [1, 2, 3],
      [0, 1, 2, 3],
    ]);
    expect(setsOf([3, 3], [1, 2], { gpus: 2, pods: 4 })).toEqual([[0, 1]]);
  });

  it('gives no set that is larger than it may be', () => {
    expect(setsOf([2, 2, 2, 2], [1, 2, 3, 4], { gpus: 4 }, 1)).toEqual([]);
  });
});

describe('byServersInTheWay', () => {
  it('gives all of the server that is cheapest to free first', () => {
    const { run, head } = waiting([2, 2, 2, 2], { gpus: 4 });
    const list = byServersInTheWay(run, head, candidates([9, 1, 4, 5]));
    expect(list.map((one) => one.job)).toEqual([2, 3, 1, 0]);
  });
});
