/**
 * The hot path: release one pod and place one, against a bare loop that knows no topology, from 1,000 to 1,000,000
 * servers.
 */
import { topology } from '../src/catalogue/index.js';
import { compileClusterTables } from '../src/compile/cluster-tables.js';
import { type ClusterTopology, compile, type Placement } from '../src/index.js';
import { PlacementEngine } from '../src/placement/engine.js';
import { podNeed } from '../src/placement/state/pod-need.js';
import { popcount16 } from '../src/placement/state/state.js';
import { topologyAware } from '../src/policies/index.js';
import { builtCluster } from '../src/topology/expected-topology.js';
import { type Case, check } from './harness.js';

/** GPUs per pod of the mix, and how often. */
export const SIZES: readonly number[] = [1, 1, 1, 2, 2, 4, 8];
/** The load moves between these. */
const LOAD_MIN = 0.8;
const LOAD_MAX = 0.92;
const GPUS = 8;

/** A small generator of its own, so that every run of the bench does the same work. */
export function lcg(seed: number): (bound: number) => number {
  let x = seed;
  return (bound) => {
    x = (Math.imul(x, 1_664_525) + 1_013_904_223) | 0;
    return Math.floor(((x >>> 0) / 2 ** 32) * bound);
  };
}

/** Servers of 8 GPUs in racks of 32 and blocks of 16 racks, built without a document: validation is not measured here. */
export function rackedCluster(servers: number, perRack = 32, racksPerBlock = 16): ClusterTopology {
  const type = topology('dgx-h100');
  const racks = Math.ceil(servers / perRack);
  const blocks = Math.ceil(racks / racksPerBlock);
  return builtCluster({
    tiers: [
      { name: 'block', domains: Array.from({ length: blocks }, (_, b) => `b${b}`), parents: [] },
      {
        name: 'rack',
        domains: Array.from({ length: racks }, (_, r) => `r${r}`),
        parents: Array.from({ length: racks }, (_, r) => Math.floor(r / racksPerBlock)),
        uplinkGBps: perRack * 400,
      },
    ],
    servers: Array.from({ length: servers }, (_, s) => {
      const rack = Math.floor(s / perRack);
      return {
        id: `s${s}`,
        type,
        gpuModel: 'H100',
        domains: [Math.floor(rack / racksPerBlock), rack],
        cpuMilli: 224_000,
        memoryMiB: 2_097_152,
      };
    }),
  });
}

/** What the loop over events drives. */
interface Placer {
  /** Places a pod; returns whether it fitted, and remembers it as the last live one. */
  place(gpus: number): boolean;
  /** Releases a live pod; returns its GPUs. */
  release(at: number): number;
  readonly live: number;
}

function events(name: string, servers: number, placer: Placer, count: number): Case {
  const below = lcg(7);
  const total = GPUS * servers;
  let used = 0;
  let refused = 0;
  while (used < LOAD_MAX * total - GPUS) {
    const gpus = SIZES[below(SIZES.length)]!;
    if (placer.place(gpus)) used += gpus;
  }
  return {
    name,
    unit: 'event',
    run: () => {
      for (let i = 0; i < count; i++) {
        used -= placer.release(below(placer.live));
        // A batch of departures now and then moves the load through its range.
        const more = used > LOAD_MIN * total ? 1 : 2;
        for (let p = 0; p < more; p++) {
          const gpus = SIZES[below(SIZES.length)]!;
          if (used + gpus > LOAD_MAX * total) continue;
          if (placer.place(gpus)) used += gpus;
          else refused++;
        }
      }
      check(refused < count, 'pods are placed');
      return count;
    },
  };
}

/** One 32-ary bitset of servers per free mask, the first server in document order: as little as can be done. */
class BareLoop implements Placer {
  live = 0;
  readonly #words: number;
  readonly #offsets: number[] = [];
  readonly #sets: Int32Array;
  readonly #free: Uint8Array;
  readonly #liveServer: Int32Array;
  readonly #liveMask: Uint8Array;
  readonly #sizeOf = new Uint8Array(256);
  /** Size → masks with as many bits, fewest first. */
  readonly #masks: Uint8Array[] = [];

  constructor(servers: number) {
    let words = 0;
    let width = servers;
    do {
      width = Math.ceil(width / 32);
      this.#offsets.push(words);
      words += width;
    } while (width > 1);
    this.#words = words;
    this.#sets = new Int32Array(256 * words);
    this.#free = new Uint8Array(servers).fill(255);
    this.#liveServer = new Int32Array(GPUS * servers);
    this.#liveMask = new Uint8Array(GPUS * servers);
    for (let mask = 1; mask < 256; mask++) this.#sizeOf[mask] = this.#sizeOf[mask >> 1]! + (mask & 1);
    const sorted = Array.from({ length: 256 }, (_, mask) => mask).sort(
      (a, b) => this.#sizeOf[a]! - this.#sizeOf[b]! || a - b,
    );
    for (let size = 0; size <= 8; size++) {
      this.#masks.push(Uint8Array.from(sorted.filter((mask) => this.#sizeOf[mask]! >= size)));
    }
    for (let s = 0; s < servers; s++) this.#insert(255, s);
  }

  place(gpus: number): boolean {
    const masks = this.#masks[gpus]!;
    const sets = this.#sets;
    const top = this.#words - 1;
    for (let i = 0; i < masks.length; i++) {
      const mask = masks[i]!;
      if (sets[mask * this.#words + top] === 0) continue;
      let at = 0;
      for (let level = this.#offsets.length - 1; level >= 0; level--) {
        const word = sets[mask * this.#words + this.#offsets[level]! + at]!;
        at = (at << 5) | (31 - Math.clz32(word & -word));
      }
      let taken = 0;
      let rest = mask;
      for (let g = 0; g < gpus; g++) {
        const bit = rest & -rest;
        taken |= bit;
        rest ^= bit;
      }
      this.#remove(mask, at);
      this.#insert(rest, at);
      this.#free[at] = rest;
      this.#liveServer[this.live] = at;
      this.#liveMask[this.live] = taken;
      this.live++;
      return true;
    }
    return false;
  }

  release(at: number): number {
    const server = this.#liveServer[at]!;
    const mask = this.#liveMask[at]!;
    this.live--;
    this.#liveServer[at] = this.#liveServer[this.live]!;
    this.#liveMask[at] = this.#liveMask[this.live]!;
    const free = this.#free[server]!;
    this.#remove(free, server);
    this.#insert(free | mask, server);
    this.#free[server] = free | mask;
    return this.#sizeOf[mask]!;
  }

  #insert(mask: number, server: number): void {
    let at = server;
    for (let level = 0; level < this.#offsets.length; level++) {
      const word = mask * this.#words + this.#offsets[level]! + (at >>> 5);
      const before = this.#sets[word]!;
      this.#sets[word] = before | (1 << (at & 31));
      if (before !== 0) return;
      at >>>= 5;
    }
  }

  #remove(mask: number, server: number): void {
    let at = server;
    for (let level = 0; level < this.#offsets.length; level++) {
      const word = mask * this.#words + this.#offsets[level]! + (at >>> 5);
      const after = this.#sets[word]! & ~(1 << (at & 31));
      this.#sets[word] = after;
      if (after !== 0) return;
      at >>>= 5;
    }
  }
}

/** The engine: integers in, integers out. */
class Kernel implements Placer {
  live = 0;
  readonly #engine: PlacementEngine;
  readonly #needs;
  readonly #liveServer: Int32Array;
  readonly #liveMask: Uint8Array;

  constructor(cluster: ClusterTopology) {
    const tables = compileClusterTables(cluster);
    this.#engine = new PlacementEngine(tables, {
      policy: topologyAware(),
      workload: undefined,
      sizes: undefined,
      seed: 0,
    });
    this.#needs = Array.from({ length: GPUS + 1 }, (_, gpus) => podNeed({ gpus }, tables));
    this.#liveServer = new Int32Array(tables.gpuCount);
    this.#liveMask = new Uint8Array(tables.gpuCount);
  }

  place(gpus: number): boolean {
    const engine = this.#engine;
    const need = this.#needs[gpus]!;
    if (!engine.decide(need)) return false;
    const { server, gpuMask } = engine;
    engine.take(need, server, gpuMask);
    this.#liveServer[this.live] = server;
    this.#liveMask[this.live] = gpuMask;
    this.live++;
    return true;
  }

  release(at: number): number {
    const mask = this.#liveMask[at]!;
    const size = popcount16(mask);
    this.#engine.give(this.#needs[size]!, this.#liveServer[at]!, mask);
    this.live--;
    this.#liveServer[at] = this.#liveServer[this.live]!;
    this.#liveMask[at] = this.#liveMask[this.live]!;
    return size;
  }
}

/** The public functions: requests and placements as objects. */
class PublicApi implements Placer {
  readonly #solver;
  readonly #placements: Placement[] = [];
  /** Beside them, so that the loop itself does not walk through the objects. */
  readonly #gpus: Uint8Array;

  constructor(cluster: ClusterTopology) {
    this.#solver = compile(cluster);
    this.#gpus = new Uint8Array(GPUS * cluster.servers.length);
  }

  get live(): number {
    return this.#placements.length;
  }

  place(gpus: number): boolean {
    const result = this.#solver.place({ gpus });
    if (!result.ok) return false;
    this.#placements.push(result.placement);
    this.#gpus[this.#placements.length - 1] = gpus;
    return true;
  }

  release(at: number): number {
    const placements = this.#placements;
    const gone = placements[at]!;
    const gpus = this.#gpus[at]!;
    placements[at] = placements[placements.length - 1]!;
    this.#gpus[at] = this.#gpus[placements.length - 1]!;
    placements.pop();
    this.#solver.release(gone);
    return gpus;
  }
}

/** Answers without a question: the same plain objects made and dropped, nothing decided. What any such API costs at least. */
class ObjectsAlone implements Placer {
  readonly #placements: Placement[] = [];
  readonly #gpus: Uint8Array;
  readonly #servers: readonly string[];
  readonly #ordinals = Array.from({ length: GPUS + 1 }, (_, gpus) =>
    Array.from({ length: gpus }, (_, i) => i),
  );
  readonly #below = lcg(21);
  #issued = 0;

  constructor(servers: number) {
    this.#servers = Array.from({ length: servers }, (_, s) => `s${s}`);
    this.#gpus = new Uint8Array(GPUS * servers);
  }

  get live(): number {
    return this.#placements.length;
  }

  place(gpus: number): boolean {
    const server = this.#servers[this.#below(this.#servers.length)]!;
    const result = {
      ok: true,
      placement: {
        id: ++this.#issued,
        pods: [{ server, gpus: this.#ordinals[gpus]! }],
        tier: 'server',
        bandwidthGBps: null,
      },
    };
    this.#placements.push(result.placement);
    this.#gpus[this.#placements.length - 1] = gpus;
    return true;
  }

  release(at: number): number {
    const placements = this.#placements;
    const gpus = this.#gpus[at]!;
    // The object is looked at, as any release does.
    const known = placements[at]!.id <= this.#issued;
    placements[at] = placements[placements.length - 1]!;
    this.#gpus[at] = this.#gpus[placements.length - 1]!;
    placements.pop();
    return known ? gpus : 0;
  }
}

/** Bare loop, kernel and public functions over the same events. */
export function hotPathCases(sizes: readonly number[], count: number): Case[] {
  return sizes.flatMap((servers) => {
    const cluster = rackedCluster(servers);
    const label = servers.toLocaleString('en');
    return [
      events(`bare loop without topology, ${label} servers`, servers, new BareLoop(servers), count),
      events(`kernel, ${label} servers`, servers, new Kernel(cluster), count),
      events(`place + release, ${label} servers`, servers, new PublicApi(cluster), count),
      events(`objects of place + release alone, ${label} servers`, servers, new ObjectsAlone(servers), count),
    ];
  });
}
