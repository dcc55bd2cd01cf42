import type { Assignment } from '../allocation/holdings.js';
import { AWAY, WAITING } from '../jobs/job-state.js';
import { queueKey } from '../jobs/queue-order.js';
import { HELD } from '../jobs/run-log.js';
import type { ClusterRun } from '../kernel/cluster-run.js';
import { PodReplacements, type Slot } from './pod-replacements.js';

/** A gang that holds some of its pods' GPUs and waits for the others. Times in microseconds. */
interface ShortGang {
  slots: readonly Slot[];
  /** When the hidden steps of its restart end. */
  readonly readyAt: number;
  /** When it gives up. */
  readonly givesUpAt: number;
  /** The expected time at which it is whole again, from the times of repairs. */
  readonly expectedAt: number;
  /** The stamp of the run in which it holds its pods; another stamp means that it has been stopped. */
  stamp: number;
  isAnnounced: boolean;
}

/**
 * Gangs that have lost servers to a repair and keep the others, the *short* gangs. They hold their GPUs as running
 * jobs do, but do not compute: they may be preempted, count for fair share, and load no links. Before the queue is
 * served they get the GPUs that they miss: spares, repaired servers, GPUs that others give back.
 */
export class ShortGangs {
  readonly #run: ClusterRun;
  readonly #replacements: PodReplacements;
  readonly #short = new Map<number, ShortGang>();
  /** Jobs that lost all servers at this time, and when they can start again. */
  readonly #bare = new Map<number, number>();
  /** The number of returns of GPUs when no gang could be helped; -1 = try again. */
  #seenReturns = -1;

  constructor(run: ClusterRun) {
    this.#run = run;
    this.#replacements = new PodReplacements(run.engine);
  }

  /** Whether a job is short: it holds GPUs and misses some. */
  isShort(job: number): boolean {
    const short = this.#short.get(job);
    if (short === undefined) return false;
    if (short.stamp === this.#run.state.stamp[job]) return true;
    // The gang has been stopped.
    this.#short.delete(job);
    return false;
  }

  /** When the hidden steps of the restart of a short gang end, and when it gives up; undefined = it is not short. */
  timesOf(job: number): { readonly readyAt: number; readonly givesUpAt: number } | undefined {
    return this.isShort(job) ? this.#short.get(job) : undefined;
  }

  /**
   * Takes away a job's pods on some servers. The job must be stopped and still hold its GPUs. A job without pods left
   * is away until it is put back in the queue, unless {@link replace} finds GPUs for all its pods at this time.
   */
  lose(
    job: number,
    isLost: (server: number) => boolean,
    times: { readonly readyAt: number; readonly givesUpAt: number; readonly expectedAt: number },
  ): void {
    const run = this.#run;
    const before = this.#short.get(job)?.slots ?? this.#slotsOf(job);
    const slots = before.map((slot) => (isLost(slot.server) ? { ...slot, isLost: true } : slot));
    // A job that ran with fewer pods than it asked for may get all of them now.
    while (slots.length < run.gangOf(job).pods) slots.push({ ...slots.at(-1)!, isLost: true });
    this.#short.delete(job);
    this.#seenReturns = -1;
    if (slots.every((slot) => slot.isLost)) {
      run.allocation.release(job);
      run.state.status[job] = AWAY;
      this.#bare.set(job, times.readyAt);
      return;
    }
    this.#hold(job, { ...times, slots, stamp: 0, isAnnounced: false });
  }

  /** Gives up the GPUs of a short gang. It is away until it is put back in the queue. */
  giveUp(job: number): void {
    this.#short.delete(job);
    this.#run.stop(job, HELD, { keeps: false, holdsOn: false });
    this.#run.state.status[job] = AWAY;
  }

  /** Makes {@link replace} try all gangs again, though no GPUs have come back. */
  lookAgain(): void {
    this.#seenReturns = -1;
  }

  /**
   * Gives short gangs the GPUs that they miss, in the order of the queue:
   * 1. gangs that are then whole, or that fit elsewhere as a whole;
   * 2. GPUs that are left go to the first of the others.
   * A gang that may run with fewer pods does so when its hidden steps are over.
   *
   * @complexity O(lost pods × servers), and a decision of the engine for each gang that stays short
   */
  replace(): void {
    const run = this.#run;
    if (this.#short.size === 0 && this.#bare.size === 0) return;
    if (this.#seenReturns === run.allocation.returns) return;
    const jobs = [...this.#bare.keys(), ...[...this.#short.keys()].filter((job) => this.isShort(job))];
    const inOrder = this.#inOrder(jobs);
    const rest = inOrder.filter(
      (job) => !(this.#bare.has(job) ? this.#restartBare(job) : this.#complete(job)),
    );
    for (const job of rest) if (this.#short.has(job)) this.#takeSome(job);
    for (const job of rest) {
      const short = this.#short.get(job);
      if (short === undefined) continue;
      if (short.readyAt <= run.now && run.holdings.pods[job]! >= run.gangOf(job).podsMin) {
        this.#beginWith(job, short.slots);
      } else if (!short.isAnnounced) {
        short.isAnnounced = true;
        run.parts.watch?.('hold', job);
      }
    }
    this.#bare.clear();
    this.#seenReturns = run.allocation.returns;
  }

  #inOrder(jobs: number[]): number[] {
    const { settings, table } = this.#run;
    const keys = new Map(
      jobs.map((job) => [job, queueKey(settings, table, job, this.#run.times.estimateLeft(job))]),
    );
    return jobs.sort(
      (a, b) => keys.get(a)! - keys.get(b)! || table.submissionOf[a]! - table.submissionOf[b]!,
    );
  }

  #restartBare(job: number): boolean {
    const run = this.#run;
    if (!run.allocation.place(job)) return false;
    // Without hidden steps the job is back in the queue already.
    if (run.state.status[job] === WAITING) run.waiting.remove(job);
    run.begin(job, Math.max(0, this.#bare.get(job)! - run.now));
    return true;
  }

  /** Begins the run of a gang that can be made whole again. */
  #complete(job: number): boolean {
    const run = this.#run;
    const gang = run.gangOf(job);
    const slots = this.#replacements.find(gang, this.#short.get(job)!.slots);
    if (slots.every(({ isLost }) => !isLost)) {
      this.#beginWith(job, slots);
      return true;
    }
    return run.holdings.pods[job]! < gang.podsMin && this.#placeAnew(job);
  }

  /** Begins the run of a gang that fits elsewhere as a whole. */
  #placeAnew(job: number): boolean {
    const { allocation, holdings } = this.#run;
    const before = holdings.assignmentOf(job);
    allocation.suspend(job);
    if (!allocation.place(job)) {
      allocation.resume(job);
      return false;
    }
    const after = holdings.assignmentOf(job);
    holdings.putAssignment(job, before);
    this.#begin(job, () => {
      holdings.putAssignment(job, after);
    });
    return true;
  }

  #takeSome(job: number): void {
    const short = this.#short.get(job)!;
    const slots = this.#replacements.find(this.#run.gangOf(job), short.slots);
    if (slots.every((slot, i) => slot === short.slots[i])) return;
    this.#leave(job);
    this.#hold(job, { ...short, slots });
  }

  #beginWith(job: number, slots: readonly Slot[]): void {
    this.#begin(job, () => {
      this.#give(job, slots);
    });
  }

  /** @param take - gives it the GPUs that it begins with */
  #begin(job: number, take: () => void): void {
    const run = this.#run;
    const { readyAt } = this.#short.get(job)!;
    this.#leave(job);
    this.#short.delete(job);
    take();
    run.begin(job, Math.max(0, readyAt - run.now));
  }

  #leave(job: number): void {
    this.#run.stop(job, HELD, { keeps: false, keepsMemory: true, holdsOn: true });
  }

  #hold(job: number, short: ShortGang): void {
    const run = this.#run;
    this.#give(job, short.slots);
    const waits = Math.max(run.now, short.readyAt, short.expectedAt) - run.now;
    run.hold(job, run.now + waits + run.times.estimateOfRun(job));
    this.#short.set(job, { ...short, stamp: run.state.stamp[job]! });
  }

  /** Makes a job hold the pods of slots that are not lost, and no others. */
  #give(job: number, slots: readonly Slot[]): void {
    const { allocation, holdings } = this.#run;
    const left = slots.filter(({ isLost }) => !isLost);
    const pieces = {
      servers: left.map(({ server }) => server),
      masks: left.map(({ mask }) => mask),
      podCounts: left.map(() => 1),
    };
    const held = { ...pieces, pods: left.length };
    const { need } = this.#run.gangOf(job);
    const bandwidthGBps = holdings.engine.bandwidthOf(need, held) ?? Number.NaN;
    const assignment: Assignment = { server: -1, mask: 0, pieces, pods: left.length, bandwidthGBps };
    allocation.suspend(job);
    holdings.putAssignment(job, assignment);
    allocation.resume(job);
  }

  /** The pods of a job, one by one. */
  #slotsOf(job: number): Slot[] {
    const { engine, holdings } = this.#run;
    const { need } = this.#run.gangOf(job);
    const { pieces, server, mask } = holdings.assignmentOf(job);
    if (pieces === undefined) return [{ server, mask, isLost: false }];
    const { servers, masks } = engine.podsOf(need, pieces);
    return servers.map((at, i) => ({ server: at, mask: masks[i]!, isLost: false }));
  }
}
