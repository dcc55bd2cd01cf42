import type { ClusterTables } from '../../compile/cluster-tables.js';
import type { Allotment } from '../pods/allotment.js';
import { type PlacementState, podsThatFit } from '../state/state.js';
import { type Gang, SERVER } from './gang.js';
import type { GangCapacity } from './gang-capacity.js';

/** A part of a domain: full slices it takes, and pods of one more that is smaller. */
export interface Part {
  readonly at: number;
  readonly full: number;
  readonly rest: number;
}

/** Most room first; what is left goes to the part with least room that holds it all. */
export function share(
  parts: Part[],
  full: number,
  rest: number,
  give: (at: number, full: number, rest: number) => void,
): void {
  const holds = (part: Part, slices: number, over: number): boolean =>
    slices < part.full || (slices === part.full && over <= part.rest);
  parts.sort((a, b) => b.full - a.full || b.rest - a.rest || a.at - b.at);
  let slices = full;
  let over = rest;
  for (let i = 0; i < parts.length && (slices > 0 || over > 0); i++) {
    const part = parts[i]!;
    if (holds(part, slices, over)) {
      let fitting = i;
      while (fitting + 1 < parts.length && holds(parts[fitting + 1]!, slices, over)) fitting++;
      // Of parts with equal room the first.
      while (
        fitting > i &&
        parts[fitting - 1]!.full === parts[fitting]!.full &&
        parts[fitting - 1]!.rest === parts[fitting]!.rest
      )
        fitting--;
      give(parts[fitting]!.at, slices, over);
      return;
    }
    if (part.full === 0 && (over === 0 || over > part.rest)) continue;
    const some = Math.min(part.full, slices);
    // The smaller slice goes along where it fits beside the full ones.
    const along = over > 0 && (some < part.full || over <= part.rest) ? over : 0;
    give(part.at, some, along);
    slices -= some;
    over -= along;
  }
}

/** The parts of a domain that the slices of a gang go to, in order, with their servers and pods. */
export function allotments(
  tables: ClusterTables,
  state: PlacementState,
  capacity: GangCapacity,
  gang: Gang,
  place: { readonly domain: number; readonly level: number; readonly pods: number },
): Allotment[] {
  const { domain, level, pods } = place;
  const { fabric } = tables;
  if (gang.slicePods === 1 || gang.sliceLevel >= level) {
    return [{ from: fabric.serverStart[domain]!, to: fabric.serverEnd[domain]!, pods }];
  }
  const { slicePods, sliceLevel } = gang;
  const parts: Part[] = [];
  if (sliceLevel === SERVER) {
    for (let s = fabric.serverStart[domain]!; s < fabric.serverEnd[domain]!; s++) {
      const fit = podsThatFit(tables, state, gang.need, s, gang.pods);
      if (fit > 0) parts.push({ at: s, full: Math.floor(fit / slicePods), rest: fit % slicePods });
    }
  } else {
    let from = domain;
    let to = domain + 1;
    for (let at = level; at > sliceLevel; at--) {
      to = fabric.childEnd[to - 1]!;
      from = fabric.childStart[from]!;
    }
    for (let d = from; d < to; d++) {
      if (capacity.full[d]! > 0 || capacity.rest[d]! > 0) {
        parts.push({ at: d, full: capacity.full[d]!, rest: capacity.rest[d]! });
      }
    }
  }
  const slices = Math.floor(pods / slicePods);
  const allotments: Allotment[] = [];
  let last: Allotment | undefined;
  share(parts, slices, pods - slices * slicePods, (at, some, over) => {
    const isServer = sliceLevel === SERVER;
    const allotment: Allotment = {
      from: isServer ? at : fabric.serverStart[at]!,
      to: isServer ? at + 1 : fabric.serverEnd[at]!,
      pods: some * slicePods + over,
    };
    if (over > 0) last = allotment;
    else allotments.push(allotment);
  });
  if (last !== undefined) allotments.push(last);
  return allotments;
}
