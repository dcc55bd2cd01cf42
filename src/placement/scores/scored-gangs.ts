import type { ClusterTables } from '../../compile/cluster-tables.js';
import { type GpuSetTables, gpuSetTables } from '../../compile/gpu-set-tables.js';
import { type Gang, SERVER } from '../gangs/gang.js';
import { GangCapacity } from '../gangs/gang-capacity.js';
import type { GangPlan } from '../gangs/gang-plan.js';
import { levelOfServers, planBandwidth } from '../gangs/plan-figures.js';
import { PodPlacer, type TakeAndGive } from '../gangs/pod-placer.js';
import { allotments } from '../gangs/spread.js';
import type { Allotment } from '../pods/allotment.js';
import type { PodChooser } from '../pods/pod-chooser.js';
import type { PodNeed } from '../state/pod-need.js';
import { type PlacementState, podsThatFit } from '../state/state.js';
import type { Draw, ScoreFinder } from './score-finder.js';

/**
 * Places gangs under a policy of scores, as schedulers do that do not know the fabric: pod by pod, each where it scores best,
 * all or nothing. For `require`, `prefer` and slices the first domain in tree order that holds the gang is taken. A gang
 * that fits is never refused.
 */
export class ScoredGangs implements PodChooser {
  server = -1;
  gpuMask = 0;
  readonly #tables: ClusterTables;
  readonly #state: PlacementState;
  readonly #finder: ScoreFinder;
  readonly #draws: { readonly ties: Draw; readonly gpu: Draw };
  readonly #placer: PodPlacer;
  readonly #capacity: GangCapacity;

  constructor(
    tables: ClusterTables,
    state: PlacementState,
    finder: ScoreFinder,
    hands: TakeAndGive,
    draws: { readonly ties: Draw; readonly gpu: Draw },
  ) {
    this.#tables = tables;
    this.#state = state;
    this.#finder = finder;
    this.#draws = draws;
    this.#placer = new PodPlacer(this, hands);
    this.#capacity = new GangCapacity(tables, state, undefined);
  }

  choose(need: PodNeed, from: number, to: number): boolean {
    const everywhere = from === 0 && to === this.#tables.serverCount;
    const server = everywhere
      ? this.#finder.find(need, this.#draws.ties)
      : this.#finder.findAmong(need, from, to, this.#draws.ties);
    if (server === -1) return false;
    this.server = server;
    this.gpuMask = this.#finder.chooseGpus(need, server, this.#draws.gpu);
    return true;
  }

  /** The plan for a gang; undefined if it does not fit. O(servers + pods × decision). */
  find(gang: Gang): GangPlan | undefined {
    const pods = gang.podsMin < gang.pods ? this.mostPods(gang) : gang.pods;
    if (pods < gang.podsMin) return undefined;
    this.#capacity.begin(gang);
    const { preferLevel, requireLevel } = gang;
    if (preferLevel < requireLevel) {
      const plan = this.#atLevel(gang, preferLevel, pods);
      if (plan !== undefined) return plan;
    }
    return this.#atLevel(gang, requireLevel, pods);
  }

  /** The most pods of a gang, up to what it asks for, that fit where it must be; ignores `podsMin`. */
  mostPods(gang: Gang): number {
    this.#capacity.begin(gang);
    return this.#capacity.mostPods(gang.requireLevel);
  }

  #atLevel(gang: Gang, level: number, pods: number): GangPlan | undefined {
    const { levelStart } = this.#tables.fabric;
    if (level === SERVER) {
      for (let s = 0; s < this.#tables.serverCount; s++) {
        if (podsThatFit(this.#tables, this.#state, gang.need, s, pods) >= pods) {
          return this.#placed(gang, [{ from: s, to: s + 1, pods }]);
        }
      }
      return undefined;
    }
    this.#capacity.fill(level);
    for (let domain = levelStart[level]!; domain < levelStart[level + 1]!; domain++) {
      if (!this.#capacity.holds(domain, level, pods)) continue;
      const parts = allotments(this.#capacity, domain, level, pods);
      return this.#placed(gang, parts);
    }
    return undefined;
  }

  /** The plan; its level is that of the pods, which may need a narrower domain than the one that was searched. */
  #placed({ need }: Gang, parts: readonly Allotment[]): GangPlan {
    const plan = this.#placer.plan(need, parts, SERVER);
    const tables = this.#tables;
    const setTablesOf = (kind: number): GpuSetTables => gpuSetTables(tables.kindType[kind]!);
    return {
      ...plan,
      level: levelOfServers(tables.fabric, plan.servers),
      bandwidthGBps: planBandwidth(tables, setTablesOf, need, plan),
    };
  }
}
