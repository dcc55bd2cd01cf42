import { lossGpus } from '../../compile/gpu-set-tables.js';
import { atLeast, damageKey } from '../../figures.js';
import { GPUS_PER_SERVER_MAX } from '../../units.js';
import type { FreeIndex } from '../state/free-index.js';
import { unitLoad } from '../state/gpu-set-choices.js';
import { podsThatFit, popcount16 } from '../state/state.js';
import { hasCount } from './count-set.js';
import { SERVER } from './gang.js';
import type { GangTarget } from './gang-bandwidth.js';
import type { GangCapacity } from './gang-capacity.js';
import type { GangPlan } from './gang-plan.js';
import { type Piece, ReachableCounts } from './reachable-counts.js';

/**
 * What a part of the gang's domain can take, and what it costs: parallel lists. The first choice is nothing. Counts are
 * pods below the level of the slices, from there up full slices; `rest` is 1 where the smaller slice goes along.
 */
interface Choices {
  readonly count: number[];
  readonly rest: number[];
  readonly load: number[];
  readonly damage: number[];
  readonly servers: number[];
}

/** A domain or server with its choices, and how a choice is made of those of its parts. */
interface Part {
  readonly at: number;
  readonly level: number;
  readonly choices: Choices;
  readonly parts: readonly Part[];
  /** Part → its choice in the best sum, by state of the sum of the parts up to it. */
  readonly taken: readonly Int16Array[];
  /** Counts of a sum: the state of a count with rest is `counts + count`. */
  readonly counts: number;
  /** Choices, as 2 × count + rest, for which an island needs the servers with the best NICs. */
  readonly byNics?: ReadonlySet<number>;
}

/**
 * The plan of least load in one domain: what every part costs for every number of pods is added up the tree, always
 * keeping the least, and the plan is read off down the tree. Polynomial, but no matter of microseconds where a domain
 * is large: {@link LeastLoad.stepsIn} says beforehand.
 *
 * Load is a sum over servers and domains of what each holds, so it is exactly the least. Of equal loads the one with
 * least damage is kept. Damage on servers is such a sum, too; in tiers it is where only one kind of servers is taken
 * whole. Otherwise it depends on how many wholly free servers are touched, and each counts with the same rate: at
 * first what the first of them costs, in {@link LeastLoad.refine} what it cost on average in the last plan.
 */
export class LeastLoad {
  readonly #index: FreeIndex;
  readonly #reach: GangTarget;
  readonly #capacity: GangCapacity;
  readonly #pods: number;
  readonly #exact: ReachableCounts;
  readonly #slices: number;
  readonly #restPods: number;
  /** The only kind, all of whose servers are taken whole; -1 if that is not so. */
  readonly #wholeKind: number;
  /** Whether links are shared at all: inside an accelerator domain they are not. */
  #loads = true;
  /** Group, free mask and room → choices of such a server. */
  readonly #known = new Map<number, Choices>();
  /** Group → damage in tiers by one wholly free server. */
  #rates = new Map<number, number>();

  /**
   * @param capacity - filled for the gang
   * @param wholeKind - the only kind that can take pods, if each of them fills a server; else -1
   */
  constructor(index: FreeIndex, reach: GangTarget, capacity: GangCapacity, pods: number, wholeKind: number) {
    this.#index = index;
    this.#reach = reach;
    this.#capacity = capacity;
    this.#pods = pods;
    this.#exact = new ReachableCounts(index, reach, pods);
    const { slicePods, sliceLevel } = reach.gang;
    this.#slices = Math.floor(pods / slicePods);
    this.#restPods = pods % slicePods;
    // Islands choose among servers by their NICs, and slices of servers are no matter of whole ones.
    this.#wholeKind = reach.islandLevel >= 0 || (sliceLevel === SERVER && slicePods > 1) ? -1 : wholeKind;
  }

  /** No fewer additions than a plan in a domain takes. O(domains inside, racks aside). */
  stepsIn(domain: number, level: number): number {
    const { fabric } = this.#index.tables;
    const { slicePods, sliceLevel, need } = this.#reach.gang;
    const { full, rest } = this.#capacity;
    if (level === 0 && this.#wholeKind !== -1) return Math.min(this.#most(0), full[domain]!) + 1;
    // Parts are added up in their own units: below the level of the slices in pods.
    const inParts = level === sliceLevel ? full[domain]! * slicePods + rest[domain]! : full[domain]!;
    const sums = Math.min(this.#most(level - 1), inParts) + 1;
    // With and without the smaller slice; a part that holds it is added to sums without alone.
    const ways = this.#hasRest(level - 1) ? 3 : 1;
    if (level === 0) {
      const servers = fabric.serverEnd[domain]! - fabric.serverStart[domain]!;
      const most = Math.min(this.#pods, Math.floor(GPUS_PER_SERVER_MAX / need.gpus));
      return servers * (most + 1) * sums * ways;
    }
    let steps = 0;
    for (let child = fabric.childStart[domain]!; child < fabric.childEnd[domain]!; child++) {
      if (full[child]! === 0 && rest[child]! === 0) continue;
      const choices = Math.min(full[child]!, this.#most(level - 1)) + 1;
      steps += this.stepsIn(child, level - 1) + choices * sums * ways;
    }
    return steps;
  }

  /** The pieces of a plan in a domain that can hold the gang with the bandwidth aimed at. */
  planIn(domain: number, level: number): Piece[] {
    this.#loads = this.#index.tables.fabric.islandOf[domain] === -1;
    const top = this.#partOf(domain, level, level);
    const count = level >= this.#reach.gang.sliceLevel ? this.#slices : this.#pods;
    const rest = level >= this.#reach.gang.sliceLevel && this.#restPods > 0 ? 1 : 0;
    const pieces: Piece[] = [];
    this.#read(top, count, rest, pieces);
    return pieces;
  }

  /** Forgets what the last plan showed. */
  begin(): void {
    this.#rates.clear();
    this.#known.clear();
  }

  /** Whether another look may do less damage than a plan, and if so counts wholly free servers as it took them. */
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

  /** Most units of a level that matter. */
  #most(level: number): number {
    return level >= this.#reach.gang.sliceLevel ? this.#slices : this.#pods;
  }

  #hasRest(level: number): boolean {
    return level >= this.#reach.gang.sliceLevel && this.#restPods > 0;
  }

  /** What a domain can take as part of the gang; all of it at the level of the gang itself. */
  #partOf(domain: number, level: number, top: number): Part {
    const { fabric } = this.#index.tables;
    if (level === 0 && this.#wholeKind !== -1) {
      return this.#closed(this.#wholePart(domain), level, top);
    }
    const parts: Part[] = [];
    if (level > 0) {
      for (let child = fabric.childStart[domain]!; child < fabric.childEnd[domain]!; child++) {
        if (this.#capacity.full[child]! === 0 && this.#capacity.rest[child]! === 0) continue;
        const part = this.#partOf(child, level - 1, top);
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
    const part = this.#closed(this.#sum(domain, level, parts), level, top);
    return fabric.islandOf[domain] === domain && level < top ? this.#island(part) : part;
  }

  /** Keeps what the NICs of an island can carry, with the servers of least damage where their NICs do. */
  #island(part: Part): Part {
    const { choices: from, at } = part;
    const sets = this.#exact.islandSets(at);
    const choices = noChoices();
    const byNics = new Set<number>();
    for (let i = 0; i < from.count.length; i++) {
      const count = from.count[i]!;
      const rest = from.rest[i]!;
      if (!hasCount(rest === 1 ? sets.withRest! : sets.plain, count)) continue;
      const pieces: Piece[] = [];
      this.#read(part, count, rest, pieces);
      const gpus = pieces.reduce((sum, { pods }) => sum + pods, 0) * this.#reach.gang.need.gpus;
      if (atLeast(this.#nicsOf(pieces), this.#reach.crossing(gpus))) {
        add(choices, count, rest, from.load[i]!, from.damage[i]!, from.servers[i]!);
        continue;
      }
      byNics.add(2 * count + rest);
      const others = this.#exact.piecesOfIsland(at, count, rest === 1);
      const damage = others.reduce((sum, { server, pods }) => sum + this.#damageOn(server, pods), 0);
      add(choices, count, rest, from.load[i]!, damage, others.length);
    }
    return { ...part, choices, byNics };
  }

  #nicsOf(pieces: readonly Piece[]): number {
    return pieces.reduce((sum, { server, pods }) => {
      const { tables } = this.#reach.choicesOf(this.#index.kindOf(server));
      return sum + tables.nicGBps[this.#reach.maskOn(server, pods)]!;
    }, 0);
  }

  /** GPU-equivalents lost by pods on a server. */
  #damageOn(server: number, pods: number): number {
    const { classes } = this.#index.kinds[this.#index.kindOf(server)]!;
    const free = this.#index.state.freeMask[server]!;
    const loss = lossGpus(classes.tables, free, this.#reach.maskOn(server, pods));
    const isWhole = popcount16(free) === classes.gpuCount;
    return loss + (isWhole ? this.#rateOf(this.#index.tables.fabric.groupOf[server]!) : 0);
  }

  /** A rack all of whose servers are taken whole, by number. */
  #wholePart(domain: number): Part {
    const { whole, tables } = this.#index;
    const { fabric } = tables;
    const cell = fabric.cellAt[domain * fabric.kindCount + this.#wholeKind]!;
    const choices = noChoices();
    const most = cell === -1 ? 0 : Math.min(whole.countOf(cell), this.#pods);
    for (let count = 0; count <= most; count++) add(choices, count, 0, 0, 0, count);
    return { at: domain, level: 0, choices, parts: [], taken: [], counts: 0 };
  }

  /** Adds parts up, each sum with its least cost. */
  #sum(domain: number, level: number, parts: readonly Part[]): Part {
    const limit = this.#most(level - 1);
    const halves = this.#hasRest(level - 1) ? 2 : 1;
    const room = parts.reduce((sum, { choices }) => sum + Math.max(...choices.count), 0);
    const counts = Math.min(limit, room) + 1;
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
      const rest = state >= counts ? 1 : 0;
      add(choices, state - rest * counts, rest, load[state]!, damage[state]!, servers[state]!);
    }
    return { at: domain, level, choices, parts, taken, counts };
  }

  /** Reads pods as slices on their level, and adds what the domain itself costs; leaves out what its uplink cannot carry. */
  #closed(part: Part, level: number, top: number): Part {
    const { gang, gpus: all } = this.#reach;
    const { slicePods, sliceLevel, need } = gang;
    const { fabric } = this.#index.tables;
    const isWhole = this.#wholeKind !== -1;
    const cell = isWhole ? fabric.cellAt[part.at * fabric.kindCount + this.#wholeKind]! : -1;
    const island = fabric.islandOf[part.at]!;
    const isInside = island !== -1 && island !== part.at;
    const from = part.choices;
    const choices = noChoices();
    for (let i = 0; i < from.count.length; i++) {
      let count = from.count[i]!;
      let load = from.load[i]!;
      let damage = from.damage[i]!;
      const servers = from.servers[i]!;
      const pods =
        level > sliceLevel || (level === sliceLevel && sliceLevel === SERVER)
          ? count * slicePods + from.rest[i]! * this.#restPods
          : count;
      const gpus = pods * need.gpus;
      if (level < top) {
        if (!this.#reach.uplinkAllows(part.at, gpus)) continue;
        if (this.#loads && !isInside && gpus < fabric.domainGpus[part.at]!) {
          load += 2 * gpus * (all - gpus);
        }
      }
      if (cell !== -1) damage += this.#index.whole.damageInCell(cell, pods);
      if (level !== sliceLevel) {
        add(choices, count, from.rest[i]!, load, damage, servers);
        continue;
      }
      if (pods % slicePods === 0) {
        count = pods / slicePods;
        if (count <= this.#slices) add(choices, count, 0, load, damage, servers);
      }
      const full = pods - this.#restPods;
      if (this.#restPods > 0 && full >= 0 && full % slicePods === 0) {
        add(choices, full / slicePods, 1, load, damage, servers);
      }
    }
    return { ...part, choices };
  }

  /** What a server can take; undefined if nothing. */
  #choicesOf(server: number): Choices | undefined {
    const index = this.#index;
    const allowed = this.#reach.allowedOn(server);
    if (allowed <= 1) return undefined;
    const { gang } = this.#reach;
    const { slicePods, sliceLevel, need } = gang;
    const free = index.state.freeMask[server]!;
    const group = index.tables.fabric.groupOf[server]!;
    const most = podsThatFit(index.tables, index.state, need, server, gang.pods);
    const key = (group * 17 + most) * 2 ** 16 + free;
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const { classes } = index.kinds[index.kindOf(server)]!;
    const all = this.#reach.gpus;
    const isOwnIsland = this.#reach.islandOf(server) === -1;
    const choices = noChoices();
    add(choices, 0, 0, 0, 0, 0);
    for (let pods = 1; pods <= most && pods <= this.#pods; pods++) {
      if (((allowed >>> pods) & 1) === 0) continue;
      const mask = this.#reach.maskOn(server, pods);
      const gpus = pods * need.gpus;
      const damage = this.#damageOn(server, pods);
      let load = 0;
      if (isOwnIsland) {
        load = unitLoad(classes.tables, mask);
        if (gpus < classes.gpuCount) load += 2 * gpus * (all - gpus);
      }
      if (sliceLevel !== SERVER) {
        add(choices, pods, 0, load, damage, 1);
        continue;
      }
      if (pods % slicePods === 0) add(choices, pods / slicePods, 0, load, damage, 1);
      const full = pods - this.#restPods;
      if (this.#restPods > 0 && full >= 0 && full % slicePods === 0) {
        add(choices, full / slicePods, 1, load, damage, 1);
      }
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

  /** Reads the pieces of a part off the choices. */
  #read(part: Part, count: number, rest: number, pieces: Piece[]): void {
    if (count === 0 && rest === 0) return;
    const { slicePods, sliceLevel } = this.#reach.gang;
    const { level } = part;
    if (part.byNics?.has(2 * count + rest)) {
      pieces.push(...this.#exact.piecesOfIsland(part.at, count, rest === 1));
      return;
    }
    if (level === SERVER) {
      const pods = sliceLevel === SERVER ? count * slicePods + rest * this.#restPods : count;
      pieces.push({ server: part.at, pods, last: rest === 1 });
      return;
    }
    const inPods = level === sliceLevel;
    let left = inPods ? count * slicePods + rest * this.#restPods : count;
    let restLeft = inPods ? 0 : rest;
    if (level === 0 && this.#wholeKind !== -1) {
      this.#readWhole(part.at, left, pieces);
      return;
    }
    for (let i = part.parts.length - 1; i >= 0; i--) {
      const { choices } = part.parts[i]!;
      const choice = part.taken[i]![left + restLeft * part.counts]!;
      this.#read(part.parts[i]!, choices.count[choice]!, choices.rest[choice]!, pieces);
      left -= choices.count[choice]!;
      restLeft -= choices.rest[choice]!;
    }
  }

  /** The first wholly free servers of a rack. */
  #readWhole(domain: number, servers: number, pieces: Piece[]): void {
    const index = this.#index;
    const { fabric } = index.tables;
    const of = index.kinds[this.#wholeKind]!;
    const { fullClass } = of.classes;
    const cell = fabric.cellAt[domain * fabric.kindCount + this.#wholeKind]!;
    let local = of.nextOfClass(fullClass, fabric.cellStart[cell]!);
    for (let left = servers; left > 0; left--) {
      pieces.push({ server: index.serverAt(this.#wholeKind, local), pods: 1, last: false });
      local = of.nextOfClass(fullClass, local + 1);
    }
  }
}

function noChoices(): Choices {
  return { count: [], rest: [], load: [], damage: [], servers: [] };
}

function add(
  choices: Choices,
  count: number,
  rest: number,
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
