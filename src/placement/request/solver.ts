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
   * Weight of each GPU count that pods to come ask for: what free GPUs are worth to `topologyAware`. Default
   * `{ 1: 3, 2: 2, 4: 1, 8: 1 }`. Only ratios count.
   */
  readonly sizes?: Readonly<Record<number, number>> | undefined;
  /** The pods to expect, for policies that measure against them and bring none of their own. */
  readonly workload?: Workload | undefined;
  /** Seed of random choices, for policies that bring none of their own; default 0. */
  readonly seed?: number | undefined;
}

/**
 * Places gangs of pods on one cluster. What is handed in is read once and never changed; a policy may not call the solver
 * that is asking it.
 */
export interface Solver {
  /**
   * Decides where a gang goes, and gives it its GPUs, CPU and memory; a refusal changes nothing.
   *
   * @param request - what is asked for, see {@link PlacementRequest}; `{}` is a pod that needs nothing
   * @returns `{ ok: true, placement }`, or `{ ok: false, reason, message }`: what does not fit is an answer, no error
   * @throws CorralError `invalid-request` with the path of a field that is wrong or unknown; nothing changes
   * @complexity a pod: nothing that grows with the servers but the depth of a bitset, O(servers) under policies of scores;
   * a gang: a search over domains, bounded in work, that grows with the servers where domains are many
   * @example
   * const solver = compile(topology('dgx-h100'));
   * const answer = solver.place({ gpus: 4 });
   * if (answer.ok) answer.placement.pods[0].gpus; // [0, 1, 2, 3]
   */
  place(request: PlacementRequest): PlacementResult;
  /**
   * The answer {@link place} would give; commits nothing, draws nothing.
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
   * @throws CorralError `unknown-placement` if it was released before, is not of this solver, was only found, or was
   * placed before a {@link restore} that forgot it; nothing changes. Of a copy only id, servers and GPUs can be
   * compared, and ids start again where a snapshot left them: throw copies away when restoring.
   */
  release(placement: Placement): void;
  /**
   * The servers that could take ONE pod now, best first: what a scheduler extender answers. Of all servers the first is the
   * one that {@link place} would take; where a policy draws among equals, the one that it would draw now.
   *
   * @param request - what the pod asks for; `pods` absent or 1
   * @param servers - ids to choose from, in any order, listed twice is listed once; default: all
   * @throws CorralError `unknown-reference` for a server that does not exist
   * @complexity O(servers log servers)
   */
  rank(request: PlacementRequest, servers?: readonly ServerId[]): RankedServer[];
  /**
   * Why a request fits or does not: how many servers fail on each constraint, the best domain of every tier and what it
   * lacks, what would make it fit, and the steps of the decision. Commits nothing. O(servers).
   */
  explain(request: PlacementRequest): Explanation;
  /**
   * Keeps new pods off a server; what runs there stays. Twice is once.
   *
   * @throws CorralError `unknown-reference` for a server that does not exist
   */
  cordon(server: ServerId): void;
  /** Undoes {@link cordon}. */
  uncordon(server: ServerId): void;
  /** What is free now, also on cordoned servers. O(servers). */
  free(): FreeCapacity;
  /**
   * Copies the state: what is free, the live placements, how many there were (ids count them), cordons, and where the
   * streams of random choices stand. Answers hang on these alone, and not on how they came about; but for ids and random
   * choices, a new solver in the same state answers the same. O(servers + placements): a few memory copies.
   */
  snapshot(): Snapshot;
  /**
   * Returns to a snapshot: placements, cordons and random draws included. O(servers + placements).
   *
   * @throws CorralError `unknown-snapshot` if it is not of this solver; nothing changes
   */
  restore(snapshot: Snapshot): void;
}
