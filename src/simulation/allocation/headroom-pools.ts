import { readFields } from '../../checks/fields.js';
import { readList } from '../../checks/plain-data.js';
import { integer } from '../../checks/quantity.js';
import type { ClusterTables } from '../../compile/cluster-tables.js';
import { CorralError, type ErrorPath, quote } from '../../errors.js';
import { type Gang, gangOf, type Levels } from '../../placement/gangs/gang.js';
import { readRequest } from '../../placement/read/read-request.js';
import type { PlacementRequest } from '../../placement/request/request.js';
import { podNeed } from '../../placement/state/pod-need.js';
import type { JobTable } from '../jobs/job-table.js';
import type { HeadroomPool } from '../options/headroom-pool.js';

/** A pool once it is checked. */
export interface CheckedPool {
  readonly name: string;
  readonly gang: Gang;
  readonly count: number;
  readonly mayUse: (job: number) => boolean;
}

const POOLS_MAX = 1000;
const PIECES_MAX = 100_000;
/** Most tenants of one pool. */
const TENANTS_MAX = 100_000;
const FIELDS = ['name', 'room', 'count', 'priorityMin', 'tenants'];

/**
 * Checks the pools.
 *
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
  return readList(pools, ['headroom'], 'invalid-option', POOLS_MAX).map((given, i) => {
    const path: ErrorPath = ['headroom', i];
    const pool = readFields(given, FIELDS, path);
    if (typeof pool.name !== 'string' || pool.name === '') {
      throw new CorralError(
        'invalid-option',
        [...path, 'name'],
        `expected a text that is not empty, got ${quote(pool.name)}`,
      );
    }
    if (names.has(pool.name)) {
      throw new CorralError('duplicate-id', [...path, 'name'], `another pool is called ${quote(pool.name)}`);
    }
    names.add(pool.name);
    const count = integer(pool.count ?? 1, 1, PIECES_MAX, ...path, 'count');
    pieces += count;
    if (pieces > PIECES_MAX) {
      throw new CorralError(
        'limit-exceeded',
        [...path, 'count'],
        `more than ${PIECES_MAX} pieces of room in all pools: keep fewer and larger ones`,
      );
    }
    return {
      name: pool.name,
      gang: roomOf(pool.room, [...path, 'room'], tables, levels),
      count,
      mayUse: mayUse(pool, path, jobs),
    };
  });
}

function roomOf(room: PlacementRequest, path: ErrorPath, tables: ClusterTables, levels: Levels): Gang {
  let gang: Gang;
  try {
    const request = readRequest(room);
    gang = gangOf(request, podNeed(request, tables), levels);
  } catch (error) {
    throw error instanceof CorralError ? error.inside(path) : error;
  }
  if (gang.podsMin !== gang.pods) {
    throw new CorralError(
      'invalid-option',
      [...path, 'podsMin'],
      'room has one size: for room that may be smaller give one pod and a count',
    );
  }
  return gang;
}

function mayUse(pool: HeadroomPool, path: ErrorPath, jobs: JobTable): (job: number) => boolean {
  const { priorityMin, tenants } = pool;
  if (priorityMin !== undefined && !Number.isFinite(priorityMin)) {
    throw new CorralError(
      'invalid-option',
      [...path, 'priorityMin'],
      `expected a finite number, got ${quote(priorityMin)}`,
    );
  }
  const names = tenants && readList(tenants, [...path, 'tenants'], 'invalid-option', TENANTS_MAX);
  names?.forEach((name, i) => {
    if (typeof name === 'string') return;
    throw new CorralError('invalid-option', [...path, 'tenants', i], `expected a text, got ${quote(name)}`);
  });
  if (priorityMin === undefined && names === undefined) return () => false;
  const allowed = names && new Set<string>(names);
  return (job) =>
    (priorityMin === undefined || jobs.priority[job]! >= priorityMin) &&
    (allowed === undefined || allowed.has(jobs.tenants[jobs.tenantOf[job]!]!));
}
