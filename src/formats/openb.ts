import { CorralError } from '../errors.js';
import type { ClusterDocument, ServerEntry } from '../topology/cluster-document.js';
import type { ServerDocument } from '../topology/server-document.js';
import { GPU_MILLI, GPUS_PER_SERVER_MAX, QUANTITY_MAX, SECONDS_MAX } from '../units.js';
import { parseCsv, uniqueName } from './csv.js';
import { linklessServer } from './linkless-server.js';

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
  /** Seconds since the start of the trace; set for every row, also of pods that still ran: the end of life. */
  readonly deletionSeconds?: number;
  /** Seconds since the start of the trace; absent for pods that were never scheduled. */
  readonly scheduledSeconds?: number;
}

/**
 * Reads a node list of the openb traces: `sn,cpu_milli,memory_mib,gpu,model`.
 *
 * The trace says nothing of links, so server types are sets of GPUs of one model, named like `T4 x2`.
 *
 * @param csv - text of `openb_node_list_*.csv`
 * @returns a cluster document without tiers; servers in file order
 * @throws CorralError `invalid-format` with the line, or `duplicate-id`
 */
export function fromOpenbNodes(csv: string): ClusterDocument {
  const rows = parseCsv(csv, { required: ['sn', 'cpu_milli', 'memory_mib', 'gpu', 'model'], optional: [] });
  if (rows.length === 0)
    throw new CorralError('invalid-format', ['line', 2], 'no node in the file: it may be cut off');
  const types = new Map<string, ServerDocument>();
  const names = new Set<string>();
  const servers = rows.map((row): ServerEntry => {
    const id = uniqueName(row, 'sn', names);
    const gpus = row.integer('gpu', 0, GPUS_PER_SERVER_MAX);
    const model = row.text('model');
    if (gpus > 0 && model === '') {
      throw new CorralError(
        'invalid-format',
        ['line', row.line, 'model'],
        `${gpus} GPUs without a model: name it`,
      );
    }
    const type = gpus === 0 ? 'no GPU' : `${model} x${gpus}`;
    if (!types.has(type)) types.set(type, linklessServer(type, 'openb', model, gpus));
    return {
      id,
      type,
      cpuMilli: row.integer('cpu_milli', 0, QUANTITY_MAX),
      memoryMiB: row.integer('memory_mib', 0, QUANTITY_MAX),
    };
  });
  return { tiers: [], servers, types: Object.fromEntries(types) };
}

/**
 * Reads a pod list of the openb traces: `name,cpu_milli,memory_mib,num_gpu,gpu_milli` and, in most files,
 * `gpu_spec,qos,pod_phase,creation_time,deletion_time,scheduled_time`.
 *
 * @param csv - text of `openb_pod_list_*.csv`
 * @returns the pods in file order, which is their order of creation
 * @throws CorralError `invalid-format` with the line, or `duplicate-id`
 */
export function fromOpenbPods(csv: string): OpenbPod[] {
  const rows = parseCsv(csv, {
    required: ['name', 'cpu_milli', 'memory_mib', 'num_gpu', 'gpu_milli'],
    optional: ['gpu_spec', 'qos', 'pod_phase', 'creation_time', 'deletion_time', 'scheduled_time'],
  });
  if (rows.length === 0)
    throw new CorralError('invalid-format', ['line', 2], 'no pod in the file: it may be cut off');
  const names = new Set<string>();
  return rows.map((row): OpenbPod => {
    const name = uniqueName(row, 'name', names);
    const gpus = row.integer('num_gpu', 0, GPUS_PER_SERVER_MAX);
    // A share is of one GPU; several are always whole, and none has no share.
    const gpuMilli = row.integer(
      'gpu_milli',
      gpus === 0 ? 0 : gpus === 1 ? 1 : GPU_MILLI,
      gpus === 0 ? 0 : GPU_MILLI,
    );
    const qos = row.text('qos');
    const phase = row.text('pod_phase');
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
      gpuModels:
        gpus === 0
          ? []
          : row
              .text('gpu_spec')
              .split('|')
              .filter((model) => model !== ''),
      ...(qos !== '' && { qos }),
      ...(phase !== '' && { phase }),
      ...(creationSeconds !== undefined && { creationSeconds }),
      ...(deletionSeconds !== undefined && { deletionSeconds }),
      ...(scheduledSeconds !== undefined && { scheduledSeconds }),
    };
  });
}
