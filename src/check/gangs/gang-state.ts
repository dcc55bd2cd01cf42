import { readFields } from '../../checks/fields.js';
import { readList } from '../../checks/plain-data.js';
import { CorralError, quote } from '../../errors.js';
import type { ServerId } from '../../ids.js';
import type { ClusterTopology } from '../../topology/index.js';
import { GPU_MILLI, SERVERS_MAX } from '../../units.js';
import type { CheckedFreeCapacity } from '../read/claims.js';
import { readFreeServers } from '../read/read-claims.js';

/** The state of a cluster before a gang, as plain data. */
export interface ReferenceState {
  /**
   * The free capacity, such as the `FreeCapacity` of a solver. Only its servers are read: their thousandths of GPUs,
   * CPU and memory.
   */
  readonly free: Pick<CheckedFreeCapacity, 'servers'>;
  /** Servers that take no new pods; default none. */
  readonly cordoned?: readonly ServerId[] | undefined;
}

/** The free capacity by position of the server. */
export type GangState = readonly {
  /** Free thousandths by GPU ordinal. */
  readonly gpuMilli: readonly number[];
  /** Infinity = not limiting; also for `memoryMiB`. */
  readonly cpuMilli: number;
  readonly memoryMiB: number;
  readonly cordoned: boolean;
}[];

/**
 * Reads a state into the order of the cluster's servers.
 *
 * @throws CorralError `invalid-option` if a server or some of its GPUs are missing, for impossible figures, and for a
 * cordoned server that does not exist
 */
export function gangState(cluster: ClusterTopology, state: ReferenceState): GangState {
  const given = readFields(state, ['free', 'cordoned'], ['state']);
  const listed = readFreeServers(given.free, ['state', 'free'], cluster.servers.length);
  const freeOf = new Map(listed.map((entry) => [entry.server, entry]));
  const cordoned = new Set(
    readList(given.cordoned ?? [], ['state', 'cordoned'], 'invalid-option', SERVERS_MAX),
  );
  const servers = cluster.servers.map(({ id, type }) => {
    const free = freeOf.get(id);
    if (free === undefined || free.gpuMilli.length !== type.gpus.length) {
      throw new CorralError(
        'invalid-option',
        ['state', 'free', 'servers'],
        `expected server ${quote(id)} with free thousandths of ${type.gpus.length} GPUs`,
      );
    }
    const isFigure = (figure: number | null): boolean => figure === null || figure >= 0;
    if (!free.gpuMilli.every(isShare) || !isFigure(free.cpuMilli) || !isFigure(free.memoryMiB)) {
      throw new CorralError(
        'invalid-option',
        ['state', 'free', 'servers'],
        `expected of server ${quote(id)} thousandths from 0 to ${GPU_MILLI}, and null or 0 and more of CPU and memory`,
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

function isShare(milli: number): boolean {
  return Number.isInteger(milli) && milli >= 0 && milli <= GPU_MILLI;
}
