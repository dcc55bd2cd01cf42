/**
 * Draws servers of the catalogue with placements as SVG and PNG:
 * `npx tsx examples/draw-servers.ts [--out DIR] [--dot] [NAME …]`.
 *
 * Without names some servers with placements; `--dot` lays them out with Graphviz as well.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Graphviz } from '@hpcc-js/wasm-graphviz';
import { type TopologyName, topology } from '../src/catalogue/index.js';
import { type ServerTopology, selectGpus, sharedBandwidth } from '../src/index.js';
import { type GpuGroup, serverToDot, serverToSvg } from '../src/render/index.js';
import { writePicture } from './write-picture.js';

const { values: args, positionals } = parseArgs({
  options: { out: { type: 'string', default: 'out' }, dot: { type: 'boolean', default: false } },
  allowPositionals: true,
});

/** Jobs that run at once, called by what each of them reaches meanwhile. */
function jobs(server: ServerTopology, sets: readonly (readonly number[])[]): GpuGroup[] {
  return sharedBandwidth(server, sets).map((bandwidth, i) => {
    const figure = Number.isFinite(bandwidth) ? `: ${Math.round(bandwidth * 10) / 10} GB/s per GPU` : '';
    return { name: `job ${'ABCDEFGH'[i]}${figure}`, gpus: sets[i]! };
  });
}

/** The best GPUs for jobs of these sizes that come one after the other. */
function bestFor(server: ServerTopology, counts: readonly number[]): GpuGroup[] {
  let free = server.gpus.map((_, ordinal) => ordinal);
  const sets = counts.map((count) => {
    const gpus = selectGpus(server, count, { free })?.gpus ?? [];
    free = free.filter((gpu) => !gpus.includes(gpu));
    return gpus;
  });
  return jobs(server, sets);
}

const DRAWINGS: readonly {
  readonly name: TopologyName;
  readonly groups: (s: ServerTopology) => GpuGroup[];
}[] = [
  { name: 'cert-2s-4gpu-switch', groups: (server) => bestFor(server, [2, 2]) },
  { name: 'dgx-h100', groups: (server) => bestFor(server, [4, 2, 1]) },
  { name: 'dgx1-v100', groups: (server) => bestFor(server, [4, 2]) },
  {
    name: 'l40s-8-dual-root',
    // One pair behind a switch, the others across the sockets: they share the link between them.
    groups: (server) =>
      jobs(server, [
        [0, 1],
        [2, 4],
        [3, 5],
        [6, 7],
      ]),
  },
];

const drawings =
  positionals.length === 0
    ? DRAWINGS
    : positionals.map((name) => ({ name: name as TopologyName, groups: (): GpuGroup[] => [] }));
const graphviz = args.dot ? await Graphviz.load() : undefined;
for (const { name, groups } of drawings) {
  const server = topology(name);
  const own = groups(server);
  writePicture(args.out, name, serverToSvg(server, { groups: own }));
  if (graphviz === undefined) continue;
  const file = join(args.out, `${name}.dot.svg`);
  writeFileSync(file, graphviz.dot(serverToDot(server, { placement: own.flatMap(({ gpus }) => gpus) })));
  console.log(file);
}
