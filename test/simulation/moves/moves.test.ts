import { describe, expect, it } from 'vitest';
import { openRun } from '../../../src/simulation/assemble.js';
import type { JobRun, SimulateOptions } from '../../../src/simulation/index.js';
import { simulate } from '../../../src/simulation/index.js';
import { Moves } from '../../../src/simulation/moves/moves.js';
import { swarmOptions } from '../whole/swarm.js';

const SEEDS = 1000;

/** A move: when, of which job, from what to what. */
interface Move {
  readonly seconds: number;
  readonly job: number;
  readonly from: JobRun;
  readonly to: JobRun;
}

/** Plays swarm options and checks the moves of each; says how many there were. */
function forAllMoves(
  optionsOf: (options: SimulateOptions) => SimulateOptions | undefined,
  check: (options: SimulateOptions, moves: readonly Move[], runs: readonly (readonly JobRun[])[]) => void,
): number {
  let count = 0;
  for (let seed = 0; seed < SEEDS; seed++) {
    const options = optionsOf(swarmOptions(seed));
    if (options === undefined || (options.failures?.spareServers ?? 0) > 0) continue;
    const runs = simulate(options).jobs.map((job) => job.runs);
    const moves = runs.flatMap((ofJob, job) =>
      ofJob.flatMap((from, i): Move[] =>
        from.ended === 'moved' ? [{ seconds: from.endSeconds, job, from, to: ofJob[i + 1]! }] : [],
      ),
    );
    count += moves.length;
    try {
      check(options, moves, runs);
    } catch (error) {
      throw new Error(`seed ${seed}: ${(error as Error).message}`, { cause: error });
    }
  }
  return count;
}

/** The same, with all gangs elastic, if that may be. */
function resizing(options: SimulateOptions): SimulateOptions | undefined {
  if (options.queue === 'fair-share' || options.preemption === 'order') return undefined;
  const jobs = options.jobs.map((job) => ((job.pods ?? 1) > 1 ? { ...job, podsMin: 1 } : job));
  return { ...options, jobs, elastic: 'running' };
}

const placeOf = (run: JobRun): string =>
  run.pods
    .map(({ server, gpus }) => `${server}:${gpus.join()}`)
    .sort()
    .join(' ');

describe('moves', () => {
  it('are to other GPUs, or to another number of pods', () => {
    const count = forAllMoves(
      (options) => options,
      (options, moves) => {
        for (const { from, to, job } of moves) {
          // Without GPUs only the servers tell.
          if ((options.jobs[job]!.gpus ?? 1) === 0) continue;
          expect(placeOf(to)).not.toBe(placeOf(from));
        }
      },
    );
    expect(count).toBeGreaterThan(25);
  });

  it('of defragmentation happen at its looks, and no more than it may', () => {
    const count = forAllMoves(
      (options) =>
        options.defragmentation === undefined || options.elastic === 'running' ? undefined : options,
      (options, moves) => {
        const { everySeconds = 3600, movesMax = 16 } = options.defragmentation!;
        const at = new Map<number, number>();
        for (const { seconds } of moves) {
          expect(seconds % everySeconds).toBe(0);
          at.set(seconds, (at.get(seconds) ?? 0) + 1);
        }
        for (const moved of at.values()) expect(moved).toBeLessThanOrEqual(movesMax);
      },
    );
    expect(count).toBeGreaterThan(20);
  });

  it('to fewer pods make room for a job that is at least as urgent and starts at once', () => {
    let shrunk = 0;
    forAllMoves(
      (options) => resizing({ ...options, defragmentation: undefined, headroom: undefined }),
      (options, moves, runs) => {
        for (const { seconds, job, from, to } of moves) {
          if (to.pods.length >= from.pods.length) continue;
          shrunk++;
          const priority = options.jobs[job]!.priority ?? 0;
          const isFor = runs.some(
            (ofJob, other) =>
              other !== job &&
              (options.jobs[other]!.priority ?? 0) >= priority &&
              ofJob.some((run) => run.startSeconds === seconds),
          );
          expect(isFor, `job ${job} shrinks at ${seconds}`).toBe(true);
        }
      },
    );
    expect(shrunk).toBeGreaterThan(50);
  });

  it('never use up what is kept free', () => {
    let moved = 0;
    for (let seed = 0; seed < SEEDS; seed++) {
      const options = resizing(swarmOptions(seed));
      if (options?.headroom === undefined || options.failures !== undefined) continue;
      const happened: Parameters<typeof openRun>[1] = [];
      const { run } = openRun(options, happened);
      let missing = 0;
      while (run.loop.eventCount < 3000 && run.step()) {
        // Only where nothing but moves happened.
        if (happened.some((event) => event.kind === 'move')) {
          const started = happened.filter((event) => event.kind === 'start').map((event) => event.job);
          const moves = happened.filter((event) => event.kind === 'move').map((event) => event.job);
          if (started.every((job) => moves.includes(job))) {
            expect(run.allocation.headroom!.missing, `seed ${seed}`).toBeLessThanOrEqual(missing);
            moved++;
          }
        }
        missing = run.allocation.headroom!.missing;
        happened.length = 0;
      }
    }
    expect(moved).toBeGreaterThan(50);
  });
});

describe('a trial of moves that comes to nothing', () => {
  it('leaves every assignment, every engine and every count as it was', () => {
    let refused = 0;
    for (let seed = 0; seed < 300; seed++) {
      const options = resizing(swarmOptions(seed));
      if (options === undefined) continue;
      const { run } = openRun({ ...options, elastic: 'start' }, undefined);
      const copy = (): unknown =>
        structuredClone([
          [...run.engine.state.freeMask],
          [...run.engine.state.cpuFreeMilli],
          [...run.engine.state.sharedFreeMilli],
          [...(run.holdings.mirror?.state.freeMask ?? [])],
          Array.from({ length: run.runningCount }, (_, i) => run.holdings.assignmentOf(run.running[i]!)),
          [run.allocation.heldMilli, run.allocation.headroom?.missing, run.waiting.length, run.log.length],
        ]);
      // Nothing is worth so much.
      const moves = new Moves(run, Number.MAX_VALUE);
      for (let steps = 0; steps < 40 && run.step(); steps++) {
        const { waiting } = run;
        if (waiting.length === 0) continue;
        const before = copy();
        run.times.restartMicros = 1e6;
        // A restart without GPUs costs no GPU time.
        const mayMove = (job: number): boolean => run.gpusOf(job) > 0 && moves.isMovable(job);
        const moved = moves.moveOthersFor(waiting.jobs[waiting.start]!, mayMove, 1, 100);
        expect(moved, `seed ${seed}`).toBe(0);
        expect(copy(), `seed ${seed}`).toEqual(before);
        for (const job of [...run.running.subarray(0, run.runningCount)]) {
          if (run.gpusOf(job) > 0) expect(moves.improve(job), `seed ${seed}`).toBe(false);
        }
        expect(copy(), `seed ${seed}`).toEqual(before);
        refused++;
      }
    }
    expect(refused).toBeGreaterThan(300);
  });
});
