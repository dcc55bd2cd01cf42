import { CLUSTER_LEVEL, SERVER_LEVEL } from '../../compile/cluster-tables.js';
import { CorralError, quote } from '../../errors.js';
import type { TierName } from '../../ids.js';
import { isPlace } from '../../topology/gpu-places.js';
import type { PlacementRequest } from '../request/request.js';
import type { PodNeed } from '../state/pod-need.js';

/**
 * Levels as numbers: -1 one server, 0 the narrowest tier … the last the whole cluster, as in FabricTables.
 */
export const SERVER = -1;

/** A request for a gang in integers. */
export interface Gang {
  /** What each pod asks for. */
  readonly need: PodNeed;
  readonly pods: number;
  readonly podsMin: number;
  /** All pods in one domain of this level. */
  readonly requireLevel: number;
  /** All pods in one domain of this level, if possible; the last level = no preference. */
  readonly preferLevel: number;
  /** Every `slicePods` consecutive pods are in one domain of `sliceLevel`. Without slices: 1, {@link SERVER}. */
  readonly slicePods: number;
  readonly sliceLevel: number;
}

/** Translates names of tiers to levels and back. */
export class Levels {
  readonly #names: readonly TierName[];
  readonly #levels = new Map<TierName, number>();

  /**
   * @param tiers - names, widest first, as in the document
   */
  constructor(tiers: readonly TierName[]) {
    const narrowestFirst = [...tiers].reverse();
    this.#levels.set(SERVER_LEVEL, SERVER);
    this.#levels.set(CLUSTER_LEVEL, tiers.length);
    for (let level = 0; level < tiers.length; level++) this.#levels.set(narrowestFirst[level]!, level);
    this.#names = [...narrowestFirst, CLUSTER_LEVEL];
  }

  /** The level of the whole cluster. */
  get last(): number {
    return this.#names.length - 1;
  }

  nameOf(level: number): TierName {
    return level === SERVER ? SERVER_LEVEL : this.#names[level]!;
  }

  /** @throws CorralError `unknown-reference` at `path` for a name that is no tier */
  levelOf(name: TierName, path: readonly string[]): number {
    const level = this.#levels.get(name);
    if (level !== undefined) return level;
    const known = [SERVER_LEVEL, ...this.#names].map(quote).join(', ');
    throw new CorralError(
      'unknown-reference',
      path,
      `no tier ${quote(name)}: from narrow to wide they are ${known}`,
    );
  }
}

/**
 * Translates a checked request.
 *
 * @throws CorralError `unknown-reference` for a tier that the cluster does not have
 */
export function gangOf(request: PlacementRequest, need: PodNeed, levels: Levels): Gang {
  const pods = request.pods ?? 1;
  const { require, prefer, slice } = request;
  return {
    need,
    pods,
    podsMin: request.podsMin ?? pods,
    requireLevel: require === undefined ? levels.last : levelOf(require, ['require'], levels),
    preferLevel: prefer === undefined ? levels.last : levelOf(prefer, ['prefer'], levels),
    slicePods: slice?.pods ?? 1,
    sliceLevel: slice === undefined ? SERVER : levels.levelOf(slice.tier, ['slice', 'tier']),
  };
}

/** A level inside a server (socket, NUMA node) is the level of servers here; the need of the pod does the rest. */
function levelOf(name: TierName, path: readonly string[], levels: Levels): number {
  return isPlace(name) ? SERVER : levels.levelOf(name, path);
}

/** The need of several pods of a gang as that of one pod on one server. */
export function timesNeed(need: PodNeed, pods: number): PodNeed {
  return {
    ...need,
    key: `${pods} × ${need.key}`,
    cpuMilli: pods * need.cpuMilli,
    memoryMiB: pods * need.memoryMiB,
    gpus: pods * need.gpus,
    totalGpuMilli: pods * need.totalGpuMilli,
  };
}

/** True if counting free GPUs is sufficient to say where pods of a need fit. */
export function isCounted(need: PodNeed): boolean {
  return (
    need.cpuMilli === 0 &&
    need.memoryMiB === 0 &&
    need.byKind &&
    need.places === undefined &&
    need.gpus > 0 &&
    need.gpuMilli === 1000
  );
}
