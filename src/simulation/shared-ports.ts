import { nicBandwidthOfMask } from '../bandwidth/nic-bandwidth.js';
import type { ClusterTables } from '../compile/cluster-tables.js';
import type { ServerTopology } from '../topology/server-topology.js';

/**
 * Which gangs send through the ports of one server at the same time, and what these carry for all of them: the figure of
 * `nicBandwidth` for the GPUs of all together. On a DGX H100 every GPU has a port of its own, and nobody takes anything from
 * anybody; two halves of an ND40rs_v2 share its only port.
 */
export class SharedPorts {
  readonly #tables: ClusterTables;
  /** Server → job → GPUs of it that send out of the server. */
  readonly #masksOn = new Map<number, Map<number, number>>();
  /** Server → what its ports carry for the jobs of now. */
  readonly #known = new Map<number, number>();

  constructor(tables: ClusterTables) {
    this.#tables = tables;
  }

  /** Whether others could send through the ports of a server beside a gang that holds these GPUs of it. */
  mayShare(server: number, mask: number): boolean {
    return mask !== 2 ** this.#typeOf(server).gpus.length - 1;
  }

  /** Lets a gang send out of a server from these GPUs of it. */
  enter(job: number, server: number, mask: number): void {
    const masks = this.#masksOn.get(server);
    if (masks === undefined) this.#masksOn.set(server, new Map([[job, mask]]));
    else masks.set(job, mask);
    this.#known.delete(server);
  }

  /** Ends what {@link enter} began. */
  leave(job: number, server: number): void {
    const masks = this.#masksOn.get(server);
    masks?.delete(job);
    if (masks?.size === 0) this.#masksOn.delete(server);
    this.#known.delete(server);
  }

  /** What the ports of a server carry for the gangs on it together, GB/s per direction. */
  GBps(server: number): number {
    let known = this.#known.get(server);
    if (known === undefined) {
      let all = 0;
      for (const mask of this.#masksOn.get(server)?.values() ?? []) all |= mask;
      known = nicBandwidthOfMask(this.#typeOf(server), all);
      this.#known.set(server, known);
    }
    return known;
  }

  #typeOf(server: number): ServerTopology {
    return this.#tables.shapeType[this.#tables.shapeOf[server]!]!;
  }
}
