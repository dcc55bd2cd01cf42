import { readFields } from '../../checks/fields.js';
import { readList } from '../../checks/plain-data.js';
import { CorralError, type ErrorPath, quote } from '../../errors.js';
import { readRequest } from '../../placement/read/read-request.js';
import { readDurations } from '../../restart/model/recovery.js';
import { checkPhase, type Phase } from '../../restart/phases/phase.js';
import type { HeadroomPool } from './headroom-pool.js';
import type { MetricsOptions } from './metrics-window.js';
import type {
  Quota,
  SimulatedFailureLaw,
  SimulatedFailures,
  SimulatedRestart,
  SimulateOptions,
} from './simulation-options.js';

/** The options of a simulation. */
export const SIMULATE_FIELDS: readonly (keyof SimulateOptions)[] = [
  'cluster',
  'jobs',
  'policy',
  'queue',
  'admission',
  'backfill',
  'backfillDepth',
  'preemption',
  'quotas',
  'priorityPerHour',
  'overrunSecondsMax',
  'headroom',
  'defragmentation',
  'elastic',
  'failures',
  'restart',
  'preempted',
  'linkSharing',
  'passes',
  'eventOrder',
  'seed',
  'untilSeconds',
  'timelineSeconds',
  'metrics',
  'eventsMax',
  'onProgress',
];
/** Former names of options → what they are called now. */
export const RENAMED_OPTIONS: Readonly<Record<string, string>> = { until: 'untilSeconds' };
const LAW_FIELDS: readonly (keyof SimulatedFailureLaw)[] = [
  'name',
  'level',
  'failuresPerSecond',
  'per',
  'memoryLost',
  'detect',
  'repair',
];
const QUOTA_FIELDS: readonly (keyof Quota)[] = [
  'name',
  'parent',
  'deservedGpus',
  'limitGpus',
  'overQuotaWeight',
];
const MOVE_FIELDS: readonly string[] = ['everySeconds', 'movesMax', 'gainFactor'];
const POOL_FIELDS: readonly (keyof HeadroomPool)[] = ['name', 'room', 'count', 'priorityMin', 'tenants'];
/** Most quotas, pools of headroom, and tenants of a pool. */
const QUOTAS_MAX = 10_000;
const POOLS_MAX = 1000;
const TENANTS_MAX = 100_000;
/** Longest list of kinds of events that is read. */
const KINDS_MAX = 100;
/** Most failure laws; the causes that operators tell apart are tens. */
const LAWS_MAX = 1000;

/**
 * Reads the options of a simulation once, so that nothing the caller changes later, and no getter, changes a run. Jobs,
 * cluster and policy are read by those who build tables of them.
 *
 * @param options - all options, or those that a policy of a comparison differs in
 * @param fields - the names they may have
 * @param path - where the caller was given them
 * @returns copies; what the values are is not checked yet, phases aside
 * @throws CorralError `invalid-option` with the path of what cannot be read, and of unknown fields
 * @complexity O(values)
 */
export function readOptions<T extends Partial<SimulateOptions>>(
  options: T,
  fields: readonly string[],
  path: ErrorPath,
): T {
  const given: T = readFields(options, fields, path, 'invalid-option', RENAMED_OPTIONS);
  const { preemption, quotas, headroom, defragmentation, eventOrder, metrics, failures, restart } = given;
  const at = (field: keyof SimulateOptions): ErrorPath => [...path, field];
  return {
    ...given,
    ...(typeof preemption === 'object' && {
      preemption: readFields(preemption, ['victims', 'runSecondsMin', 'scope'], at('preemption')),
    }),
    ...(quotas !== undefined && { quotas: readQuotas(quotas, at('quotas')) }),
    ...(headroom !== undefined && { headroom: readPools(headroom, at('headroom')) }),
    ...(defragmentation !== undefined && {
      defragmentation: readFields(defragmentation, MOVE_FIELDS, at('defragmentation')),
    }),
    ...(eventOrder !== undefined && {
      eventOrder: readList(eventOrder, at('eventOrder'), 'invalid-option', KINDS_MAX),
    }),
    ...(metrics !== undefined && { metrics: readMetrics(metrics, at('metrics')) }),
    ...(failures !== undefined && { failures: readFailures(failures, at('failures')) }),
    ...(restart !== undefined && { restart: readRestart(restart, at('restart')) }),
  };
}

function readQuotas(quotas: readonly Quota[], path: ErrorPath): Quota[] {
  const list = readList(quotas, path, 'invalid-option', QUOTAS_MAX);
  return list.map((quota, i) => readFields(quota, QUOTA_FIELDS, [...path, i]));
}

function readPools(pools: readonly HeadroomPool[], path: ErrorPath): HeadroomPool[] {
  return readList(pools, path, 'invalid-option', POOLS_MAX).map((pool, i): HeadroomPool => {
    const inside = [...path, i];
    const { room, tenants, ...given } = readFields(pool, POOL_FIELDS, inside);
    return {
      ...given,
      room: readIn([...inside, 'room'], () => readRequest(room)),
      ...(tenants !== undefined && {
        tenants: readList(tenants, [...inside, 'tenants'], 'invalid-option', TENANTS_MAX),
      }),
    };
  });
}

function readMetrics(metrics: MetricsOptions, path: ErrorPath): MetricsOptions {
  const { window } = readFields(metrics, ['window'], path);
  if (window === undefined) return {};
  return { window: readFields(window, ['fromSeconds', 'untilSeconds'], [...path, 'window']) };
}

/** What a call reads; what it refuses is refused below `path`. */
function readIn<T>(path: ErrorPath, read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw error instanceof CorralError ? error.inside(path) : error;
  }
}

function readFailures(failures: SimulatedFailures, path: ErrorPath): SimulatedFailures {
  const given = readFields(failures, ['laws', 'spareServers'], path);
  const { spareServers } = given;
  if (spareServers !== undefined && !Number.isSafeInteger(spareServers)) {
    throw new CorralError(
      'invalid-option',
      [...path, 'spareServers'],
      `expected a whole number of servers, got ${quote(spareServers)}`,
    );
  }
  const laws = readList(given.laws, [...path, 'laws'], 'invalid-option', LAWS_MAX);
  return { ...given, laws: laws.map((law, i) => readLaw(law, [...path, 'laws', i])) };
}

function readLaw(law: SimulatedFailureLaw, path: ErrorPath): SimulatedFailureLaw {
  const given = readFields(law, LAW_FIELDS, path);
  const { level, detect, repair } = given;
  const phase = (value: Phase, field: string): Phase => checkPhase(value, ...path, field);
  return {
    ...given,
    ...(typeof level === 'object' && { level: readFields(level, ['tier'], [...path, 'level']) }),
    ...(detect !== undefined && { detect: phase(detect, 'detect') }),
    ...(repair !== undefined && { repair: phase(repair, 'repair') }),
  };
}

function readRestart(restart: SimulatedRestart, path: ErrorPath): SimulatedRestart {
  const given = readFields(restart, ['hidden', 'exposed', 'holdSeconds'], path);
  const { hidden, exposed } = given;
  const at = path.map(String);
  return {
    ...given,
    ...(hidden !== undefined && { hidden: readDurations(hidden, [...at, 'hidden']) }),
    ...(exposed !== undefined && { exposed: readDurations(exposed, [...at, 'exposed']) }),
  };
}
