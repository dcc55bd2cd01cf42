import { type ServerTopology, serverTopology } from '../../src/index.js';
import type { Link, ServerDocument } from '../../src/topology/server-document.js';

/**
 * A server as NCCL sees its links: NCCL's constant where the document has one, else the document's own figure,
 * which for links that only have a line rate is 0.85 of it. NCCL knows no caps per flow.
 */
export function withNcclConstants(document: ServerDocument): ServerTopology {
  return serverTopology({
    ...document,
    links: document.links.map(({ flowCapGBps: _, ...link }) => ({
      ...link,
      bandwidthGBps: link.ncclGBps ?? link.bandwidthGBps,
    })),
  });
}

/** The document of a machine whose GPU `gpu` keeps only a share of its NVLinks, 0 for none. */
export function withFewerNvlinks(document: ServerDocument, gpu: string, share: number): ServerDocument {
  const isHit = (link: Link): boolean => link.medium === 'nvlink' && link.between.includes(gpu);
  return {
    ...document,
    links: document.links.flatMap((link) => {
      if (!isHit(link)) return [link];
      if (share === 0) return [];
      const { ncclGBps, rawGBps, links: _, ...rest } = link;
      return [
        {
          ...rest,
          bandwidthGBps: link.bandwidthGBps * share,
          ...(ncclGBps === undefined ? {} : { ncclGBps: ncclGBps * share }),
          ...(rawGBps === undefined ? {} : { rawGBps: rawGBps * share }),
        },
      ];
    }),
  };
}

/**
 * The document under NCCL's rule that any two NUMA nodes are joined by the inter-CPU link, those of one socket
 * too: the way from a NUMA node to its socket is then no wider than the link between the sockets.
 */
export function withNumaNodesApart(document: ServerDocument): ServerDocument {
  const between = document.links.find((link) => link.medium === 'socket');
  if (between === undefined) return document;
  const figure = between.ncclGBps ?? between.bandwidthGBps;
  return {
    ...document,
    links: document.links.map((link) =>
      link.medium === 'on-package' ? { ...link, bandwidthGBps: figure, ncclGBps: figure } : link,
    ),
  };
}
