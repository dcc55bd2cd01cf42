import { optimalBandwidth } from '../bandwidth/optimal.js';
import { networkOf } from '../topology/network.js';
import type { ServerTopology } from '../topology/types.js';

/** Server type → bandwidth by mask, NaN where nobody asked yet. Length: 2^n. */
const cache = new WeakMap<ServerTopology, Float64Array>();

/**
 * The `optimal` bandwidth of a set of GPUs of a server type, computed once per set.
 *
 * @param server - a server type
 * @param mask - bit i for GPU ordinal i
 * @returns GB/s per GPU and direction; Infinity below two GPUs, 0 if nothing joins them
 */
export function setBandwidthGBps(server: ServerTopology, mask: number): number {
  let byMask = cache.get(server);
  if (byMask === undefined) {
    byMask = new Float64Array(2 ** server.gpus.length).fill(Number.NaN);
    cache.set(server, byMask);
  }
  const known = byMask[mask]!;
  if (!Number.isNaN(known)) return known;
  const computed = optimalBandwidth(networkOf(server), mask);
  byMask[mask] = computed;
  return computed;
}
