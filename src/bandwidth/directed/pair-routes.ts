import { remembered } from '../../remembered.js';
import type { Network } from '../../topology/network.js';
import { routeArcs } from '../../topology/route.js';
import { pathWidthGBps } from '../../topology/widest-path.js';

/** The route of each ordered pair of GPUs of a server, by ordinals: entry `from * gpuCount + to`. */
export interface PairRoutes {
  readonly gpuCount: number;
  /** Arcs of the network from one GPU to the other; `undefined` on the diagonal and where there is no path. */
  readonly arcs: readonly (Int32Array | undefined)[];
  /** 1 if the accelerator fabric joins the pair without another GPU between. */
  readonly inFabric: Uint8Array;
  /** Bandwidth of the pair alone, GB/s: the narrowest link, or per-flow cap, of the route. */
  readonly widthGBps: Float64Array;
}

const cache = new WeakMap<Network, PairRoutes>();

/**
 * The routes that rings take; they are fixed for a server.
 *
 * @param network - a server's network
 * @returns routes; built on first use, then kept with the network
 */
export function pairRoutesOf(network: Network): PairRoutes {
  return remembered(cache, network, readRoutes);
}

function readRoutes(network: Network): PairRoutes {
  const gpuCount = network.gpuVertices.length;
  const arcs: (Int32Array | undefined)[] = [];
  const inFabric = new Uint8Array(gpuCount * gpuCount);
  const widthGBps = new Float64Array(gpuCount * gpuCount);
  for (let from = 0; from < gpuCount; from++) {
    for (let to = 0; to < gpuCount; to++) {
      const pair = from * gpuCount + to;
      const found =
        from === to ? undefined : routeArcs(network, network.gpuVertices[from]!, network.gpuVertices[to]!);
      arcs.push(found?.arcs);
      if (found === undefined) continue;
      inFabric[pair] = found.inFabric ? 1 : 0;
      widthGBps[pair] = pathWidthGBps(network, found.arcs);
    }
  }
  return { gpuCount, arcs, inFabric, widthGBps };
}
