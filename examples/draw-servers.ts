/** Draws catalogue servers with a placement as SVG: `npx tsx examples/draw-servers.ts [DIR]`. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Graphviz } from '@hpcc-js/wasm-graphviz';
import { type TopologyName, topology } from '../src/catalogue/index.js';
import { toDot } from '../src/render/index.js';

const folder = process.argv[2] ?? 'out';
const DRAWINGS: readonly { readonly name: TopologyName; readonly placement: readonly number[] }[] = [
  { name: 'cert-2s-4gpu-switch', placement: [0, 1] },
  { name: 'dgx-h100', placement: [0, 1, 2, 3] },
  { name: 'l40s-8-dual-root', placement: [4, 5] },
];

mkdirSync(folder, { recursive: true });
const graphviz = await Graphviz.load();
for (const { name, placement } of DRAWINGS) {
  const file = join(folder, `${name}.svg`);
  writeFileSync(file, graphviz.dot(toDot(topology(name), { placement })));
  console.log(file);
}
