/**
 * What NCCL's search makes of rings whose bandwidths are known, and what its cost model makes of a graph:
 * the rules of NVIDIA/nccl 2.30.7, src/graph/search.cc and tuning.cc, as far as one node needs them. They
 * explain differences; no figure of ours comes from them.
 */

/** The GPUs that share a list of speeds. */
export type Generation = 'up to SM89' | 'SM90' | 'SM100';

/** Speeds that the search tries for one channel inside a node, GB/s. */
const SPEEDS_GBPS: Record<Generation, readonly number[]> = {
  'up to SM89': [40, 30, 20, 18, 15, 12, 10, 9, 7, 6, 5, 4, 3],
  SM90: [60, 50, 40, 30, 24, 20, 15, 12, 11, 6, 3],
  SM100: [90, 80, 70, 60, 50, 45, 40, 30, 24, 20, 19, 18],
};
const CHANNELS_MAX = 32;
/** Once a graph is found, a lower speed is tried only if it is more than this share of the speed found. */
const NEXT_SPEED_MIN = 0.49;
/** One channel at this speed stands for "no path found", GB/s. */
export const NO_PATH_GBPS = 0.1;

/** Efficiency of NVLS: the share of a channel that reaches the application. */
const NVLS_EFFICIENCY = { SM90: 0.85 } as const;
/** A tree reaches this share of its graph. */
const TREE_EFFICIENCY = 0.92;

/** A number of channels of one speed. */
export interface Channels {
  readonly count: number;
  readonly GBpsPerChannel: number;
}

/**
 * The channels that fit into rings of given bandwidths, all of one speed of the list.
 *
 * From the highest speed down; each ring of bandwidth b holds floor(b / speed) channels. The first speed that
 * fits is kept unless a lower one, not below about half of the one kept, gives more in total.
 *
 * @param ringsGBps - bandwidths of the rings, GB/s
 * @param generation - whose list of speeds
 * @returns channels before NCCL doubles those of 25 GB/s and more at half the speed; `undefined` if no speed fits
 */
export function channelsOnLadder(ringsGBps: readonly number[], generation: Generation): Channels | undefined {
  let best: Channels | undefined;
  for (const speed of SPEEDS_GBPS[generation]) {
    if (best !== undefined && speed / best.GBpsPerChannel <= NEXT_SPEED_MIN) break;
    const fitting = ringsGBps.reduce((sum, width) => sum + Math.floor(width / speed + 1e-9), 0);
    const count = Math.min(fitting, CHANNELS_MAX);
    if (count * speed > (best === undefined ? 0 : totalGBps(best))) best = { count, GBpsPerChannel: speed };
  }
  return best;
}

/** Channels times speed, GB/s. */
export function totalGBps(channels: Channels): number {
  return channels.count * channels.GBpsPerChannel;
}

/** Bus bandwidth of NVLS on one node of Hopper GPUs by NCCL's cost model, GB/s: channels × speed × 0.85 × 2 (n − 1)/n. */
export function nvlsBusGBps(channels: Channels): number {
  const { count } = channels;
  return totalGBps(channels) * NVLS_EFFICIENCY.SM90 * ((count - 1) / count) * 2;
}

/** Bus bandwidth of a tree over n GPUs of one node by NCCL's cost model, GB/s: 0.92 × speed × ½ × 2 (n − 1)/n. */
export function treeBusGBps(channels: Channels, gpuCount: number): number {
  return (totalGBps(channels) * TREE_EFFICIENCY * (gpuCount - 1)) / gpuCount;
}

/** What one channel of a tree carries on one node of Blackwell GPUs by NCCL's cost model, GB/s. */
const TREE_CHANNEL_MAX_GBPS = 70;

/** The most that a tree of one channel over n Blackwell GPUs reaches, bus GB/s. */
export function treeOfOneChannelBusGBps(gpuCount: number): number {
  return (TREE_CHANNEL_MAX_GBPS * (gpuCount - 1)) / gpuCount;
}
