import type { ServerTopology } from '../../src/topology/types.js';

const FABRIC = new Set(['nvlink', 'xgmi', 'scale-up-ethernet']);

/**
 * The definition of `optimal`, word for word and slowly: the minimum over every set of vertices. It shares no
 * code with the library.
 */
export function optimalByEveryCut(server: ServerTopology, gpus: readonly number[]): number {
  if (gpus.length < 2) return Number.POSITIVE_INFINITY;
  const inFabric = byEveryCut(server, gpus, true);
  return inFabric > 0 ? inFabric : byEveryCut(server, gpus, false);
}

function byEveryCut(server: ServerTopology, gpus: readonly number[], fabricOnly: boolean): number {
  const { devices, links } = server.document;
  const chosen = new Set(gpus.map((ordinal) => server.gpus[ordinal]!));
  const kindOf = new Map(devices.map((device) => [device.id, device.kind]));
  // NVSwitches with a GPU in common, or a link, are one vertex; only links of one accelerator medium count.
  const vertexOf = new Map(devices.map(({ id }) => [id, id]));
  for (let before = ''; before !== JSON.stringify([...vertexOf]); ) {
    before = JSON.stringify([...vertexOf]);
    for (const one of links) {
      for (const other of links) {
        if (one.medium !== other.medium || !FABRIC.has(one.medium)) continue;
        const [x, y] = [...one.between, ...other.between].filter((id) => kindOf.get(id) === 'nvswitch');
        const shared = one.between.some((id) => kindOf.get(id) === 'gpu' && other.between.includes(id));
        if (x === undefined || y === undefined || (one !== other && !shared)) continue;
        const [from, to] = [vertexOf.get(y)!, vertexOf.get(x)!];
        for (const [id, vertex] of vertexOf) if (vertex === from) vertexOf.set(id, to);
      }
    }
  }
  let edges = links
    .filter((link) => !fabricOnly || FABRIC.has(link.medium))
    .map((link) => ({
      a: vertexOf.get(link.between[0])!,
      b: vertexOf.get(link.between[1])!,
      gbps: link.bandwidthGBps,
    }))
    .filter(({ a, b }) =>
      [a, b].every((id) => kindOf.get(id) !== 'nic' && (kindOf.get(id) !== 'gpu' || chosen.has(id))),
    );
  // A switch at the end of one link carries nothing.
  for (let before = -1; before !== edges.length; ) {
    before = edges.length;
    edges = edges.filter(({ a, b }) =>
      [a, b].every(
        (id) =>
          chosen.has(id) ||
          new Set(edges.flatMap((e) => (e.a === id ? [e.b] : e.b === id ? [e.a] : []))).size > 1,
      ),
    );
  }
  const vertices = [
    ...chosen,
    ...new Set(edges.flatMap(({ a, b }) => [a, b]).filter((id) => !chosen.has(id))),
  ];
  const n = gpus.length;
  const ends = edges.map(({ a, b, gbps }) => [vertices.indexOf(a), vertices.indexOf(b), gbps] as const);
  let best = Number.POSITIVE_INFINITY;
  // The last GPU may be kept outside: the cut the other way round has the same capacity.
  for (let side = 0; side < 2 ** vertices.length; side++) {
    let k = 0;
    for (let v = 0; v < n; v++) k += (side >>> v) & 1;
    if (k < n / 2 || k === n) continue;
    let capacity = 0;
    for (const [a, b, gbps] of ends) if (((side >>> a) & 1) !== ((side >>> b) & 1)) capacity += gbps;
    best = Math.min(best, (capacity * (n - 1)) / k);
  }
  return best;
}
