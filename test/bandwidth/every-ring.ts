import highsLoader, { type Highs } from 'highs';
import { route } from '../../src/topology/route.js';
import type { ServerTopology } from '../../src/topology/types.js';

/**
 * The most that rings over a set of GPUs carry, from all its rings and an integer programme, over links named by the ids of
 * their ends. For servers without NVSwitch and without per-flow caps.
 */
export class EveryRing {
  readonly #highs: Highs;
  /** Link and direction to GB/s. */
  readonly #capacity = new Map<string, number>();
  /** Each ring by how often it crosses each link. */
  readonly #rings: readonly ReadonlyMap<string, number>[];
  /** What a pair moves alone, and what a link of a route carries. */
  readonly #widths: readonly number[];

  private constructor(
    highs: Highs,
    server: ServerTopology,
    gpus: readonly number[],
    mayHop: (relation: string) => boolean,
  ) {
    this.#highs = highs;
    for (const { between, bandwidthGBps } of server.document.links) {
      for (const [a, b] of [between, between.toReversed()]) {
        const key = JSON.stringify([a, b]);
        this.#capacity.set(key, (this.#capacity.get(key) ?? 0) + bandwidthGBps);
      }
    }
    const hops = new Map<string, { links: readonly string[]; gbps: number }>();
    for (const from of gpus) {
      for (const to of gpus) {
        const found = from === to ? undefined : hop(server, from, to, mayHop);
        if (found !== undefined) hops.set(`${from},${to}`, found);
      }
    }
    const widths = new Set<number>();
    for (const { links, gbps } of hops.values()) {
      widths.add(gbps);
      for (const link of links) widths.add(this.#capacity.get(link)!);
    }
    this.#widths = [...widths];
    const first = gpus[0]!;
    this.#rings = permutations(gpus.slice(1)).flatMap((rest) => {
      const order = [first, ...rest];
      const counts = new Map<string, number>();
      for (const [i, from] of order.entries()) {
        const found = hops.get(`${from},${order[(i + 1) % order.length]}`);
        if (found === undefined) return [];
        for (const link of found.links) counts.set(link, (counts.get(link) ?? 0) + 1);
      }
      return [counts];
    });
  }

  /** @returns a judge of one set, given a solver from {@link loadHighs} */
  static of(
    highs: Highs,
    server: ServerTopology,
    gpus: readonly number[],
    mayHop: (relation: string) => boolean = () => true,
  ): EveryRing {
    return new EveryRing(highs, server, gpus, mayHop);
  }

  get count(): number {
    return this.#rings.length;
  }

  /** The most that rings of any bandwidths carry, GB/s. */
  unequal(): number {
    return this.#most((gbps) => gbps, false);
  }

  /** The most that equal rings carry whose bandwidth is a width divided by 1 to 64, at most 64 of them; if more than `known`. */
  equalAbove(known: number): number | undefined {
    const bound = this.unequal();
    let best: number | undefined;
    for (const width of this.#widths) {
      for (let parts = 1; parts <= 64; parts++) {
        const rate = width / parts;
        const most = Math.min(64, Math.floor(bound / rate + 1e-9));
        if (most * rate <= (best ?? known) * (1 + 1e-9)) continue;
        const rings = Math.min(
          64,
          this.#most((gbps) => Math.floor(gbps / rate + 1e-9), true),
        );
        if (rings * rate > (best ?? known) * (1 + 1e-9)) best = rings * rate;
      }
    }
    return best;
  }

  #most(room: (gbps: number) => number, isInteger: boolean): number {
    if (this.#rings.length === 0) return 0;
    const names = this.#rings.map((_, i) => `x${i}`);
    const rows = [...this.#capacity].flatMap(([link, gbps]) => {
      const terms = this.#rings.flatMap((counts, i) =>
        counts.has(link) ? [`${counts.get(link)} x${i}`] : [],
      );
      return terms.length === 0 ? [] : [`${terms.join(' + ')} <= ${room(gbps)}`];
    });
    const text = [
      'Maximize',
      names.join(' + '),
      'Subject To',
      ...rows,
      ...(isInteger ? ['General', names.join(' ')] : []),
      'End',
    ];
    const { Status, ObjectiveValue } = this.#highs.solve(text.join('\n'), { mip_rel_gap: 0 });
    if (Status !== 'Optimal') throw new Error(`no optimum: ${Status}`);
    return isInteger ? Math.round(ObjectiveValue) : ObjectiveValue;
  }
}

export async function loadHighs(): Promise<Highs> {
  // The package types its module as CommonJS, but what is loaded is an ES module.
  const load = highsLoader as unknown as typeof highsLoader.default;
  return await load();
}

function hop(
  server: ServerTopology,
  from: number,
  to: number,
  mayHop: (relation: string) => boolean,
): { links: readonly string[]; gbps: number } | undefined {
  try {
    const { devices, relation, bandwidthGBps } = route(server, server.gpus[from]!, server.gpus[to]!);
    if (!mayHop(relation)) return undefined;
    return { links: devices.slice(1).map((id, i) => JSON.stringify([devices[i], id])), gbps: bandwidthGBps };
  } catch {
    return undefined;
  }
}

function permutations(items: readonly number[]): number[][] {
  if (items.length === 0) return [[]];
  return items.flatMap((first) =>
    permutations(items.filter((item) => item !== first)).map((rest) => [first, ...rest]),
  );
}
