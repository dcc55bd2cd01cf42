import { quote } from '../../errors.js';
import type { ClusterDocument, ServerEntry } from '../../topology/cluster-document.js';
import { GPU_MILLI, GPUS_PER_SERVER_MAX, PODS_MAX, SECONDS_MAX, SERVERS_MAX } from '../../units.js';
import { type CsvRow, milliCell, parseCsv, shortText, uniqueName } from '../text/csv.js';
import { invalidFormat } from '../text/format-errors.js';
import { LinklessServers } from './linkless-server.js';
import { TRACE_JOBS_MAX, type TraceJob } from './trace-job.js';

/** One job of the spot trace (Alibaba cluster-trace-v2026-spot-gpu). */
export interface AlibabaJob2026 extends TraceJob {
  /** True: it uses GPUs that others leave free and may be evicted. False: it has high priority. */
  readonly spot: boolean;
}

/**
 * Reads the jobs of `job_info_df.csv`:
 * `job_name,organization,gpu_model,cpu_request,gpu_request,worker_num,submit_time,duration,job_type`.
 *
 * A worker becomes a pod with the CPU and GPUs of the row. The description of the trace says "requested by the job", but
 * rows with one GPU and dozens of workers make sense per worker only. The organization is the tenant. A request below
 * one GPU is a share in thousandths. A blank model means any model.
 *
 * Source: alibaba/clusterdata, cluster-trace-v2026-spot-gpu; Duan et al., ASPLOS 2026.
 *
 * @param csv - the whole file, at most 256 Mi characters and 4,194,304 jobs
 * @returns the jobs in file order; the trace has no estimates
 * @throws CorralError `invalid-format` with line and column, `duplicate-id`, `limit-exceeded`
 * @complexity O(characters)
 */
export function fromAlibabaJobs2026(csv: string): AlibabaJob2026[] {
  const names = new Set<string>();
  const table = {
    required: [
      'job_name',
      'organization',
      'gpu_model',
      'cpu_request',
      'gpu_request',
      'worker_num',
      'submit_time',
      'duration',
      'job_type',
    ],
    optional: [],
    record: 'job',
    rowsMax: TRACE_JOBS_MAX,
  };
  return parseCsv(csv, table, (row): AlibabaJob2026 => {
    const gpuModel = shortText(row, 'gpu_model');
    const organization = shortText(row, 'organization');
    return {
      id: uniqueName(row, 'job_name', names),
      submitSeconds: row.decimal('submit_time', 0, SECONDS_MAX),
      durationSeconds: row.decimal('duration', 0, SECONDS_MAX),
      pods: row.integer('worker_num', 1, PODS_MAX),
      ...gpuRequest(row),
      cpuMilli: milliCell(row, 'cpu_request'),
      ...(gpuModel !== '' && { gpuModels: [gpuModel] }),
      ...(organization !== '' && { tenant: organization }),
      spot: isSpot(row),
    };
  });
}

/**
 * Reads the servers of `node_info_df.csv`: `node_name,gpu_model,gpu_capacity_num,cpu_num`.
 *
 * The trace names neither memory nor links. Memory does not limit, and a server type is a number of GPUs of one model,
 * named like `A10 x1`.
 *
 * Source: alibaba/clusterdata, cluster-trace-v2026-spot-gpu; Duan et al., ASPLOS 2026.
 *
 * @param csv - the whole file, at most 256 Mi characters, 4,000,000 nodes and 65,536 kinds of them
 * @returns a cluster document without tiers; servers in file order
 * @throws CorralError `invalid-format` with line and column, `duplicate-id`, `limit-exceeded`
 * @complexity O(characters)
 */
export function fromAlibabaNodes2026(csv: string): ClusterDocument {
  const types = new LinklessServers('spot trace');
  const names = new Set<string>();
  const table = {
    required: ['node_name', 'gpu_model', 'gpu_capacity_num', 'cpu_num'],
    optional: [],
    record: 'node',
    rowsMax: SERVERS_MAX,
  };
  const servers = parseCsv(
    csv,
    table,
    (row): ServerEntry => ({
      id: uniqueName(row, 'node_name', names),
      type: types.typeOf(row, { gpus: 'gpu_capacity_num', model: 'gpu_model' }),
      cpuMilli: milliCell(row, 'cpu_num'),
    }),
  );
  return { tiers: [], servers, types: types.documents() };
}

function gpuRequest(row: CsvRow): { readonly gpus: number; readonly gpuMilli?: number } {
  const requested = row.decimal('gpu_request', 0, GPUS_PER_SERVER_MAX);
  if (Number.isInteger(requested)) return { gpus: requested };
  const gpuMilli = Math.round(requested * GPU_MILLI);
  if (gpuMilli >= 1 && gpuMilli < GPU_MILLI) return { gpus: 0, gpuMilli };
  throw invalidFormat(
    ['line', row.line, 'gpu_request'],
    `expected whole GPUs, or 0.001 to 0.999 of one, got ${quote(row.text('gpu_request'))}`,
  );
}

function isSpot(row: CsvRow): boolean {
  const cell = row.text('job_type');
  if (cell === 'Spot' || cell === 'HP') return cell === 'Spot';
  throw invalidFormat(['line', row.line, 'job_type'], `expected HP or Spot, got ${quote(cell)}`);
}
