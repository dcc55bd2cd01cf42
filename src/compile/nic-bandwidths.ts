import { nicBandwidthOfMask } from '../bandwidth/ports/nic-bandwidth.js';
import { outflowNetwork } from '../bandwidth/ports/outflow-network.js';
import type { ServerTopology } from '../topology/types.js';

/**
 * What every set of GPUs can send through the ports of its NICs together, see `nicBandwidth`.
 *
 * GPUs that use the same NICs over the same links are interchangeable, so each combination of counts is computed once:
 * on most machines a few per cent of all sets.
 *
 * @param server - a server type with n GPUs
 * @returns mask → GB/s per direction; length 2^n
 * @complexity one {@link nicBandwidthOfMask} per combination of counts
 */
export function nicBandwidths(server: ServerTopology): Float64Array {
  const classes = interchangeable(server);
  const figures = new Float64Array(2 ** server.gpus.length).fill(Number.NaN);
  for (let mask = 0; mask < figures.length; mask++) {
    // Of the sets with these counts the one of the lowest members of each class stands for all.
    let lowest = 0;
    for (const members of classes) {
      let rest = members;
      for (let chosen = mask & members; chosen !== 0; chosen &= chosen - 1) rest &= rest - 1;
      lowest |= members ^ rest;
    }
    if (Number.isNaN(figures[lowest]!)) figures[lowest] = nicBandwidthOfMask(server, lowest);
    figures[mask] = figures[lowest]!;
  }
  return figures;
}

/**
 * Masks of GPUs that can stand for each other: equal rows in all that the flow is computed from. A GPU on which NICs hang
 * stands for itself alone, as others may send through it. The rows also serve where traffic between sockets follows
 * their routes: the network keeps those sockets, so that a GPU of one has no link to another.
 */
function interchangeable(server: ServerTopology): number[] {
  const { gpuCount, vertexCount, fromGpu, lent, owners, outlets } = outflowNetwork(server);
  const classes = new Map<string, number>();
  for (let gpu = 0; gpu < gpuCount; gpu++) {
    const row = (table: Float64Array): number[] => [
      ...table.subarray(gpu * vertexCount, (gpu + 1) * vertexCount),
    ];
    const uses = outlets.map(({ nearestTo }) => (nearestTo >>> gpu) & 1);
    const key = JSON.stringify([row(fromGpu), row(lent), uses, owners.includes(gpu) ? gpu : -1]);
    classes.set(key, (classes.get(key) ?? 0) | (1 << gpu));
  }
  return [...classes.values()];
}
