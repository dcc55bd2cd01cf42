import { remembered } from '../../remembered.js';
import type { ServerTopology } from '../../topology/index.js';

/** A kind of place inside a server that the GPUs of a pod may have to share. */
export type PlaceKind = 'socket' | 'numa';

const known = new WeakMap<ServerTopology, Map<PlaceKind, readonly (string | undefined)[]>>();

/** The socket of each GPU by ordinal, as {@link placesOf}. */
export function socketsOf(server: ServerTopology): readonly string[] | undefined {
  return placesOf(server, 'socket');
}

/**
 * The socket, or NUMA node, of each GPU: its own field, else the device of that kind above it.
 *
 * Devices above a GPU are those on a path from GPU to PCIe switches, from these to NUMA nodes and sockets, and from a
 * NUMA node to a socket. Of NUMA nodes and sockets the nearest counts.
 *
 * @returns GPU ordinal → a name that GPUs of one place share; undefined if it is unknown for some GPU
 */
export function placesOf(server: ServerTopology, kind: PlaceKind): readonly string[] | undefined {
  const byKind = remembered(known, server, () => new Map<PlaceKind, readonly (string | undefined)[]>());
  const places = remembered(byKind, kind, () => server.gpus.map((gpu) => placeOf(server, gpu, kind)));
  return places.every((place) => place !== undefined) ? places : undefined;
}

function placeOf(server: ServerTopology, gpu: string, kind: PlaceKind): string | undefined {
  const { devices } = server.document;
  const find = (id: string) => devices.find((device) => device.id === id)!;
  const own = find(gpu)[kind];
  if (own !== undefined) return `${typeof own} ${own}`;
  const host = hostOf(server, gpu);
  if (host === undefined) return undefined;
  const isNuma = find(host).kind === 'numa';
  const said = isNuma || kind === 'socket' ? find(host)[kind] : undefined;
  if (said !== undefined) return `${typeof said} ${said}`;
  if (find(host).kind === kind) return `device ${host}`;
  if (!isNuma) return undefined;
  const socket = upwards(server, host).find((id) => find(id).kind === 'socket');
  if (socket === undefined) return undefined;
  const name = find(socket).socket;
  return name === undefined ? `device ${socket}` : `${typeof name} ${name}`;
}

/** The nearest NUMA node or socket above a GPU; of equally near ones the first found. */
function hostOf(server: ServerTopology, gpu: string): string | undefined {
  const kindOf = new Map(server.document.devices.map(({ id, kind }) => [id, kind]));
  const seen = new Set([gpu]);
  let ring = [gpu];
  while (ring.length > 0) {
    // Each device once: two switches may both be linked to the next two, and so on. Ends: every round but the last
    // adds a device.
    const next = [...new Set(ring.flatMap((id) => upwards(server, id)))].filter((id) => !seen.has(id));
    const host = next.find((id) => kindOf.get(id) === 'numa' || kindOf.get(id) === 'socket');
    if (host !== undefined) return host;
    for (const id of next) seen.add(id);
    ring = next.filter((id) => kindOf.get(id) === 'pcie-switch');
  }
  return undefined;
}

/** The other ends of a device's links, without links between accelerators and between CPUs, in document order. */
function upwards(server: ServerTopology, id: string): string[] {
  const not = ['nvlink', 'xgmi', 'scale-up-ethernet', 'socket'];
  return server.document.links
    .filter(({ between, medium }) => between.includes(id) && !not.includes(medium))
    .map(({ between }) => (between[0] === id ? between[1] : between[0]));
}
