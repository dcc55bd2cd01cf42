import { remembered } from '../../remembered.js';
import type { ServerTopology } from '../../topology/index.js';
import { maskOf } from '../bandwidth/gpu-set.js';
import { referenceBandwidth } from '../bandwidth/reference-bandwidth.js';
import { referenceNicBandwidth } from '../bandwidth/reference-nic-bandwidth.js';
import { referenceSharedLoad } from '../bandwidth/reference-shared-load.js';

const loads = new WeakMap<ServerTopology, Map<number, number>>();
const nicBandwidths = new WeakMap<ServerTopology, Map<number, number>>();

/**
 * The {@link referenceSharedLoad} of a set at its {@link referenceBandwidth}, kept with the server.
 *
 * @param gpus - GPU ordinals, checked, in any order
 * @returns GB/s summed over links and directions
 */
export function loadOfSet(server: ServerTopology, gpus: readonly number[]): number {
  const known = remembered(loads, server, () => new Map());
  return remembered(known, maskOf(gpus), () =>
    referenceSharedLoad(server, gpus, referenceBandwidth(server, gpus)),
  );
}

/**
 * The {@link referenceNicBandwidth} of a set, kept with the server.
 *
 * @param gpus - GPU ordinals, checked, in any order
 * @returns GB/s per direction
 */
export function nicBandwidthOfSet(server: ServerTopology, gpus: readonly number[]): number {
  const known = remembered(nicBandwidths, server, () => new Map());
  return remembered(known, maskOf(gpus), () => referenceNicBandwidth(server, gpus));
}

/** True if two figures, 0 or more, differ by rounding only. */
export function same(a: number, b: number): boolean {
  return a === b || Math.abs(a - b) <= 1e-9 * Math.min(a, b);
}
