import { lossGpus } from '../../compile/gpu-set-tables.js';
import { atLeast, damageKey } from '../../figures.js';
import { GPUS_PER_SERVER_MAX } from '../../units.js';
import type { FreeIndex } from '../state/free-index.js';
import { unitLoad } from '../state/gpu-set-choices.js';
import { podsThatFit, popcount16 } from '../state/state.js';
import { hasCount } from './count-set.js';
import { SERVER } from './gang.js';
import type { GangCapacity } from './gang-capacity.js';
import type { GangPlan } from './gang-plan.js';
import type { GangTarget } from './gang-target.js';
import type { GangTask, Piece } from './gang-task.js';
import { ReachableCounts } from './reachable-counts.js';
import type { Rest, SliceUnits } from './slice-units.js';

/**
 * What a domain or server can take, in units of its level, and what that costs: parallel lists, one entry per choice. The
 * first choice is nothing.
 */
interface Choices {
  /** Units. */
  readonly count: number[];
  /** 1 where the smaller slice goes along. */
  readonly rest: Rest[];
  readonly load: number[];
  readonly damage: number[];
  readonly servers: number[];
}

/** A domain or server with its choices, and of which choices of its own parts each is the sum. */
interface LoadPart {
  readonly at: number;
  readonly level: number;
  readonly choices: Choices;
  readonly parts: readonly LoadPart[];
  /** Part → state of the sum of the parts up to it → the choice of that part in the best sum. */
  readonly taken: readonly Int16Array[];
  /** Counts of a sum. A sum of `count` units without the smaller slice is state `count`, with it `counts + count`. */
  readonly counts: number;
  /** Choices, as 2 × count + rest, for which an accelerator domain needs the servers that bring most to their NICs. */
  readonly byNics?: ReadonlySet<number>;
}

/**
 * The dynamic programme for the plan of least load in one domain: the least cost of every number of pods is added up the
 * tree, and the plan is read down the tree. {@link LeastLoad.stepsIn} says beforehand how many additions that takes.
 *
 * Load is a sum over servers and domains of what each holds, so it is exactly the least. Of equal loads the least damage
 * is kept. Damage on servers is such a sum too. Damage in tiers is one where servers of a single kind are taken whole;
 * otherwise it depends on how many wholly free servers are taken in all. There every such server counts with one rate:
 * at first the damage of the first one, after {@link LeastLoad.refine} the average damage in the last plan.
 */
export class LeastLoad {
  readonly #index: FreeIndex;
  readonly #task: GangTask;
  readonly #target: GangTarget;
  readonly #units: SliceUnits;
  readonly #capacity: GangCapacity;
  readonly #reachable: ReachableCounts;
  /** The only kind of servers, where all are taken whole and counting them is sufficient; else -1. */
  readonly #wholeKind: number;
  /** False inside an accelerator domain, where gangs share no link. */
  #sharesLinks = true;
  /** Group, free mask and pods that fit, as one number → choices of such a server. */
  readonly #known = new Map<number, Choices>();
  /** Group → damage in tiers by one wholly free server. */
  #rates = new Map<number, number>();

  /**
   * @param capacity - filled for the gang
   */
  constructor(index: FreeIndex, capacity: GangCapacity, task: GangTask) {
    this.#index = index;
    this.#task = task;
    this.#target = task.target;
    this.#units = task.units;
    this.#capacity = capacity;
    this.#reachable = new ReachableCounts(index, task);
    // An island chooses servers by their NICs, and a slice on one server is no matter of whole servers.
    const isCountedWhole = this.#target.islandLevel < 0 && this.#units.unit(SERVER) === 1;
    this.#wholeKind = isCountedWhole ? task.wholeKind : -1;
  }

  /** An upper bound of the additions that a plan in a domain takes. O(domains inside above racks). */
  stepsIn(domain: number, level: number): number {
    const { fabric } = this.#index.tables;
    const units = this.#units;
    const { full, rest } = this.#capacity;
    if (level === 0 && this.#wholeKind !== -1) return Math.min(units.most(0), full[domain]!) + 1;
    // Parts are added up in their own units: below the level of the slices in pods.
    const inParts =
      level === units.sliceLevel ? full[domain]! * units.unit(level) + rest[domain]! : full[domain]!;
    const sums = Math.min(units.most(level - 1), inParts) + 1;
    // The smaller slice is in neither of two summands, in one or in the other.
    const ways = units.restOf(level - 1) === 1 ? 3 : 1;
    if (level === 0) {
      const servers = fabric.serverEnd[domain]! - fabric.serverStart[domain]!;
      const most = Math.min(units.pods, Math.floor(GPUS_PER_SERVER_MAX / this.#task.gang.need.gpus));
      return servers * (most + 1) * sums * ways;
    }
    let steps = 0;
    for (let child = fabric.childStart[domain]!; child < fabric.childEnd[domain]!; child++) {
      if (full[child]! === 0 && rest[child]! === 0) continue;
      const choices = Math.min(full[child]!, units.most(level - 1)) + 1;
      steps += this.stepsIn(child, level - 1) + choices * sums * ways;
    }
    return steps;
  }

  /** The pieces of a plan in a domain of a level that holds the gang at the target bandwidth. */
  planIn(domain: number, level: number): Piece[] {
    this.#sharesLinks = this.#index.tables.fabric.islandOf[domain] === -1;
    const pieces: Piece[] = [];
    const part = this.#partOf(domain, level);
    this.#read(part, this.#units.most(level), this.#units.restOf(level), pieces);
    return pieces;
  }

  /** Forgets the rates of the last plan. */
  begin(): void {
    this.#rates.clear();
    this.#known.clear();
  }

  /** Sets the rates to the average damage of wholly free servers in a plan. False where another plan cannot do less damage. */
  refine(plan: Pick<GangPlan, 'servers'>): boolean {
    if (this.#wholeKind !== -1) return false;
    const { state, whole, tables } = this.#index;
    const { fabric } = tables;
    const taken = new Map<number, number>();
    for (const server of plan.servers) {
      const { classes } = this.#index.kinds[this.#index.kindOf(server)]!;
      if (popcount16(state.freeMask[server]!) !== classes.gpuCount) continue;
      for (let c = fabric.groupOf[server]!; c !== -1; c = fabric.cellParent[c]!) {
        taken.set(c, (taken.get(c) ?? 0) + 1);
      }
    }
    if (taken.size === 0) return false;
    const before = this.#rates;
    this.#rates = new Map();
    this.#known.clear();
    for (const group of before.keys()) {
      let rate = 0;
      for (let c = group; c !== -1; c = fabric.cellParent[c]!) {
        const servers = taken.get(c) ?? 1;
        rate += whole.damageInCell(c, servers) / servers;
      }
      this.#rates.set(group, rate);
    }
    return true;
  }

  /** What a domain can take, and its cost. */
  #partOf(domain: number, level: number): LoadPart {
    const { fabric } = this.#index.tables;
    if (level === 0 && this.#wholeKind !== -1) {
      return this.#closed(this.#wholePart(domain));
    }
    const parts: LoadPart[] = [];
    if (level > 0) {
      for (let child = fabric.childStart[domain]!; child < fabric.childEnd[domain]!; child++) {
        if (this.#capacity.full[child]! === 0 && this.#capacity.rest[child]! === 0) continue;
        const part = this.#partOf(child, level - 1);
        if (part.choices.count.length > 1) parts.push(part);
      }
    } else {
      for (let s = fabric.serverStart[domain]!; s < fabric.serverEnd[domain]!; s++) {
        const choices = this.#choicesOf(s);
        if (choices !== undefined && choices.count.length > 1) {
          parts.push({ at: s, level: SERVER, choices, parts: [], taken: [], counts: 0 });
        }
      }
    }
    const part = this.#closed(this.#sum(domain, level, parts));
    return fabric.islandOf[domain] === domain && level < this.#task.level ? this.#island(part) : part;
  }

  /** Keeps the choices that the NICs of an island can carry: on the servers of least damage where their NICs suffice. */
  #island(part: LoadPart): LoadPart {
    const { choices: from, at } = part;
    const sets = this.#reachable.islandSets(at);
    const choices = noChoices();
    const byNics = new Set<number>();
    for (let i = 0; i < from.count.length; i++) {
      const count = from.count[i]!;
      const rest = from.rest[i]!;
      if (!hasCount(sets[rest]!, count)) continue;
      const pieces: Piece[] = [];
      this.#read(part, count, rest, pieces);
      const gpus = pieces.reduce((sum, { pods }) => sum + pods, 0) * this.#task.gang.need.gpus;
      if (atLeast(this.#nicsOf(pieces), this.#target.crossing(gpus))) {
        add(choices, count, rest, from.load[i]!, from.damage[i]!, from.servers[i]!);
        continue;
      }
      byNics.add(2 * count + rest);
      const others = this.#reachable.piecesOfIsland(at, count, rest);
      const damage = others.reduce((sum, { server, pods }) => sum + this.#damageOn(server, pods), 0);
      add(choices, count, rest, from.load[i]!, damage, others.length);
    }
    return { ...part, choices, byNics };
  }

  /** What the GPUs of pieces bring to their NICs, GB/s. */
  #nicsOf(pieces: readonly Piece[]): number {
    return pieces.reduce((sum, { server, pods }) => {
      const { tables } = this.#target.choicesOf(this.#index.kindOf(server));
      return sum + tables.nicGBps[this.#target.maskOn(server, pods)]!;
    }, 0);
  }

  /** GPU-equivalents lost by pods on a server. */
  #damageOn(server: number, pods: number): number {
    const { classes } = this.#index.kinds[this.#index.kindOf(server)]!;
    const free = this.#index.state.freeMask[server]!;
    const loss = lossGpus(classes.tables, free, this.#target.maskOn(server, pods));
    const isWhole = popcount16(free) === classes.gpuCount;
    return loss + (isWhole ? this.#rateOf(this.#index.tables.fabric.groupOf[server]!) : 0);
  }

  /** A rack whose servers are taken whole. */
  #wholePart(domain: number): LoadPart {
    const { whole, tables } = this.#index;
    const { fabric } = tables;
    const cell = fabric.cellAt[domain * fabric.kindCount + this.#wholeKind]!;
    const choices = noChoices();
    const most = cell === -1 ? 0 : Math.min(whole.countOf(cell), this.#units.pods);
    for (let count = 0; count <= most; count++) add(choices, count, 0, 0, 0, count);
    return { at: domain, level: 0, choices, parts: [], taken: [], counts: 0 };
  }

  /** Adds parts up and keeps the least cost of every sum. */
  #sum(domain: number, level: number, parts: readonly LoadPart[]): LoadPart {
    const halves = 1 + this.#units.restOf(level - 1);
    const capacity = parts.reduce((sum, { choices }) => sum + Math.max(...choices.count), 0);
    const counts = Math.min(this.#units.most(level - 1), capacity) + 1;
    const states = counts * halves;
    let load = new Float64Array(states).fill(Number.POSITIVE_INFINITY);
    let damage = new Float64Array(states);
    let servers = new Int32Array(states);
    let nextLoad = new Float64Array(states);
    let nextDamage = new Float64Array(states);
    let nextServers = new Int32Array(states);
    load[0] = 0;
    let reached = 0;
    const taken: Int16Array[] = [];
    for (const { choices } of parts) {
      const choice = new Int16Array(states).fill(-1);
      nextLoad.fill(Number.POSITIVE_INFINITY);
      const before = reached;
      for (let i = 0; i < choices.count.length; i++) {
        const by = choices.count[i]!;
        const halvesLeft = choices.rest[i] === 1 ? 1 : halves;
        const byLoad = choices.load[i]!;
        const byDamage = choices.damage[i]!;
        const byServers = choices.servers[i]!;
        const end = Math.min(before, counts - 1 - by);
        for (let half = 0; half < halvesLeft; half++) {
          const from = half * counts;
          const shift = by + choices.rest[i]! * counts;
          for (let state = from; state <= from + end; state++) {
            if (load[state] === Number.POSITIVE_INFINITY) continue;
            const into = state + shift;
            const newLoad = load[state]! + byLoad;
            const newDamage = damage[state]! + byDamage;
            const newServers = servers[state]! + byServers;
            if (choice[into] !== -1) {
              if (newLoad > nextLoad[into]!) continue;
              if (newLoad === nextLoad[into]) {
                const more = damageKey(newDamage) - damageKey(nextDamage[into]!);
                if (more > 0 || (more === 0 && newServers >= nextServers[into]!)) continue;
              }
            }
            nextLoad[into] = newLoad;
            nextDamage[into] = newDamage;
            nextServers[into] = newServers;
            choice[into] = i;
          }
        }
        reached = Math.max(reached, Math.min(counts - 1, before + by));
      }
      taken.push(choice);
      [load, nextLoad] = [nextLoad, load];
      [damage, nextDamage] = [nextDamage, damage];
      [servers, nextServers] = [nextServers, servers];
    }
    const choices = noChoices();
    for (let state = 0; state < states; state++) {
      if (load[state] === Number.POSITIVE_INFINITY) continue;
      const rest: Rest = state >= counts ? 1 : 0;
      add(choices, state - rest * counts, rest, load[state]!, damage[state]!, servers[state]!);
    }
    return { at: domain, level, choices, parts, taken, counts };
  }

  /** Turns choices into units of the domain's level and adds the cost of the domain itself; leaves out what its uplink cannot carry. */
  #closed(part: LoadPart): LoadPart {
    const { at, level } = part;
    const { gang } = this.#task;
    const { fabric } = this.#index.tables;
    const cell = this.#wholeKind === -1 ? -1 : fabric.cellAt[at * fabric.kindCount + this.#wholeKind]!;
    const island = fabric.islandOf[at]!;
    const isInside = island !== -1 && island !== at;
    const from = part.choices;
    const choices = noChoices();
    for (let i = 0; i < from.count.length; i++) {
      let load = from.load[i]!;
      let damage = from.damage[i]!;
      const pods = this.#units.podsOf(level - 1, from.count[i]!, from.rest[i]!);
      const gpus = pods * gang.need.gpus;
      if (level < this.#task.level) {
        if (!this.#target.uplinkAllows(at, gpus)) continue;
        if (this.#sharesLinks && !isInside && gpus < fabric.domainGpus[at]!) {
          load += 2 * gpus * (this.#target.gpus - gpus);
        }
      }
      if (cell !== -1) damage += this.#index.whole.damageInCell(cell, pods);
      this.#addPods(choices, level, pods, load, damage, from.servers[i]!);
    }
    return { ...part, choices };
  }

  /** Adds a choice of so many pods, in units of a level; nothing where they make no whole number of units. */
  #addPods(
    choices: Choices,
    level: number,
    pods: number,
    load: number,
    damage: number,
    servers: number,
  ): void {
    for (let rest: Rest = 0; rest <= this.#units.restOf(level); rest++) {
      const count = this.#units.countOf(level, pods, rest as Rest);
      if (count >= 0) add(choices, count, rest as Rest, load, damage, servers);
    }
  }

  /** What a server can take; undefined if nothing. */
  #choicesOf(server: number): Choices | undefined {
    const index = this.#index;
    const allowed = this.#target.allowedOn(server);
    if (allowed <= 1) return undefined;
    const { gang } = this.#task;
    const { need } = gang;
    const free = index.state.freeMask[server]!;
    const group = index.tables.fabric.groupOf[server]!;
    const most = podsThatFit(index.tables, index.state, need, server, gang.pods);
    const key = (group * 17 + most) * 2 ** 16 + free;
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const { classes } = index.kinds[index.kindOf(server)]!;
    const all = this.#target.gpus;
    const isOwnIsland = this.#target.islandOf(server) === -1;
    const choices = noChoices();
    add(choices, 0, 0, 0, 0, 0);
    for (let pods = 1; pods <= most && pods <= this.#units.pods; pods++) {
      if (((allowed >>> pods) & 1) === 0) continue;
      const mask = this.#target.maskOn(server, pods);
      const gpus = pods * need.gpus;
      const damage = this.#damageOn(server, pods);
      let load = 0;
      if (isOwnIsland) {
        load = unitLoad(classes.tables, mask);
        if (gpus < classes.gpuCount) load += 2 * gpus * (all - gpus);
      }
      this.#addPods(choices, SERVER, pods, load, damage, 1);
    }
    this.#known.set(key, choices);
    return choices;
  }

  /** Damage in tiers by one wholly free server of a group. */
  #rateOf(group: number): number {
    let rate = this.#rates.get(group);
    if (rate === undefined) {
      rate = this.#index.whole.damageOf(group, 1);
      this.#rates.set(group, rate);
    }
    return rate;
  }

  /** Reads the pieces of a part from the choices. */
  #read(part: LoadPart, count: number, rest: Rest, pieces: Piece[]): void {
    if (count === 0 && rest === 0) return;
    const { at, level } = part;
    const pods = this.#units.podsOf(level, count, rest);
    if (part.byNics?.has(2 * count + rest)) pieces.push(...this.#reachable.piecesOfIsland(at, count, rest));
    else if (level === SERVER) pieces.push({ server: at, pods });
    else if (level === 0 && this.#wholeKind !== -1) {
      const { cellAt, kindCount } = this.#index.tables.fabric;
      const servers: number[] = [];
      this.#index.addWholeServers(cellAt[at * kindCount + this.#wholeKind]!, pods, servers);
      for (const server of servers) pieces.push({ server, pods: 1 });
    } else {
      const isOfSlices = level === this.#units.sliceLevel;
      let left = isOfSlices ? pods : count;
      let restLeft = isOfSlices ? 0 : rest;
      for (let i = part.parts.length - 1; i >= 0; i--) {
        const { choices } = part.parts[i]!;
        const choice = part.taken[i]![left + restLeft * part.counts]!;
        this.#read(part.parts[i]!, choices.count[choice]!, choices.rest[choice]!, pieces);
        left -= choices.count[choice]!;
        restLeft -= choices.rest[choice]!;
      }
    }
  }
}

function noChoices(): Choices {
  return { count: [], rest: [], load: [], damage: [], servers: [] };
}

function add(
  choices: Choices,
  count: number,
  rest: Rest,
  load: number,
  damage: number,
  servers: number,
): void {
  choices.count.push(count);
  choices.rest.push(rest);
  choices.load.push(load);
  choices.damage.push(damage);
  choices.servers.push(servers);
}
