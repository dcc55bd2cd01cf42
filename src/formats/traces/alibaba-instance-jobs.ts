import { readFields } from '../../checks/fields.js';
import { readList } from '../../checks/plain-data.js';
import { CorralError, quote } from '../../errors.js';
import { GPUS_PER_SERVER_MAX, QUANTITY_MAX, SECONDS_MAX, TEXT_LENGTH_MAX } from '../../units.js';
import type { AlibabaInstance2025 } from './alibaba-2025.js';
import { TRACE_JOBS_MAX, type TraceJob } from './trace-job.js';

/** What {@link alibabaInstanceJobs} made of a trace. */
export interface AlibabaInstanceJobs {
  /** By time of submission; in file order where that is equal. */
  readonly jobs: readonly TraceJob[];
  /** Instances left out because they end before they begin, or at the same second. */
  readonly dropped: number;
}

/**
 * Turns instances into jobs of one pod each, which run from creation to deletion within the window.
 *
 * An instance without a creation time starts at second 0; one without a deletion time runs to the end of the window. The
 * app is the tenant. Network share, disk, limits and instances per server are ignored: requests have no such fields.
 *
 * @param instances - what `fromAlibabaInstances2025` returned, at most 4,194,304
 * @param options.endSeconds - end of the window. Default: the latest time that an instance names
 * @returns jobs in order of submission, and the number left out
 * @throws CorralError `invalid-option`, `invalid-document` with the path of the field, `duplicate-id`
 * @complexity O(instances * log instances)
 */
export function alibabaInstanceJobs(
  instances: readonly AlibabaInstance2025[],
  options: { readonly endSeconds?: number | undefined } = {},
): AlibabaInstanceJobs {
  const given = readFields(options, ['endSeconds']);
  const listed = readList(instances, [], 'invalid-document', TRACE_JOBS_MAX);
  const checked = listed.map((instance, i) => checkedInstance(instance, i));
  const endSeconds = given.endSeconds ?? latestOf(checked);
  if (typeof endSeconds !== 'number' || !(endSeconds >= 0 && endSeconds <= SECONDS_MAX)) {
    throw new CorralError(
      'invalid-option',
      ['endSeconds'],
      `expected a number from 0 to ${SECONDS_MAX}, got ${quote(endSeconds)}`,
    );
  }
  const names = new Set<string>();
  const jobs: TraceJob[] = [];
  for (const [i, { name, app, gpus, cpuMilli, memoryMiB, ...times }] of checked.entries()) {
    const submitSeconds = times.creationSeconds ?? 0;
    const durationSeconds = Math.min(times.deletionSeconds ?? endSeconds, endSeconds) - submitSeconds;
    if (durationSeconds <= 0) continue;
    if (names.has(name)) {
      throw new CorralError('duplicate-id', [i, 'name'], `an earlier job is called ${quote(name)} too`);
    }
    names.add(name);
    jobs.push({ id: name, submitSeconds, durationSeconds, pods: 1, gpus, cpuMilli, memoryMiB, tenant: app });
  }
  jobs.sort((a, b) => a.submitSeconds - b.submitSeconds);
  return { jobs, dropped: checked.length - jobs.length };
}

function latestOf(instances: readonly AlibabaInstance2025[]): number {
  let latest = 0;
  for (const { creationSeconds = 0, scheduledSeconds = 0, deletionSeconds = 0 } of instances) {
    latest = Math.max(latest, creationSeconds, scheduledSeconds, deletionSeconds);
  }
  return latest;
}

/** How each field of an instance is checked; a job needs the texts and numbers. */
const FIELDS: Readonly<Record<keyof AlibabaInstance2025, Range | 'text' | 'unused'>> = {
  name: 'text',
  role: 'unused',
  app: 'text',
  gpus: { max: GPUS_PER_SERVER_MAX, isInteger: true },
  gpusLimit: 'unused',
  cpuMilli: { max: QUANTITY_MAX, isInteger: true },
  cpuLimitMilli: 'unused',
  rdmaPercent: 'unused',
  rdmaLimitPercent: 'unused',
  memoryMiB: { max: QUANTITY_MAX, isInteger: true },
  memoryLimitMiB: 'unused',
  diskGiB: 'unused',
  diskLimitGiB: 'unused',
  instancesPerServerMax: 'unused',
  creationSeconds: { max: SECONDS_MAX, isOptional: true },
  scheduledSeconds: { max: SECONDS_MAX, isOptional: true },
  deletionSeconds: { max: SECONDS_MAX, isOptional: true },
};

/** Numbers from 0 to `max`. */
interface Range {
  readonly max: number;
  readonly isInteger?: boolean;
  readonly isOptional?: boolean;
}

const NAMES = Object.keys(FIELDS) as (keyof AlibabaInstance2025)[];

function checkedInstance(given: AlibabaInstance2025, i: number): AlibabaInstance2025 {
  const instance = readFields(given, NAMES, [i], 'invalid-document');
  for (const name of NAMES) {
    const kind = FIELDS[name];
    const value: unknown = instance[name];
    if (kind === 'unused' || (kind !== 'text' && kind.isOptional === true && value === undefined)) continue;
    const expected = expectedOf(kind, value, name === 'name');
    if (expected === undefined) continue;
    throw new CorralError('invalid-document', [i, name], `expected ${expected}, got ${quote(value)}`);
  }
  return instance;
}

/** What a field should hold; undefined where its value is right. */
function expectedOf(kind: Range | 'text', value: unknown, isName: boolean): string | undefined {
  if (kind === 'text') {
    const fits = typeof value === 'string' && value.length <= TEXT_LENGTH_MAX && !(isName && value === '');
    return fits ? undefined : `a text of at most ${TEXT_LENGTH_MAX} characters`;
  }
  const { max, isInteger = false } = kind;
  const fits =
    typeof value === 'number' && value >= 0 && value <= max && (!isInteger || Number.isInteger(value));
  return fits ? undefined : `${isInteger ? 'an integer' : 'a number'} from 0 to ${max}`;
}
