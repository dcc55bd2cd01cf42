import { CorralError, quote } from '../errors.js';
import { checkFields } from '../fields.js';
import type { ServerId } from '../ids.js';
import type { ClusterTopology } from '../topology/index.js';
import type { CheckedFreeCapacity } from './check-free-capacity.js';

/** What a gang finds: plain data. */
export interface ReferenceState {
  /** What is free; the `FreeCapacity` of a solver is one. Only servers with their thousandths, CPU and memory are read. */
  readonly free: Pick<CheckedFreeCapacity, 'servers'>;
  /** Servers that take no new pods; default none. */
  readonly cordoned?: readonly ServerId[] | undefined;
}

/** What is free by position of the server. */
export type GangState = readonly {
  /** Free thousandths by GPU ordinal. */
  readonly gpuMilli: readonly number[];
  /** Infinity = not limiting, as is `memoryMiB`. */
  readonly cpuMilli: number;
  readonly memoryMiB: number;
  readonly cordoned: boolean;
}[];

/**
 * Puts a state in the order of the cluster's servers.
 *
 * @throws CorralError `invalid-option` for a state that lacks a server or some of its GPUs, and for a cordoned server
 * that does not exist
 */
export function gangState(cluster: ClusterTopology, state: ReferenceState): GangState {
  checkFields(state, ['free', 'cordoned'], ['state']);
  const freeOf = new Map(state.free.servers.map((entry) => [entry.server, entry]));
  const cordoned = new Set(state.cordoned ?? []);
  const servers = cluster.servers.map(({ id, type }) => {
    const free = freeOf.get(id);
    if (free === undefined || free.gpuMilli.length !== type.gpus.length) {
      throw new CorralError(
        'invalid-option',
        ['state', 'free', 'servers'],
        `expected server ${quote(id)} with free thousandths of ${type.gpus.length} GPUs`,
      );
    }
    return {
      gpuMilli: free.gpuMilli,
      cpuMilli: free.cpuMilli ?? Number.POSITIVE_INFINITY,
      memoryMiB: free.memoryMiB ?? Number.POSITIVE_INFINITY,
      cordoned: cordoned.delete(id),
    };
  });
  for (const id of cordoned) {
    throw new CorralError('invalid-option', ['state', 'cordoned'], `server ${quote(id)} does not exist`);
  }
  return servers;
}
