import { devicesOf } from './device-at.js';
import { hostsAbove } from './relation.js';
import type { Device } from './server-document.js';
import type { ServerTopology } from './server-topology.js';

/** Where all GPUs of a pod can be asked to be: on one CPU socket, or on one NUMA node. */
export type GpuPlace = 'socket' | 'numa';

/** The words for {@link GpuPlace}: no tier of a cluster bears such a name. */
export const GPU_PLACES: readonly GpuPlace[] = ['socket', 'numa'];

/** True for the name of a {@link GpuPlace}: what a request requires or prefers may be one, or a tier. */
export function isPlace(name: string): name is GpuPlace {
  return (GPU_PLACES as readonly string[]).includes(name);
}

/** What a kind of place is called in a sentence. */
export function placeName(place: GpuPlace): string {
  return place === 'numa' ? 'NUMA node' : 'socket';
}

/** Which GPUs of a server are on one place. */
export interface GpuPlaces {
  /** Socket → bit mask of its GPU ordinals, in the order of their lowest; undefined = the document does not say. */
  readonly socket: readonly number[] | undefined;
  /** The same for NUMA nodes; those without GPUs are left out. */
  readonly numa: readonly number[] | undefined;
}

const cache = new WeakMap<ServerTopology, GpuPlaces>();

/**
 * The GPUs of a server by CPU socket and by NUMA node.
 *
 * A GPU is where its own field `socket` or `numa` says, else on the device of that kind above it: the nearest NUMA node
 * or socket through PCIe switches, and the socket that this NUMA node names or hangs on. If that is not known of every
 * GPU, the kind of place is not known of the server.
 *
 * @param server - a server type
 * @returns bit masks by place, disjoint, together all GPUs; kept with the server
 * @complexity O(devices + links) once
 * @example
 * gpuPlaces(topology('dgx-h100')).socket // [0b00001111, 0b11110000]
 */
export function gpuPlaces(server: ServerTopology): GpuPlaces {
  let places = cache.get(server);
  if (places === undefined) {
    places = { socket: masksBy(server, socketOf), numa: masksBy(server, numaOf) };
    cache.set(server, places);
  }
  return places;
}

/**
 * The GPUs that are on one place of each of several kinds.
 *
 * @param kinds - at least one
 * @returns bit masks as in {@link gpuPlaces}; undefined if one of the kinds is not known
 */
export function gpusOnOne(server: ServerTopology, kinds: readonly GpuPlace[]): readonly number[] | undefined {
  let parts: readonly number[] = [2 ** server.gpus.length - 1];
  for (const kind of kinds) {
    const masks = gpuPlaces(server)[kind];
    if (masks === undefined) return undefined;
    parts = parts.flatMap((part) => masks.map((mask) => part & mask)).filter((part) => part !== 0);
  }
  return parts;
}

/**
 * The fewest places that can hold a number of GPUs, all free.
 *
 * @param places - bit masks as in {@link gpuPlaces}
 * @returns number of GPUs → places, up to all GPUs; more than one place is straddling only beyond this
 */
export function fewestPlaces(places: readonly number[]): Uint8Array {
  const sizes = places.map(sizeOf).sort((a, b) => b - a);
  const fewest: number[] = [0];
  sizes.forEach((size, i) => {
    for (let gpu = 0; gpu < size; gpu++) fewest.push(i + 1);
  });
  return Uint8Array.from(fewest);
}

function sizeOf(mask: number): number {
  let count = 0;
  for (let rest = mask; rest !== 0; rest &= rest - 1) count++;
  return count;
}

/** The number of places that hold some GPU of a set. */
export function placesTouched(places: readonly number[], set: number): number {
  let touched = 0;
  for (let i = 0; i < places.length; i++) if ((places[i]! & set) !== 0) touched++;
  return touched;
}

type Hosts = ReturnType<typeof hostsAbove>;

/** Which socket or NUMA node a GPU is on; a number, the name it has in the document, or else its device. */
type PlaceOf = (gpu: Device, hosts: Hosts) => number | string | Device | undefined;

function socketOf(gpu: Device, { numa, socket }: Hosts): ReturnType<PlaceOf> {
  return gpu.socket ?? numa?.socket ?? socket?.socket ?? socket;
}

function numaOf(gpu: Device, { numa }: Hosts): ReturnType<PlaceOf> {
  return gpu.numa ?? numa?.numa ?? numa;
}

function masksBy(server: ServerTopology, placeOf: PlaceOf): readonly number[] | undefined {
  const devices = devicesOf(server);
  const masks = new Map<number | string | Device, number>();
  for (let gpu = 0; gpu < server.gpus.length; gpu++) {
    const id = server.gpus[gpu]!;
    const place = placeOf(devices.get(id)!, hostsAbove(server, id));
    if (place === undefined) return undefined;
    masks.set(place, (masks.get(place) ?? 0) | (1 << gpu));
  }
  return [...masks.values()];
}
