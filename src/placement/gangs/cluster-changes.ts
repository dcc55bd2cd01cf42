import type { ClusterTables } from '../../compile/cluster-tables.js';
import type { PlacementState } from '../state/state.js';
import type { Gang } from './gang.js';
import { holdsGang } from './holds-gang.js';

/** What would make room for a gang that does not fit now. */
export interface FittingChanges {
  /** Lifting all cordons. */
  readonly uncordon: boolean;
  /** Waiting until all others have left, cordons as they are. */
  readonly release: boolean;
  /** Both. */
  readonly both: boolean;
}

/** Tries what would make room for a gang that does not fit now. O(servers) where servers are cordoned. */
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
  // Nothing is cordoned: if it fits in the empty cluster, others are in its way.
  if (!both || !state.cordoned.includes(1)) return { uncordon: false, release: both, both };
  const none = new Uint8Array(tables.serverCount);
  return {
    uncordon: holdsGang(tables, { ...state, cordoned: none }, gang),
    release: holdsGang(tables, { ...empty(), cordoned: state.cordoned }, gang),
    both,
  };
}
