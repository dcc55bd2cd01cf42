import type { ClusterTables } from '../../compile/cluster-tables.js';
import type { PlacementState } from '../state/state.js';
import type { Gang } from './gang.js';
import { GangCapacity } from './gang-capacity.js';

/** The most pods of a gang, up to those asked for, that fit in a state where they must be. O(servers). */
export function mostPodsIn(tables: ClusterTables, state: PlacementState, gang: Gang): number {
  const capacity = new GangCapacity(tables, state, undefined);
  capacity.begin(gang);
  return capacity.mostPods(gang.requireLevel);
}

/** Whether the fewest pods of a gang fit in a state: if so, every policy places it. O(servers). */
export function holdsGang(tables: ClusterTables, state: PlacementState, gang: Gang): boolean {
  return mostPodsIn(tables, state, gang) >= gang.podsMin;
}

/** Which changes in the cluster would make a gang fit that does not fit now. */
export interface FittingChanges {
  /** Lifting all cordons. */
  readonly uncordon: boolean;
  /** Waiting until all others have left, cordons as they are. */
  readonly release: boolean;
  /** Both. */
  readonly both: boolean;
}

/**
 * Tries the changes in the cluster that could make a gang fit.
 *
 * @param empty - gives the state of the empty cluster
 * @complexity O(servers) where servers are cordoned
 */
export function tryChanges(
  engine: {
    readonly tables: ClusterTables;
    readonly state: PlacementState;
    fitsEmptyCluster(gang: Gang): boolean;
  },
  empty: () => PlacementState,
  gang: Gang,
): FittingChanges {
  const { tables, state } = engine;
  const both = engine.fitsEmptyCluster(gang);
  // Without cordons, a gang that fits in the empty cluster can only be waiting for others to leave.
  if (!both || !state.cordoned.includes(1)) return { uncordon: false, release: both, both };
  const none = new Uint8Array(tables.serverCount);
  return {
    uncordon: holdsGang(tables, { ...state, cordoned: none }, gang),
    release: holdsGang(tables, { ...empty(), cordoned: state.cordoned }, gang),
    both,
  };
}
