import highsLoader, { type Highs } from 'highs';
import { GangDamage } from '../../../src/check/gangs/gang-damage.js';
import { gangState, type ReferenceState } from '../../../src/check/gangs/gang-state.js';
import { domainsAt, levelNames } from '../../../src/check/gangs/levels.js';
import { GPUS, type MidSizeCase, NVSWITCH_GBPS } from '../mid-size-cluster.js';

/** GPU-equivalents of damage that the programme may be off. */
export const DAMAGE_TOLERANCE = 1e-6;

/** What the best placement of a gang reaches. */
export interface LeastCost {
  readonly tier: string;
  readonly bandwidthGBps: number;
  readonly load: number;
  readonly damage: number;
  /** Position of the server → pods. */
  readonly pods: ReadonlyMap<number, number>;
}

/** Servers of one rack that are alike: one model, equally many GPUs free. */
interface Alike {
  readonly rack: number;
  readonly block: number;
  readonly model: string;
  readonly free: number;
  readonly servers: readonly number[];
}

/** A factor and a variable. */
type Term = readonly [factor: number, name: string];

/** A linear programme in integers, written down as text. */
class Programme {
  readonly #costs: string[] = [];
  readonly #rows: string[] = [];
  readonly #bounds: string[] = [];
  readonly #integers: string[] = [];

  /** A variable 0 … most; returns its name. */
  integer(name: string, most: number): string {
    this.#bounds.push(`0 <= ${name} <= ${most}`);
    this.#integers.push(name);
    return name;
  }

  cost(factor: number, name: string): void {
    if (factor !== 0) this.#costs.push(term(factor, name));
  }

  /**
   * A number that is one of some, with a binary for each.
   *
   * @returns terms whose sum is what `of` says of the number
   */
  oneOf(name: string, numbers: readonly number[]): (of: (value: number) => number) => Term[] {
    const names = numbers.map((value) => this.integer(`${name}_${value}`, 1));
    this.row(
      names.map((binary) => [1, binary]),
      '=',
      1,
    );
    return (of) => numbers.map((value, i): Term => [of(value), names[i]!]).filter(([factor]) => factor !== 0);
  }

  /** Terms, each a factor and a variable, against a bound. */
  row(terms: readonly Term[], relation: '=' | '<=', bound: number): void {
    if (terms.length === 0) return;
    // One term per line: readers limit how long a line may be.
    this.#rows.push(`${terms.map(([factor, name]) => term(factor, name)).join('\n')}\n${relation} ${bound}`);
  }

  toString(): string {
    const costs = this.#costs.length === 0 ? ['0'] : this.#costs;
    const section = (title: string, lines: readonly string[]): string => `${title}\n${lines.join('\n')}\n`;
    return [
      section('Minimize', costs),
      section('Subject To', this.#rows),
      section('Bounds', this.#bounds),
      section('General', this.#integers),
      'End\n',
    ].join('');
  }
}

function term(factor: number, name: string): string {
  return `${factor < 0 ? '-' : '+'} ${Math.abs(factor)} ${name}`;
}

function negative(terms: readonly Term[]): Term[] {
  return terms.map(([factor, name]): Term => [-factor, name]);
}

/** Pods → load; Infinity for a number that cannot be. */
type Curve = number[];

/** The least load of two parts that take some pods together. */
function sumOfCurves(a: Curve, b: Curve): Curve {
  const sum: Curve = Array.from({ length: a.length + b.length - 1 }, () => Number.POSITIVE_INFINITY);
  a.forEach((load, i) => {
    b.forEach((other, j) => {
      sum[i + j] = Math.min(sum[i + j]!, load + other);
    });
  });
  return sum;
}

/** The least load of a gang over several racks, and the least damage with it, as integer programmes for HiGHS. */
export class LeastCostFinder {
  readonly #highs: Highs;

  private constructor(highs: Highs) {
    this.#highs = highs;
  }

  static async load(): Promise<LeastCostFinder> {
    // The package types its module as CommonJS, but what is loaded is an ES module.
    const load = highsLoader as unknown as typeof highsLoader.default;
    return new LeastCostFinder(await load());
  }

  find(given: MidSizeCase, state: ReferenceState): LeastCost {
    const { tier, bandwidthGBps, allowed } = highestBandwidth(given);
    const programme = new GangProgramme(given, state, tier, allowed);
    // An integer: two within less than one are the same.
    const load = Math.round(this.#solve(programme.leastLoad(), 0.9).ObjectiveValue);
    const { ObjectiveValue, Columns } = this.#solve(programme.leastDamage(load), DAMAGE_TOLERANCE);
    const primalOf = (name: string): number => Math.round((Columns[name] as { Primal: number }).Primal);
    const { gpusPerPod } = given;
    return {
      tier,
      bandwidthGBps,
      load: 2 * gpusPerPod ** 2 * load,
      damage: ObjectiveValue,
      pods: programme.podsOf(primalOf),
    };
  }

  #solve(programme: Programme, gap: number) {
    const solution = this.#highs.solve(String(programme), { mip_rel_gap: 0, mip_abs_gap: gap });
    if (solution.Status !== 'Optimal') throw new Error(`no optimum: ${solution.Status}`);
    return solution;
  }
}

/**
 * The lowest tier that holds the gang, the highest bandwidth in it, and the numbers of pods of one server that reach it.
 *
 * Every server is alike: g of the n GPUs on one of them reach what NVSwitches give if g is 2 or more, and
 * (n - 1) × NIC / max(g, n - g). Domains limit nothing.
 */
function highestBandwidth(given: MidSizeCase): {
  readonly tier: string;
  readonly bandwidthGBps: number;
  readonly allowed: readonly number[];
} {
  const { cluster, busy, pods, gpusPerPod, nicGBps } = given;
  const n = pods * gpusPerPod;
  const counts = Array.from({ length: Math.floor(GPUS / gpusPerPod) }, (_, i) => i + 1);
  const reachedBy = (count: number): number => {
    const g = count * gpusPerPod;
    return Math.min(NVSWITCH_GBPS, ((n - 1) * nicGBps) / Math.max(g, n - g));
  };
  const isPossible = (servers: readonly number[], allowed: readonly number[]): boolean => {
    let sums = new Set([0]);
    for (const server of servers) {
      const room = Math.floor((GPUS - busy[server]!) / gpusPerPod);
      const next = new Set(sums);
      for (const count of allowed) {
        if (count <= room) for (const sum of sums) if (sum + count <= pods) next.add(sum + count);
      }
      sums = next;
    }
    return sums.has(pods);
  };
  const names = levelNames(cluster);
  for (let level = 1; level < names.length; level++) {
    const domains = domainsAt(cluster, level);
    if (!domains.some((servers) => isPossible(servers, counts))) continue;
    for (const bandwidthGBps of [...new Set(counts.map(reachedBy))].sort((a, b) => b - a)) {
      const allowed = counts.filter((count) => reachedBy(count) >= bandwidthGBps);
      if (domains.some((servers) => isPossible(servers, allowed))) {
        return { tier: names[level]!, bandwidthGBps, allowed };
      }
    }
  }
  throw new Error('the gang fits nowhere');
}

/**
 * Variables: how many of the servers that are alike take p pods, for each p; for every rack and block, which number of
 * pods it takes, one binary for each number; and which number of wholly free servers of each model. So the
 * load 2 g (n - g) of a domain and the damage n (W² - W'²) / 2N, neither of them linear, are costs of binaries.
 * Load is counted in 2 × (GPUs per pod)², which makes it an integer.
 *
 * The relaxation is weak, since load is concave. So what a rack and a block of each number load at least is added as
 * a cut. Where the whole load has to be the least, that of each of them has to be so.
 */
class GangProgramme {
  readonly #given: MidSizeCase;
  readonly #tier: string;
  readonly #allowed: readonly number[];
  readonly #damage: GangDamage;
  readonly #alike: readonly Alike[];

  constructor(given: MidSizeCase, state: ReferenceState, tier: string, allowed: readonly number[]) {
    this.#given = given;
    this.#tier = tier;
    this.#allowed = allowed;
    this.#damage = new GangDamage(given.cluster, gangState(given.cluster, state));
    this.#alike = this.#classes();
  }

  leastLoad(): Programme {
    const programme = new Programme();
    for (const [factor, name] of this.#write(programme, '<=')) programme.cost(factor, name);
    return programme;
  }

  leastDamage(load: number): Programme {
    const programme = new Programme();
    programme.row(this.#write(programme, '='), '<=', load + 0.5);
    this.#alike.forEach((alike, a) => {
      for (const pods of this.#countsOf(alike)) programme.cost(this.#lossOf(alike, pods), `m${a}_${pods}`);
    });
    this.#writeWhole(programme, 'rack');
    this.#writeWhole(programme, 'block');
    return programme;
  }

  podsOf(primalOf: (name: string) => number): Map<number, number> {
    const podsOn = new Map<number, number>();
    this.#alike.forEach((alike, a) => {
      let next = 0;
      for (const pods of this.#countsOf(alike)) {
        for (let i = primalOf(`m${a}_${pods}`); i > 0; i--) podsOn.set(alike.servers[next++]!, pods);
      }
    });
    return podsOn;
  }

  #classes(): Alike[] {
    const { cluster, busy } = this.#given;
    const classes = new Map<string, Alike & { readonly servers: number[] }>();
    cluster.servers.forEach(({ domains, gpuModel }, server) => {
      const [block, rack] = domains as [number, number];
      const key = `${rack} ${gpuModel} ${busy[server]}`;
      const alike = classes.get(key);
      if (alike !== undefined) alike.servers.push(server);
      else classes.set(key, { rack, block, model: gpuModel, free: GPUS - busy[server]!, servers: [server] });
    });
    return [...classes.values()].filter((alike) => this.#countsOf(alike).length > 0);
  }

  #countsOf({ free }: Alike): number[] {
    return this.#allowed.filter((pods) => pods * this.#given.gpusPerPod <= free);
  }

  /** Leftover value lost on one server; which of its GPUs are taken makes no difference. */
  #lossOf({ servers, free }: Alike, pods: number): number {
    const server = servers[0]!;
    const { gpusPerPod } = this.#given;
    const mask = this.#damage.free[server]!;
    let left = mask;
    for (let i = 0; i < pods * gpusPerPod; i++) left &= left - 1;
    const alone = (taken: number): number =>
      this.#damage.of(this.#given.cluster.servers.map((_, s) => (s === server ? taken : 0)));
    // Without what the tiers lose, which is the same for any GPUs of the server.
    return free === GPUS ? alone(mask & ~left) - this.#tierLoss(server) : alone(mask & ~left);
  }

  /** What the tiers lose by one wholly free server alone. */
  #tierLoss(server: number): number {
    return (['rack', 'block'] as const)
      .map((tier) => {
        const { cluster } = this.#given;
        const at = tier === 'block' ? 0 : 1;
        const { gpuModel, domains } = cluster.servers[server]!;
        return this.#wholeLoss(tier, domains[at]!, gpuModel, 1);
      })
      .reduce((sum, loss) => sum + loss, 0);
  }

  /** n (W² - W'²) / 2N of one domain. */
  #wholeLoss(tier: 'block' | 'rack', domain: number, model: string, taken: number): number {
    const { cluster, busy } = this.#given;
    const at = tier === 'block' ? 0 : 1;
    let all = 0;
    let whole = 0;
    cluster.servers.forEach(({ domains, gpuModel }, server) => {
      if (domains[at] !== domain || gpuModel !== model) return;
      all++;
      if (busy[server] === 0) whole++;
    });
    return (GPUS * (whole ** 2 - (whole - taken) ** 2)) / (2 * all);
  }

  /**
   * Servers take pods, racks and blocks what their servers take, all of them the whole gang.
   *
   * @param relation - of the least load of racks and blocks to what they load
   * @returns the terms of the load
   */
  #write(programme: Programme, relation: '=' | '<='): Term[] {
    const { pods } = this.#given;
    const all: Term[] = [];
    this.#alike.forEach((alike, a) => {
      const counts = this.#countsOf(alike);
      for (const count of counts) {
        all.push([count, programme.integer(`m${a}_${count}`, alike.servers.length)]);
      }
      programme.row(
        counts.map((count) => [1, `m${a}_${count}`]),
        '<=',
        alike.servers.length,
      );
    });
    programme.row(all, '=', pods);
    const loads: Term[] = [];
    const leastOf = new Map<number, Curve>();
    const inBlock = new Map<number, { readonly rack: number; readonly terms: readonly Term[] }[]>();
    const blocks = this.#domainsOf('block');
    this.#domainsOf('rack').forEach((members, rack) => {
      const servers = members.flatMap((a) => this.#serverTerms(a));
      const least = this.#leastOfServers(members);
      const numberIs = programme.oneOf(`rack${rack}`, this.#countsIn('rack', least));
      programme.row([...this.#podTerms(members), ...negative(numberIs((count) => count))], '=', 0);
      const own = numberIs((count) => this.#crossing(count, this.#gpusIn('rack', rack)));
      programme.row([...numberIs((count) => least[count]!), ...negative(servers)], relation, 0);
      leastOf.set(
        rack,
        least.map((load, count) => load + this.#crossing(count, this.#gpusIn('rack', rack))),
      );
      loads.push(...servers, ...own);
      const { block } = this.#alike[members[0]!]!;
      inBlock.set(block, [...(inBlock.get(block) ?? []), { rack, terms: [...servers, ...own] }]);
    });
    blocks.forEach((members, block) => {
      const least = inBlock
        .get(block)!
        .map(({ rack }) => leastOf.get(rack)!)
        .reduce(sumOfCurves);
      const numberIs = programme.oneOf(`block${block}`, this.#countsIn('block', least));
      programme.row([...this.#podTerms(members), ...negative(numberIs((count) => count))], '=', 0);
      loads.push(...numberIs((count) => this.#crossing(count, this.#gpusIn('block', block))));
      programme.row(
        [
          ...numberIs((count) => least[count]!),
          ...negative(inBlock.get(block)!.flatMap(({ terms }) => terms)),
        ],
        relation,
        0,
      );
    });
    return loads;
  }

  /** Pods → the least load of the servers of a rack that takes so many. */
  #leastOfServers(members: readonly number[]): Curve {
    let sum: Curve = [0];
    for (const a of members) {
      const alike = this.#alike[a]!;
      const one: number[] = [0];
      for (const count of this.#countsOf(alike)) one[count] = this.#crossing(count, GPUS);
      for (let i = 0; i < one.length; i++) one[i] ??= Number.POSITIVE_INFINITY;
      for (let i = 0; i < alike.servers.length; i++) sum = sumOfCurves(sum, one);
    }
    return sum;
  }

  #podTerms(members: readonly number[]): Term[] {
    return members.flatMap((a) =>
      this.#countsOf(this.#alike[a]!).map((count): Term => [count, `m${a}_${count}`]),
    );
  }

  #serverTerms(a: number): Term[] {
    return this.#countsOf(this.#alike[a]!)
      .map((count): Term => [this.#crossing(count, GPUS), `m${a}_${count}`])
      .filter(([factor]) => factor !== 0);
  }

  /** Adds the damage in one tier. */
  #writeWhole(programme: Programme, tier: 'block' | 'rack'): void {
    this.#domainsOf(tier).forEach((members, domain) => {
      for (const model of new Set(members.map((a) => this.#alike[a]!.model))) {
        const whole = members.filter((a) => this.#alike[a]!.model === model && this.#alike[a]!.free === GPUS);
        const most = whole.reduce((sum, a) => sum + this.#alike[a]!.servers.length, 0);
        if (most === 0) continue;
        const numbers = Array.from({ length: most + 1 }, (_, taken) => taken);
        const numberIs = programme.oneOf(`${tier}${domain}${model}`, numbers);
        for (const [factor, name] of numberIs((taken) => this.#wholeLoss(tier, domain, model, taken))) {
          programme.cost(factor, name);
        }
        programme.row(
          [
            ...whole.flatMap((a) => this.#countsOf(this.#alike[a]!).map((p): Term => [1, `m${a}_${p}`])),
            ...negative(numberIs((taken) => taken)),
          ],
          '=',
          0,
        );
      }
    });
  }

  /** Load in 2 × (GPUs per pod)² of a part of so many GPUs that takes some pods; none if it has no other GPU. */
  #crossing(count: number, gpus: number): number {
    const { pods, gpusPerPod } = this.#given;
    return count * gpusPerPod < gpus ? count * (pods - count) : 0;
  }

  #gpusIn(tier: 'block' | 'rack', domain: number): number {
    const at = tier === 'block' ? 0 : 1;
    return GPUS * this.#given.cluster.servers.filter(({ domains }) => domains[at] === domain).length;
  }

  /** Domain → classes of servers in it. */
  #domainsOf(tier: 'block' | 'rack'): Map<number, number[]> {
    const domains = new Map<number, number[]>();
    this.#alike.forEach((alike, a) => {
      const members = domains.get(alike[tier]);
      if (members === undefined) domains.set(alike[tier], [a]);
      else members.push(a);
    });
    return domains;
  }

  /** The numbers of pods that a domain can take: a block all or nothing where the gang is in one. */
  #countsIn(tier: 'block' | 'rack', least: Curve): number[] {
    const { pods } = this.#given;
    const isWhole = tier === 'block' && this.#tier === 'block';
    return [...least.keys()].filter(
      (count) =>
        least[count] !== Number.POSITIVE_INFINITY && (isWhole ? count % pods === 0 : true) && count <= pods,
    );
  }
}
