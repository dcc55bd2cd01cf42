import { quote } from '../../errors.js';
import { GPUS_PER_SERVER_MAX, QUANTITY_MAX, SECONDS_MAX } from '../../units.js';
import { type CsvRow, milliCell, parseCsv, shortText, uniqueName } from '../text/csv.js';
import { invalidFormat } from '../text/format-errors.js';
import { TRACE_JOBS_MAX } from './trace-job.js';

/** One serving instance of the trace of disaggregated recommendation models (Alibaba cluster-trace-gpu-v2025). */
export interface AlibabaInstance2025 {
  readonly name: string;
  /** `CN`: runs on a CPU node. `HN`: runs on a heterogeneous node, with a GPU. */
  readonly role: 'CN' | 'HN';
  /** The service it belongs to. Its instances are no gang: each starts and ends by itself. */
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
 * @param csv - the whole file, at most 256 Mi characters and 4,194,304 instances
 * @returns the instances in file order
 * @throws CorralError `invalid-format` with line and column, `duplicate-id`, `limit-exceeded`
 * @complexity O(characters)
 */
export function fromAlibabaInstances2025(csv: string): AlibabaInstance2025[] {
  const names = new Set<string>();
  const table = {
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
    record: 'instance',
    rowsMax: TRACE_JOBS_MAX,
  };
  return parseCsv(csv, table, (row): AlibabaInstance2025 => {
    const perServer = row.integer('max_instance_per_node', -1, QUANTITY_MAX);
    if (perServer === 0) {
      throw invalidFormat(
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
      app: shortText(row, 'app_name'),
      gpus: row.integer('gpu_request', 0, GPUS_PER_SERVER_MAX),
      gpusLimit: row.integer('gpu_limit', 0, GPUS_PER_SERVER_MAX),
      cpuMilli: milliCell(row, 'cpu_request'),
      cpuLimitMilli: milliCell(row, 'cpu_limit'),
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

function role(row: CsvRow): 'CN' | 'HN' {
  const cell = row.text('role');
  if (cell === 'CN' || cell === 'HN') return cell;
  throw invalidFormat(['line', row.line, 'role'], `expected CN or HN, got ${quote(cell)}`);
}

function memoryMiB(row: CsvRow, column: string): number {
  return Math.round(row.decimal(column, 0, Math.floor(QUANTITY_MAX / 1024)) * 1024);
}
