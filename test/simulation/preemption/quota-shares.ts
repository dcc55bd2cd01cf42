import type { Quota } from '../../../src/simulation/index.js';
import type { Moment, Replay } from '../replay.js';

/** What every tenant and group uses at a moment, and what follows for who is next; from quotas and runs alone. */
export class QuotaShares {
  readonly #quotas: readonly Quota[];
  readonly #tenants: readonly string[];
  readonly #used = new Map<string, number>();

  constructor({ options }: Replay, { running }: Pick<Moment, 'running'>) {
    this.#quotas = options.quotas ?? [];
    this.#tenants = [...new Set(options.jobs.map(({ tenant = '' }) => tenant))];
    for (const [job, { run }] of running) {
      const gpus = run.pods.reduce((sum, pod) => sum + pod.gpus.length, 0);
      for (const name of this.pathOf(options.jobs[job]!.tenant ?? '')) {
        this.#used.set(name, this.usedBy(name) + gpus);
      }
    }
  }

  usedBy(name: string): number {
    return this.#used.get(name) ?? 0;
  }

  deservedBy(name: string): number {
    return this.#quotas.find((quota) => quota.name === name)?.deservedGpus ?? 0;
  }

  /** A tenant and the groups around it, the widest first. */
  pathOf(tenant: string): string[] {
    const parent = this.#quotas.find(({ name }) => name === tenant)?.parent;
    return parent === undefined ? [tenant] : [...this.pathOf(parent), tenant];
  }

  /** Where the paths of two tenants part, what is left of the first one's. */
  branchOf(tenant: string, other: string): string[] {
    const around = new Set(this.pathOf(other));
    return this.pathOf(tenant).filter((name) => !around.has(name));
  }

  staysInLimits(tenant: string, gpus: number): boolean {
    return this.pathOf(tenant).every((name) => this.usedBy(name) + gpus <= this.#limitOf(name));
  }

  /** Whether a tenant is served before another one. */
  isBefore(a: string, b: string): boolean {
    const [first] = this.branchOf(a, b);
    const [second] = this.branchOf(b, a);
    const [lack, over] = this.#missing(first!);
    const [otherLack, otherOver] = this.#missing(second!);
    if (lack !== otherLack) return lack > otherLack;
    return over === otherOver ? this.#placeOf(first!) < this.#placeOf(second!) : over < otherOver;
  }

  /** The share that is missing of what is deserved; and what there is over it, by weight. */
  #missing(name: string): [lack: number, over: number] {
    const deserved = this.deservedBy(name);
    const used = this.usedBy(name);
    if (used < deserved) return [(deserved - used) / deserved, 0];
    const weight = this.#quotas.find((quota) => quota.name === name)?.overQuotaWeight ?? 1;
    return [0, used === deserved ? 0 : (used - deserved) / weight];
  }

  #limitOf(name: string): number {
    const quota = this.#quotas.find((q) => q.name === name);
    const most = quota?.limitGpus ?? Number.POSITIVE_INFINITY;
    return quota?.overQuotaWeight === 0 ? Math.min(most, quota.deservedGpus) : most;
  }

  #placeOf(name: string): number {
    const at = this.#quotas.findIndex((quota) => quota.name === name);
    return at === -1 ? this.#quotas.length + this.#tenants.indexOf(name) : at;
  }
}
