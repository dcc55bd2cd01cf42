import { nonNegative } from '../../checks/quantity.js';
import { nonEmptyText, trueOrFalse, unexpected } from '../../checks/values.js';
import type { ClusterTables } from '../../compile/cluster-tables.js';
import { CorralError } from '../../errors.js';
import type { Levels } from '../../placement/gangs/gang.js';
import type { RandomStream } from '../../random.js';
import type { SimulatedFailureLaw } from '../options/simulation-options.js';

/** The place of a failure: servers from … to, or one GPU of one server. */
export interface FailurePlace {
  readonly firstServer: number;
  readonly endServer: number;
  /** Bit of the GPU that failed; 0 = the whole servers. */
  readonly gpuBit: number;
}

/** A failure law on one cluster: the rate at which it hits hardware, and the places. */
export class FailurePlaces {
  readonly law: SimulatedFailureLaw;
  /** Whether checkpoints in the memory of the servers are lost. */
  readonly memoryLost: boolean;
  /** Whether it hits jobs, not hardware. */
  readonly isOfJobs: boolean;
  /** Failures per second of all hardware together; 0 for a law of jobs. */
  readonly failuresPerSecond: number;
  readonly #tables: ClusterTables;
  /** -1 a GPU, 0 a server, 1 + level a domain. */
  readonly #scale: number;
  readonly #counts: 'gpu' | 'server' | 'domain';
  readonly #units: number;
  /** For NVLink domains, where servers outside accelerator fabrics count as such domains: all of them. */
  readonly #nvlinkDomains: readonly FailurePlace[] | undefined;

  /**
   * @param law - as `readOptions` returns it
   * @throws CorralError `invalid-option`, `unknown-reference` with a path from `failures` on
   */
  constructor(law: SimulatedFailureLaw, index: number, tables: ClusterTables, levels: Levels) {
    const path = ['failures', 'laws', index] as const;
    nonEmptyText(law.name, ...path, 'name');
    nonNegative(law.failuresPerSecond, ...path, 'failuresPerSecond');
    const { per = 'domain' } = law;
    if (!['domain', 'server', 'gpu'].includes(per)) {
      throw unexpected('domain, server or gpu', per, [...path, 'per']);
    }
    trueOrFalse(law.memoryLost ?? false, ...path, 'memoryLost');
    const { level } = law;
    this.law = law;
    this.memoryLost = law.memoryLost ?? (level !== 'gpu' && level !== 'job');
    this.#tables = tables;
    this.isOfJobs = level === 'job';
    const { acceleratorLevel, levelStart } = tables.fabric;
    if (level === 'gpu') this.#scale = -1;
    else if (level === 'server' || level === 'job') this.#scale = 0;
    else if (level === 'nvlink-domain') {
      this.#scale = 1 + acceleratorLevel;
      this.#nvlinkDomains = this.#mixedNvlinkDomains();
    } else if (typeof level === 'object' && level !== null) {
      this.#scale = 1 + levels.levelOf(level.tier, [...path, 'level', 'tier'].map(String));
    } else {
      throw unexpected('gpu, server, nvlink-domain, job or { tier }', level, [...path, 'level']);
    }
    if (this.isOfJobs && law.repair !== undefined) {
      throw new CorralError('invalid-option', [...path, 'repair'], 'a job that fails has nothing to repair');
    }
    // A rate per GPU or server on a wider level hits each domain in proportion to its GPUs or servers.
    if (this.#scale === -1 || (this.#scale >= 0 && per === 'gpu')) this.#counts = 'gpu';
    else this.#counts = this.#scale === 0 || per === 'server' ? 'server' : 'domain';
    if (this.#counts === 'gpu') this.#units = tables.gpuCount;
    else if (this.#counts === 'server') this.#units = tables.serverCount;
    else if (this.#nvlinkDomains !== undefined) this.#units = this.#nvlinkDomains.length;
    else this.#units = levelStart[this.#scale]! - levelStart[this.#scale - 1]!;
    this.failuresPerSecond = this.isOfJobs ? 0 : law.failuresPerSecond * this.#units;
  }

  /** Draws the place of a failure. It takes one random number on every level. */
  draw(random: RandomStream): FailurePlace {
    const { fabric, gpuStart } = this.#tables;
    const unit = random.below(this.#units);
    if (this.#counts === 'domain' && this.#nvlinkDomains !== undefined) return this.#nvlinkDomains[unit]!;
    if (this.#counts === 'domain') return this.#domain(fabric.levelStart[this.#scale - 1]! + unit);
    const server = this.#counts === 'server' ? unit : serverOfGpu(gpuStart, unit);
    if (this.#nvlinkDomains !== undefined) return this.#nvlinkDomainOf(server);
    if (this.#scale > 0) return this.#domain(this.#domainOf(server));
    const gpuBit = this.#scale === -1 ? 1 << (unit - gpuStart[server]!) : 0;
    return { firstServer: server, endServer: server + 1, gpuBit };
  }

  /** Failures per second of one job by a law of jobs. */
  rateOfJob(gpus: number, servers: number): number {
    const { failuresPerSecond, per } = this.law;
    return failuresPerSecond * (per === 'gpu' ? gpus : per === 'server' ? servers : 1);
  }

  /** Accelerator fabrics and the servers that lie in none, in tree order; undefined where all servers lie in some. */
  #mixedNvlinkDomains(): FailurePlace[] | undefined {
    const { serverCount } = this.#tables;
    const places: FailurePlace[] = [];
    let isMixed = false;
    for (let server = 0; server < serverCount; ) {
      const place = this.#nvlinkDomainOf(server);
      isMixed ||= this.#islandOf(server) === -1;
      places.push(place);
      server = place.endServer;
    }
    return isMixed && this.#scale > 0 ? places : undefined;
  }

  #nvlinkDomainOf(server: number): FailurePlace {
    const island = this.#islandOf(server);
    return island === -1 ? { firstServer: server, endServer: server + 1, gpuBit: 0 } : this.#domain(island);
  }

  #islandOf(server: number): number {
    const { cellDomain, groupOf, islandOf } = this.#tables.fabric;
    return islandOf[cellDomain[groupOf[server]!]!]!;
  }

  #domain(domain: number): FailurePlace {
    const { serverStart, serverEnd } = this.#tables.fabric;
    return { firstServer: serverStart[domain]!, endServer: serverEnd[domain]!, gpuBit: 0 };
  }

  #domainOf(server: number): number {
    const { cellDomain, groupOf, domainParent } = this.#tables.fabric;
    let domain = cellDomain[groupOf[server]!]!;
    for (let level = 1; level < this.#scale; level++) domain = domainParent[domain]!;
    return domain;
  }
}

/** The server of a GPU numbered through the cluster. O(log servers). */
function serverOfGpu(gpuStart: Int32Array, gpu: number): number {
  let low = 0;
  let high = gpuStart.length - 1;
  while (low + 1 < high) {
    const middle = (low + high) >> 1;
    if (gpuStart[middle]! <= gpu) low = middle;
    else high = middle;
  }
  return low;
}
