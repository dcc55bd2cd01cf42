import type { PlacementId } from '../../ids.js';
import type { PlacementEngine, PodMasks } from '../engine.js';
import type { PlacedPod, Placement } from '../request/placement.js';
import type { PodNeed } from '../state/pod-need.js';

/**
 * A placement as a solver returns it: plain data, and in private fields what the placement holds.
 *
 * The private fields tell a live placement from an object with equal content: of another solver, of `find`, or from before a
 * restore. Releasing it touches this one object. A copy through JSON has no private fields; its content is compared
 * instead, see {@link livePlacement}.
 */
export class IssuedPlacement implements Placement {
  // The fields that release() reads come first, so that they share a cache line.
  readonly #slot: number;
  readonly #need: PodNeed;
  /** Server and GPUs of the first pod. */
  readonly #server: number;
  readonly #gpuMask: number;
  /** Server and GPUs of every pod, for gangs. */
  readonly #gang: PodMasks | undefined;
  readonly id: PlacementId;
  readonly pods: readonly PlacedPod[];
  readonly tier: string;
  readonly bandwidthGBps: number | null;

  /**
   * @param slot - its position in {@link LivePlacements}
   * @param server - server of the first pod
   * @param gpuMask - GPUs of the first pod
   * @param gang - server and GPUs of every pod; undefined for a single pod
   */
  constructor(
    id: PlacementId,
    pods: readonly PlacedPod[],
    tier: string,
    bandwidthGBps: number | null,
    slot: number,
    need: PodNeed,
    server: number,
    gpuMask: number,
    gang: PodMasks | undefined,
  ) {
    this.#slot = slot;
    this.#need = need;
    this.#server = server;
    this.#gpuMask = gpuMask;
    this.#gang = gang;
    this.id = id;
    this.pods = pods;
    this.tier = tier;
    this.bandwidthGBps = bandwidthGBps;
  }

  /** True for a placement of this class: of this or another solver, live or not. */
  static isIssued(placement: object): placement is IssuedPlacement {
    return #slot in placement;
  }

  // Static methods that use private fields only: the caller may have changed all other fields.

  /** The position in {@link LivePlacements}. */
  static slotOf(placement: IssuedPlacement): number {
    return placement.#slot;
  }

  /** Gives back all that a placement holds. */
  static giveBack(placement: IssuedPlacement, engine: PlacementEngine): void {
    const gang = placement.#gang;
    if (gang === undefined) engine.give(placement.#need, placement.#server, placement.#gpuMask);
    else engine.giveAll(placement.#need, gang.servers, gang.masks);
  }

  static podCount(placement: IssuedPlacement): number {
    return placement.#gang?.servers.length ?? 1;
  }

  /** Server and GPU mask of one pod. */
  static podAt(placement: IssuedPlacement, pod: number): readonly [server: number, gpuMask: number] {
    const gang = placement.#gang;
    return gang === undefined
      ? [placement.#server, placement.#gpuMask]
      : [gang.servers[pod]!, gang.masks[pod]!];
  }
}
