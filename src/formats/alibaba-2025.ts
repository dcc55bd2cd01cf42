import { CorralError, quote } from '../errors.js';
import { checkFields } from '../fields.js';
import { GPUS_PER_SERVER_MAX, QUANTITY_MAX, SECONDS_MAX } from '../units.js';
import { cpuMilliCell } from './alibaba-cells.js';
import { type CsvRow, parseCsv, uniqueName } from './csv.js';
import type { TraceJob } from './trace-job.js';

/** One serving instance of the trace of disaggregated recommendation models (Alibaba cluster-trace-gpu-v2025). */
export interface AlibabaInstance2025 {
  readonly name: string;
  /** `CN`: runs on a CPU node. `HN`: runs on a heterogeneous node, with a GPU. */
  readonly role: 'CN' | 'HN';
  /** The service it belongs to. Its instances are no gang: they come and go one by one. */
  readonly app: string;
  /** Whole GPUs, 0 … 16. */
  readonly gpus: number;
  readonly gpusLimit: number;
  /** CPU, thousandths of a core. */
  readonly cpuMilli: number;
  readonly cpuLimitMilli: number;
  /** Bandwidth of one network card, percent. */
  readonly rdmaPercent: number;
  readonly rdmaLimitPercent: number;
  /** Memory, MiB, rounded to the nearest. */
  readonly memoryMiB: number;
  readonly memoryLimitMiB: number;
  /** Disk, GiB. */
  readonly diskGiB: number;
  readonly diskLimitGiB: number;
  /** Most instances of one app on one server; absent = no limit (-1 in the file). */
  readonly instancesPerServerMax?: number;
  /** Seconds since the start of the trace; absent if it was created before. */
  readonly creationSeconds?: number;
  /** Seconds since the start of the trace; absent if it was scheduled before. */
  readonly scheduledSeconds?: number;
  /** Seconds since the start of the trace; absent if it outlived the trace. */
  readonly deletionSeconds?: number;
}

/**
 * Reads the instances of `disaggregated_DLRM_trace.csv`: `instance_sn,role,app_name`, then request and limit of
 * `cpu` (cores), `gpu`, `rdma` (percent of a card), `memory` and `disk` (GiB), then
 * `max_instance_per_node,creation_time,scheduled_time,deletion_time`.
 *
 * Source: alibaba/clusterdata, cluster-trace-gpu-v2025; Yang et al., NSDI 2025.
 *
 * @param csv - the whole file, at most 256 Mi characters
 * @returns the instances in file order
 * @throws CorralError `invalid-format` with line and column, `duplicate-id`, `limit-exceeded`
 * @complexity O(characters)
 */
export function fromAlibabaInstances2025(csv: string): AlibabaInstance2025[] {
  const rows = parseCsv(csv, {
    required: [
      'instance_sn',
      'role',
      'app_name',
      'cpu_request',
      'cpu_limit',
      'gpu_request',
      'gpu_limit',
      'rdma_request',
      'rdma_limit',
      'memory_request',
      'memory_limit',
      'disk_request',
      'disk_limit',
      'max_instance_per_node',
      'creation_time',
      'scheduled_time',
      'deletion_time',
    ],
    optional: [],
  });
  if (rows.length === 0) {
    throw new CorralError('invalid-format', ['line', 2], 'no instance in the file: it may be cut off');
  }
  const names = new Set<string>();
  return rows.map((row): AlibabaInstance2025 => {
    const perServer = row.integer('max_instance_per_node', -1, QUANTITY_MAX);
    if (perServer === 0) {
      throw new CorralError(
        'invalid-format',
        ['line', row.line, 'max_instance_per_node'],
        'expected 1 or more, or -1 for no limit, got "0"',
      );
    }
    const creationSeconds = row.optionalDecimal('creation_time', 0, SECONDS_MAX);
    const scheduledSeconds = row.optionalDecimal('scheduled_time', 0, SECONDS_MAX);
    const deletionSeconds = row.optionalDecimal('deletion_time', 0, SECONDS_MAX);
    return {
      name: uniqueName(row, 'instance_sn', names),
      role: role(row),
      app: row.text('app_name'),
      gpus: row.integer('gpu_request', 0, GPUS_PER_SERVER_MAX),
      gpusLimit: row.integer('gpu_limit', 0, GPUS_PER_SERVER_MAX),
      cpuMilli: cpuMilliCell(row, 'cpu_request'),
      cpuLimitMilli: cpuMilliCell(row, 'cpu_limit'),
      rdmaPercent: row.decimal('rdma_request', 0, 100),
      rdmaLimitPercent: row.decimal('rdma_limit', 0, 100),
      memoryMiB: memoryMiB(row, 'memory_request'),
      memoryLimitMiB: memoryMiB(row, 'memory_limit'),
      diskGiB: row.decimal('disk_request', 0, QUANTITY_MAX),
      diskLimitGiB: row.decimal('disk_limit', 0, QUANTITY_MAX),
      ...(perServer > 0 && { instancesPerServerMax: perServer }),
      ...(creationSeconds !== undefined && { creationSeconds }),
      ...(scheduledSeconds !== undefined && { scheduledSeconds }),
      ...(deletionSeconds !== undefined && { deletionSeconds }),
    };
  });
}

/** What {@link alibabaInstanceJobs} made of a trace. */
export interface AlibabaInstanceJobs {
  /** By time of submission; in file order where that is equal. */
  readonly jobs: readonly TraceJob[];
  /** Instances left out because they end before they begin, or at the same second. */
  readonly dropped: number;
}

/**
 * Turns instances into jobs of one pod each that a simulator can run: from creation to deletion, cut to the window.
 *
 * An instance without creation was there at second 0, one without deletion stays to the end of the window. The app is
 * the tenant. Network share, disk, limits and the most instances per server are not taken: no request has them.
 *
 * @param instances - what {@link fromAlibabaInstances2025} returned
 * @param options.endSeconds - end of the window. Default: the latest time that an instance names
 * @returns jobs in order of submission, and the number left out
 * @throws CorralError `invalid-option`, `invalid-document` for what is no list
 * @complexity O(instances * log instances)
 */
export function alibabaInstanceJobs(
  instances: readonly AlibabaInstance2025[],
  options: { readonly endSeconds?: number | undefined } = {},
): AlibabaInstanceJobs {
  if (!Array.isArray(instances)) {
    throw new CorralError('invalid-document', [], `expected a list of instances, got ${quote(instances)}`);
  }
  checkFields(options, ['endSeconds']);
  let endSeconds = options.endSeconds;
  if (endSeconds === undefined) {
    endSeconds = 0;
    for (const { creationSeconds, scheduledSeconds, deletionSeconds } of instances) {
      endSeconds = Math.max(endSeconds, creationSeconds ?? 0, scheduledSeconds ?? 0, deletionSeconds ?? 0);
    }
  }
  if (typeof endSeconds !== 'number' || !(endSeconds >= 0 && endSeconds <= SECONDS_MAX)) {
    throw new CorralError(
      'invalid-option',
      ['endSeconds'],
      `expected a number from 0 to ${SECONDS_MAX}, got ${quote(endSeconds)}`,
    );
  }
  const jobs: TraceJob[] = [];
  for (const instance of instances) {
    const submitSeconds = instance.creationSeconds ?? 0;
    const durationSeconds = Math.min(instance.deletionSeconds ?? endSeconds, endSeconds) - submitSeconds;
    if (durationSeconds <= 0) continue;
    jobs.push({
      id: instance.name,
      submitSeconds,
      durationSeconds,
      pods: 1,
      gpus: instance.gpus,
      cpuMilli: instance.cpuMilli,
      memoryMiB: instance.memoryMiB,
      tenant: instance.app,
    });
  }
  jobs.sort((a, b) => a.submitSeconds - b.submitSeconds);
  return { jobs, dropped: instances.length - jobs.length };
}

function role(row: CsvRow): 'CN' | 'HN' {
  const cell = row.text('role');
  if (cell === 'CN' || cell === 'HN') return cell;
  throw new CorralError(
    'invalid-format',
    ['line', row.line, 'role'],
    `expected CN or HN, got ${quote(cell)}`,
  );
}

function memoryMiB(row: CsvRow, column: string): number {
  return Math.round(row.decimal(column, 0, Math.floor(QUANTITY_MAX / 1024)) * 1024);
}
