import { quote } from '../../errors.js';
import type { ClusterDocument, ServerEntry } from '../../topology/cluster-document.js';
import {
  GPU_MILLI,
  GPU_MODELS_MAX,
  GPUS_PER_SERVER_MAX,
  QUANTITY_MAX,
  SECONDS_MAX,
  SERVERS_MAX,
  TEXT_LENGTH_MAX,
} from '../../units.js';
import { type CsvRow, parseCsv, shortText, uniqueName } from '../text/csv.js';
import { invalidFormat } from '../text/format-errors.js';
import { LinklessServers } from './linkless-server.js';
import { TRACE_JOBS_MAX } from './trace-job.js';

/** One pod of the openb traces (Alibaba cluster-trace-gpu-v2023). */
export interface OpenbPod {
  readonly name: string;
  /** CPU, thousandths of a core. */
  readonly cpuMilli: number;
  /** Memory, MiB. */
  readonly memoryMiB: number;
  /** GPUs touched: 0, 1 (also for a share) … 16. */
  readonly gpus: number;
  /** Thousandths of each GPU: 0 without GPUs, below 1000 only for one GPU. */
  readonly gpuMilli: number;
  /** GPU models that will do, as listed (a name may repeat); empty = any. */
  readonly gpuModels: readonly string[];
  /** Class of service as the trace spells it; absent where the file has no such column. */
  readonly qos?: string;
  /** Phase of the pod at the end of the trace. */
  readonly phase?: string;
  /** Seconds since the start of the trace. */
  readonly creationSeconds?: number;
  /** Seconds since the start of the trace. Pods that still ran have it too. */
  readonly deletionSeconds?: number;
  /** Seconds since the start of the trace; absent for pods that were never scheduled. */
  readonly scheduledSeconds?: number;
}

/**
 * Reads a node list of the openb traces: `sn,cpu_milli,memory_mib,gpu,model`.
 *
 * The trace does not name links. A server type is a number of GPUs of one model, named like `T4 x2`.
 *
 * @param csv - text of `openb_node_list_*.csv`, at most 256 Mi characters, 4,000,000 nodes and 65,536 kinds of them
 * @returns a cluster document without tiers; servers in file order
 * @throws CorralError `invalid-format` with line and column, `duplicate-id`, `limit-exceeded`
 * @complexity O(characters)
 */
export function fromOpenbNodes(csv: string): ClusterDocument {
  const types = new LinklessServers('openb');
  const names = new Set<string>();
  const table = {
    required: ['sn', 'cpu_milli', 'memory_mib', 'gpu', 'model'],
    optional: [],
    record: 'node',
    rowsMax: SERVERS_MAX,
  };
  const servers = parseCsv(
    csv,
    table,
    (row): ServerEntry => ({
      id: uniqueName(row, 'sn', names),
      type: types.typeOf(row, { gpus: 'gpu', model: 'model' }),
      cpuMilli: row.integer('cpu_milli', 0, QUANTITY_MAX),
      memoryMiB: row.integer('memory_mib', 0, QUANTITY_MAX),
    }),
  );
  return { tiers: [], servers, types: types.documents() };
}

/**
 * Reads a pod list of the openb traces: `name,cpu_milli,memory_mib,num_gpu,gpu_milli` and, in most files,
 * `gpu_spec,qos,pod_phase,creation_time,deletion_time,scheduled_time`.
 *
 * @param csv - text of `openb_pod_list_*.csv`, at most 256 Mi characters and 4,194,304 pods
 * @returns the pods in file order, which is their order of creation
 * @throws CorralError `invalid-format` with line and column, `duplicate-id`, `limit-exceeded`
 * @complexity O(characters)
 */
export function fromOpenbPods(csv: string): OpenbPod[] {
  const names = new Set<string>();
  const table = {
    required: ['name', 'cpu_milli', 'memory_mib', 'num_gpu', 'gpu_milli'],
    optional: ['gpu_spec', 'qos', 'pod_phase', 'creation_time', 'deletion_time', 'scheduled_time'],
    record: 'pod',
    rowsMax: TRACE_JOBS_MAX,
  };
  return parseCsv(csv, table, (row): OpenbPod => {
    const name = uniqueName(row, 'name', names);
    const gpus = row.integer('num_gpu', 0, GPUS_PER_SERVER_MAX);
    // Without GPUs there is no share; several GPUs are always whole.
    const gpuMilli = row.integer(
      'gpu_milli',
      gpus === 0 ? 0 : gpus === 1 ? 1 : GPU_MILLI,
      gpus === 0 ? 0 : GPU_MILLI,
    );
    const qos = shortText(row, 'qos');
    const phase = shortText(row, 'pod_phase');
    const creationSeconds = row.optionalInteger('creation_time', 0, SECONDS_MAX);
    const deletionSeconds = row.optionalInteger('deletion_time', 0, SECONDS_MAX);
    const scheduledSeconds = row.optionalInteger('scheduled_time', 0, SECONDS_MAX);
    return {
      name,
      cpuMilli: row.integer('cpu_milli', 0, QUANTITY_MAX),
      memoryMiB: row.integer('memory_mib', 0, QUANTITY_MAX),
      gpus,
      gpuMilli,
      // The published conversion drops the models of a pod without GPUs.
      gpuModels: gpus === 0 ? [] : modelsOf(row),
      ...(qos !== '' && { qos }),
      ...(phase !== '' && { phase }),
      ...(creationSeconds !== undefined && { creationSeconds }),
      ...(deletionSeconds !== undefined && { deletionSeconds }),
      ...(scheduledSeconds !== undefined && { scheduledSeconds }),
    };
  });
}

/** The models of a pod, within the limits of a request. */
function modelsOf(row: CsvRow): string[] {
  const cell = row.text('gpu_spec');
  const models = cell.split('|').filter((model) => model !== '');
  if (models.length <= GPU_MODELS_MAX && models.every(({ length }) => length <= TEXT_LENGTH_MAX))
    return models;
  throw invalidFormat(
    ['line', row.line, 'gpu_spec'],
    `expected at most ${GPU_MODELS_MAX} models of at most ${TEXT_LENGTH_MAX} characters, got ${quote(cell)}`,
  );
}
