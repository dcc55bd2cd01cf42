import highsLoader, { type Highs } from 'highs';
import { route } from '../../src/topology/route.js';
import type { ServerTopology } from '../../src/topology/types.js';

/**
 * The definition of `optimal` on a server of several sockets, with peer-to-peer, as one linear programme per GPU that
 * receives, for HiGHS: flows over every link before and after the crossing between two sockets, and over each route.
 */
export class FlowProgramme {
  readonly #highs: Highs;

  private constructor(highs: Highs) {
    this.#highs = highs;
  }

  static async load(): Promise<FlowProgramme> {
    // The package types its module as CommonJS, but what is loaded is an ES module.
    const load = highsLoader as unknown as typeof highsLoader.default;
    return new FlowProgramme(await load());
  }

  /** GB/s; `Infinity` for fewer than two GPUs. */
  optimal(server: ServerTopology, gpus: readonly number[]): number {
    if (gpus.length < 2) return Number.POSITIVE_INFINITY;
    const chosen = gpus.map((gpu) => server.gpus[gpu]!);
    const rates = chosen.map((sink) => this.#received(server, chosen, sink));
    return Math.min(...rates) * (gpus.length - 1);
  }

  #received(server: ServerTopology, gpus: readonly string[], sink: string): number {
    const { devices, links } = server.document;
    const isGpu = (id: string): boolean => server.gpus.includes(id);
    const counts = devices.filter(({ id }) => !isGpu(id) || gpus.includes(id)).map(({ id }) => id);
    /** Row of a vertex before (0) or after (1) a crossing to its terms; a GPU is one vertex. */
    const balance = new Map<string, string[]>();
    /** Row of a link and direction to its terms. */
    const loads = new Map<string, string[]>();
    const names: string[] = [];
    const put = (rows: Map<string, string[]>, row: string, term: string): void => {
      rows.set(row, [...(rows.get(row) ?? []), term]);
    };
    const flow = (from: string, to: string, over: readonly string[]): void => {
      const name = `f${names.length}`;
      names.push(name);
      put(balance, from, `+ ${name}`);
      put(balance, to, `- ${name}`);
      for (const link of over) put(loads, link, `+ ${name}`);
    };
    const vertex = (id: string, phase: 0 | 1): string => (isGpu(id) ? id : `${id} ${phase}`);
    const figures = new Map<string, number>();
    for (const { between, medium, bandwidthGBps } of links) {
      for (const [a, b] of [between, [...between].reverse()] as [string, string][]) {
        figures.set(`${a}>${b}`, bandwidthGBps);
        if (medium === 'socket' || !counts.includes(a) || !counts.includes(b)) continue;
        flow(vertex(a, 0), vertex(b, 0), [`${a}>${b}`]);
        if (!isGpu(a)) flow(vertex(a, 1), vertex(b, 1), [`${a}>${b}`]);
      }
    }
    const sockets = devices.filter(({ kind }) => kind === 'socket').map(({ id }) => id);
    for (const s of sockets) {
      for (const t of sockets) {
        if (s === t || !isJoined(server, s, t)) continue;
        const way = route(server, s, t).devices;
        flow(
          vertex(s, 0),
          vertex(t, 1),
          way.slice(1).map((id, i) => `${way[i]}>${id}`),
        );
      }
    }
    const rows = [...balance].map(([row, terms]) => {
      // What leaves is what enters, and x where a GPU sends; the sink takes all.
      const sends = row === sink ? `+ ${gpus.length - 1} x` : gpus.includes(row) ? '- 1 x' : '';
      return `${terms.join(' ')} ${sends} = 0`;
    });
    if (!balance.has(sink) || gpus.some((gpu) => !balance.has(gpu))) return 0;
    const limits = [...loads].map(([link, terms]) => `${terms.join(' ')} <= ${figures.get(link)}`);
    const solution = this.#highs.solve(
      `Maximize\n x\nSubject To\n${[...rows, ...limits].map((row, i) => ` r${i}: ${row}`).join('\n')}\nEnd`,
    );
    if (solution.Status !== 'Optimal') throw new Error(`no optimum: ${solution.Status}`);
    return solution.ObjectiveValue;
  }
}

/** Whether links between sockets lead from the one to the other. */
function isJoined(server: ServerTopology, from: string, to: string): boolean {
  const seen = new Set([from]);
  for (const at of seen) {
    for (const { between, medium } of server.document.links) {
      if (medium === 'socket' && between.includes(at)) for (const id of between) seen.add(id);
    }
  }
  return seen.has(to);
}
