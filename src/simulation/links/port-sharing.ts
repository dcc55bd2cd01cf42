import type { ClusterTables } from '../../compile/cluster-tables.js';
import { FIGURE_TOLERANCE } from '../../figures.js';
import { popcount16 } from '../../placement/state/state.js';
import type { GangPieces } from '../allocation/holdings.js';

/** With at most this many jobs in a place every set of them is tried; with more, pairs and all together. */
const JOBS_EXACT_MAX = 10;

/** What a set of jobs can send out of a place together, where that is less than the sum of what each can send. */
export interface PortShare {
  readonly jobs: readonly number[];
  /** Job → GB/s out of the place at 1 GB/s per GPU of the job. */
  readonly loads: readonly number[];
  readonly GBps: number;
}

/** A job with GPUs inside and outside of a place, whose ports others may use. */
interface Member {
  readonly job: number;
  /** GB/s out of the place at 1 GB/s per GPU of the job. */
  readonly load: number;
  /** Server → its GPUs there whose ports others may use. */
  readonly masks: ReadonlyMap<number, number>;
  /** What its other servers in the place send through their ports, GB/s. */
  readonly aloneGBps: number;
}

/**
 * Finds the jobs that share ports. A place is a server, or an accelerator domain with the ports of all its servers.
 *
 * A job with g of its n GPUs in a place sends max(g, n - g) / (n - 1) GB/s out of it at 1 GB/s per GPU, and receives
 * as much. What several jobs can send together is at most what the union of their GPUs sends through the ports of
 * each server. This is an upper bound: in the union, GPUs of one job forward for another.
 *
 * On servers where every set of GPUs sends the sum of what each GPU sends alone (one port per GPU) nothing is shared.
 * Elsewhere every set of two or more jobs is tried; in places with more than ten jobs only pairs and all together.
 * All GPUs together are not sufficient as a test: with more GPUs more NICs come into reach.
 */
export class PortSharing {
  readonly #tables: ClusterTables;
  readonly #nicGBpsOf: (kind: number) => Float64Array;
  /** Kind → 1 if GPUs share ports, 0 if not, -1 = not computed yet. */
  readonly #sharesPorts: Int8Array;
  /** Place → jobs, in the order in which they came. Places are servers, then domains. */
  readonly #members = new Map<number, Member[]>();
  /** Job → its places. */
  readonly #placesOf = new Map<number, number[]>();

  /**
   * @param nicGBpsOf - kind → GPU mask → GB/s out of the server through its ports; asked for kinds with GPUs alone
   */
  constructor(tables: ClusterTables, nicGBpsOf: (kind: number) => Float64Array) {
    this.#tables = tables;
    this.#nicGBpsOf = nicGBpsOf;
    this.#sharesPorts = new Int8Array(tables.kindType.length).fill(-1);
  }

  /** Enters a job at the ports of its servers; returns the places where others may share them. O(pieces). */
  enter(job: number, pieces: GangPieces): readonly number[] {
    const { servers, masks } = pieces;
    if (!servers.some((server, i) => this.#mayShare(server, masks[i]!))) return [];
    const parts = new Map<number, { gpus: number; masks: Map<number, number>; aloneGBps: number }>();
    let gpus = 0;
    for (let i = 0; i < servers.length; i++) {
      const server = servers[i]!;
      const mask = masks[i]!;
      const place = this.#placeOf(server);
      let part = parts.get(place);
      if (part === undefined) {
        part = { gpus: 0, masks: new Map(), aloneGBps: 0 };
        parts.set(place, part);
      }
      const count = popcount16(mask);
      gpus += count;
      part.gpus += count;
      if (this.#mayShare(server, mask)) part.masks.set(server, (part.masks.get(server) ?? 0) | mask);
      else part.aloneGBps += this.#nicGBpsOf(this.#kindOf(server))[mask]!;
    }
    const places: number[] = [];
    for (const [place, part] of parts) {
      if (part.masks.size === 0 || part.gpus === gpus) continue;
      const load = Math.max(part.gpus, gpus - part.gpus) / (gpus - 1);
      const members = this.#members.get(place) ?? [];
      members.push({ job, load, masks: part.masks, aloneGBps: part.aloneGBps });
      this.#members.set(place, members);
      places.push(place);
    }
    if (places.length > 0) this.#placesOf.set(job, places);
    return places;
  }

  /** Takes a job off its ports; returns the places that it used. */
  leave(job: number): readonly number[] {
    const places = this.#placesOf.get(job);
    if (places === undefined) return [];
    this.#placesOf.delete(job);
    for (const place of places) {
      const left = this.#members.get(place)!.filter((member) => member.job !== job);
      if (left.length > 0) this.#members.set(place, left);
      else this.#members.delete(place);
    }
    return places;
  }

  /** The shares of the jobs of a place. O(2^jobs · servers + 3^jobs), for at most ten jobs that share servers. */
  sharesIn(place: number): PortShare[] {
    const members = this.#members.get(place);
    if (members === undefined || members.length < 2) return [];
    return this.#groupsOf(members).flatMap((group) =>
      group.length <= JOBS_EXACT_MAX ? this.#sharesOfAll(group) : this.#sharesOfMany(group),
    );
  }

  /** The jobs of a place in groups that have no server in common. */
  #groupsOf(members: readonly Member[]): Member[][] {
    const groupOf = new Map<number, Member[]>();
    const groups = new Set<Member[]>();
    for (const member of members) {
      let group: Member[] = [];
      for (const server of member.masks.keys()) {
        const other = groupOf.get(server);
        if (other === undefined || other === group) continue;
        groups.delete(other);
        group = [...other, ...group];
      }
      group.push(member);
      groups.add(group);
      for (const one of group) for (const server of one.masks.keys()) groupOf.set(server, group);
    }
    return [...groups].filter((group) => group.length > 1);
  }

  /** The shares of every set of jobs that does not follow from those of its parts. */
  #sharesOfAll(group: readonly Member[]): PortShare[] {
    // Set of jobs, as bits → the upper bound of what they send that follows from its parts.
    const most = new Float64Array(2 ** group.length);
    const shares: PortShare[] = [];
    for (let set = 1; set < most.length; set++) {
      const some = group.filter((_, i) => ((set >>> i) & 1) === 1);
      const together = this.#outGBps(some);
      let parts = Number.POSITIVE_INFINITY;
      // Each split once: parts go from large to small, and only those with the highest bit are taken.
      for (let part = (set - 1) & set; part * 2 >= set && part > 0; part = (part - 1) & set) {
        parts = Math.min(parts, most[part]! + most[set ^ part]!);
      }
      if (some.length > 1 && together < parts * (1 - FIGURE_TOLERANCE)) shares.push(shareOf(some, together));
      most[set] = Math.min(together, parts);
    }
    return shares;
  }

  /** The shares of pairs, and of all together. */
  #sharesOfMany(group: readonly Member[]): PortShare[] {
    const alone = group.map((member) => this.#outGBps([member]));
    const shares: PortShare[] = [];
    const offer = (some: readonly number[]): void => {
      const members = some.map((i) => group[i]!);
      const together = this.#outGBps(members);
      const sum = some.reduce((all, i) => all + alone[i]!, 0);
      if (together < sum * (1 - FIGURE_TOLERANCE)) shares.push(shareOf(members, together));
    };
    for (let b = 1; b < group.length; b++) for (let a = 0; a < b; a++) offer([a, b]);
    offer([...group.keys()]);
    return shares;
  }

  /** What a set of jobs can send out of its place together, GB/s. */
  #outGBps(some: readonly Member[]): number {
    const unions = new Map<number, number>();
    let sum = 0;
    for (const { masks, aloneGBps } of some) {
      sum += aloneGBps;
      for (const [server, mask] of masks) unions.set(server, (unions.get(server) ?? 0) | mask);
    }
    for (const [server, mask] of unions) sum += this.#nicGBpsOf(this.#kindOf(server))[mask]!;
    return sum;
  }

  /** Whether others may use the ports that GPUs of a server use. */
  #mayShare(server: number, mask: number): boolean {
    const kind = this.#kindOf(server);
    if (mask === 2 ** this.#tables.kindType[kind]!.gpus.length - 1) return false;
    if (this.#sharesPorts[kind] === -1) {
      const nicGBps = this.#nicGBpsOf(kind);
      let shares = 0;
      // All sizes of sets are tried: with more GPUs more NICs come into reach, so a larger set may share less.
      for (let set = 1; set < nicGBps.length && shares === 0; set++) {
        const lowest = set & -set;
        const sum = this.#sumOfSingles(nicGBps, set);
        if (set !== lowest && Math.abs(nicGBps[set]! - sum) > sum * FIGURE_TOLERANCE) shares = 1;
      }
      this.#sharesPorts[kind] = shares;
    }
    return this.#sharesPorts[kind] === 1;
  }

  #sumOfSingles(nicGBps: Float64Array, set: number): number {
    let sum = 0;
    for (let rest = set; rest !== 0; rest &= rest - 1) sum += nicGBps[rest & -rest]!;
    return sum;
  }

  /** The place whose border a server's ports cross: its accelerator domain, or itself. */
  #placeOf(server: number): number {
    const { cellDomain, groupOf, islandOf } = this.#tables.fabric;
    const island = islandOf[cellDomain[groupOf[server]!]!]!;
    return island === -1 ? server : this.#tables.serverCount + island;
  }

  #kindOf(server: number): number {
    const { cellKind, groupOf } = this.#tables.fabric;
    return cellKind[groupOf[server]!]!;
  }
}

function shareOf(members: readonly Member[], GBps: number): PortShare {
  return { jobs: members.map(({ job }) => job), loads: members.map(({ load }) => load), GBps };
}
