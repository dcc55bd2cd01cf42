import { describe, expect, it } from 'vitest';
import { bestFit, spread, topologyAware } from '../../../src/policies/index.js';
import { openRun } from '../../../src/simulation/assemble.js';
import type { SimulateOptions } from '../../../src/simulation/index.js';
import type { ClusterRun } from '../../../src/simulation/kernel/cluster-run.js';
import { suspendCheapest, suspendFor } from '../../../src/simulation/moves/preempt-for.js';
import { watchedOptions } from '../options/watched-options.js';
import { drawsOf } from '../whole/swarm.js';

const SEEDS = 250;

/** Small clusters, full of jobs that run for ever, and one that waits. */
function drawn(seed: number, keepsRoom: boolean): SimulateOptions {
  const draw = drawsOf(seed + 1_000_000);
  const options = watchedOptions(seed, { isCounted: draw.chance(0.2), estimates: ['exact'] });
  return {
    cluster: options.cluster,
    jobs: options.jobs.map((job) => ({ ...job, submitSeconds: 0, durationSeconds: 1e6 })),
    policy: draw.of([topologyAware, bestFit, spread])(),
    admission: 'greedy',
    // Keeps a second engine, which nobody asks here.
    defragmentation: { everySeconds: 1e6 },
    ...(keepsRoom
      ? { headroom: [{ name: 'room', room: { gpus: draw.of([1, 2]) }, count: draw.between(1, 2) }] }
      : {}),
  };
}

/** Everything that a failed trial might leave changed. */
function snapshot(run: ClusterRun): unknown {
  const { allocation, holdings, engine, table, accounts } = run;
  const shown = (state: typeof engine.state): unknown => [
    [...state.freeMask],
    [...state.sharedFreeMilli],
    [...state.cpuFreeMilli],
    [...state.memoryFreeMiB],
  ];
  return structuredClone([
    shown(engine.state),
    holdings.mirror === undefined ? [] : shown(holdings.mirror.state),
    Array.from({ length: table.count }, (_, job) =>
      // Who holds nothing has no note.
      holdings.pods[job]! > 0 ? holdings.noteOf(job) : null,
    ),
    [allocation.freeUnits, allocation.heldMilli, allocation.headroom?.missing, allocation.headroom?.keptGpus],
    [accounts.heldGpus, run.runningCount, run.waiting.length],
  ]);
}

/** Whether a job fits once these are gone; everything is as before afterwards. */
function fitsWithout(run: ClusterRun, job: number, gone: readonly number[]): boolean {
  const { allocation } = run;
  for (const victim of gone) allocation.suspend(victim);
  const fits = allocation.place(job);
  if (fits) allocation.unplace(job);
  for (const victim of gone) allocation.resume(victim);
  return fits;
}

/** What the doc says, one by one: the shortest beginning that is enough, and from its end back who is not needed. */
function expectedVictims(run: ClusterRun, job: number, victims: readonly number[]): number[] | undefined {
  const count = victims.findIndex((_, i) => fitsWithout(run, job, victims.slice(0, i + 1))) + 1;
  if (count === 0) return undefined;
  let gone = victims.slice(0, count);
  for (const victim of gone.slice(0, -1).reverse()) {
    const others = gone.filter((other) => other !== victim);
    if (fitsWithout(run, job, others)) gone = others;
  }
  return gone;
}

/** All jobs come at second 0: lets them, and those start who fit. */
function submitAll(run: ClusterRun): void {
  for (let left = run.table.count; left > 0; left--) run.step();
  run.loop.pass();
}

/** Runs a check for every waiting job of every seed, with victims in a drawn order. */
function forAllWaiting(
  keepsRoom: boolean,
  check: (run: ClusterRun, job: number, victims: readonly number[]) => void,
): void {
  for (let seed = 0; seed < SEEDS; seed++) {
    const draw = drawsOf(seed + 2_000_000);
    const { run } = openRun(drawn(seed, keepsRoom), undefined);
    submitAll(run);
    const { waiting, running, runningCount } = run;
    const jobs = [...waiting.jobs.subarray(waiting.start, waiting.end)];
    for (const job of jobs) {
      const victims = [...running.subarray(0, runningCount)].filter(() => draw.chance(0.8));
      for (let i = victims.length - 1; i > 0; i--) {
        const j = draw.between(0, i);
        [victims[i], victims[j]] = [victims[j]!, victims[i]!];
      }
      try {
        check(run, job, victims);
      } catch (error) {
        throw new Error(`seed ${seed}, job ${job}: ${(error as Error).message}`, { cause: error });
      }
    }
  }
}

describe('suspendFor', () => {
  it('suspends the shortest beginning of the list, less those from its end who are not in the way', () => {
    let found = 0;
    let spared = 0;
    forAllWaiting(false, (run, job, victims) => {
      const expected = expectedVictims(run, job, victims);
      const before = snapshot(run);
      const suspended = suspendFor(run, job, victims);
      expect(suspended?.toSorted()).toEqual(expected?.toSorted());
      if (suspended === undefined) {
        expect(snapshot(run)).toEqual(before);
        return;
      }
      found++;
      if (victims.indexOf(suspended[0]!) + 1 > suspended.length) spared++;
      // The job holds what it asks for, until it is told otherwise.
      expect(run.holdings.pods[job]).toBeGreaterThan(0);
      run.allocation.unplace(job);
      for (const victim of suspended) run.allocation.resume(victim);
      expect(snapshot(run)).toEqual(before);
    });
    expect(found).toBeGreaterThan(SEEDS);
    expect(spared).toBeGreaterThan(SEEDS / 10);
  });

  it('needs everybody whom it suspends: without any of them the job does not fit', () => {
    forAllWaiting(false, (run, job, victims) => {
      const suspended = suspendFor(run, job, victims);
      if (suspended === undefined) {
        // No subset of the list would do: the whole list is the most that could go.
        expect(fitsWithout(run, job, victims)).toBe(false);
        return;
      }
      run.allocation.unplace(job);
      for (const victim of suspended) run.allocation.resume(victim);
      for (const victim of suspended) {
        const others = suspended.filter((other) => other !== victim);
        expect(fitsWithout(run, job, others)).toBe(false);
      }
    });
  });

  it('leaves everything as it was where room is kept, whether or not it finds somebody', () => {
    let found = 0;
    forAllWaiting(true, (run, job, victims) => {
      const before = snapshot(run);
      const suspended = suspendFor(run, job, victims);
      if (suspended !== undefined) {
        found++;
        run.allocation.unplace(job);
        for (const victim of suspended) run.allocation.resume(victim);
      }
      expect(snapshot(run)).toEqual(before);
    });
    expect(found).toBeGreaterThan(SEEDS / 4);
  });

  it('finds nobody in an empty list', () => {
    const { run } = openRun(drawn(3, false), undefined);
    submitAll(run);
    expect(suspendFor(run, run.waiting.jobs[run.waiting.start]!, [])).toBeUndefined();
  });
});

describe('suspendCheapest', () => {
  it('places the job in place of others, or leaves everything as it was, also where room is kept', () => {
    for (const keepsRoom of [false, true]) {
      let found = 0;
      let cheaper = 0;
      forAllWaiting(keepsRoom, (run, job, victims) => {
        const before = snapshot(run);
        const costOf = (victim: number): number => (victim * 7919) % 13;
        const sumOf = (set: readonly number[]): number => set.reduce((sum, v) => sum + costOf(v), 0);
        const byCost = victims.toSorted((a, b) => costOf(a) - costOf(b));
        const inOrder = suspendFor(run, job, byCost);
        const undo = (suspended: readonly number[]): void => {
          run.allocation.unplace(job);
          for (const victim of suspended) run.allocation.resume(victim);
        };
        if (inOrder !== undefined) undo(inOrder);
        const suspended = suspendCheapest(run, job, byCost, costOf);
        expect(suspended === undefined).toBe(inOrder === undefined);
        if (suspended !== undefined) {
          found++;
          expect(sumOf(suspended)).toBeLessThanOrEqual(sumOf(inOrder!));
          if (sumOf(suspended) < sumOf(inOrder!)) cheaper++;
          expect(run.holdings.pods[job]).toBeGreaterThan(0);
          undo(suspended);
        }
        expect(snapshot(run)).toEqual(before);
      });
      expect(found).toBeGreaterThan(SEEDS / 4);
      expect(cheaper).toBeGreaterThan(SEEDS / 40);
    }
  });
});
