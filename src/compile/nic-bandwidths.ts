import { nicBandwidthOfMask } from '../bandwidth/nic-bandwidth.js';
import { GPU, networkOf } from '../topology/network.js';
import type { ServerTopology } from '../topology/server-topology.js';

/**
 * The bandwidth of every set of GPUs to all compute NICs together, see `nicBandwidth`.
 *
 * GPUs with the same links to everything but GPUs are interchangeable here, so each combination of counts is
 * computed once: on most machines a few per cent of all sets.
 *
 * @param server - a server type with n GPUs
 * @returns mask → GB/s per direction; length 2^n
 * @complexity one max-flow per combination of counts
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

/** Masks of GPUs that hang on the same devices by links of the same bandwidth, links among GPUs aside. */
function interchangeable(server: ServerTopology): number[] {
  const { rows, arcs, ends, roles, capacityGBps, gpuVertices } = networkOf(server);
  const classes = new Map<string, number>();
  gpuVertices.forEach((vertex, gpu) => {
    const links: [number, number][] = [];
    for (let k = rows[vertex]!; k < rows[vertex + 1]!; k++) {
      const head = ends[arcs[k]! ^ 1]!;
      if (roles[head] !== GPU) links.push([head, capacityGBps[arcs[k]! >> 1]!]);
    }
    const key = JSON.stringify(links);
    classes.set(key, (classes.get(key) ?? 0) | (1 << gpu));
  });
  return [...classes.values()];
}
