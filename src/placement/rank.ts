import { lossGpus } from '../compile/gpu-set-tables.js';
import { damageKey } from '../figures.js';
import type { ServerId } from '../ids.js';
import { GPU_MILLI } from '../units.js';
import type { PlacementEngine } from './engine.js';
import { CpuPods } from './pods/cpu-pods.js';
import { sharesOn } from './pods/share-placement.js';
import type { RankedServer } from './request/placement.js';
import type { FreeIndex } from './state/free-index.js';
import { setChoices } from './state/gpu-set-choices.js';
import type { PodNeed } from './state/pod-need.js';
import { tightestFreeMilli } from './state/shared-gpus.js';
import { fits, popcount16 } from './state/state.js';

/** The figures by which servers are ranked for a pod; servers with equal figures are equal. */
interface Alike {
  /** Rank by bandwidth and load on links of others; 0 = the best. */
  readonly speedRank: number;
  /** Free thousandths of the shared GPU that a share gets; 1000 for a wholly free GPU, and for whole GPUs. */
  readonly freeMilli: number;
  readonly damageKey: number;
  /** Free GPUs of the server: the fuller one is better. */
  readonly freeGpus: number;
}

/**
 * The servers that fit one pod, best first, equal ones in tree order. Where a policy draws among equals, the server that it would
 * draw now comes first of its equals.
 *
 * @param among - servers to choose from, in any order; undefined = all
 * @param ids - server → id
 * @complexity O(servers); for policies of scores O(servers log servers)
 */
export function rankServers(
  engine: PlacementEngine,
  need: PodNeed,
  among: Int32Array | undefined,
  ids: readonly ServerId[],
): RankedServer[] {
  if (need.preferred !== undefined) {
    // Servers that meet the preference come first.
    const best = rankServers(engine, need.preferred, among, ids);
    const met = new Set(best.map(({ server }) => server));
    const all = rankServers(engine, { ...need, preferred: undefined }, among, ids);
    return inSteps(
      best,
      all.filter(({ server }) => !met.has(server)),
    );
  }
  const { tables, state } = engine;
  const servers = among?.slice().sort() ?? Int32Array.from({ length: tables.serverCount }, (_, s) => s);
  const feasible: number[] = [];
  for (let i = 0; i < servers.length; i++) {
    const server = servers[i]!;
    // Duplicates count once.
    if (i > 0 && server === servers[i - 1]) continue;
    if (fits(tables, state, need, server)) feasible.push(server);
  }
  if (engine.byTopology === undefined) {
    const { finder } = engine.byScore!;
    const scored = feasible.map((server) => ({ server, score: finder.scoreOf(need, server) }));
    // Where ties are drawn, the server that would be drawn comes first of its equals.
    const first = engine.drawsTies && engine.peek(need) ? engine.server : -1;
    scored.sort(
      (a, b) =>
        b.score - a.score || Number(b.server === first) - Number(a.server === first) || a.server - b.server,
    );
    return scored.map(({ server, score }) => ({ server: ids[server]!, score }));
  }
  return rankAlike(engine.byTopology.index, need, feasible, ids);
}

/** Joins rankings one after the other, in equal steps down from 100. Equal servers of one ranking stay equal. */
function inSteps(first: readonly RankedServer[], second: readonly RankedServer[]): RankedServer[] {
  let steps = 0;
  const stepOf = [first, second].flatMap((ranked) =>
    ranked.map(({ score }, i) => (i > 0 && ranked[i - 1]!.score === score ? steps : ++steps)),
  );
  return [...first, ...second].map(({ server }, i) => ({
    server,
    score: (100 * (steps + 1 - stepOf[i]!)) / steps,
  }));
}

function rankAlike(
  index: FreeIndex,
  need: PodNeed,
  feasible: readonly number[],
  ids: readonly ServerId[],
): RankedServer[] {
  const alike: Alike[] = [];
  const groupOf = new Int32Array(feasible.length);
  const finder = new AlikeFinder(index, need, alike);
  for (let i = 0; i < feasible.length; i++) groupOf[i] = finder.groupOf(feasible[i]!);
  const order = [...alike.keys()].sort((a, b) => compareAlike(alike[a]!, alike[b]!));
  // Equal groups share a step.
  const stepOf = new Int32Array(alike.length);
  let steps = 0;
  order.forEach((group, i) => {
    if (i > 0 && compareAlike(alike[order[i - 1]!]!, alike[group]!) !== 0) steps++;
    stepOf[group] = steps;
  });
  steps++;
  // A counting sort keeps tree order inside a step.
  const next = new Int32Array(steps + 1);
  for (const group of groupOf) next[stepOf[group]! + 1]!++;
  for (let step = 0; step < steps; step++) next[step + 1]! += next[step]!;
  const ranked = new Array<RankedServer>(feasible.length);
  for (let i = 0; i < feasible.length; i++) {
    const step = stepOf[groupOf[i]!]!;
    ranked[next[step]!++] = { server: ids[feasible[i]!]!, score: (100 * (steps - step)) / steps };
  }
  return ranked;
}

/** Numbers the groups of servers that are equal for one pod. */
class AlikeFinder {
  readonly #index: FreeIndex;
  readonly #need: PodNeed;
  readonly #alike: Alike[];
  readonly #cpu: CpuPods;
  readonly #known = new Map<number, number>();

  constructor(index: FreeIndex, need: PodNeed, alike: Alike[]) {
    this.#index = index;
    this.#need = need;
    this.#alike = alike;
    this.#cpu = new CpuPods(index);
  }

  groupOf(server: number): number {
    const index = this.#index;
    const need = this.#need;
    const kind = index.kindOf(server);
    const of = index.kinds[kind];
    if (need.gpus === 0) return this.#numbered(server, () => this.#withoutGpus(server));
    if (of === undefined) return this.#numbered(-1, () => NOTHING_TAKEN);
    const free = index.state.freeMask[server]!;
    if (need.gpuMilli < GPU_MILLI) {
      const freeMilli = tightestFreeMilli(index.tables, index.state, server, need.gpuMilli);
      // A share on a shared GPU takes nothing that others could use, so these thousandths decide alone.
      if (freeMilli < GPU_MILLI)
        return this.#numbered(-2 - freeMilli, () => ({ ...NOTHING_TAKEN, freeMilli }));
    }
    const { classes } = of;
    const isFull = popcount16(free) === classes.gpuCount;
    const group = index.tables.fabric.groupOf[server]!;
    const freeClass = classes.classOf[free]!;
    const sets = index.placeSetsOf(need, kind);
    // Classes know no places and no damage of sets that do not communicate: there, only equal masks are alike.
    const isPacked = !need.communicates && need.gpuMilli === GPU_MILLI;
    const byMask = sets !== undefined || isPacked;
    // There are fewer than 2^20 classes of a kind, and of groups.
    const key = isFull ? 2 ** 40 + group : kind * 2 ** 20 + (byMask ? free : freeClass);
    return this.#numbered(key, () => {
      const inTiers = isFull ? index.whole.damageOf(group, 1) : 0;
      if (isPacked) {
        const set = setChoices(classes.tables, sets).leastLoss(free, need.gpus);
        return {
          ...NOTHING_TAKEN,
          damageKey: damageKey(lossGpus(classes.tables, free, set) + inTiers),
          freeGpus: popcount16(free),
        };
      }
      if (sets !== undefined) {
        const set = sets.best(free, need.gpus);
        return {
          speedRank: index.speedRankOf(kind, set),
          freeMilli: GPU_MILLI,
          damageKey: damageKey(lossGpus(classes.tables, free, set) + inTiers),
          freeGpus: popcount16(free),
        };
      }
      const entry = need.gpus * classes.classCount + freeClass;
      const damage =
        need.gpuMilli < GPU_MILLI
          ? sharesOn(index, need, server, 1).damageGpus
          : classes.lossGpus[entry]! + inTiers;
      return {
        speedRank: index.speedRankOf(kind, classes.setAt[entry]!),
        freeMilli: GPU_MILLI,
        damageKey: damageKey(damage),
        freeGpus: popcount16(free),
      };
    });
  }

  /** Ranks servers for a pod without GPUs by the GPUs that it strands; among those that strand none, servers without GPUs come first. */
  #withoutGpus(server: number): Alike {
    const { tables } = this.#index;
    const damageGpus = this.#cpu.strandedGpus(this.#need, server, 1);
    const hasGpus = tables.shapeGpus[tables.shapeOf[server]!]! > 0;
    const freeGpus = damageGpus > 0 ? this.#cpu.freeGpus(server) : hasGpus ? 0 : -1;
    return { ...NOTHING_TAKEN, damageKey: damageKey(damageGpus), freeGpus };
  }

  #numbered(key: number, figures: () => Alike): number {
    let number = this.#known.get(key);
    if (number === undefined) {
      number = this.#alike.push(figures()) - 1;
      this.#known.set(key, number);
    }
    return number;
  }
}

const NOTHING_TAKEN: Alike = {
  speedRank: 0,
  freeMilli: GPU_MILLI,
  damageKey: damageKey(0),
  freeGpus: 0,
};

/** Negative if a is better, 0 if they are equal. */
function compareAlike(a: Alike, b: Alike): number {
  return (
    a.freeMilli - b.freeMilli ||
    a.speedRank - b.speedRank ||
    a.damageKey - b.damageKey ||
    a.freeGpus - b.freeGpus
  );
}
