import type { EngineRandom } from '../engine.js';
import type { Snapshot } from '../request/solver.js';
import { copyState, type PlacementState } from '../state/state.js';
import type { IssuedPlacement } from './issued-placement.js';
import type { LiveCopy } from './live-placements.js';

/** What a solver needs to return to an earlier state. */
export interface SavedState {
  readonly state: PlacementState;
  readonly random: EngineRandom;
  readonly live: LiveCopy<IssuedPlacement>;
}

/** A snapshot as a solver returns it. Its content is private: the caller can neither read nor forge it. */
export class SolverSnapshot implements Snapshot {
  readonly #solver: object;
  readonly #saved: SavedState;

  /**
   * @param solver - the only one that may open it
   * @param state - copied here
   */
  constructor(solver: object, { state, random, live }: SavedState) {
    this.#solver = solver;
    this.#saved = { state: copyState(state), random, live };
  }

  get placements(): number {
    return this.#saved.live.count;
  }

  /** What a snapshot of this solver holds; undefined for anything else. */
  static open(snapshot: Snapshot, solver: object): SavedState | undefined {
    // The private field decides: a proxy can answer every other question as it likes, also about its prototype.
    if (typeof snapshot !== 'object' || snapshot === null || !(#solver in snapshot)) return undefined;
    return snapshot.#solver === solver ? snapshot.#saved : undefined;
  }
}
// Without this, `snapshot.constructor` would let a caller make snapshots of its own.
Object.defineProperty(SolverSnapshot.prototype, 'constructor', { value: Object });
