import type { FreeIndex } from '../state/free-index.js';
import { domainsInside } from './gang-capacity.js';
import { isCheaper, type PlanCost } from './gang-plan.js';
import type { GangTask } from './gang-task.js';

/** Of a gang of whole servers: their kind, the level of its domain, and its pods. */
type WholeTask = Pick<GangTask, 'wholeKind' | 'level' | 'pods'>;

/** How many wholly free servers of a rack a gang takes. */
export interface RackAllotment {
  readonly rack: number;
  readonly servers: number;
}

/** A rack with wholly free servers. */
interface Rack {
  readonly at: number;
  /** Its wholly free servers. */
  readonly capacity: number;
  /** True where they are the whole rack: a gang that takes them all shares the links of the rack with nobody. */
  readonly isEmpty: boolean;
}

/** A domain of the level above racks, its racks in the order in which they are taken, and how far that went. */
interface Block {
  readonly at: number;
  /** Wholly free servers. */
  readonly capacity: number;
  /** Wholly free servers of racks that are empty. */
  readonly emptyCapacity: number;
  readonly racks: readonly Rack[];
  /** Position of the first rack that is not taken. */
  next: number;
  /** Wholly free servers that are not taken. */
  left: number;
}

/**
 * Spreads a gang of whole servers of one kind over the racks of a domain, where that is too large for the plan of least
 * load. Three orders of racks are tried, and the cheapest is kept. In each, racks that the gang uses up come first,
 * because there it shares links with nobody; then the racks with most free servers.
 *
 * - The next rack is the one in the block where a further server adds least load: where the gang takes most already.
 * - The same, but the first block is the one with most free servers.
 * - Block after block, those with most free servers first; the last block is the one with the fewest that holds what is left.
 *
 * @param domain - of the task's level, which is 1 or more
 * @complexity O(racks × (log racks + blocks))
 */
export function rackAllotments(index: FreeIndex, task: WholeTask, domain: number): RackAllotment[] {
  const racks = new RackOrders(index, task, domain);
  let best = racks.spread((left) => racks.mostSaved(left));
  // In one block there is one order.
  if (racks.blockCount === 1) return best;
  const largest = racks.largest();
  let cost = rackCost(index, task, best);
  const offer = (allotments: RackAllotment[]): void => {
    const other = rackCost(index, task, allotments);
    if (!isCheaper(other, cost)) return;
    best = allotments;
    cost = other;
  };
  let isFirst = true;
  offer(
    racks.spread((left) => {
      const block = isFirst ? largest : racks.mostSaved(left);
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
  readonly #task: WholeTask;
  readonly #blocks: Block[] = [];
  /** Domain around racks, below the level of the gang → servers taken. */
  readonly #held = new Map<number, number>();

  constructor(index: FreeIndex, task: WholeTask, domain: number) {
    this.#index = index;
    this.#task = task;
    const [from, to] = domainsInside(index.tables.fabric, domain, task.level, 1);
    for (let block = from; block < to; block++) this.#addBlock(block);
  }

  #addBlock(block: number): void {
    const { tables, whole, kinds } = this.#index;
    const { fabric } = tables;
    const { wholeKind } = this.#task;
    const { gpuCount } = kinds[wholeKind]!.classes;
    const racks: Rack[] = [];
    let capacity = 0;
    let emptyCapacity = 0;
    for (let at = fabric.childStart[block]!; at < fabric.childEnd[block]!; at++) {
      const cell = fabric.cellAt[at * fabric.kindCount + wholeKind]!;
      const free = cell === -1 ? 0 : whole.countOf(cell);
      if (free === 0) continue;
      const isEmpty = free * gpuCount === fabric.domainGpus[at]!;
      racks.push({ at, capacity: free, isEmpty });
      capacity += free;
      if (isEmpty) emptyCapacity += free;
    }
    if (capacity === 0) return;
    racks.sort((a, b) => Number(b.isEmpty) - Number(a.isEmpty) || b.capacity - a.capacity || a.at - b.at);
    this.#blocks.push({ at: block, capacity, emptyCapacity, racks, next: 0, left: capacity });
  }

  get blockCount(): number {
    return this.#blocks.length;
  }

  /** The block with most free servers; of equals the first. */
  largest(): Block {
    return this.#blocks.reduce((best, block) => (block.capacity > best.capacity ? block : best));
  }

  /** The block with the fewest free servers that holds all that is left; if none does, the one with most. */
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

  /** The block whose next rack saves most load per server, compared with servers that each are in a domain of their own. */
  mostSaved(left: number): Block {
    let best: Block | undefined;
    let most = -1;
    for (const block of this.#blocks) {
      if (block.left === 0) continue;
      const { capacity, isEmpty } = block.racks[block.next]!;
      const taken = Math.min(capacity, left);
      let saved = isEmpty && taken === capacity ? this.#task.pods : taken;
      for (let around = block.at, at = 1; at < this.#task.level; at++) {
        saved += 2 * (this.#held.get(around) ?? 0) + taken;
        around = this.#index.tables.fabric.domainParent[around]!;
      }
      if (saved < most || (saved === most && block.emptyCapacity <= best!.emptyCapacity)) continue;
      best = block;
      most = saved;
    }
    return best!;
  }

  /** Takes the next rack of a chosen block, until the gang has all its servers. */
  spread(choose: (left: number) => Block): RackAllotment[] {
    this.#held.clear();
    for (const block of this.#blocks) {
      block.next = 0;
      block.left = block.capacity;
    }
    const allotments: RackAllotment[] = [];
    for (let left = this.#task.pods; left > 0; ) {
      const block = choose(left);
      let rack = block.racks[block.next++]!;
      if (rack.capacity > left) {
        // The last servers come from the rack with the fewest free ones that holds them.
        for (let i = block.next; i < block.racks.length; i++) {
          const other = block.racks[i]!;
          if (other.capacity >= left && other.capacity < rack.capacity) rack = other;
        }
      }
      const servers = Math.min(rack.capacity, left);
      allotments.push({ rack: rack.at, servers });
      block.left -= servers;
      left -= servers;
      for (let around = block.at, at = 1; at < this.#task.level; at++) {
        this.#held.set(around, (this.#held.get(around) ?? 0) + servers);
        around = this.#index.tables.fabric.domainParent[around]!;
      }
    }
    return allotments;
  }
}

/**
 * Load and damage of taking whole servers of one kind from racks: `costOf` of the plan without the parts that are equal in
 * all plans of the level. O(racks × tiers).
 */
export function rackCost(
  index: FreeIndex,
  { wholeKind, level, pods }: WholeTask,
  allotments: readonly RackAllotment[],
): PlanCost {
  const { tables, whole, kinds } = index;
  const { fabric } = tables;
  const { gpuCount } = kinds[wholeKind]!.classes;
  const all = gpuCount * pods;
  let load = 0;
  let damage = 0;
  let held = new Map(allotments.map((allotment) => [allotment.rack, allotment.servers]));
  for (let at = 0; at < fabric.levelCount; at++) {
    const around = new Map<number, number>();
    for (const [domain, count] of held) {
      const gpus = count * gpuCount;
      if (at < level && gpus < fabric.domainGpus[domain]!) load += 2 * gpus * (all - gpus);
      damage += whole.damageInCell(fabric.cellAt[domain * fabric.kindCount + wholeKind]!, count);
      const parent = fabric.domainParent[domain]!;
      if (parent !== -1) around.set(parent, (around.get(parent) ?? 0) + count);
    }
    held = around;
  }
  return { unitLoad: load, damageGpus: damage, servers: pods };
}
