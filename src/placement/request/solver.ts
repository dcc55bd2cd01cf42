import type { ServerId } from '../../ids.js';
import type { Explanation } from './explanation.js';
import type { FreeCapacity, Placement, PlacementResult, RankedServer } from './placement.js';
import type { Policy, Workload } from './policy.js';
import type { PlacementRequest } from './request.js';

/** A copy of a solver's state, for {@link Solver.restore} of the same solver. Its content is private. */
export interface Snapshot {
  readonly placements: number;
}

/** Options of `compile`. */
export interface CompileOptions {
  /** How candidates are ordered; default `topologyAware()`. */
  readonly policy?: Policy | undefined;
  /**
   * Weight of each GPU count that later pods ask for. It decides what free GPUs are worth to `topologyAware`. Default
   * `{ 1: 3, 2: 2, 4: 1, 8: 1 }`. Only ratios count.
   */
  readonly sizes?: Readonly<Record<number, number>> | undefined;
  /** The expected pods, for policies that measure against them and have none of their own. */
  readonly workload?: Workload | undefined;
  /** Seed of random choices, for policies that have none of their own; default 0. */
  readonly seed?: number | undefined;
}

/**
 * Places gangs of pods on one cluster. Arguments are read once and never changed. A policy may not call the solver that is asking
 * it.
 */
export interface Solver {
  /**
   * Decides where a gang goes, and takes its GPUs, CPU and memory. If the gang does not fit, nothing changes.
   *
   * @param request - what is asked for, see {@link PlacementRequest}; `{}` is a pod that needs nothing
   * @returns `{ ok: true, placement }`, or `{ ok: false, reason, message }` if it does not fit
   * @throws CorralError `invalid-request` with the path of a field that is wrong or unknown; nothing changes
   * @complexity for a pod O(log servers), under policies of scores O(servers); for a gang a search over domains with bounded work, which
   * grows with the servers where there are many domains
   * @example
   * const solver = compile(topology('dgx-h100'));
   * const answer = solver.place({ gpus: 4 });
   * if (answer.ok) answer.placement.pods[0].gpus; // [0, 1, 2, 3]
   */
  place(request: PlacementRequest): PlacementResult;
  /**
   * The answer that {@link place} would give. It takes nothing and draws no random number.
   *
   * @param request - as for {@link place}
   * @returns as {@link place}; a placement that was only found cannot be released
   * @throws CorralError `invalid-request`, as {@link place}
   * @complexity as {@link place}
   * @example
   * const solver = compile(topology('dgx-h100'));
   * solver.find({ gpus: 8 }).ok; // true
   * solver.free().gpus; // 8: nothing was taken
   */
  find(request: PlacementRequest): PlacementResult;
  /**
   * Gives back what a placement holds.
   *
   * @throws CorralError `unknown-placement` if it was released before, is not of this solver, was only found, or was placed after
   * the snapshot of a {@link restore}; nothing changes. A copy is known by its id, servers and GPUs alone, and ids start again
   * where the snapshot was taken: do not keep copies across a restore.
   */
  release(placement: Placement): void;
  /**
   * The servers that could take ONE pod now, best first, as a scheduler extender needs them. The first of all servers is the one that
   * {@link place} would take, also where a policy draws among equals.
   *
   * @param request - what the pod asks for; `pods` absent or 1
   * @param servers - ids to choose from, in any order; duplicates count once; default: all
   * @throws CorralError `unknown-reference` for a server that does not exist
   * @complexity O(servers log servers)
   */
  rank(request: PlacementRequest, servers?: readonly ServerId[]): RankedServer[];
  /**
   * Why a request fits or does not: how many servers fail each constraint, the best domain of every tier and what is missing there,
   * changes that would make it fit, and the steps of the decision. Takes nothing. O(servers).
   */
  explain(request: PlacementRequest): Explanation;
  /**
   * Keeps new pods off a server; pods that run there stay. A second call has no effect.
   *
   * @throws CorralError `unknown-reference` for a server that does not exist
   */
  cordon(server: ServerId): void;
  /** Undoes {@link cordon}. */
  uncordon(server: ServerId): void;
  /** The free capacity now, cordoned servers included. O(servers). */
  free(): FreeCapacity;
  /**
   * Copies the state: free capacity, live placements, the next id, cordons, and the positions of the random streams. Answers depend
   * on these alone, not on their history: a new solver in the same state answers the same, but for ids and random choices.
   * O(servers + placements): a few memory copies.
   */
  snapshot(): Snapshot;
  /**
   * Returns to a snapshot, with its placements, cordons and random streams. O(servers + placements).
   *
   * @throws CorralError `unknown-snapshot` if it is not of this solver; nothing changes
   */
  restore(snapshot: Snapshot): void;
}
