import { callForeign, readList } from '../../checks/plain-data.js';
import { unexpected } from '../../checks/values.js';
import { CorralError, type ErrorPath, quote } from '../../errors.js';
import type { ServerId } from '../../ids.js';
import type { PlacedPod, Placement } from '../../placement/request/placement.js';
import { remembered } from '../../remembered.js';
import type { ClusterServer, ClusterTopology } from '../../topology/types.js';
import { PODS_MAX } from '../../units.js';

/** The servers of a placement, as positions in the cluster. */
export interface Gang {
  /** In the order in which pods first name them, which is the order of checkpoint parts. */
  readonly servers: readonly GangServer[];
  readonly gpus: number;
}

/** One server of a gang. */
export interface GangServer {
  readonly id: ServerId;
  /** Position in the cluster. */
  readonly position: number;
  readonly server: ClusterServer;
  /** Ordinals of the gang's GPUs on it, ascending. */
  readonly gpus: readonly number[];
}

/** Server id → position in the cluster; computed once per call. */
export function positionsById(cluster: ClusterTopology): Map<ServerId, number> {
  return new Map(cluster.servers.map((server, i) => [server.id, i]));
}

/**
 * Finds the servers of a placement in its cluster.
 *
 * @param placement - of that cluster: plain data, also after JSON
 * @throws CorralError `unknown-reference` for a server or GPU that the cluster does not have; `invalid-option` for
 * anything but a placement, and for one without pods
 * @complexity O(pods + GPUs)
 */
export function gangOf(
  placement: Pick<Placement, 'pods'>,
  cluster: ClusterTopology,
  positions: ReadonlyMap<ServerId, number>,
): Gang {
  const given = callForeign(
    () => (placement as Pick<Placement, 'pods'> | null | undefined)?.pods,
    ['placement'],
  );
  const pods = readList(given as Placement['pods'], ['placement', 'pods'], 'invalid-option', PODS_MAX);
  if (pods.length === 0) {
    throw new CorralError('invalid-option', ['placement', 'pods'], 'expected pods, got none');
  }
  const held = new Map<number, Set<number>>();
  pods.forEach((pod, i) => {
    const { id, given } = podOf(pod, ['placement', 'pods', i]);
    const position = positions.get(id);
    if (position === undefined) {
      throw new CorralError(
        'unknown-reference',
        ['placement', 'pods', i, 'server'],
        `the cluster has no server ${quote(id)}: is the placement of another cluster?`,
      );
    }
    const count = cluster.servers[position]!.type.gpus.length;
    const gpus = remembered(held, position, () => new Set());
    const ordinals = readList(given, ['placement', 'pods', i, 'gpus'], 'invalid-option', count);
    ordinals.forEach((gpu, g) => {
      if (!Number.isInteger(gpu) || gpu < 0 || gpu >= count) {
        throw new CorralError(
          'unknown-reference',
          ['placement', 'pods', i, 'gpus', g],
          `server ${quote(id)} has ${count} GPUs, and none of ordinal ${quote(gpu)}`,
        );
      }
      // Pods may share a GPU, but one pod cannot have it twice.
      if (ordinals.indexOf(gpu) !== g) {
        throw new CorralError(
          'duplicate-id',
          ['placement', 'pods', i, 'gpus', g],
          `the pod lists GPU ${gpu} twice: list each once`,
        );
      }
      gpus.add(gpu);
    });
  });
  const servers = [...held].map(([position, gpus]): GangServer => {
    const server = cluster.servers[position]!;
    return { id: server.id, position, server, gpus: [...gpus].sort((a, b) => a - b) };
  });
  return { servers, gpus: servers.reduce((sum, s) => sum + s.gpus.length, 0) };
}

/** Reads the fields of a pod, each once. */
function podOf(
  pod: PlacedPod,
  path: ErrorPath,
): { readonly id: ServerId; readonly given: readonly number[] } {
  if (typeof pod !== 'object' || pod === null) {
    throw unexpected('a pod with server and gpus', pod, path);
  }
  return callForeign(() => ({ id: pod.server, given: pod.gpus }), path);
}
