import { GPU_MILLI } from '../../units.js';
import { forEachPiece } from '../allocation/holdings.js';
import type { ClusterRun } from '../kernel/cluster-run.js';

/** The most sets that one search tries, including those that free too little. */
const SETS_MAX = 1 << 12;
/** With more candidates than this no sets are made. */
export const FEW_CANDIDATES_MAX = 64;

/** A job that may be stopped, and what that costs. */
export interface Candidate {
  readonly job: number;
  /** GPU-microseconds. */
  readonly cost: number;
}

/** A set of candidates: their positions in the list, ascending, and their total cost. */
interface CandidateSet {
  readonly members: readonly Candidate[];
  readonly at: readonly number[];
  readonly cost: number;
}

/**
 * Sets of running jobs without which a waiting job may fit by the numbers of GPUs on the servers, the cheapest first.
 * Of equal cost the set with fewer jobs comes first, then the one whose members come first. A job of one pod needs
 * one server, so sets of jobs on one server come before all others; some of these come twice.
 *
 * @param candidates - the cheapest first
 * @param sizeMax - jobs in a set at most
 * @complexity O(running) before the first, O(servers + log sets) for each; ends after some thousand sets, per server where
 * they are of one
 */
export function* setsInTheWay(
  run: ClusterRun,
  job: number,
  candidates: readonly Candidate[],
  sizeMax: number,
): Generator<readonly Candidate[], void> {
  const { podsMin, need } = run.gangOf(job);
  const free = new FreeByServer(run, need.totalGpuMilli);
  if (podsMin === 1) yield* setsOnOneServer(free.inTheWay(candidates), sizeMax);
  const frees = (set: readonly Candidate[]): boolean => free.podsWithout(set) >= podsMin;
  for (const { members } of cheapestSets(candidates, sizeMax, frees)) yield members;
}

function* setsOnOneServer(
  servers: readonly ServerInTheWay[],
  sizeMax: number,
): Generator<readonly Candidate[], void> {
  const searches = servers.map(({ own, heldMilli, missingMilli }) => {
    const held = new Map(own.map((one, i) => [one, heldMilli[i]!]));
    const frees = (set: readonly Candidate[]): boolean =>
      set.reduce((sum, one) => sum + held.get(one)!, 0) >= missingMilli;
    const sets = cheapestSets(own, sizeMax, frees);
    return { sets, next: sets.next().value };
  });
  for (;;) {
    let first: (typeof searches)[number] | undefined;
    for (const search of searches) {
      if (search.next === undefined) continue;
      if (first?.next === undefined || compareCosts(search.next, first.next) < 0) first = search;
    }
    if (first?.next === undefined) return;
    yield first.next.members;
    first.next = first.sets.next().value;
  }
}

/**
 * Candidates sorted by their servers: first those that are cheapest to free for a pod. For gangs whose pods need most
 * of a server.
 */
export function byServersInTheWay(
  run: ClusterRun,
  job: number,
  candidates: readonly Candidate[],
): Candidate[] {
  const free = new FreeByServer(run, run.gangOf(job).need.totalGpuMilli);
  const servers = free.inTheWay(candidates).map(({ own }) => ({
    own,
    cost: own.reduce((sum, { cost }) => sum + cost, 0),
  }));
  // Sorting is stable, so equal servers keep their order.
  servers.sort((a, b) => a.cost - b.cost || a.own.length - b.own.length);
  return [...new Set(servers.flatMap(({ own }) => own))];
}

/** A server that would have enough free GPUs for a pod without some candidates. */
interface ServerInTheWay {
  readonly own: readonly Candidate[];
  /** Position in `own` → thousandths of GPUs that it holds there. */
  readonly heldMilli: readonly number[];
  readonly missingMilli: number;
}

/** The GPUs that running jobs leave free on each server, by number. Headroom counts as free. */
class FreeByServer {
  readonly #run: ClusterRun;
  /** What a pod needs, thousandths of GPUs. */
  readonly #podMilli: number;
  /** Server → thousandths of GPUs. */
  readonly #freeMilli: Float64Array;
  #pods = 0;

  constructor(run: ClusterRun, podMilli: number) {
    this.#run = run;
    this.#podMilli = podMilli;
    const { gpuStart, serverCount } = run.engine.tables;
    const { cordoned } = run.engine.state;
    this.#freeMilli = new Float64Array(serverCount);
    for (let server = 0; server < serverCount; server++) {
      if (cordoned[server] === 1) this.#freeMilli[server] = Number.NEGATIVE_INFINITY;
      else this.#freeMilli[server] = (gpuStart[server + 1]! - gpuStart[server]!) * GPU_MILLI;
    }
    for (let i = 0; i < run.runningCount; i++) {
      this.#forEachHeld(run.running[i]!, (server, milli) => {
        this.#freeMilli[server]! -= milli;
      });
    }
    for (const free of this.#freeMilli) this.#pods += this.#podsIn(free);
  }

  /** Pods that fit without some jobs. */
  podsWithout(set: readonly Candidate[]): number {
    if (this.#podMilli === 0) return Number.POSITIVE_INFINITY;
    const freed = new Map<number, number>();
    for (const { job } of set) {
      this.#forEachHeld(job, (server, milli) => freed.set(server, (freed.get(server) ?? 0) + milli));
    }
    let pods = this.#pods;
    for (const [server, milli] of freed) {
      const free = this.#freeMilli[server]!;
      pods += this.#podsIn(free + milli) - this.#podsIn(free);
    }
    return pods;
  }

  /** Servers that a pod fits on without some candidates, in document order. */
  inTheWay(candidates: readonly Candidate[]): ServerInTheWay[] {
    const found = new Map<number, { own: Candidate[]; heldMilli: number[]; missingMilli: number }>();
    for (const candidate of candidates) {
      this.#forEachHeld(candidate.job, (server, milli) => {
        let at = found.get(server);
        if (at === undefined) {
          at = { own: [], heldMilli: [], missingMilli: this.#podMilli - this.#freeMilli[server]! };
          found.set(server, at);
        }
        if (at.own.at(-1) === candidate) at.heldMilli[at.own.length - 1]! += milli;
        else {
          at.own.push(candidate);
          at.heldMilli.push(milli);
        }
      });
    }
    return [...found.entries()]
      .sort(([a], [b]) => a - b)
      .map(([, server]) => server)
      .filter(
        ({ heldMilli, missingMilli }) => heldMilli.reduce((sum, held) => sum + held, 0) >= missingMilli,
      );
  }

  #podsIn(freeMilli: number): number {
    return freeMilli < 0 ? 0 : Math.floor(freeMilli / this.#podMilli);
  }

  #forEachHeld(job: number, visit: (server: number, milli: number) => void): void {
    const { totalGpuMilli } = this.#run.gangOf(job).need;
    forEachPiece(this.#run.holdings.assignmentOf(job), (server, _mask, pods) =>
      visit(server, pods * totalGpuMilli),
    );
  }
}

/**
 * All non-empty sets of candidates that are accepted, in the order of {@link compareSets}. From each set two follow:
 * with the next candidate added, and with the next candidate in place of the last. Both cost at least as much, since
 * candidates are sorted by cost.
 */
function* cheapestSets(
  candidates: readonly Candidate[],
  sizeMax: number,
  willDo: (set: readonly Candidate[]) => boolean,
): Generator<CandidateSet, undefined> {
  if (candidates.length === 0 || sizeMax < 1) return undefined;
  const setOf = (at: readonly number[]): CandidateSet => {
    const members = at.map((i) => candidates[i]!);
    return { at, members, cost: members.reduce((sum, one) => sum + one.cost, 0) };
  };
  const heap: CandidateSet[] = [setOf([0])];
  for (let looked = 0; heap.length > 0 && looked < SETS_MAX; looked++) {
    const set = popLeast(heap);
    if (willDo(set.members)) yield set;
    const next = set.at.at(-1)! + 1;
    if (next === candidates.length) continue;
    pushLeast(heap, setOf([...set.at.slice(0, -1), next]));
    if (set.at.length < sizeMax) pushLeast(heap, setOf([...set.at, next]));
  }
  return undefined;
}

/** The cheaper first, then the one with fewer members. */
function compareCosts(a: CandidateSet, b: CandidateSet): number {
  return a.cost - b.cost || a.at.length - b.at.length;
}

/** As {@link compareCosts}, then the one whose members come first. */
function compareSets(a: CandidateSet, b: CandidateSet): number {
  const order = compareCosts(a, b);
  if (order !== 0) return order;
  const different = a.at.findIndex((at, i) => at !== b.at[i]);
  return different === -1 ? 0 : a.at[different]! - b.at[different]!;
}

/** Adds to a binary heap, the least at 0. */
function pushLeast(heap: CandidateSet[], set: CandidateSet): void {
  let at = heap.push(set) - 1;
  while (at > 0) {
    const above = (at - 1) >> 1;
    if (compareSets(heap[above]!, set) <= 0) break;
    heap[at] = heap[above]!;
    at = above;
  }
  heap[at] = set;
}

/** Takes the least off a binary heap that is not empty. */
function popLeast(heap: CandidateSet[]): CandidateSet {
  const least = heap[0]!;
  const last = heap.pop()!;
  if (heap.length === 0) return least;
  let at = 0;
  for (;;) {
    let below = 2 * at + 1;
    if (below >= heap.length) break;
    if (below + 1 < heap.length && compareSets(heap[below + 1]!, heap[below]!) < 0) below++;
    if (compareSets(last, heap[below]!) <= 0) break;
    heap[at] = heap[below]!;
    at = below;
  }
  heap[at] = last;
  return least;
}
