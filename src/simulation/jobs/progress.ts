/** When a job writes checkpoints, in microseconds of its clock. */
export interface CheckpointRhythm {
  /** Compute between two checkpoints; Infinity = none are written. */
  readonly interval: number;
  readonly stall: number;
  /** From the end of the stall of a durable checkpoint until it can be loaded. */
  readonly persistLag: number;
  /** With two tiers: every so many checkpoints one is durable, the others are in memory. 0 = one tier, all are durable. */
  readonly snapshots: number;
  /** The stall of a durable checkpoint, with two tiers. */
  readonly durableStall: number;
}

/** The same of all jobs: job → its figure. */
export interface RhythmColumns {
  readonly interval: Float64Array;
  readonly stall: Float64Array;
  readonly persistLag: Float64Array;
  readonly snapshots: Int32Array;
  readonly durableStall: Float64Array;
}

/** The part of a run that a checkpoint holds: compute, and the stalls before it. Below 0 if the checkpoint is older than the run. */
export interface CheckpointContent {
  readonly work: number;
  readonly stalls: number;
}

/**
 * The clock of a job inside one run, microseconds. It counts compute and checkpoint stalls, not restarts, and runs at the speed of the
 * job: with slow links or missing pods the clock is slow.
 */
export interface RunProgress {
  /** Useful compute, kept or not. */
  readonly work: number;
  /** Time blocked by checkpoints. */
  readonly stalls: number;
  /** What the last complete checkpoint holds, in memory or durable. */
  readonly last: CheckpointContent;
  /** What the last complete durable checkpoint holds; the same with one tier. */
  readonly durable: CheckpointContent;
}

const NOTHING: CheckpointContent = { work: 0, stalls: 0 };

/** The rhythm of a job. */
export function rhythmOf(table: RhythmColumns, job: number): CheckpointRhythm {
  return {
    interval: table.interval[job]!,
    stall: table.stall[job]!,
    persistLag: table.persistLag[job]!,
    snapshots: table.snapshots[job]!,
    durableStall: table.durableStall[job]!,
  };
}

/** Checkpoints in memory that a job has ahead of its last durable one, by the compute that the two hold. */
export function snapshotsAhead(interval: number, saved: number, durable: number): number {
  return saved === durable ? 0 : Math.round((saved - durable) / interval);
}

/** Checkpoints inside so much compute; none at its end. */
export function checkpointsIn(work: number, interval: number): number {
  return interval === Number.POSITIVE_INFINITY || work <= 0 ? 0 : Math.ceil(work / interval) - 1;
}

/**
 * What the clock shows when so much work is done.
 *
 * @param since - with two tiers: checkpoints in memory, since the last durable one, when the run began
 */
export function clockOfWork(work: number, rhythm: CheckpointRhythm, since: number): number {
  return work + stallsOf(checkpointsIn(work, rhythm.interval), rhythm, since);
}

/**
 * What a run has done when its clock shows `clock`.
 *
 * A cycle is `interval` of compute and a stall. With one tier the i-th checkpoint is complete a lag after the i-th cycle.
 * With two tiers it is in memory at once, and if it is durable, in the store a lag later.
 *
 * @param since - as for {@link clockOfWork}, 0 … `snapshots`; `snapshots` = the last one is to be durable, and its lag
 * begins with the run
 */
export function progressAt(clock: number, rhythm: CheckpointRhythm, since: number): RunProgress {
  const { interval, stall, persistLag, snapshots } = rhythm;
  if (interval === Number.POSITIVE_INFINITY)
    return { work: clock, stalls: 0, last: NOTHING, durable: NOTHING };
  if (snapshots === 0) {
    const cycle = interval + stall;
    const cycles = Math.floor(clock / cycle);
    const work = cycles * interval + Math.min(clock - cycles * cycle, interval);
    const complete = Math.max(0, Math.floor((clock - persistLag) / cycle));
    const last = { work: complete * interval, stalls: complete * stall };
    return { work, stalls: clock - work, last, durable: last };
  }
  const longCycle = clockOfCheckpoints(snapshots, rhythm);
  // On a clock that starts with the cycle of durable checkpoints that the run begins in.
  const before = since % snapshots;
  const shown = clock + clockOfCheckpoints(before, rhythm);
  const cycles = Math.floor(shown / longCycle);
  const inCycle = shown - cycles * longCycle;
  const between = Math.min(snapshots - 1, Math.floor(inCycle / (interval + stall)));
  const count = cycles * snapshots + between - before;
  const work = count * interval + Math.min(inCycle - between * (interval + stall), interval);
  return {
    work,
    stalls: clock - work,
    last: { work: count * interval, stalls: stallsOf(count, rhythm, since) },
    durable: durableAt(Math.floor((shown - persistLag) / longCycle), clock, rhythm, since),
  };
}

/** @param cycles - of durable checkpoints, that are complete since the beginning of the one that the run begins in */
function durableAt(
  cycles: number,
  clock: number,
  rhythm: CheckpointRhythm,
  since: number,
): CheckpointContent {
  const { interval, snapshots, persistLag } = rhythm;
  if (cycles >= 1) {
    const count = cycles * snapshots - (since % snapshots);
    return { work: count * interval, stalls: stallsOf(count, rhythm, since) };
  }
  // The durable checkpoint is older than the run: it lacks all snapshots since then, unless the last of them has become durable.
  if (since === 0 || (since === snapshots && clock >= persistLag)) return NOTHING;
  const stalls = clockOfCheckpoints(since, rhythm) - since * interval;
  return { work: -since * interval, stalls: -stalls };
}

/** The stalls of the next so many checkpoints. */
function stallsOf(
  count: number,
  { stall, snapshots, durableStall }: CheckpointRhythm,
  since: number,
): number {
  if (snapshots === 0) return count * stall;
  const durable = Math.floor(((since % snapshots) + count) / snapshots);
  return (count - durable) * stall + durable * durableStall;
}

/** What the clock shows after so many checkpoints, at most one cycle, of a cycle of durable ones. */
function clockOfCheckpoints(count: number, rhythm: CheckpointRhythm): number {
  return count * rhythm.interval + stallsOf(count, rhythm, 0);
}
