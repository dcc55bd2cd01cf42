import type { ClusterTables } from '../compile/cluster-tables.js';
import { popcount16 } from '../placement/state.js';
import type { Holdings } from './holdings.js';
import { SharedPorts } from './shared-ports.js';

/** Demands that exceed a capacity by less are none: sums of a few quotients. */
const TOLERANCE = 1e-12;

/**
 * Who shares the uplinks of the tiers and the ports of servers with whom, and what each gang gets of them: weighted max-min
 * fair shares, as in `fairShares`, where a gang at 1 GB/s per GPU loads the uplink of a domain, or the ports of a server,
 * that holds g of its n GPUs with max(g, n - g) / (n - 1) GB/s, and never goes faster than it would alone.
 *
 * When a gang comes or goes, only those are computed again that it shares a contended uplink with, directly or through
 * others. Links among the GPUs of a server are not shared here, nor are the ports of servers inside an accelerator fabric:
 * there two gangs count as if each were alone. Gangs communicate all the time here, each at its rate, so that bursts that
 * miss each other are not seen.
 */
export class LinkSharing {
  /** Job → GB/s per GPU and direction; only of jobs that are in. */
  readonly rateGBps: Float64Array;
  /** Jobs whose rate the last {@link enter} or {@link leave} computed again. */
  readonly changed: number[] = [];
  readonly #tables: ClusterTables;
  readonly #holdings: Holdings;
  /** Job → domains whose uplinks it crosses, and its load on each at 1 GB/s. The ports of a server follow the domains. */
  readonly #domains: (number[] | undefined)[];
  readonly #loads: (number[] | undefined)[];
  /** Domain → jobs that cross its uplink, in the order in which they came. */
  readonly #jobsOf: number[][];
  readonly #levelOf: Int32Array;
  readonly #domainCount: number;
  readonly #ports: SharedPorts;

  constructor(tables: ClusterTables, holdings: Holdings, jobs: number) {
    const { levelCount, levelStart } = tables.fabric;
    this.rateGBps = new Float64Array(jobs);
    this.#tables = tables;
    this.#holdings = holdings;
    this.#domains = new Array<number[] | undefined>(jobs).fill(undefined);
    this.#loads = new Array<number[] | undefined>(jobs).fill(undefined);
    const domainCount = levelStart[levelCount]!;
    this.#domainCount = domainCount;
    this.#ports = new SharedPorts(tables);
    this.#jobsOf = Array.from({ length: domainCount + tables.serverCount }, () => []);
    this.#levelOf = new Int32Array(domainCount);
    for (let level = 0; level < levelCount; level++) {
      this.#levelOf.fill(level, levelStart[level]!, levelStart[level + 1]!);
    }
  }

  /** Lets a job communicate where it is placed. O(its servers × tiers + those it shares with). */
  enter(job: number): void {
    this.changed.length = 0;
    this.#find(job);
    this.rateGBps[job] = this.#holdings.bandwidthGBps[job]!;
    const domains = this.#domains[job]!;
    for (const domain of domains) this.#jobsOf[domain]!.push(job);
    this.#share(domains.filter((domain) => this.#isContended(domain)));
  }

  /** Ends what {@link enter} began. */
  leave(job: number): void {
    this.changed.length = 0;
    const domains = this.#domains[job];
    if (domains === undefined) return;
    const contended = domains.filter((domain) => this.#isContended(domain));
    for (const domain of domains) {
      const jobs = this.#jobsOf[domain]!;
      jobs.splice(jobs.indexOf(job), 1);
      if (this.#isServer(domain)) this.#ports.leave(job, domain - this.#domainCount);
    }
    this.#domains[job] = undefined;
    this.#loads[job] = undefined;
    this.#share(contended);
  }

  /** Whether it stands for the ports of a server. */
  #isServer(domain: number): boolean {
    return domain >= this.#domainCount;
  }

  /** The uplinks that a gang crosses, and the ports that others may use beside it. */
  #find(job: number): void {
    const { fabric } = this.#tables;
    const pieces = this.#holdings.pieces[job];
    const domains: number[] = [];
    const loads: number[] = [];
    this.#domains[job] = domains;
    this.#loads[job] = loads;
    if (pieces === undefined) return;
    let inside = new Map<number, number>();
    const masks = new Map<number, number>();
    let gpus = 0;
    pieces.servers.forEach((server, i) => {
      const domain = fabric.cellDomain[fabric.groupOf[server]!]!;
      const mask = pieces.masks[i]!;
      const count = popcount16(mask);
      gpus += count;
      inside.set(domain, (inside.get(domain) ?? 0) + count);
      masks.set(server, (masks.get(server) ?? 0) | mask);
    });
    if (masks.size > 1 && fabric.acceleratorLevel < 0) {
      for (const [server, mask] of masks) {
        if (!this.#ports.mayShare(server, mask)) continue;
        const count = popcount16(mask);
        domains.push(this.#domainCount + server);
        loads.push(Math.max(count, gpus - count) / (gpus - 1));
        this.#ports.enter(job, server, mask);
      }
    }
    for (let level = 0; inside.size > 1; level++) {
      const around = new Map<number, number>();
      for (const [domain, count] of inside) {
        if (level >= fabric.acceleratorLevel && fabric.uplinkGBps[level]! < Number.POSITIVE_INFINITY) {
          domains.push(domain);
          loads.push(Math.max(count, gpus - count) / (gpus - 1));
        }
        const parent = fabric.domainParent[domain]!;
        around.set(parent, (around.get(parent) ?? 0) + count);
      }
      inside = around;
    }
  }

  #loadOn(job: number, domain: number): number {
    return this.#loads[job]![this.#domains[job]!.indexOf(domain)]!;
  }

  #capacity(domain: number): number {
    if (this.#isServer(domain)) return this.#ports.GBps(domain - this.#domainCount);
    return this.#tables.fabric.uplinkGBps[this.#levelOf[domain]!]!;
  }

  /** Whether those who cross an uplink could use more than it carries. */
  #isContended(domain: number): boolean {
    // What a gang reaches alone holds the ports already.
    if (this.#isServer(domain) && this.#jobsOf[domain]!.length < 2) return false;
    let demand = 0;
    for (const job of this.#jobsOf[domain]!) {
      demand += this.#loadOn(job, domain) * this.#holdings.bandwidthGBps[job]!;
    }
    return demand > this.#capacity(domain) * (1 + TOLERANCE);
  }

  /** Computes the rates of all who cross these domains, and of all whom these share contended ones with. */
  #share(seeds: readonly number[]): void {
    const domains = new Set(seeds);
    const jobs = new Set<number>();
    // A Set is walked in the order of insertion, and what is added on the way is reached.
    for (const domain of domains) {
      for (const job of this.#jobsOf[domain]!) {
        if (jobs.has(job)) continue;
        jobs.add(job);
        for (const other of this.#domains[job]!) {
          if (!domains.has(other) && this.#isContended(other)) domains.add(other);
        }
      }
    }
    this.#fill([...jobs], [...domains]);
    this.changed.push(...jobs);
  }

  /** Progressive filling: all rates rise together until an uplink is full or a gang as fast as it can be. */
  #fill(jobs: readonly number[], domains: readonly number[]): void {
    const left = domains.map((domain) => this.#capacity(domain));
    let open = jobs;
    let level = 0;
    while (open.length > 0) {
      let next = Number.POSITIVE_INFINITY;
      for (const job of open) next = Math.min(next, this.#holdings.bandwidthGBps[job]!);
      const loads = domains.map((domain) => {
        let sum = 0;
        for (const job of open) {
          const at = this.#domains[job]!.indexOf(domain);
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
      const isFull = left.map((rest, i) => rest <= this.#capacity(domains[i]!) * TOLERANCE);
      const still: number[] = [];
      for (const job of open) {
        const isStopped =
          this.#holdings.bandwidthGBps[job]! <= level ||
          domains.some((domain, i) => isFull[i] && this.#domains[job]!.includes(domain));
        if (isStopped) this.rateGBps[job] = level;
        else still.push(job);
      }
      // Rounding may leave a little on the uplink that set the level; then nobody stops, and nobody may rise either.
      if (still.length === open.length) {
        for (const job of open) this.rateGBps[job] = level;
        return;
      }
      open = still;
    }
  }
}
