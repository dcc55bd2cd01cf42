import type { ServerTopology } from '../../src/topology/server-topology.js';

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
  // NVSwitches with the same neighbours, other NVSwitches aside, are one vertex.
  const neighboursOf = (id: string): string =>
    JSON.stringify(
      links
        .flatMap(({ between: [a, b], medium }) =>
          a === id ? [[b, FABRIC.has(medium)]] : b === id ? [[a, FABRIC.has(medium)]] : [],
        )
        .filter(([other]) => kindOf.get(other as string) !== 'nvswitch')
        .sort(),
    );
  const switchOf = new Map<string, string>();
  const vertexOf = new Map<string, string>();
  for (const { id, kind } of devices) {
    const key = kind === 'nvswitch' ? neighboursOf(id) : id;
    if (!switchOf.has(key)) switchOf.set(key, id);
    vertexOf.set(id, switchOf.get(key)!);
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
