import type { PlacementRequest } from '../../placement/request/request.js';

/** Room that is kept free for whoever may use it. */
export interface HeadroomPool {
  readonly name: string;
  /**
   * One piece of room: what it holds, and where, as a placement request without `podsMin`. Several pods are kept together:
   * `{ pods: 16, gpus: 8, require: 'rack' }` is room for one gang in one rack.
   */
  readonly room: PlacementRequest;
  /** Pieces, 1 … 100,000 of all pools together, each by itself; default 1. */
  readonly count?: number | undefined;
  /** Jobs of at least this priority may use it; default: the priority does not matter. */
  readonly priorityMin?: number | undefined;
  /**
   * Jobs of these tenants may use it; default: the tenant does not matter. With neither this nor `priorityMin` nobody may,
   * and the room is always free.
   */
  readonly tenants?: readonly string[] | undefined;
}
