import { describe, expect, it } from 'vitest';
import { emptyState, type PlacementState, popcount16 } from '../../../src/placement/state/state.js';
import { type OpenRun, openRun } from '../../../src/simulation/assemble.js';
import type { SimulateOptions, SimulationEvent } from '../../../src/simulation/index.js';
import { RUNNING } from '../../../src/simulation/jobs/job-state.js';
import { RunLog } from '../../../src/simulation/jobs/run-log.js';
import { swarmOptions } from './swarm.js';

const SEEDS = 1200;

/** What an engine shows that decisions read. */
interface Shown {
  readonly freeMask: number[];
  readonly sharedFreeMilli: number[];
  readonly cpuFreeMilli: number[];
  readonly memoryFreeMiB: number[];
}

function shownBy({ freeMask, sharedFreeMilli, cpuFreeMilli, memoryFreeMiB }: PlacementState): Shown {
  return {
    freeMask: [...freeMask],
    sharedFreeMilli: [...sharedFreeMilli],
    cpuFreeMilli: [...cpuFreeMilli],
    memoryFreeMiB: [...memoryFreeMiB],
  };
}

/** What is left of the empty cluster when what running jobs hold is taken, by their notes. */
function leftBesideJobs({ run }: OpenRun, empty: PlacementState): Shown {
  const left = shownBy(empty);
  const { gpuStart } = run.engine.tables;
  for (let i = 0; i < run.runningCount; i++) {
    const job = run.running[i]!;
    const { cpuMilli, memoryMiB, totalGpuMilli: milli } = run.gangOf(job).need;
    const log = new RunLog();
    run.holdings.log(job, log);
    log.add(job, 0, 0, 0, 0);
    for (let piece = 0; piece < log.pieceStart[1]!; piece++) {
      const server = log.servers[piece]!;
      const pods = log.pods[piece]!;
      const mask = log.masks[piece]!;
      left.cpuFreeMilli[server]! -= pods * cpuMilli;
      left.memoryFreeMiB[server]! -= pods * memoryMiB;
      if (milli % 1000 === 0) {
        if (popcount16(left.freeMask[server]! & mask) * 1000 !== pods * milli) throw new Error('given twice');
      } else left.sharedFreeMilli[gpuStart[server]! + 31 - Math.clz32(mask)]! -= pods * milli;
      left.freeMask[server]! &= ~mask;
    }
  }
  return left;
}

const gpusOf = ({ freeMask }: Shown): number => freeMask.reduce((sum, mask) => sum + popcount16(mask), 0);

/** Plays swarm runs event by event and looks between any two; says at how many moments. */
function forAllMoments(
  isOf: (options: SimulateOptions) => boolean,
  check: (open: OpenRun, options: SimulateOptions, happened: readonly SimulationEvent[]) => void,
  begun: (open: OpenRun) => void = () => undefined,
): number {
  let moments = 0;
  for (let seed = 0; seed < SEEDS; seed++) {
    const options = swarmOptions(seed);
    if (!isOf(options)) continue;
    const happened: SimulationEvent[] = [];
    const open = openRun(options, happened);
    try {
      begun(open);
      // A spare may be all that a job fits on: then ticks go on for ever.
      while (open.run.loop.eventCount < 3000 && open.run.step()) {
        check(open, options, happened);
        happened.length = 0;
        moments++;
      }
    } catch (error) {
      throw new Error(`seed ${seed}, ${open.run.now} us: ${(error as Error).message}`, { cause: error });
    }
  }
  return moments;
}

const hasExtras = (options: SimulateOptions): boolean =>
  options.headroom !== undefined ||
  options.defragmentation !== undefined ||
  options.elastic === 'running' ||
  typeof options.preemption === 'object';

describe('what a run keeps count of', () => {
  it('is what running jobs hold, and what is kept free for others, after every event', () => {
    const moments = forAllMoments(
      () => true,
      (open, options, happened) => {
        if (happened.length === 0) return;
        const { run } = open;
        const empty = emptyState(run.engine.tables, { residents: false });
        const left = leftBesideJobs(open, empty);
        const shown = shownBy(run.engine.state);
        const { mirror } = run.holdings;
        if (mirror !== undefined) {
          expect(shownBy(mirror.state)).toEqual(left);
          expect([...mirror.state.cordoned]).toEqual([...run.engine.state.cordoned]);
        }
        const { headroom, freeUnits, isCounted } = run.allocation;
        if (headroom === undefined) expect(shown).toEqual(left);
        else {
          // Room is of whole GPUs here: what is shown is what is left, less what is kept.
          expect(shown.freeMask.every((mask, server) => (mask & ~left.freeMask[server]!) === 0)).toBe(true);
          expect(headroom.keptGpus).toBe(gpusOf(left) - gpusOf(shown));
          const [pool, ...others] = options.headroom!;
          if (others.length === 0) {
            const gpus = pool!.room.gpus! * (pool!.room.pods ?? 1);
            expect(headroom.missing).toBe((pool!.count ?? 1) - headroom.keptGpus / gpus);
          }
        }
        if (isCounted) {
          const { gpus } = run.gangOf(0).need;
          const units = left.freeMask.map((mask) => Math.floor(popcount16(mask) / gpus));
          expect(freeUnits).toBe(units.reduce((sum, pods) => sum + pods, 0));
        }
        let held = 0;
        for (let job = 0; job < run.table.count; job++) {
          const isRunning = run.state.status[job] === RUNNING;
          if (run.holdings.pods[job]! > 0 !== isRunning)
            throw new Error(`job ${job} holds what it should not`);
          if (isRunning) held += run.gpusOf(job);
        }
        expect(run.accounts.heldGpus).toBeCloseTo(held, 9);
        expect(run.allocation.heldMilli).toBe(Math.round(held * 1000));
      },
    );
    expect(moments).toBeGreaterThan(10 * SEEDS);
  });

  it('is as before after passes and looks that come to nothing', () => {
    let before: { shown: Shown; mirror: Shown | undefined; missing: number } | undefined;
    const copy = ({ run }: OpenRun): NonNullable<typeof before> => ({
      shown: shownBy(run.engine.state),
      mirror: run.holdings.mirror && shownBy(run.holdings.mirror.state),
      missing: run.allocation.headroom?.missing ?? 0,
    });
    let quiet = 0;
    forAllMoments(
      // Where something breaks, room is kept elsewhere, and nobody needs to notice.
      (options) => hasExtras(options) && options.failures === undefined,
      (open, _, happened) => {
        const after = copy(open);
        // What is missing is looked for at every pass.
        if (happened.every((event) => event.kind === 'submit') && after.missing === before!.missing) {
          expect(after).toEqual(before);
          quiet++;
        }
        open.run.loop.pass();
        before = copy(open);
      },
      (open) => {
        before = copy(open);
      },
    );
    expect(quiet).toBeGreaterThan(SEEDS);
  });
});
