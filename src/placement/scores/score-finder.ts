import { isCorralError } from '../../checks/plain-data.js';
import type { ClusterTables } from '../../compile/cluster-tables.js';
import { CorralError, quote } from '../../errors.js';
import { GPU_MILLI } from '../../units.js';
import type { DifferenceScorer, PodFacts, ServerFacts, ServerScorer } from '../request/policy.js';
import type { PodNeed } from '../state/pod-need.js';
import { ScoreTree } from '../state/score-tree.js';
import { fits, freeMilliOf, lowestGpus, type PlacementState } from '../state/state.js';
import { RecencyList } from './recency-list.js';
import { loadResidents, loadServerFacts, newServerFacts } from './server-facts.js';

/** Most scores kept over all needs: 64 MiB of trees. Beyond it the need that was asked for longest ago is forgotten. */
const SCORES_MAX = 2 ** 22;
/** Most needs kept, however few the servers: each also takes memory of its own. */
const NEEDS_MAX = 2 ** 14;

/** The scores of one need, and the change up to which they are current. */
interface NeedScores {
  readonly tree: ScoreTree;
  asOf: number;
}

/** What a pod asks for, as policies see it; one object, filled again for every question. */
type LoadedPod = { -readonly [field in keyof PodFacts]: PodFacts[field] };

function newPod(): LoadedPod {
  return { cpuMilli: 0, memoryMiB: 0, gpus: 0, gpuMilli: 0, totalGpuMilli: 0 };
}

/** How a random policy picks among equals. */
export interface Draw {
  /** A uniform integer in `0 … bound - 1`. */
  below(bound: number): number;
}

/**
 * Finds the server with the best score, and scores again only servers that have changed.
 *
 * Every distinct need keeps the scores of all servers; when it is asked for again, only servers changed in
 * between are scored anew. So a decision costs O(changed servers × (one score + log servers)), not
 * O(servers).
 */
export class ScoreFinder {
  /** Server scores computed so far: the work a run has done. */
  scored = 0;
  /** Whether code of the policy is running. */
  isAsking = false;
  readonly #tables: ClusterTables;
  readonly #state: PlacementState;
  readonly #scorer: ServerScorer | DifferenceScorer;
  readonly #countTies: boolean;
  readonly #changes: RecencyList;
  /** Need key → its scores, least recently asked first. */
  readonly #needs = new Map<string, NeedScores>();
  /** Server → its potential; current while `#potentialAsOf` equals the server's stamp. Empty for a ServerScorer. */
  readonly #potential: Float64Array;
  readonly #potentialAsOf: Float64Array;
  /** Facts of the server being scored; one object for all calls, so that scoring allocates nothing. */
  #facts: ServerFacts = newServerFacts();
  /** The pod being placed, as the policy sees it; nobody else reads this object. */
  #pod: LoadedPod = newPod();
  /** The GPU with the best score in the last {@link ScoreFinder.#gainOf} of a share. */
  #bestShareGpu = -1;

  /** The scores that {@link ScoreFinder.findAmong} asked for last. */
  #among:
    | { readonly key: string; readonly from: number; readonly scores: Float64Array; asOf: number }
    | undefined;

  constructor(
    tables: ClusterTables,
    state: PlacementState,
    scorer: ServerScorer | DifferenceScorer,
    options: { readonly countTies: boolean },
  ) {
    this.#tables = tables;
    this.#state = state;
    this.#scorer = scorer;
    this.#countTies = options.countTies;
    this.#changes = new RecencyList(tables.serverCount);
    const potentials = scorer.by === 'difference' ? tables.serverCount : 0;
    this.#potential = new Float64Array(potentials);
    this.#potentialAsOf = new Float64Array(potentials);
  }

  /** Follows a change of one server. */
  changed(server: number): void {
    this.#changes.touch(server);
  }

  /** Follows a change of any number of servers. */
  allChanged(): void {
    this.#changes.touchAll();
  }

  /**
   * The server for a pod.
   *
   * @param need - what the pod asks for
   * @param draw - picks among equals; only asked by a policy whose ties are random
   * @returns the position of the server, -1 if none fits
   */
  find(need: PodNeed, draw: Draw): number {
    const scores = this.#scoresOf(need);
    this.#refresh(need, scores);
    const { tree } = scores;
    if (tree.best() === Number.NEGATIVE_INFINITY) return -1;
    return this.#countTies ? tree.nth(draw.below(tree.tied())) : tree.first();
  }

  /**
   * The server for a pod among those from … to. Scores all of them; after an equal question only those that changed since.
   *
   * @returns the position of the server, -1 if none fits
   */
  findAmong(need: PodNeed, from: number, to: number, draw: Draw): number {
    const scores = this.#scoresAmong(need, from, to);
    let best = -1;
    let highest = Number.NEGATIVE_INFINITY;
    let tied = 0;
    for (let i = 0; i < scores.length; i++) {
      const score = scores[i]!;
      if (score === Number.NEGATIVE_INFINITY || score < highest) continue;
      if (score > highest) {
        highest = score;
        best = from + i;
        tied = 1;
        // Reservoir of one: the c-th of the best replaces the choice with probability 1/c.
      } else if (this.#countTies && draw.below(++tied) === 0) best = from + i;
    }
    return best;
  }

  #scoresAmong(need: PodNeed, from: number, to: number): Float64Array {
    const last = this.#among;
    const { stamp, older, now } = this.#changes;
    if (
      last !== undefined &&
      last.key === need.key &&
      last.from === from &&
      last.scores.length === to - from
    ) {
      for (let s = this.#changes.head; s !== -1 && stamp[s]! > last.asOf; s = older[s]!) {
        if (s >= from && s < to) last.scores[s - from] = this.#score(need, s);
      }
      last.asOf = now;
      return last.scores;
    }
    const scores = new Float64Array(to - from);
    for (let s = from; s < to; s++) scores[s - from] = this.#score(need, s);
    this.#among = { key: need.key, from, scores, asOf: now };
    return scores;
  }

  /** The score of a pod on a server; -Infinity where it does not fit. */
  scoreOf(need: PodNeed, server: number): number {
    return this.#score(need, server);
  }

  /**
   * The GPUs for a pod on a server where it fits.
   *
   * @returns bit mask of GPU ordinals; 0 for a pod without GPUs
   */
  chooseGpus(need: PodNeed, server: number, draw: Draw): number {
    if (need.gpus === 0) return 0;
    if (need.gpuMilli === GPU_MILLI) return this.#lowest(need, server);
    const scorer = this.#scorer;
    if (scorer.by === 'difference') {
      this.#ask(need, server);
      return 1 << this.#bestShareGpu;
    }
    return (
      1 <<
      (scorer.shareGpu === 'random' ? this.#randomGpu(need, server, draw) : this.#tightestGpu(need, server))
    );
  }

  #scoresOf(need: PodNeed): NeedScores {
    const known = this.#needs.get(need.key);
    if (known !== undefined) {
      // Maps keep insertion order: moving the need to the end makes the first the least recently asked.
      this.#needs.delete(need.key);
      this.#needs.set(need.key, known);
      return known;
    }
    const keep = Math.min(NEEDS_MAX, Math.max(1, Math.floor(SCORES_MAX / this.#tables.serverCount)));
    if (this.#needs.size >= keep) this.#needs.delete(this.#needs.keys().next().value!);
    const scores = { tree: new ScoreTree(this.#tables.serverCount, { countTies: this.#countTies }), asOf: 0 };
    this.#needs.set(need.key, scores);
    return scores;
  }

  #refresh(need: PodNeed, scores: NeedScores): void {
    const { stamp, older } = this.#changes;
    for (let s = this.#changes.head; s !== -1 && stamp[s]! > scores.asOf; s = older[s]!) {
      scores.tree.set(s, this.#score(need, s));
    }
    scores.asOf = this.#changes.now;
  }

  #score(need: PodNeed, server: number): number {
    if (!fits(this.#tables, this.#state, need, server)) return Number.NEGATIVE_INFINITY;
    this.scored++;
    return this.#ask(need, server);
  }

  /**
   * Asks the policy for the score of a server on which the pod fits. The policy is code of the caller: it may throw, and its changes
   * to the facts must not reach the state.
   */
  #ask(need: PodNeed, server: number): number {
    const scorer = this.#scorer;
    this.#load(server);
    this.isAsking = true;
    try {
      if (scorer.by === 'difference') return this.#gainOf(scorer, need, server);
      loadResidents(this.#state, server, this.#facts);
      this.#loadPod(need);
      return finite(scorer.score(this.#facts, this.#pod), 'score of a server');
    } catch (error) {
      if (isCorralError(error)) throw error;
      throw new CorralError(
        'invalid-option',
        ['policy'],
        `threw ${quote(error)} when it was asked for a score`,
        {
          cause: error,
        },
      );
    } finally {
      this.isAsking = false;
    }
  }

  /** Loads the facts of a server, into a new object if the policy has frozen the old one. */
  #load(server: number): void {
    try {
      loadServerFacts(this.#tables, this.#state, server, this.#facts);
    } catch {
      this.#facts = newServerFacts();
      loadServerFacts(this.#tables, this.#state, server, this.#facts);
    }
  }

  #loadPod(need: PodNeed): void {
    try {
      this.#pod.cpuMilli = need.cpuMilli;
    } catch {
      this.#pod = newPod();
      this.#pod.cpuMilli = need.cpuMilli;
    }
    const pod = this.#pod;
    pod.memoryMiB = need.memoryMiB;
    pod.gpus = need.gpus;
    pod.gpuMilli = need.gpuMilli;
    pod.totalGpuMilli = need.totalGpuMilli;
  }

  /**
   * The gain of placing the pod on the loaded server. For a share it is the best over the GPUs; that GPU is left in
   * `#bestShareGpu`. The facts are changed to the state after the placement, and back.
   */
  #gainOf(scorer: DifferenceScorer, need: PodNeed, server: number): number {
    const before = this.#potentialOf(scorer, server);
    try {
      this.#facts.cpuFreeMilli -= need.cpuMilli;
    } catch {
      // The policy has frozen them.
      this.#load(server);
      this.#facts.cpuFreeMilli -= need.cpuMilli;
    }
    const facts = this.#facts;
    const free = facts.gpuFreeMilli;
    facts.memoryFreeMiB -= need.memoryMiB;
    facts.idleGpuMilli -= need.totalGpuMilli;
    const gainNow = (): number =>
      finite(scorer.gain(before, finite(scorer.potential(facts), 'potential of a server')), 'gain of a pod');
    if (need.gpuMilli === GPU_MILLI || need.gpus === 0) {
      const mask = this.#lowest(need, server);
      for (let rest = mask; rest !== 0; rest &= rest - 1) free[31 - Math.clz32(rest & -rest)] = 0;
      return gainNow();
    }
    let gain = Number.NEGATIVE_INFINITY;
    // Read from the state: the policy may have changed the facts.
    const tables = this.#tables;
    const gpus = tables.shapeGpus[tables.shapeOf[server]!]!;
    let seen = 0;
    for (let g = 0; g < gpus; g++) {
      const milli = freeMilliOf(tables, this.#state, server, g);
      if (milli < need.gpuMilli || this.#isSeen(server, g, seen)) continue;
      seen |= 1 << g;
      free[g] = milli - need.gpuMilli;
      const score = gainNow();
      free[g] = milli;
      if (score > gain) {
        gain = score;
        this.#bestShareGpu = g;
      }
    }
    return gain;
  }

  /** Whether a GPU of a mask has as many thousandths free as another GPU, and so the same score. */
  #isSeen(server: number, gpu: number, seen: number): boolean {
    const milli = freeMilliOf(this.#tables, this.#state, server, gpu);
    for (let rest = seen; rest !== 0; rest &= rest - 1) {
      if (freeMilliOf(this.#tables, this.#state, server, 31 - Math.clz32(rest & -rest)) === milli)
        return true;
    }
    return false;
  }

  #lowest(need: PodNeed, server: number): number {
    return lowestGpus(need, this.#tables.shapeOf[server]!, this.#state.freeMask[server]!);
  }

  #potentialOf(scorer: DifferenceScorer, server: number): number {
    const stamp = this.#changes.stamp[server]!;
    if (this.#potentialAsOf[server] !== stamp) {
      this.#potential[server] = finite(scorer.potential(this.#facts), 'potential of a server');
      this.#potentialAsOf[server] = stamp;
    }
    return this.#potential[server]!;
  }

  #tightestGpu(need: PodNeed, server: number): number {
    const gpus = this.#tables.shapeGpus[this.#tables.shapeOf[server]!]!;
    let best = -1;
    let least = GPU_MILLI + 1;
    for (let gpu = 0; gpu < gpus; gpu++) {
      const milli = freeMilliOf(this.#tables, this.#state, server, gpu);
      if (milli >= need.gpuMilli && milli < least) {
        least = milli;
        best = gpu;
      }
    }
    return best;
  }

  #randomGpu(need: PodNeed, server: number, draw: Draw): number {
    const gpus = this.#tables.shapeGpus[this.#tables.shapeOf[server]!]!;
    let chosen = -1;
    let candidates = 0;
    // Reservoir of one: the c-th candidate replaces the choice with probability 1/c.
    for (let gpu = 0; gpu < gpus; gpu++) {
      if (freeMilliOf(this.#tables, this.#state, server, gpu) < need.gpuMilli) continue;
      if (draw.below(++candidates) === 0) chosen = gpu;
    }
    return chosen;
  }
}

/** Returns the answer of a policy if it is a finite number; throws CorralError if not. */
function finite(answer: number, what: string): number {
  if (Number.isFinite(answer)) return answer;
  throw new CorralError(
    'invalid-option',
    ['policy'],
    `its ${what} is ${quote(answer)}: return a finite number`,
  );
}
