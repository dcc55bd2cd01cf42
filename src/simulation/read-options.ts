import { CorralError, type ErrorPath, quote } from '../errors.js';
import { readFields } from '../fields.js';
import { plainData, readList } from '../plain-data.js';
import { checkPhase, type Phase } from '../restart/phase.js';
import { readDurations } from '../restart/recovery.js';
import type {
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
  'until',
  'timelineSeconds',
  'metrics',
  'eventsMax',
  'onProgress',
];
const LAW_FIELDS: readonly (keyof SimulatedFailureLaw)[] = [
  'name',
  'level',
  'failuresPerSecond',
  'per',
  'memoryLost',
  'detect',
  'repair',
];
/** Options that are data, down to their last field. */
const DATA: readonly (keyof SimulateOptions)[] = [
  'preemption',
  'quotas',
  'headroom',
  'defragmentation',
  'eventOrder',
  'metrics',
];
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
  const given: T = readFields(options, fields, path);
  const data = DATA.flatMap((field) =>
    given[field] === undefined ? [] : [[field, plainData(given[field], [...path, field], 'invalid-option')]],
  );
  return {
    ...given,
    ...Object.fromEntries(data),
    ...(given.failures !== undefined && { failures: readFailures(given.failures, [...path, 'failures']) }),
    ...(given.restart !== undefined && { restart: readRestart(given.restart, [...path, 'restart']) }),
  };
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
