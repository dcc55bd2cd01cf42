import { refuseTooMany, SOCKETS_MAX } from '../server/limits.js';
import { type HwlocObject, objectsOf } from './objects.js';

/** Most objects with NUMA nodes. */
const HOMES_MAX = 256;

/** NUMA nodes with the same CPUs: several kinds of memory in one place. */
export interface HwlocHome {
  /** The object that the nodes hang on. */
  readonly object: HwlocObject;
  /** Number of the first node that is no memory of a GPU. */
  readonly numa: number | undefined;
  /** Positions in {@link HwlocPlaces.packages}; several where one node spans them. */
  readonly packages: readonly number[];
  /** Bus ids of GPUs whose memory is a NUMA node here: they are coherent with the processor. */
  readonly coherentGpus: readonly string[];
}

/** Where a device hangs: on a home, on a package with several homes, or (both absent) unknown. */
export interface HwlocPlace {
  readonly home?: number;
  readonly package?: number;
}

/** Processors and memory of a machine. */
export interface HwlocPlaces {
  /** In document order; the machine itself where the file has none. */
  readonly packages: readonly HwlocObject[];
  readonly homes: readonly HwlocHome[];
  /** The place of what hangs on an object (a package, a group, a cache, the machine, …). */
  placeOf(object: HwlocObject): HwlocPlace;
}

/**
 * Packages, and NUMA nodes by the object that they hang on.
 *
 * In the file an I/O device hangs on the object whose CPUs are near. Its home is the first of these that exists: the NUMA
 * nodes of this object; the only home below it; the nearest home above it. If there are several homes below, the device
 * hangs on their package; if they are in several packages, it is near none of them.
 *
 * @param machine - the machine
 * @returns packages, homes and a lookup
 * @throws CorralError `limit-exceeded` beyond {@link SOCKETS_MAX} packages or {@link HOMES_MAX} homes
 * @complexity O(objects); the lookup O(objects below)
 */
export function placesOf(machine: HwlocObject): HwlocPlaces {
  const all = objectsOf(machine);
  const found = all.filter(({ type }) => type === 'Package');
  const packages = found.length === 0 ? [machine] : found;
  const packageAt = new Map(packages.map((object, i) => [object, i]));
  const homeAt = new Map<HwlocObject, number>();
  const homes: HwlocHome[] = [];
  for (const object of all) {
    if (object.type === 'MemCache') continue;
    const nodes = nodesOn(object);
    const own = nodes.filter(({ subtype }) => subtype !== 'GPUMemory');
    if (own.length === 0) continue;
    homeAt.set(object, homes.length);
    homes.push({
      object,
      numa: own[0]!.osIndex,
      packages: packagesAround(object, packageAt),
      coherentGpus: nodes.flatMap(({ subtype, infos }) =>
        subtype === 'GPUMemory' && infos.has('PCIBusID') ? [infos.get('PCIBusID')!.toLowerCase()] : [],
      ),
    });
  }
  refuseTooMany('packages', packages.length, SOCKETS_MAX);
  refuseTooMany('groups of NUMA nodes', homes.length, HOMES_MAX);

  // Results are kept: many host bridges hang on the machine, where a search visits all objects.
  const known = new Map<HwlocObject, HwlocPlace>();
  const placeOf = (object: HwlocObject): HwlocPlace => {
    const place = known.get(object) ?? findPlace(object);
    known.set(object, place);
    return place;
  };
  const findPlace = (object: HwlocObject): HwlocPlace => {
    const below = objectsOf(object).flatMap((inner) => homeAt.get(inner) ?? []);
    if (homeAt.has(object) || below.length === 1) return { home: homeAt.get(object) ?? below[0]! };
    if (below.length > 1) {
      const around = packagesAround(object, packageAt);
      return around.length === 1 ? { package: around[0]! } : {};
    }
    for (let at = object.parent; at !== undefined; at = at.parent) {
      if (homeAt.has(at)) return { home: homeAt.get(at)! };
    }
    const around = packagesAround(object, packageAt);
    return around.length === 1 ? { package: around[0]! } : {};
  };
  return { packages, homes, placeOf };
}

/** NUMA nodes that hang on an object, directly or behind a memory-side cache. */
function nodesOn(object: HwlocObject): HwlocObject[] {
  return object.children.flatMap((child) => {
    if (child.type === 'NUMANode') return [child];
    return child.type === 'MemCache' ? nodesOn(child) : [];
  });
}

/** The package around an object, or the packages inside it. */
function packagesAround(object: HwlocObject, packageAt: ReadonlyMap<HwlocObject, number>): number[] {
  for (let at: HwlocObject | undefined = object; at !== undefined; at = at.parent) {
    const inside = packageAt.get(at);
    if (inside !== undefined) return [inside];
  }
  return objectsOf(object).flatMap((inner) => packageAt.get(inner) ?? []);
}
