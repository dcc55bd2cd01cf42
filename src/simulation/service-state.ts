import type { ClusterRun } from './cluster-run.js';

const IN_SERVICE = 0;
const SPARE = 1;

/**
 * Which servers take pods: those that neither are broken nor wait as spares. A spare comes in for a server that breaks; a
 * server that is repaired while a spare stands in becomes a spare itself, so that nobody has to move back.
 */
export class ServiceState {
  /** Repairs that are under way, all servers together. */
  outCount = 0;
  readonly #run: ClusterRun;
  /** Server → repairs it waits for; failures may overlap. */
  readonly #out: Int32Array;
  readonly #role: Uint8Array;
  /** Spares that are well, the next to come in last. */
  readonly #spares: number[] = [];
  /** Spares that have come in for servers that are out. */
  #standingIn = 0;

  /** @param spareServers - the last of the document wait as spares */
  constructor(run: ClusterRun, spareServers: number) {
    const { serverCount, documentIndexOf } = run.engine.tables;
    this.#run = run;
    this.#out = new Int32Array(serverCount);
    this.#role = new Uint8Array(serverCount);
    for (let server = 0; server < serverCount; server++) {
      if (documentIndexOf[server]! < serverCount - spareServers) continue;
      this.#role[server] = SPARE;
      this.#spares.push(server);
      this.#setInUse(server, false);
    }
  }

  /** Takes a server out of service for a repair. */
  takeOut(server: number): void {
    this.outCount++;
    if (this.#out[server]!++ > 0) return;
    if (this.#role[server] === SPARE) {
      this.#spares.splice(this.#spares.indexOf(server), 1);
      return;
    }
    this.#setInUse(server, false);
    const spare = this.#spares.pop();
    if (spare === undefined) return;
    this.#standingIn++;
    this.#role[spare] = IN_SERVICE;
    this.#setInUse(spare, true);
  }

  /** Ends a repair. */
  bringBack(server: number): void {
    this.outCount--;
    if (--this.#out[server]! > 0) return;
    if (this.#role[server] === SPARE) this.#spares.push(server);
    else if (this.#standingIn > 0) {
      this.#standingIn--;
      this.#role[server] = SPARE;
      this.#spares.push(server);
    } else this.#setInUse(server, true);
  }

  #setInUse(server: number, inUse: boolean): void {
    const run = this.#run;
    const { gpuStart } = run.engine.tables;
    const gpus = gpuStart[server + 1]! - gpuStart[server]!;
    run.allocation.setInUse(server, inUse);
    run.accounts.availableGpus += inUse ? gpus : -gpus;
  }
}
