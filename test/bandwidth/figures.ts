import { type TopologyName, topology } from '../../src/catalogue/index.js';
import type { Link, ServerDocument } from '../../src/topology/server-document.js';
import { serverTopology } from '../../src/topology/server-topology.js';
import type { ServerTopology } from '../../src/topology/types.js';

/** Which figure of a link counts: NCCL's constant (else measured, else 0.85 of raw), or the line rate. */
export type Figures = 'nccl' | 'raw';

/** A server of the catalogue with other figures, and without per-flow caps. */
export function withFigures(name: TopologyName, figures: Figures): ServerTopology {
  const { document } = topology(name);
  return serverTopology(mapLinks(document, (link) => ({ ...link, bandwidthGBps: figure(link, figures) })));
}

function figure(link: Link, figures: Figures): number {
  // Between CPUs no line rate is known; the worked numbers take what one flow was measured to reach.
  if (figures === 'raw') return link.rawGBps ?? link.flowCapGBps ?? link.bandwidthGBps;
  if (link.ncclGBps !== undefined) return link.ncclGBps;
  return link.basis === 'measured' || link.rawGBps === undefined ? link.bandwidthGBps : 0.85 * link.rawGBps;
}

function mapLinks(document: ServerDocument, change: (link: Link) => Link): ServerDocument {
  return {
    ...document,
    links: document.links.map((link) => {
      const { flowCapGBps: _, ...rest } = change(link);
      return rest;
    }),
  };
}

/** The ordinals of a mask. */
export function members(mask: number): number[] {
  return Array.from({ length: 16 }, (_, i) => i).filter((i) => ((mask >>> i) & 1) === 1);
}
