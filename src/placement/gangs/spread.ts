import type { Allotment } from '../pods/allotment.js';
import { SERVER } from './gang.js';
import type { GangCapacity } from './gang-capacity.js';
import { holdsUnits, type PartCapacity } from './slice-units.js';

/**
 * Spreads units and a smaller slice over parts: the parts that take most first; what is left goes to the part that takes
 * least and still holds all of it. Over parts of equal size on one level this loads the links between them least.
 *
 * @param parts - parts that together hold all of it; sorted by this function
 * @param rest - pods of the smaller slice; they stay together
 * @param give - called once for each part that gets any
 */
export function share(
  parts: PartCapacity[],
  full: number,
  rest: number,
  give: (at: number, full: number, rest: number) => void,
): void {
  let left = full;
  let restLeft = rest;
  parts.sort((a, b) => b.full - a.full || b.rest - a.rest || a.at - b.at);
  for (let i = 0; i < parts.length && (left > 0 || restLeft > 0); i++) {
    const part = parts[i]!;
    if (holdsUnits(part.full, part.rest, left, restLeft)) {
      let fitting = i;
      for (let next = i + 1; next < parts.length; next++, fitting++) {
        if (!holdsUnits(parts[next]!.full, parts[next]!.rest, left, restLeft)) break;
      }
      // Of parts that take equally much the first.
      const { full: most, rest: mostRest } = parts[fitting]!;
      while (fitting > i && parts[fitting - 1]!.full === most && parts[fitting - 1]!.rest === mostRest)
        fitting--;
      give(parts[fitting]!.at, left, restLeft);
      return;
    }
    if (part.full === 0 && (restLeft === 0 || restLeft > part.rest)) continue;
    const some = Math.min(part.full, left);
    // The smaller slice goes along where it fits beside the full ones.
    const along = restLeft > 0 && (some < part.full || restLeft <= part.rest) ? restLeft : 0;
    give(part.at, some, along);
    left -= some;
    restLeft -= along;
  }
}

/**
 * Spreads a gang over the racks (domains of the narrowest level) of a domain that holds it, level by level by
 * {@link share}.
 *
 * @param capacity - filled for the gang up to `level`
 * @returns racks with the units and pods of the smaller slice that each gets, in units of servers
 */
export function racksOf(capacity: GangCapacity, domain: number, level: number, pods: number): PartCapacity[] {
  const racks: PartCapacity[] = [];
  const unit = capacity.units.unit(level);
  addRacks(racks, capacity, { at: domain, full: Math.floor(pods / unit), rest: pods % unit }, level);
  return racks;
}

/** Spreads the units and the smaller slice of a domain over its racks. */
function addRacks(racks: PartCapacity[], capacity: GangCapacity, part: PartCapacity, level: number): void {
  const { slicePods, sliceLevel } = capacity.gang;
  const { at } = part;
  const full = level === sliceLevel ? part.full * slicePods + part.rest : part.full;
  const rest = level === sliceLevel ? 0 : part.rest;
  if (level === 0) {
    racks.push({ at, full, rest });
    return;
  }
  share(capacity.partsOf(at, level, level - 1), full, rest, (below, some, someRest) =>
    addRacks(racks, capacity, { at: below, full: some, rest: someRest }, level - 1),
  );
}

/**
 * The servers of a domain that the slices of a gang go to, slice by slice by {@link share}, the smaller slice last.
 * A gang without slices below the level of the domain has one allotment, the whole domain.
 *
 * @param capacity - filled for the gang up to `level`
 */
export function allotments(capacity: GangCapacity, domain: number, level: number, pods: number): Allotment[] {
  const { serverStart, serverEnd } = capacity.tables.fabric;
  const { slicePods, sliceLevel } = capacity.gang;
  if (slicePods === 1 || sliceLevel >= level) {
    return [{ from: serverStart[domain]!, to: serverEnd[domain]!, pods }];
  }
  const full: Allotment[] = [];
  const smaller: Allotment[] = [];
  const parts = capacity.partsOf(domain, level, sliceLevel);
  share(parts, Math.floor(pods / slicePods), pods % slicePods, (at, some, rest) => {
    const isServer = sliceLevel === SERVER;
    (rest > 0 ? smaller : full).push({
      from: isServer ? at : serverStart[at]!,
      to: isServer ? at + 1 : serverEnd[at]!,
      pods: some * slicePods + rest,
    });
  });
  return [...full, ...smaller];
}
