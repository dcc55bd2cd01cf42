import { type TopologyName, topology } from '../src/catalogue/index.js';
import { bestSet, gpuSetTables } from '../src/compile/gpu-set-tables.js';
import { type ServerTopology, selectGpus, serverTopology } from '../src/index.js';
import { type Case, check } from './harness.js';

const WARM = 100_000;
const REQUIRED = [5];

/** A server type built anew, so that nothing compiled for it is found again. */
function fresh(name: TopologyName): ServerTopology {
  return serverTopology(structuredClone(topology(name).document));
}

/**
 * The widest path between two devices, straight on the graphology graph: Dijkstra with the smallest bandwidth
 * of a path in place of its length, no path through a GPU or NIC.
 */
function naiveWidest(server: ServerTopology, from: string, to: string): number {
  const { graph } = server;
  const width = new Map<string, number>([[from, Number.POSITIVE_INFINITY]]);
  const done = new Set<string>();
  for (;;) {
    let at: string | undefined;
    for (const [node, w] of width) if (!done.has(node) && (at === undefined || w > width.get(at)!)) at = node;
    if (at === undefined || at === to) return at === undefined ? 0 : width.get(to)!;
    done.add(at);
    const { kind } = graph.getNodeAttributes(at);
    if (at !== from && (kind === 'gpu' || kind === 'nic')) continue;
    const here = at;
    graph.forEachEdge(here, (_, link, source, target) => {
      const next = source === here ? target : source;
      const w = Math.min(width.get(here)!, link.bandwidthGBps);
      if (w > (width.get(next) ?? 0)) width.set(next, w);
    });
  }
}

/** Scores every set of `count` GPUs by its narrowest pair, a Dijkstra per pair and set, as a first draft does. */
export function naiveSelect(server: ServerTopology, count: number, free: readonly number[]): number {
  let best = 0;
  for (let set = 0; set < 2 ** server.gpus.length; set++) {
    const gpus = free.filter((g) => ((set >> g) & 1) === 1);
    if (gpus.length !== count || gpus.reduce((mask, g) => mask | (1 << g), 0) !== set) continue;
    let narrowest = Number.POSITIVE_INFINITY;
    for (const a of gpus) {
      for (const b of gpus) {
        if (a < b) narrowest = Math.min(narrowest, naiveWidest(server, server.gpus[a]!, server.gpus[b]!));
      }
    }
    best = Math.max(best, narrowest);
  }
  return best;
}

/** Compiling the tables of a type, choosing from them, and choosing without them. */
export function selectionCases(): Case[] {
  const compile = (name: TopologyName): Case => ({
    name: `compile GPU sets, ${name}`,
    unit: 'type',
    run: () => {
      check(selectGpus(fresh(name), 2)!.gpus.length === 2, name);
      return 1;
    },
  });
  const server = topology('l40s-8-dual-root');
  const free = [0, 3, 4, 5, 7];
  return [
    compile('dgx-h100'),
    compile('dgx1-v100'),
    compile('dgx2'),
    {
      name: 'the best set by mask, tables at hand',
      unit: 'look-up',
      run: () => {
        const tables = gpuSetTables(server);
        let sum = 0;
        // Masks in no order that a branch predictor learns.
        for (let i = 0, mask = 1; i < WARM; i++, mask = (mask * 5 + 131) & 255)
          sum += bestSet(tables, mask, 2);
        check(sum > 0, 'some masks have two free GPUs');
        return WARM;
      },
    },
    {
      name: 'select 2 of 5 free GPUs, warm',
      unit: 'selection',
      run: () => {
        let sum = 0;
        for (let i = 0; i < WARM; i++) sum += selectGpus(server, 2, { free })!.gpus[1]!;
        check(
          sum === WARM * selectGpus(server, 2, { free: [...free].reverse() })!.gpus[1]!,
          'the same set every time',
        );
        return WARM;
      },
    },
    {
      name: 'select 3 of 8 free GPUs, one required, warm',
      unit: 'selection',
      run: () => {
        let sum = 0;
        for (let i = 0; i < WARM; i++) sum += selectGpus(server, 3, { required: REQUIRED })!.gpus[2]!;
        check(
          sum === WARM * selectGpus(server, 3, { required: REQUIRED })!.gpus[2]!,
          'the same set every time',
        );
        return WARM;
      },
    },
    {
      name: 'select 2 of 5 on the graph, every set and pair',
      unit: 'selection',
      run: () => {
        const best = naiveSelect(server, 2, free);
        check(best === selectGpus(server, 2, { free })!.bandwidthGBps, 'as wide as the widest pair');
        return 1;
      },
    },
  ];
}
