import { bandwidthGBps, between, integer, probability } from '../../checks/quantity.js';
import { nonEmptyText, text, trueOrFalse, unexpected } from '../../checks/values.js';
import type { ClusterTables } from '../../compile/cluster-tables.js';
import { CorralError, type ErrorPath, quote } from '../../errors.js';
import { type Gang, gangOf, type Levels } from '../../placement/gangs/gang.js';
import { REQUEST_FIELDS, readRequest } from '../../placement/read/read-request.js';
import type { PlacementRequest } from '../../placement/request/request.js';
import { podNeed } from '../../placement/state/pod-need.js';
import { SECONDS_MAX, toMicros } from '../options/clock.js';
import { readJob } from '../options/read-jobs.js';
import type { JobCheckpoints, SimulationJob } from '../options/simulation-job.js';
import { clockOfWork, type RhythmColumns, rhythmOf } from './progress.js';

/** The jobs as columns; a job is its position in the list. Times in microseconds. */
export interface JobTable extends RhythmColumns {
  readonly count: number;
  /** Job → what it is called; undefined = its position. */
  readonly ids: readonly (string | undefined)[];
  /** Distinct gangs asked for. */
  readonly gangs: readonly Gang[];
  /** Job → its gang. */
  readonly gangOf: Int32Array;
  /** Job → GPUs of all pods, shares counted as parts. */
  readonly gpus: Float64Array;
  readonly submit: Float64Array;
  /** Jobs by submission, and job → place in that order. */
  readonly bySubmission: Int32Array;
  readonly submissionOf: Int32Array;
  /** Job → useful compute of all pods at full speed. */
  readonly work: Float64Array;
  /** Job → the run time that the scheduler expects. */
  readonly estimate: Float64Array;
  /** Job → 1 if somebody gave this estimate. */
  readonly isEstimated: Uint8Array;
  readonly priority: Float64Array;
  /** Job → 0 if no other job may preempt it. */
  readonly preemptible: Uint8Array;
  /** Job → tenant. */
  readonly tenantOf: Int32Array;
  readonly tenants: readonly string[];
  readonly communicationFraction: Float64Array;
  /** Job → GB/s; NaN = what it reaches in the empty cluster. */
  readonly ratedGBps: Float64Array;
}

/** Most checkpoints from one durable one to the next. */
const SNAPSHOTS_MAX = 1_000_000;

/**
 * Reads the jobs once, checks them and turns them into columns.
 *
 * @param jobs - a copied list, its entries as the caller handed them in
 * @throws CorralError with the path of the offending field, from `jobs` on
 * @complexity O(jobs log jobs)
 */
export function jobTable(jobs: readonly SimulationJob[], cluster: ClusterTables, levels: Levels): JobTable {
  const count = jobs.length;
  // The first entry is read before columns are made, so that a long list of anything else is refused at once.
  let job = count > 0 ? readJob(jobs[0], 0) : undefined;
  const columns = (): Float64Array => new Float64Array(count);
  const requests = new Requests(cluster, levels);
  const tenants = new Map<string, number>();
  const ids = new Set<string>();
  const table = {
    count,
    ids: new Array<string | undefined>(count),
    gangs: requests.gangs,
    gangOf: new Int32Array(count),
    gpus: columns(),
    submit: columns(),
    bySubmission: new Int32Array(count),
    submissionOf: new Int32Array(count),
    work: columns(),
    estimate: columns(),
    isEstimated: new Uint8Array(count),
    priority: columns(),
    preemptible: new Uint8Array(count).fill(1),
    tenantOf: new Int32Array(count),
    tenants: [] as string[],
    communicationFraction: columns(),
    ratedGBps: columns(),
    interval: columns().fill(Number.POSITIVE_INFINITY),
    stall: columns(),
    persistLag: columns(),
    snapshots: new Int32Array(count),
    durableStall: columns(),
  };
  for (let i = 0; i < count; i++) {
    job = i === 0 ? job! : readJob(jobs[i], i);
    if (job.id !== undefined) checkId(job.id, i, ids);
    table.ids[i] = job.id;
    table.gangOf[i] = requests.of(job, i);
    const gang = requests.gangs[table.gangOf[i]!]!;
    const gpus = (gang.pods * gang.need.totalGpuMilli) / 1000;
    table.gpus[i] = gpus;
    table.submit[i] = micros(job.submitSeconds, i, 'submitSeconds');
    table.work[i] = workOf(job, i, gpus);
    const { priority, preemptible, communicationFraction } = job;
    if (priority !== undefined) {
      const most = Number.MAX_VALUE;
      table.priority[i] = between(priority, -most, most, ['jobs', i, 'priority']);
    }
    if (preemptible !== undefined) {
      table.preemptible[i] = trueOrFalse(preemptible, 'jobs', i, 'preemptible') ? 1 : 0;
    }
    table.tenantOf[i] = tenantOf(job.tenant ?? '', i, tenants);
    if (communicationFraction !== undefined) {
      const fraction = probability(communicationFraction, 'jobs', i, 'communicationFraction');
      table.communicationFraction[i] = fraction;
    }
    if (job.communicates === false && table.communicationFraction[i]! > 0) {
      throw wrongJob(
        i,
        'communicates',
        'a job that does not communicate spends no time on it: leave out communicationFraction, or communicates',
      );
    }
    table.ratedGBps[i] =
      job.ratedGBps === undefined ? Number.NaN : bandwidthGBps(job.ratedGBps, 'jobs', i, 'ratedGBps');
    if (job.checkpoint !== undefined) checkpointOf(job.checkpoint, i, table);
    table.isEstimated[i] = job.estimateSeconds === undefined ? 0 : 1;
    table.estimate[i] =
      job.estimateSeconds === undefined
        ? clockOfWork(table.work[i]!, rhythmOf(table, i), 0)
        : micros(job.estimateSeconds, i, 'estimateSeconds');
  }
  const { submit, bySubmission, submissionOf } = table;
  for (let job = 0; job < count; job++) bySubmission[job] = job;
  // Lists of jobs are mostly sorted already.
  let isSorted = true;
  for (let i = 1; i < count && isSorted; i++) isSorted = submit[i - 1]! <= submit[i]!;
  if (!isSorted) bySubmission.sort((a, b) => submit[a]! - submit[b]! || a - b);
  for (let at = 0; at < count; at++) submissionOf[bySubmission[at]!] = at;
  for (const tenant of tenants.keys()) table.tenants.push(tenant);
  return table;
}

/** Gangs by what is asked for: equal requests are one. */
class Requests {
  readonly gangs: Gang[] = [];
  readonly #cluster: ClusterTables;
  readonly #levels: Levels;
  /** Pods × 32 + GPUs → gang, for jobs that ask for nothing else. */
  readonly #plain = new Map<number, number>();
  readonly #others = new Map<string, number>();

  constructor(cluster: ClusterTables, levels: Levels) {
    this.#cluster = cluster;
    this.#levels = levels;
  }

  of(job: SimulationJob, index: number): number {
    const { pods = 1, gpus = 0 } = job;
    const isPlain =
      isPlainJob(job) && Number.isInteger(pods) && Number.isInteger(gpus) && gpus >= 0 && gpus < 32;
    const known = isPlain ? this.#plain.get(pods * 32 + gpus) : undefined;
    if (known !== undefined) return known;
    const request: Record<string, unknown> = {};
    for (const field of REQUEST_FIELDS) if (job[field] !== undefined) request[field] = job[field];
    const gang = this.#gang(request, index);
    const { need } = gang;
    const key = [
      need.key,
      gang.pods,
      gang.podsMin,
      gang.requireLevel,
      gang.preferLevel,
      gang.slicePods,
      gang.sliceLevel,
    ].join('|');
    let at = this.#others.get(key);
    if (at === undefined) {
      at = this.gangs.push(gang) - 1;
      this.#others.set(key, at);
    }
    if (isPlain) this.#plain.set(pods * 32 + gpus, at);
    return at;
  }

  #gang(request: PlacementRequest, index: number): Gang {
    try {
      const read = readRequest(request);
      return gangOf(read, podNeed(read, this.#cluster), this.#levels);
    } catch (error) {
      throw error instanceof CorralError ? error.inside(['jobs', index]) : error;
    }
  }
}

/** Fields of a request besides `pods` and `gpus`. */
const OTHER_FIELDS = REQUEST_FIELDS.filter((field) => field !== 'pods' && field !== 'gpus');

function isPlainJob(job: SimulationJob): boolean {
  return OTHER_FIELDS.every((field) => job[field] === undefined);
}

function checkId(given: unknown, index: number, ids: Set<string>): void {
  const path = ['jobs', index, 'id'];
  const id = nonEmptyText(given, ...path);
  if (ids.has(id)) throw new CorralError('duplicate-id', path, `another job is called ${quote(id)}`);
  ids.add(id);
}

function workOf(job: SimulationJob, index: number, gpus: number): number {
  if ((job.durationSeconds === undefined) === (job.workGpuSeconds === undefined)) {
    throw wrongJob(index, 'durationSeconds', 'give either durationSeconds or workGpuSeconds');
  }
  if (job.durationSeconds !== undefined) return micros(job.durationSeconds, index, 'durationSeconds');
  if (gpus === 0) {
    throw wrongJob(index, 'workGpuSeconds', 'a job without GPUs does no GPU work: give durationSeconds');
  }
  return Math.round(micros(job.workGpuSeconds, index, 'workGpuSeconds') / gpus);
}

function tenantOf(given: unknown, index: number, tenants: Map<string, number>): number {
  const tenant = typeof given === 'string' ? given : text(given, 'jobs', index, 'tenant');
  let at = tenants.get(tenant);
  if (at === undefined) {
    at = tenants.size;
    tenants.set(tenant, at);
  }
  return at;
}

function checkpointOf(checkpoint: JobCheckpoints, index: number, table: RhythmColumns): void {
  const path: ErrorPath = ['jobs', index, 'checkpoint'];
  const { computeSeconds, stallSeconds, persistLagSeconds, durable } = checkpoint;
  const time = (field: string, value: number | undefined): number =>
    micros(value ?? 0, index, 'checkpoint', field);
  const interval = time('computeSeconds', computeSeconds);
  if (interval === 0) {
    throw unexpected('at least a microsecond', computeSeconds, [...path, 'computeSeconds']);
  }
  table.interval[index] = interval;
  table.stall[index] = time('stallSeconds', stallSeconds);
  table.persistLag[index] = time('persistLagSeconds', persistLagSeconds);
  if (table.persistLag[index]! > interval) {
    const problem =
      'expected at most computeSeconds: a checkpoint must be complete before the next one starts';
    throw new CorralError('invalid-option', [...path, 'persistLagSeconds'], problem);
  }
  if (durable === undefined) return;
  table.snapshots[index] = integer(durable.snapshots, 1, SNAPSHOTS_MAX, ...path, 'durable', 'snapshots');
  table.durableStall[index] = micros(durable.stallSeconds, index, 'checkpoint', 'durable', 'stallSeconds');
}

function micros(value: unknown, index: number, ...field: string[]): number {
  // The path is made for errors only: there may be millions of jobs.
  if (typeof value === 'number' && value >= 0 && value <= SECONDS_MAX) return toMicros(value);
  return between(value, 0, SECONDS_MAX, ['jobs', index, ...field]);
}

function wrongJob(index: number, field: string, problem: string): CorralError {
  return new CorralError('invalid-option', ['jobs', index, field], problem);
}
