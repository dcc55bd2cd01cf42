import type { FreeIndex } from '../state/free-index.js';
import { SERVER } from './gang.js';
import type { GangCapacity } from './gang-capacity.js';
import type { GangTask, Piece } from './gang-task.js';
import { type RackAllotment, rackAllotments } from './rack-orders.js';
import { racksOf, share } from './spread.js';

/** How many wholly free servers each rack of a domain gives to a gang of whole servers of one kind. */
export function wholeRacks(
  index: FreeIndex,
  capacity: GangCapacity,
  task: GangTask,
  domain: number,
): RackAllotment[] {
  const { gang, level, pods } = task;
  if (level > 0 && gang.slicePods === 1) return rackAllotments(index, task, domain);
  return racksOf(capacity, domain, level, pods).map(({ at, full }) => ({ rack: at, servers: full }));
}

/** Pieces of a gang in a domain where bandwidth rules out no way to spread it; the parts that take most first. */
export function greedyPieces(
  index: FreeIndex,
  capacity: GangCapacity,
  task: GangTask,
  domain: number,
): Piece[] {
  const { fabric } = index.tables;
  const { gang, level, pods, units, wholeKind, target, isWhole } = task;
  const isByRacks = wholeKind !== -1 && level > 0 && gang.slicePods === 1 && target.islandLevel < 0;
  const racks = isByRacks
    ? wholeRacks(index, capacity, task, domain).map(({ rack, servers }) => ({
        at: rack,
        full: servers,
        rest: 0,
      }))
    : racksOf(capacity, domain, level, pods);
  const unit = units.unit(SERVER);
  const pieces: Piece[] = [];
  for (const { at, full, rest } of racks) {
    if (!isWhole || unit > 1 || rest > 0) {
      share(capacity.partsOf(at, 0, SERVER), full, rest, (server, some, over) => {
        pieces.push({ server, pods: some * unit + over });
      });
      continue;
    }
    let left = full;
    for (const kind of index.kindsFor(gang.need)) {
      const cell = fabric.cellAt[at * fabric.kindCount + kind]!;
      if (cell === -1) continue;
      const servers: number[] = [];
      left -= index.addWholeServers(cell, left, servers);
      for (const server of servers) pieces.push({ server, pods: 1 });
    }
  }
  return pieces;
}

/**
 * Whether the greedy plan in a domain has the least load there is, so that no other needs to be tried. So it is for
 * whole servers of one kind in one rack, and in a domain of equal racks that hold nothing else: load falls the more
 * unequally the gang is spread over racks, and filling the fullest rack first spreads it most unequally.
 */
export function isGreedyLeast(index: FreeIndex, task: GangTask, domain: number): boolean {
  const { gang, level, wholeKind, target } = task;
  if (level > 1 || gang.slicePods > 1 || wholeKind === -1) return false;
  if (level === 0) return true;
  // Inside an accelerator domain no plan loads anything: damage decides.
  if (level <= target.islandLevel) return false;
  const { cellAt, cellEnd, cellStart, childEnd, childStart, domainGpus, kindCount } = index.tables.fabric;
  const { gpuCount } = index.kinds[wholeKind]!.classes;
  const first = childStart[domain]!;
  for (let child = first; child < childEnd[domain]!; child++) {
    const cell = cellAt[child * kindCount + wholeKind]!;
    if (cell === -1) return false;
    const gpus = gpuCount * (cellEnd[cell]! - cellStart[cell]!);
    if (gpus !== domainGpus[child] || gpus !== domainGpus[first]) return false;
  }
  return true;
}
