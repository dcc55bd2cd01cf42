/** Draws a half full SuperPOD as SVG and PNG: `npx tsx examples/draw-cluster.ts [DIR]`. */
import { superPod } from '../src/catalogue/index.js';
import { clusterTopology, compile, type Placement, type PlacementRequest } from '../src/index.js';
import { clusterToSvg } from '../src/render/index.js';
import { writePicture } from './write-picture.js';

const cluster = clusterTopology(superPod());
const solver = compile(cluster);

function place(request: PlacementRequest): Placement {
  const answer = solver.place(request);
  if (!answer.ok) throw new Error(answer.message);
  return answer.placement;
}

// Some servers are away for repair.
const cordoned = [9, 40, 41, 77].map((i) => cluster.servers[i]!.id);
for (const server of cordoned) solver.cordon(server);

const JOBS: readonly (PlacementRequest & { readonly name: string })[] = [
  { name: 'pretraining', pods: 24, gpus: 8 },
  { name: 'fine-tuning', pods: 12, gpus: 8 },
  { name: 'reinforcement learning', pods: 16, gpus: 4 },
  { name: 'long context', pods: 8, gpus: 8 },
  { name: 'distillation', pods: 10, gpus: 4 },
  { name: 'evaluation', pods: 9, gpus: 2 },
  { name: 'next pretraining', pods: 16, gpus: 8, require: 'unit' },
];
// Small jobs of others come between the gangs; every third stays.
const small: Placement[] = [];
const groups = JOBS.map(({ name, ...request }) => {
  for (const gpus of [1, 2, 3, 5, 1, 4]) small.push(place({ gpus }));
  // The last gang is only asked for: where would it go?
  if (name !== 'next pretraining') return { name, placement: place(request) };
  for (const [i, placement] of small.entries()) if (i % 3 !== 0) solver.release(placement);
  const answer = solver.find(request);
  if (!answer.ok) throw new Error(answer.message);
  return { name: `${name}, if asked for now`, placement: answer.placement };
});

const svg = clusterToSvg(cluster, {
  title: 'A DGX SuperPOD in use',
  free: solver.free(),
  groups,
  cordoned,
});
writePicture(process.argv[2] ?? 'out', 'superpod', svg);
