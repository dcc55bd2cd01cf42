import type { FreeIndex } from '../state/free-index.js';
import { isCheaper, type PlanCost } from './gang-plan.js';

/** How many wholly free servers of a rack a gang takes. */
export interface RackAllotment {
  readonly rack: number;
  readonly servers: number;
}

/** A rack with wholly free servers. */
interface Rack {
  readonly at: number;
  readonly room: number;
  /** Whether taking its room leaves no GPU in it: then its links are shared with nobody. */
  readonly pure: boolean;
}

/** The racks of the narrowest domain around them, in the order in which they are taken, and what was taken. */
interface Block {
  readonly at: number;
  readonly room: number;
  /** Room in racks that would be used up. */
  readonly pureRoom: number;
  readonly racks: readonly Rack[];
  /** The racks before this one are taken. */
  next: number;
  left: number;
}

/**
 * Spreads a gang of whole servers of one kind over the racks of a domain, where that is too large for the plan of least
 * load: in three orders, of which the cheapest is kept. Racks that are used up load no link of others and come first,
 * then those with most room.
 *
 * - By the load that a server more adds: rack after rack where the gang takes most already.
 * - The same, from the block with most room on.
 * - Block after block, those with most room first, the last one the one that holds what is left with least room.
 *
 * @param level - of the domain, 1 or more
 * @complexity O(racks × (log racks + blocks))
 */
export function rackAllotments(
  index: FreeIndex,
  kind: number,
  domain: number,
  level: number,
  servers: number,
): RackAllotment[] {
  const racks = new RackOrders(index, kind, domain, level, servers);
  let best = racks.spread((left) => racks.mostSaved(left));
  // In one block there is one order.
  if (racks.blockCount === 1) return best;
  const roomiest = racks.roomiest();
  let cost = racks.costOf(best);
  const offer = (allotments: RackAllotment[]): void => {
    const other = racks.costOf(allotments);
    if (!isCheaper(other, cost)) return;
    best = allotments;
    cost = other;
  };
  let isFirst = true;
  offer(
    racks.spread((left) => {
      const block = isFirst ? roomiest : racks.mostSaved(left);
      isFirst = false;
      return block;
    }),
  );
  let open: Block | undefined;
  offer(
    racks.spread((left) => {
      if (open === undefined || open.left === 0) open = racks.blockFor(left);
      return open;
    }),
  );
  return best;
}

class RackOrders {
  readonly #index: FreeIndex;
  readonly #kind: number;
  readonly #level: number;
  readonly #servers: number;
  readonly #blocks: Block[] = [];
  /** Domain around racks, below the level of the gang → servers taken. */
  readonly #held = new Map<number, number>();

  constructor(index: FreeIndex, kind: number, domain: number, level: number, servers: number) {
    this.#index = index;
    this.#kind = kind;
    this.#level = level;
    this.#servers = servers;
    const { fabric } = index.tables;
    let from = domain;
    let to = domain + 1;
    for (let at = level; at > 1; at--) {
      to = fabric.childEnd[to - 1]!;
      from = fabric.childStart[from]!;
    }
    for (let block = from; block < to; block++) this.#addBlock(block);
  }

  #addBlock(block: number): void {
    const { tables, whole, kinds } = this.#index;
    const { fabric } = tables;
    const { gpuCount } = kinds[this.#kind]!.classes;
    const racks: Rack[] = [];
    let room = 0;
    let pureRoom = 0;
    for (let at = fabric.childStart[block]!; at < fabric.childEnd[block]!; at++) {
      const cell = fabric.cellAt[at * fabric.kindCount + this.#kind]!;
      const free = cell === -1 ? 0 : whole.countOf(cell);
      if (free === 0) continue;
      const pure = free * gpuCount === fabric.domainGpus[at]!;
      racks.push({ at, room: free, pure });
      room += free;
      if (pure) pureRoom += free;
    }
    if (room === 0) return;
    racks.sort((a, b) => Number(b.pure) - Number(a.pure) || b.room - a.room || a.at - b.at);
    this.#blocks.push({ at: block, room, pureRoom, racks, next: 0, left: room });
  }

  get blockCount(): number {
    return this.#blocks.length;
  }

  roomiest(): Block {
    return this.#blocks.reduce((best, block) => (block.room > best.room ? block : best));
  }

  /** The block with most room; one with least that holds all that is left, if any does. */
  blockFor(left: number): Block {
    let best: Block | undefined;
    for (const block of this.#blocks) {
      if (block.left === 0) continue;
      if (best === undefined) best = block;
      else if (best.left >= left) {
        if (block.left >= left && block.left < best.left) best = block;
      } else if (block.left > best.left) best = block;
    }
    return best!;
  }

  /** The block whose next rack saves most load for each server, compared with servers that are alone. */
  mostSaved(left: number): Block {
    let best: Block | undefined;
    let most = -1;
    for (const block of this.#blocks) {
      if (block.left === 0) continue;
      const { room, pure } = block.racks[block.next]!;
      const taken = Math.min(room, left);
      let saved = pure && taken === room ? this.#servers : taken;
      for (let around = block.at, at = 1; at < this.#level; at++) {
        saved += 2 * (this.#held.get(around) ?? 0) + taken;
        around = this.#index.tables.fabric.domainParent[around]!;
      }
      if (saved < most || (saved === most && block.pureRoom <= best!.pureRoom)) continue;
      best = block;
      most = saved;
    }
    return best!;
  }

  /** Takes rack after rack of the blocks that are chosen. */
  spread(choose: (left: number) => Block): RackAllotment[] {
    this.#held.clear();
    for (const block of this.#blocks) {
      block.next = 0;
      block.left = block.room;
    }
    const allotments: RackAllotment[] = [];
    for (let left = this.#servers; left > 0; ) {
      const block = choose(left);
      let rack = block.racks[block.next++]!;
      if (rack.room > left) {
        // The last ones: where they fit best.
        for (let i = block.next; i < block.racks.length; i++) {
          const other = block.racks[i]!;
          if (other.room >= left && other.room < rack.room) rack = other;
        }
      }
      const servers = Math.min(rack.room, left);
      allotments.push({ rack: rack.at, servers });
      block.left -= servers;
      left -= servers;
      for (let around = block.at, at = 1; at < this.#level; at++) {
        this.#held.set(around, (this.#held.get(around) ?? 0) + servers);
        around = this.#index.tables.fabric.domainParent[around]!;
      }
    }
    return allotments;
  }

  costOf(allotments: readonly RackAllotment[]): PlanCost {
    return rackCost(this.#index, this.#kind, this.#level, this.#servers, allotments);
  }
}

/**
 * Load and damage of taking whole servers of one kind from racks, as `costOf` of the plan would say, but for what is the
 * same for all plans of the level. O(racks × tiers).
 */
export function rackCost(
  index: FreeIndex,
  kind: number,
  level: number,
  servers: number,
  allotments: readonly RackAllotment[],
): PlanCost {
  const { tables, whole, kinds } = index;
  const { fabric } = tables;
  const { gpuCount } = kinds[kind]!.classes;
  const all = gpuCount * servers;
  let load = 0;
  let damage = 0;
  let held = new Map(allotments.map((allotment) => [allotment.rack, allotment.servers]));
  for (let at = 0; at < fabric.levelCount; at++) {
    const around = new Map<number, number>();
    for (const [domain, count] of held) {
      const gpus = count * gpuCount;
      if (at < level && gpus < fabric.domainGpus[domain]!) load += 2 * gpus * (all - gpus);
      damage += whole.damageInCell(fabric.cellAt[domain * fabric.kindCount + kind]!, count);
      const parent = fabric.domainParent[domain]!;
      if (parent !== -1) around.set(parent, (around.get(parent) ?? 0) + count);
    }
    held = around;
  }
  return { unitLoad: load, damageGpus: damage, servers };
}
