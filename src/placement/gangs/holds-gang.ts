import type { ClusterTables } from '../../compile/cluster-tables.js';
import { type PlacementState, podsThatFit } from '../state/state.js';
import { type Gang, SERVER } from './gang.js';
import { GangCapacity } from './gang-capacity.js';

/** The most pods of a gang, up to those asked for, that a state has room for where they must be. O(servers). */
export function mostPodsIn(tables: ClusterTables, state: PlacementState, gang: Gang): number {
  if (gang.requireLevel === SERVER) return mostOnOneServer(tables, state, gang);
  const capacity = new GangCapacity(tables, state, undefined);
  capacity.begin(gang);
  return capacity.mostPods(gang.requireLevel);
}

/** Whether a state has room for the fewest pods of a gang: exactly then every policy places it. O(servers). */
export function holdsGang(tables: ClusterTables, state: PlacementState, gang: Gang): boolean {
  return mostPodsIn(tables, state, gang) >= gang.podsMin;
}

/** The most pods of a gang that one server can take. O(servers). */
export function mostOnOneServer(tables: ClusterTables, state: PlacementState, gang: Gang): number {
  let most = 0;
  for (let s = 0; s < tables.serverCount && most < gang.pods; s++) {
    most = Math.max(most, podsThatFit(tables, state, gang.need, s, gang.pods));
  }
  return most;
}
