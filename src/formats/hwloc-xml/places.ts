import { refuseTooMany, SOCKETS_MAX } from '../server/limits.js';
import { type HwlocObject, objectsOf } from './objects.js';

/** Most objects with NUMA nodes. */
const HOMES_MAX = 256;

/** NUMA nodes with the same CPUs: memory of several kinds beside one another is one place. */
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

/** Where a device hangs: on a home, on a package with several homes, or (both absent) nobody knows. */
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
 * An I/O device hangs on the object whose CPUs are near. If that object has NUMA nodes of its own, they are the
 * home; if objects below have, and it is one home, that one, else the package; else the nearest object above
 * that has some. A device on a machine of several packages with nodes of their own is near none of them.
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

  // Many host bridges hang on the machine, whose objects are all of them.
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

/** NUMA nodes that hang on an object, also behind a memory-side cache. */
function nodesOn(object: HwlocObject): HwlocObject[] {
  return object.children.flatMap((child) => {
    if (child.type === 'NUMANode') return [child];
    return child.type === 'MemCache' ? nodesOn(child) : [];
  });
}

/** The package that an object is in, or those that are in it. */
function packagesAround(object: HwlocObject, packageAt: ReadonlyMap<HwlocObject, number>): number[] {
  for (let at: HwlocObject | undefined = object; at !== undefined; at = at.parent) {
    const inside = packageAt.get(at);
    if (inside !== undefined) return [inside];
  }
  return objectsOf(object).flatMap((inner) => packageAt.get(inner) ?? []);
}
