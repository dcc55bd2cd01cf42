import type { ClusterTables } from '../../compile/cluster-tables.js';
import { ROUNDING } from '../../figures.js';
import { popcount16 } from '../../placement/state/state.js';
import type { Holdings } from '../allocation/holdings.js';
import { PortSharing } from './port-sharing.js';

/**
 * Shares the uplinks of domains and the ports of servers among gangs by weighted max-min fairness, as in
 * `fairShares`. A gang that runs at 1 GB/s per GPU, and has g of its n GPUs in a domain or server, loads the uplink
 * or the ports there with max(g, n - g) / (n - 1) GB/s. No gang gets more than it would reach alone.
 *
 * Uplinks inside accelerator domains are not used. The ports of an accelerator domain are those of its servers
 * together. {@link PortSharing} says what the ports of a server carry for several gangs.
 *
 * When a gang comes or goes, only gangs that share a contended link with it, directly or through others, are computed
 * again. Links inside servers are not shared here: two gangs on one server each count as if alone. Gangs are taken to
 * communicate all the time at their rate, so bursts that do not overlap are not modelled.
 */
export class LinkSharing {
  /** Job → GB/s per GPU and direction; only for jobs that communicate. */
  readonly rateGBps: Float64Array;
  /** Jobs whose rate the last {@link enter} or {@link leave} computed again. */
  readonly changed: number[] = [];
  readonly #tables: ClusterTables;
  readonly #holdings: Holdings;
  readonly #ports: PortSharing;
  /** Job → the links that it crosses, and its load on each at 1 GB/s. Links are domains, for their uplinks, then ports. */
  readonly #links: (number[] | undefined)[];
  readonly #loads: (number[] | undefined)[];
  /** Link → jobs that cross it, in the order in which they came. */
  readonly #jobsOf: number[][];
  /** Links that are ports, less the number of domains → GB/s. */
  readonly #portGBps: number[] = [];
  /** Numbers of port links that are free to be used again. */
  readonly #unused: number[] = [];
  /** Place of {@link PortSharing} → links of its ports. */
  readonly #linksOf = new Map<number, number[]>();

  /**
   * @param nicGBpsOf - kind → GPU mask → GB/s out of the server through its ports; asked for kinds with GPUs alone
   */
  constructor(
    tables: ClusterTables,
    holdings: Holdings,
    jobs: number,
    nicGBpsOf: (kind: number) => Float64Array,
  ) {
    this.rateGBps = new Float64Array(jobs);
    this.#tables = tables;
    this.#holdings = holdings;
    this.#ports = new PortSharing(tables, nicGBpsOf);
    this.#links = new Array<number[] | undefined>(jobs).fill(undefined);
    this.#loads = new Array<number[] | undefined>(jobs).fill(undefined);
    this.#jobsOf = Array.from(tables.fabric.domainParent, () => []);
  }

  /** Lets a job communicate where it is placed. O(its servers × tiers + those it shares with). */
  enter(job: number): void {
    this.changed.length = 0;
    this.#find(job);
    this.rateGBps[job] = this.#holdings.bandwidthGBps[job]!;
    const uplinks = this.#links[job]!.slice();
    for (const link of uplinks) this.#jobsOf[link]!.push(job);
    const pieces = this.#holdings.pieces[job];
    const touched = new Set<number>();
    if (pieces !== undefined) {
      for (const place of this.#ports.enter(job, pieces)) this.#renew(place, touched);
    }
    this.#share(
      uplinks.filter((link) => this.#isContended(link)),
      touched,
    );
  }

  /** Ends the communication of a job. */
  leave(job: number): void {
    this.changed.length = 0;
    if (this.#links[job] === undefined) return;
    const touched = new Set<number>();
    for (const place of this.#ports.leave(job)) this.#renew(place, touched);
    // The remaining links are uplinks.
    const links = this.#links[job];
    const contended = links.filter((link) => this.#isContended(link));
    for (const link of links) {
      const jobs = this.#jobsOf[link]!;
      jobs.splice(jobs.indexOf(job), 1);
    }
    this.#links[job] = undefined;
    this.#loads[job] = undefined;
    touched.delete(job);
    this.#share(contended, touched);
  }

  /** Computes again what the jobs of a place share, and collects the jobs whose rates may change by it. */
  #renew(place: number, touched: Set<number>): void {
    const note = (link: number): void => {
      if (this.#isContended(link)) for (const job of this.#jobsOf[link]!) touched.add(job);
    };
    for (const link of this.#linksOf.get(place) ?? []) {
      note(link);
      for (const job of this.#jobsOf[link]!) {
        const at = this.#links[job]!.indexOf(link);
        this.#links[job]!.splice(at, 1);
        this.#loads[job]!.splice(at, 1);
      }
      this.#jobsOf[link] = [];
      this.#unused.push(link);
    }
    const links = this.#ports.sharesIn(place).map(({ jobs, loads, GBps }) => {
      const link = this.#unused.pop() ?? this.#jobsOf.push([]) - 1;
      this.#portGBps[link - this.#tables.fabric.domainParent.length] = GBps;
      this.#jobsOf[link] = [...jobs];
      jobs.forEach((job, i) => {
        this.#links[job]!.push(link);
        this.#loads[job]!.push(loads[i]!);
      });
      return link;
    });
    for (const link of links) note(link);
    if (links.length > 0) this.#linksOf.set(place, links);
    else this.#linksOf.delete(place);
  }

  /** The uplinks that a gang crosses. */
  #find(job: number): void {
    const { fabric } = this.#tables;
    const pieces = this.#holdings.pieces[job];
    const links: number[] = [];
    const loads: number[] = [];
    this.#links[job] = links;
    this.#loads[job] = loads;
    if (pieces === undefined) return;
    let inside = new Map<number, number>();
    let gpus = 0;
    pieces.servers.forEach((server, i) => {
      const domain = fabric.cellDomain[fabric.groupOf[server]!]!;
      const count = popcount16(pieces.masks[i]!);
      gpus += count;
      inside.set(domain, (inside.get(domain) ?? 0) + count);
    });
    // Each turn climbs a level, and the whole cluster is one domain.
    while (inside.size > 1) {
      const around = new Map<number, number>();
      for (const [domain, count] of inside) {
        const island = fabric.islandOf[domain]!;
        const isCrossed = island === -1 || island === domain;
        if (isCrossed && fabric.uplinkGBps[domain]! < Number.POSITIVE_INFINITY) {
          links.push(domain);
          loads.push(Math.max(count, gpus - count) / (gpus - 1));
        }
        const parent = fabric.domainParent[domain]!;
        around.set(parent, (around.get(parent) ?? 0) + count);
      }
      inside = around;
    }
  }

  #loadOn(job: number, link: number): number {
    return this.#loads[job]![this.#links[job]!.indexOf(link)]!;
  }

  #capacity(link: number): number {
    const { uplinkGBps } = this.#tables.fabric;
    return link < uplinkGBps.length ? uplinkGBps[link]! : this.#portGBps[link - uplinkGBps.length]!;
  }

  /** Whether the jobs on a link could use more than it carries. */
  #isContended(link: number): boolean {
    let demand = 0;
    for (const job of this.#jobsOf[link]!) {
      demand += this.#loadOn(job, link) * this.#holdings.bandwidthGBps[job]!;
    }
    return demand > this.#capacity(link) * (1 + ROUNDING);
  }

  /**
   * Computes the rates of some jobs, of all jobs on some links, and of all jobs with which these share contended
   * links.
   */
  #share(seeds: readonly number[], first: Iterable<number>): void {
    const links = new Set(seeds);
    const jobs = new Set<number>();
    const add = (job: number): void => {
      if (jobs.has(job)) return;
      jobs.add(job);
      for (const link of this.#links[job]!) if (!links.has(link) && this.#isContended(link)) links.add(link);
    };
    for (const job of first) add(job);
    // A Set is walked in the order of insertion, and entries added on the way are visited too.
    for (const link of links) for (const job of this.#jobsOf[link]!) add(job);
    this.#fill([...jobs], [...links]);
    this.changed.push(...jobs);
  }

  /** Progressive filling: all rates rise together until a link is full or a gang reaches its own limit. */
  #fill(jobs: readonly number[], links: readonly number[]): void {
    const left = links.map((link) => this.#capacity(link));
    let open = jobs;
    let level = 0;
    // Each turn stops a job, or is the last.
    while (open.length > 0) {
      let next = Number.POSITIVE_INFINITY;
      for (const job of open) next = Math.min(next, this.#holdings.bandwidthGBps[job]!);
      const loads = links.map((link) => {
        let sum = 0;
        for (const job of open) {
          const at = this.#links[job]!.indexOf(link);
          if (at !== -1) sum += this.#loads[job]![at]!;
        }
        return sum;
      });
      loads.forEach((load, i) => {
        if (load > 0) next = Math.min(next, level + Math.max(0, left[i]!) / load);
      });
      loads.forEach((load, i) => {
        left[i]! -= load * (next - level);
      });
      level = next;
      const isFull = left.map((rest, i) => rest <= this.#capacity(links[i]!) * ROUNDING);
      const still: number[] = [];
      for (const job of open) {
        const isStopped =
          this.#holdings.bandwidthGBps[job]! <= level ||
          links.some((link, i) => isFull[i] && this.#links[job]!.includes(link));
        if (isStopped) this.rateGBps[job] = level;
        else still.push(job);
      }
      // Rounding may leave a little capacity on the link that set the level. Then no job is stopped and no rate may
      // rise.
      if (still.length === open.length) {
        for (const job of open) this.rateGBps[job] = level;
        return;
      }
      open = still;
    }
  }
}
