import { readFields } from '../checks/fields.js';
import { CorralError, quote } from '../errors.js';
import { checkServer } from '../topology/expected-topology.js';
import { networkOf } from '../topology/network.js';
import { type PeerToPeerOption, peerToPeerOf } from '../topology/peer-to-peer-option.js';
import type { ServerTopology } from '../topology/types.js';
import { gpuMask } from './gpu-mask.js';
import { optimalBandwidth } from './optimal.js';
import { packRings } from './rings/ring.js';

/** The ways to schedule a collective. */
export const COLLECTIVE_ALGORITHMS = ['optimal', 'ring', 'ring-search'] as const;
/**
 * How a collective is scheduled.
 *
 * - `optimal`: the best possible schedule.
 * - `ring`: what current libraries reach: equal rings, found with backtracking, as in NCCL.
 * - `ring-search`: another name for `ring`.
 */
export type CollectiveAlgorithm = (typeof COLLECTIVE_ALGORITHMS)[number];

/** Options of {@link collectiveBandwidth}. */
export interface CollectiveBandwidthOptions extends PeerToPeerOption {
  /** Default `optimal`: the limit of the hardware, which placement maximises. */
  readonly algorithm?: CollectiveAlgorithm | undefined;
}

/**
 * The bus bandwidth of a collective over a set of GPUs of one server, without any other traffic.
 *
 * Bus bandwidth is what NCCL's tests print: an all-gather of D bytes in total takes
 * (n - 1) / n * D / bandwidth, an all-reduce of D bytes twice that.
 *
 * `optimal` is exact for reduce-scatter followed by all-gather, see {@link optimalBandwidth}; in-network
 * reduction (NVLS) can beat it for all-reduce. `ring`, see {@link packRings}, never exceeds it.
 *
 * @param server - a server topology
 * @param gpus - GPU ordinals, in any order: the answer does not depend on it
 * @param options - see {@link CollectiveBandwidthOptions}
 * @returns GB/s per GPU and direction; `Infinity` for fewer than two GPUs; 0 if no links join them
 * @throws CorralError `invalid-option` for an ordinal that does not exist or is listed twice, an unknown
 * algorithm, or a `peerToPeer` that is not a boolean
 * @complexity microseconds for `optimal` and for `ring` behind one NVSwitch; some ten milliseconds for `ring` on a mesh,
 * up to two hundred where its links all differ, see {@link packRings}
 * @example
 * collectiveBandwidth(topology('dgx-a100'), [0, 1, 2, 3]); // 272.4 GB/s
 * collectiveBandwidth(topology('dgx1-v100'), [0, 1, 2, 3, 4, 5, 6, 7], { algorithm: 'ring' }); // 120 GB/s
 */
export function collectiveBandwidth(
  server: ServerTopology,
  gpus: readonly number[],
  options: CollectiveBandwidthOptions = {},
): number {
  checkServer(server, ['server']);
  const given = readFields(options, ['algorithm', 'peerToPeer'], ['options']);
  const { algorithm = 'optimal' } = given;
  const mask = gpuMask(server, gpus, ['gpus']);
  const network = networkOf(server, peerToPeerOf(given));
  if (algorithm === 'optimal') return optimalBandwidth(network, mask);
  if (algorithm === 'ring' || algorithm === 'ring-search') return packRings(network, mask).bandwidthGBps;
  throw new CorralError(
    'invalid-option',
    ['options', 'algorithm'],
    `no algorithm ${quote(algorithm)}: choose one of ${COLLECTIVE_ALGORITHMS.join(', ')}`,
  );
}
