import { readFields } from '../../checks/fields.js';
import { readList } from '../../checks/plain-data.js';
import { CorralError, quote } from '../../errors.js';
import type { ServerId } from '../../ids.js';
import type { ClusterTopology } from '../../topology/index.js';
import { GPU_MILLI, SERVERS_MAX } from '../../units.js';
import type { CheckedFreeCapacity } from '../read/claims.js';
import { readFreeServers } from '../read/read-claims.js';

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
 * @throws CorralError `invalid-option` for a state that lacks a server or some of its GPUs, for figures that no server has
 * free, and for a cordoned server that does not exist
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
