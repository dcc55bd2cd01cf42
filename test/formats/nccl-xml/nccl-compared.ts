import { collectiveBandwidth } from '../../../src/bandwidth/index.js';
import { relationMatrix, type ServerTopology, serverTopology } from '../../../src/topology/index.js';

/** A server with NCCL's constants for its figures, and without caps on flows, which NCCL does not know. */
export function withNcclFigures(server: ServerTopology): ServerTopology {
  const { document } = server;
  const links = document.links.map(({ flowCapGBps: _, ...link }) => ({
    ...link,
    bandwidthGBps: link.ncclGBps ?? link.bandwidthGBps,
  }));
  return serverTopology({ ...document, links });
}

/** Sets of GPUs whose collective bandwidth differs between two servers, with both figures. */
export function unlikeSets(a: ServerTopology, b: ServerTopology): string[] {
  const unlike: string[] = [];
  for (let mask = 1; mask < 2 ** a.gpus.length; mask++) {
    const gpus = [...a.gpus.keys()].filter((i) => (mask >> i) & 1);
    for (const algorithm of ['optimal', 'ring'] as const) {
      const [x, y] = [a, b].map((server) => collectiveBandwidth(server, gpus, { algorithm }));
      if (x === y || Math.abs(x! - y!) <= 1e-9 * x!) continue;
      unlike.push(`${algorithm} ${gpus.join(' ')}: ${x} and ${y}`);
    }
  }
  return unlike;
}

/**
 * How often a word of one matrix stands where the other has another: `{ 'NODE > PHB': 20 }`. Of the first
 * server only the devices given by `keep` count.
 */
export function changedWords(
  a: ServerTopology,
  b: ServerTopology,
  keep: (id: string) => boolean = () => true,
): Record<string, number> {
  const matrixA = relationMatrix(a);
  const matrixB = relationMatrix(b);
  const kept = matrixA.devices.flatMap((id, i) => (keep(id) ? [i] : []));
  const changed: Record<string, number> = {};
  if (kept.length !== matrixB.devices.length) changed['number of devices'] = matrixB.devices.length;
  kept.forEach((row, i) => {
    kept.forEach((column, j) => {
      const [x, y] = [matrixA.cells[row]![column]!, matrixB.cells[i]?.[j]];
      if (x !== y) changed[`${x} > ${y}`] = (changed[`${x} > ${y}`] ?? 0) + 1;
    });
  });
  return changed;
}
