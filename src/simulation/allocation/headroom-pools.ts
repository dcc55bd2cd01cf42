import { integer } from '../../checks/quantity.js';
import { nonEmptyText, text, unexpected } from '../../checks/values.js';
import type { ClusterTables } from '../../compile/cluster-tables.js';
import { CorralError, type ErrorPath, quote } from '../../errors.js';
import { type Gang, gangOf, type Levels } from '../../placement/gangs/gang.js';
import type { PlacementRequest } from '../../placement/request/request.js';
import { podNeed } from '../../placement/state/pod-need.js';
import type { JobTable } from '../jobs/job-table.js';
import type { HeadroomPool } from '../options/simulation-options.js';

/** A pool of headroom once it is checked. */
export interface CheckedPool {
  readonly name: string;
  /** What one piece asks for. */
  readonly gang: Gang;
  /** Pieces. */
  readonly count: number;
  readonly mayUse: (job: number) => boolean;
}

/** Most pieces of all pools together. */
const PIECES_MAX = 100_000;

/**
 * Checks the pools.
 *
 * @param pools - from `readOptions`
 * @throws CorralError with a path from `headroom` on
 */
export function checkedPools(
  pools: readonly HeadroomPool[],
  tables: ClusterTables,
  levels: Levels,
  jobs: JobTable,
): CheckedPool[] {
  const names = new Set<string>();
  let pieces = 0;
  return pools.map((pool, i) => {
    const path = ['headroom', i];
    const name = nonEmptyText(pool.name, ...path, 'name');
    if (names.has(name)) {
      throw new CorralError('duplicate-id', [...path, 'name'], `another pool is called ${quote(name)}`);
    }
    names.add(name);
    const count = integer(pool.count ?? 1, 1, PIECES_MAX, ...path, 'count');
    pieces += count;
    if (pieces > PIECES_MAX) {
      throw new CorralError(
        'limit-exceeded',
        [...path, 'count'],
        `more than ${PIECES_MAX} pieces of headroom in all pools: keep fewer and larger ones`,
      );
    }
    const gang = gangOfPiece(pool.room, [...path, 'room'], tables, levels);
    return { name, gang, count, mayUse: mayUse(pool, path, jobs) };
  });
}

function gangOfPiece(
  request: PlacementRequest,
  path: ErrorPath,
  tables: ClusterTables,
  levels: Levels,
): Gang {
  let gang: Gang;
  try {
    gang = gangOf(request, podNeed(request, tables), levels);
  } catch (error) {
    throw error instanceof CorralError ? error.inside(path) : error;
  }
  if (gang.podsMin === gang.pods) return gang;
  throw new CorralError(
    'invalid-option',
    [...path, 'podsMin'],
    'a piece of headroom has one size: leave podsMin out; for pieces that may be fewer give one pod and a count',
  );
}

function mayUse(
  { priorityMin, tenants }: HeadroomPool,
  path: readonly (string | number)[],
  jobs: JobTable,
): (job: number) => boolean {
  if (priorityMin !== undefined && !Number.isFinite(priorityMin)) {
    throw unexpected('a finite number', priorityMin, [...path, 'priorityMin']);
  }
  tenants?.forEach((name, i) => void text(name, ...path, 'tenants', i));
  if (priorityMin === undefined && tenants === undefined) return () => false;
  const allowed = tenants && new Set(tenants);
  return (job) =>
    (priorityMin === undefined || jobs.priority[job]! >= priorityMin) &&
    (allowed === undefined || allowed.has(jobs.tenants[jobs.tenantOf[job]!]!));
}
