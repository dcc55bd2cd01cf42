import type { LookAhead } from '../future/look-ahead.js';
import type { ClusterRun } from '../kernel/cluster-run.js';
import type { Moves } from './moves.js';

/** Jobs that a look tries for each that it may move. */
const LOOKS_PER_MOVE = 4;

/**
 * Defragmentation, at regular times. First jobs in the way of the head of the queue move to other GPUs, if the head
 * would have to wait otherwise. Then running jobs with less bandwidth or fewer pods than they could have are placed
 * anew, the one with most to gain first. {@link Moves} says which moves are worth their cost.
 */
export class Defragmentation {
  readonly #run: ClusterRun;
  readonly #moves: Moves;
  /** Undefined where counting is sufficient to know what fits: then no move can help the head. */
  readonly #lookAhead: LookAhead | undefined;
  readonly #everyMicros: number;
  readonly #movesMax: number;
  readonly #event: number;

  constructor(
    run: ClusterRun,
    moves: Moves,
    lookAhead: LookAhead | undefined,
    options: { readonly everyMicros: number; readonly movesMax: number },
  ) {
    this.#run = run;
    this.#moves = moves;
    this.#lookAhead = lookAhead;
    this.#everyMicros = options.everyMicros;
    this.#movesMax = options.movesMax;
    this.#event = run.loop.register('defragment', { handle: () => this.#look() });
  }

  /** Plans the first look. */
  begin(): void {
    this.#schedule();
  }

  /**
   * One look, after the pass of this time. O(running) moves and decisions of an engine for the head, O(movesMax) for
   * the others.
   */
  #look(): void {
    let left = this.#movesMax;
    left -= this.#moveForHead(left);
    let looks = LOOKS_PER_MOVE * left;
    for (const job of this.#byHope()) {
      if (left === 0 || looks-- === 0) break;
      if (this.#moves.improve(job)) left--;
    }
    this.#schedule();
  }

  /** Moves others out of the way of the head of the queue; returns how many have moved. */
  #moveForHead(movesMax: number): number {
    const run = this.#run;
    const { waiting } = run;
    if (this.#lookAhead === undefined || waiting.length === 0) return 0;
    const head = waiting.jobs[waiting.start]!;
    const mayMove = (job: number): boolean => this.#moves.isMovable(job);
    const moved = this.#moves.moveOthersFor(head, mayMove, this.#lookAhead.waitOf(run, head), movesMax);
    if (moved === 0) return 0;
    waiting.remove(head);
    run.begin(head, 0);
    return moved;
  }

  /** Running jobs that are slower than they could be, sorted by the GPU time that this costs them. */
  #byHope(): number[] {
    const { running, runningCount, state, table } = this.#run;
    const hope = new Map<number, number>();
    for (let i = 0; i < runningCount; i++) {
      const job = running[i]!;
      const missing = 1 - state.speed[job]!;
      if (missing > 0 && this.#moves.isMovable(job)) {
        hope.set(job, table.gpus[job]! * this.#moves.leftNow(job) * missing);
      }
    }
    const { submissionOf } = table;
    return [...hope.keys()].sort(
      (a, b) => hope.get(b)! - hope.get(a)! || submissionOf[a]! - submissionOf[b]!,
    );
  }

  #schedule(): void {
    const { loop } = this.#run;
    if (!loop.isOver) loop.plan(this.#event, loop.now + this.#everyMicros, 0, 0);
  }
}
