import { bitCount } from '../masks.js';
import { remembered } from '../remembered.js';
import { devicesOf } from './device-at.js';
import { hostsAbove } from './relation.js';
import type { Device } from './server-document.js';
import type { ServerTopology } from './types.js';

/** A kind of place inside a server that can be required for all GPUs of a pod: one CPU socket, or one NUMA node. */
export type GpuPlace = 'socket' | 'numa';

/** All kinds of places; no tier of a cluster may have such a name. */
export const GPU_PLACES: readonly GpuPlace[] = ['socket', 'numa'];

/** Whether a level is a kind of place inside a server. */
export function isPlace(level: string): level is GpuPlace {
  return level === 'socket' || level === 'numa';
}

/** The name of a kind of place in a sentence. */
export function placeName(place: GpuPlace): string {
  return place === 'numa' ? 'NUMA node' : 'socket';
}

/** The GPUs of a server by place. */
export interface GpuPlaces {
  /**
   * Socket → bit mask of its GPU ordinals, in the order of the lowest ordinal; undefined = the document does not say.
   */
  readonly socket: readonly number[] | undefined;
  /** The same for NUMA nodes; those without GPUs are left out. */
  readonly numa: readonly number[] | undefined;
}

const cache = new WeakMap<ServerTopology, GpuPlaces>();

/**
 * The GPUs of a server by CPU socket and by NUMA node.
 *
 * The place of a GPU is its own field `socket` or `numa`; without it the device of that kind above it: the nearest
 * NUMA node or socket through PCIe switches, and the socket that this NUMA node names or is linked to. If the place
 * of one GPU is unknown, that kind of place is unknown for the whole server.
 *
 * @param server - a server type
 * @returns bit masks by place, disjoint, together all GPUs; kept with the server
 * @complexity O(devices + links) once
 * @example
 * gpuPlaces(topology('dgx-h100')).socket // [0b00001111, 0b11110000]
 */
export function gpuPlaces(server: ServerTopology): GpuPlaces {
  return remembered(cache, server, () => ({
    socket: masksBy(server, socketOf),
    numa: masksBy(server, numaOf),
  }));
}

/**
 * The groups of GPUs that share a place of each of several kinds.
 *
 * @param kinds - at least one
 * @returns bit masks as in {@link gpuPlaces}; undefined if one of the kinds is unknown
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
 * @returns number of GPUs → fewest places, up to all GPUs
 */
export function fewestPlaces(places: readonly number[]): Uint8Array {
  const sizes = places.map(bitCount).sort((a, b) => b - a);
  const fewest: number[] = [0];
  sizes.forEach((size, i) => {
    for (let gpu = 0; gpu < size; gpu++) fewest.push(i + 1);
  });
  return Uint8Array.from(fewest);
}

/** The number of places with at least one GPU of a set. */
export function placesTouched(places: readonly number[], set: number): number {
  let touched = 0;
  for (let i = 0; i < places.length; i++) if ((places[i]! & set) !== 0) touched++;
  return touched;
}

type Hosts = ReturnType<typeof hostsAbove>;

/**
 * Returns the socket or NUMA node of a GPU: its number or name in the document, else its device; undefined = unknown.
 */
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
