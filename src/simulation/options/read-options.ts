import { fieldNames, readFields } from '../../checks/fields.js';
import { readList } from '../../checks/plain-data.js';
import { unexpected } from '../../checks/values.js';
import { CorralError, type ErrorPath } from '../../errors.js';
import { readRequest } from '../../placement/read/read-request.js';
import { readDurations } from '../../restart/model/recovery.js';
import { checkPhase, type Phase } from '../../restart/phases/phase.js';
import type { MetricsOptions, MetricsWindow } from './metrics-window.js';
import type {
  DefragmentationOptions,
  HeadroomPool,
  Quota,
  SimulatedFailureLaw,
  SimulatedFailures,
  SimulatedRestart,
  SimulateOptions,
  VictimOptions,
} from './simulation-options.js';

/** The options of a simulation. */
export const SIMULATE_FIELDS: readonly (keyof SimulateOptions)[] = fieldNames<SimulateOptions>({
  cluster: true,
  jobs: true,
  policy: true,
  queue: true,
  admission: true,
  backfill: true,
  backfillDepth: true,
  preemption: true,
  quotas: true,
  priorityPerHour: true,
  overrunSecondsMax: true,
  headroom: true,
  defragmentation: true,
  elastic: true,
  failures: true,
  restart: true,
  preempted: true,
  linkSharing: true,
  passes: true,
  eventOrder: true,
  seed: true,
  untilSeconds: true,
  timelineSeconds: true,
  metrics: true,
  eventsMax: true,
  onProgress: true,
});
/** Former names of options → what they are called now. */
export const RENAMED_OPTIONS: Readonly<Record<string, string>> = { until: 'untilSeconds' };
const LAW_FIELDS = fieldNames<SimulatedFailureLaw>({
  name: true,
  level: true,
  failuresPerSecond: true,
  per: true,
  memoryLost: true,
  detect: true,
  repair: true,
});
const QUOTA_FIELDS = fieldNames<Quota>({
  name: true,
  parent: true,
  deservedGpus: true,
  limitGpus: true,
  overQuotaWeight: true,
});
const VICTIM_FIELDS = fieldNames<VictimOptions>({ victims: true, runSecondsMin: true, scope: true });
const MOVE_FIELDS = fieldNames<DefragmentationOptions>({
  everySeconds: true,
  movesMax: true,
  gainFactor: true,
});
const POOL_FIELDS = fieldNames<HeadroomPool>({
  name: true,
  room: true,
  count: true,
  priorityMin: true,
  tenants: true,
});
const FAILURE_FIELDS = fieldNames<SimulatedFailures>({ laws: true, spareServers: true });
const RESTART_FIELDS = fieldNames<SimulatedRestart>({ hidden: true, exposed: true, holdSeconds: true });
const METRICS_FIELDS = fieldNames<MetricsOptions>({ window: true });
const WINDOW_FIELDS = fieldNames<MetricsWindow>({ fromSeconds: true, untilSeconds: true });
/** Most quotas, pools of headroom, and tenants of a pool. */
const QUOTAS_MAX = 10_000;
const POOLS_MAX = 1000;
const TENANTS_MAX = 100_000;
/** Longest list of kinds of events that is read. */
const KINDS_MAX = 100;
/** Most failure laws; the causes that operators tell apart are tens. */
const LAWS_MAX = 1000;

/**
 * Copies the options of a simulation, and everything in them, out of the objects of the caller: later changes and getters
 * cannot change a run. Jobs, cluster and policy are copied where they are turned into tables. `checkedOptions` is the next
 * step: it judges the values and fills in defaults.
 *
 * @param options - all options, or those that a policy of a comparison differs in
 * @param fields - the names they may have
 * @param path - where the caller was given them
 * @returns copies; of their values only phases and placement requests are checked
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
      preemption: readFields(preemption, VICTIM_FIELDS, at('preemption')),
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
  const { window } = readFields(metrics, METRICS_FIELDS, path);
  if (window === undefined) return {};
  return { window: readFields(window, WINDOW_FIELDS, [...path, 'window']) };
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
  const given = readFields(failures, FAILURE_FIELDS, path);
  const { spareServers } = given;
  if (spareServers !== undefined && !Number.isSafeInteger(spareServers)) {
    throw unexpected('a whole number of servers', spareServers, [...path, 'spareServers']);
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
  const given = readFields(restart, RESTART_FIELDS, path);
  const { hidden, exposed } = given;
  const at = path.map(String);
  return {
    ...given,
    ...(hidden !== undefined && { hidden: readDurations(hidden, [...at, 'hidden']) }),
    ...(exposed !== undefined && { exposed: readDurations(exposed, [...at, 'exposed']) }),
  };
}
