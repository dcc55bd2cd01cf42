import type { Gang } from './gang.js';

/** 1 where the smaller slice of a gang is included, else 0. */
export type Rest = 0 | 1;

/**
 * The units in which a gang is counted, by level. Below the level of its slices a unit is one pod. From there up a unit
 * is a full slice, and the pods that do not fill a slice form one smaller slice, the *rest*. In a gang without slices
 * every pod is a full slice.
 */
export class SliceUnits {
  /** Pods of the gang. */
  readonly pods: number;
  /** Full slices of the gang. */
  readonly slices: number;
  /** Pods of the smaller slice; 0 = all slices are full. */
  readonly restPods: number;
  readonly #slicePods: number;
  /** The level whose domains hold the slices. */
  readonly sliceLevel: number;

  constructor({ slicePods, sliceLevel }: Pick<Gang, 'slicePods' | 'sliceLevel'>, pods: number) {
    this.pods = pods;
    this.slices = Math.floor(pods / slicePods);
    this.restPods = pods % slicePods;
    this.#slicePods = slicePods;
    this.sliceLevel = sliceLevel;
  }

  /** Pods of one unit of a level. */
  unit(level: number): number {
    return level >= this.sliceLevel ? this.#slicePods : 1;
  }

  /** Units of a level in the whole gang, without the smaller slice. */
  most(level: number): number {
    return level >= this.sliceLevel ? this.slices : this.pods;
  }

  /** 1 where a level counts the smaller slice apart from the units. */
  restOf(level: number): Rest {
    return level >= this.sliceLevel && this.restPods > 0 ? 1 : 0;
  }

  /** Pods in units of a level. */
  podsOf(level: number, count: number, rest: Rest): number {
    return level >= this.sliceLevel ? count * this.#slicePods + rest * this.restPods : count;
  }

  /**
   * Reads pods as units of a level; the reverse of {@link SliceUnits.podsOf}.
   *
   * @param rest - 1 only where {@link SliceUnits.restOf} the level is 1
   * @returns units; -1 where the pods make no whole number of them
   */
  countOf(level: number, pods: number, rest: Rest): number {
    const full = pods - rest * this.restPods;
    const unit = this.unit(level);
    return full >= 0 && full % unit === 0 ? full / unit : -1;
  }
}

/** A domain or server and what it can take. */
export interface PartCapacity {
  /** The domain or server. */
  readonly at: number;
  /** Units that fit. */
  readonly full: number;
  /** Pods of one smaller slice that fit beside them. */
  readonly rest: number;
}

/**
 * Whether a domain or server takes so many units and the pods of a smaller slice.
 *
 * @param full - units that it takes
 * @param rest - pods of a smaller slice that fit beside them
 */
export function holdsUnits(full: number, rest: number, units: number, restPods: number): boolean {
  return units < full || (units === full && restPods <= rest);
}
