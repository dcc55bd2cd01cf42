import type { ClusterRun } from '../kernel/cluster-run.js';

/**
 * The servers that take pods: those that are neither broken nor spares. When a server breaks, a spare takes its
 * place. A server that is repaired takes an empty place; if there is none it becomes a spare, so that no job has to
 * move back.
 */
export class ServiceState {
  readonly #run: ClusterRun;
  /** Server → number of its repairs that are not over; failures may overlap. */
  readonly #out: Int32Array;
  /** Spare servers; the next one to be used is last. */
  readonly #spares: number[] = [];
  /** Number of places that no spare has taken. */
  #openPlaces = 0;

  /** @param spareServers - the last of the document wait as spares */
  constructor(run: ClusterRun, spareServers: number) {
    const { serverCount, documentIndexOf } = run.engine.tables;
    this.#run = run;
    this.#out = new Int32Array(serverCount);
    for (let server = 0; server < serverCount; server++) {
      if (documentIndexOf[server]! < serverCount - spareServers) continue;
      this.#spares.push(server);
      this.#setInUse(server, false);
    }
  }

  /** Takes a server out of service for a repair. */
  takeOut(server: number): void {
    if (this.#out[server]!++ > 0) return;
    const at = this.#spares.indexOf(server);
    if (at !== -1) {
      this.#spares.splice(at, 1);
      return;
    }
    this.#setInUse(server, false);
    const spare = this.#spares.pop();
    if (spare === undefined) this.#openPlaces++;
    else this.#setInUse(spare, true);
  }

  /** Ends a repair. */
  bringBack(server: number): void {
    if (--this.#out[server]! > 0) return;
    if (this.#openPlaces > 0) {
      this.#openPlaces--;
      this.#setInUse(server, true);
    } else this.#spares.push(server);
  }

  #setInUse(server: number, inUse: boolean): void {
    const run = this.#run;
    const { gpuStart } = run.engine.tables;
    const gpus = gpuStart[server + 1]! - gpuStart[server]!;
    run.allocation.setInUse(server, inUse);
    run.accounts.availableGpus += inUse ? gpus : -gpus;
  }
}
