import type { DeviceId } from '../../ids.js';
import { devicesOf } from '../../topology/device-at.js';
import { neighboursOf, relationsFrom } from '../../topology/relation.js';
import type { ServerTopology } from '../../topology/types.js';

/** The compute NICs that the GPUs of a server use: for each GPU the nearest ones, all that tie. */
export interface NearestNics {
  /** Compute NICs, in document order. */
  readonly nics: readonly DeviceId[];
  /** NIC by position → mask of the GPUs that it is nearest to, bit i for ordinal i. */
  readonly nearestTo: Int32Array;
  /** NIC by position → true if it is linked to GPUs only. */
  readonly hangsOnGpus: readonly boolean[];
  /** Mask of the GPUs that have no compute NIC nearer than SYS. */
  readonly farGpus: number;
}

/** Relation words from near to far. Words of the accelerator fabric count as PIX. */
const DISTANCE: ReadonlyMap<string, number> = new Map([
  ['PIX', 0],
  ['PXB', 1],
  ['PHB', 2],
  ['NODE', 3],
  ['SYS', 4],
]);
const SYS = 4;

/**
 * The compute NICs that are nearest to each GPU, by the words of `nvidia-smi topo -m`: PIX, PXB, PHB, NODE, SYS.
 *
 * A NIC that is linked to GPUs only counts as SYS for every other GPU, because the only way to it leads through its
 * GPUs.
 *
 * @param server - a server topology
 * @returns masks by NIC; no NICs, empty lists
 * @complexity O(GPUs × (devices + links))
 */
export function nearestNics(server: ServerTopology): NearestNics {
  const devices = devicesOf(server);
  const nics = server.nics.filter((id) => (devices.get(id)!.role ?? 'compute') === 'compute');
  const owners = nics.map((id) => ownersOf(server, id));
  const nearestTo = new Int32Array(nics.length);
  let farGpus = 0;
  server.gpus.forEach((gpu, ordinal) => {
    const distances = relationsFrom(server, gpu, nics).map((word, i) => {
      const ofGpus = owners[i]!;
      return ofGpus !== undefined && !ofGpus.has(gpu) ? SYS : (DISTANCE.get(word) ?? 0);
    });
    const least = Math.min(...distances);
    if (least >= SYS) farGpus |= 1 << ordinal;
    distances.forEach((distance, i) => {
      if (distance === least) nearestTo[i]! |= 1 << ordinal;
    });
  });
  return { nics, nearestTo, hangsOnGpus: owners.map((ofGpus) => ofGpus !== undefined), farGpus };
}

/** The GPUs that a NIC is linked to; undefined if it is linked to anything else. */
function ownersOf(server: ServerTopology, nic: DeviceId): ReadonlySet<DeviceId> | undefined {
  const neighbours = neighboursOf(server, nic);
  return neighbours.every(({ kind }) => kind === 'gpu') ? new Set(neighbours.map(({ id }) => id)) : undefined;
}
