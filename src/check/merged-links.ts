import type { DeviceKind, Medium, ServerTopology } from '../topology/index.js';
import type { Capacity } from './every-cut.js';

/** A link after equal NVSwitches have become one vertex. */
export interface MergedLink extends Capacity {
  /** Whether it belongs to the accelerator fabric. */
  readonly inFabric: boolean;
  /** What one flow reaches, GB/s: the capacity, or the cap on flows where that is less. */
  readonly flowGBps: number;
}

const FABRIC: ReadonlySet<Medium> = new Set<Medium>(['nvlink', 'xgmi', 'scale-up-ethernet']);

/**
 * The links of a server, each NVSwitch replaced by the first one equal to it. Two are equal if they link to the
 * same devices, by fabric or not, where equal NVSwitches count as the same device.
 *
 * @complexity O(NVSwitches × links), small as both are
 */
export function mergedLinks(server: ServerTopology): MergedLink[] {
  const { graph } = server;
  const switches = graph.filterNodes((_, { kind }) => kind === 'nvswitch');
  let firstOf = new Map(switches.map((id) => [id, switches[0]!]));
  // Begin with all equal, and part those whose neighbours differ, until none do.
  for (let classes = 0; classes !== new Set(firstOf.values()).size; ) {
    classes = new Set(firstOf.values()).size;
    const signatureOf = (id: string): string => {
      const ends = graph.mapEdges(id, (_, { medium }, a, b) => {
        const other = a === id ? b : a;
        return JSON.stringify([firstOf.get(other) ?? other, FABRIC.has(medium)]);
      });
      return JSON.stringify([firstOf.get(id), ...[...new Set(ends)].sort()]);
    };
    const signatures = switches.map(signatureOf);
    firstOf = new Map(switches.map((id, i) => [id, switches[signatures.indexOf(signatures[i]!)]!]));
  }
  return plainLinks(server).map((link) => ({
    ...link,
    a: firstOf.get(link.a) ?? link.a,
    b: firstOf.get(link.b) ?? link.b,
  }));
}

/** The links of a server, each NVSwitch by itself. */
export function plainLinks({ graph }: ServerTopology): MergedLink[] {
  return graph.mapEdges((_, { medium, bandwidthGBps, flowCapGBps = bandwidthGBps }, a, b) => ({
    a,
    b,
    GBps: bandwidthGBps,
    inFabric: FABRIC.has(medium),
    flowGBps: Math.min(bandwidthGBps, flowCapGBps),
  }));
}

/** The kind of a device by its id. */
export function kindOf(server: ServerTopology, id: string): DeviceKind {
  return server.graph.getNodeAttribute(id, 'kind');
}
