import { topology } from '../../src/catalogue/index.js';
import { toNcclXml } from '../../src/formats/index.js';
import { type ClusterTopology, clusterTopology, type PlacedPod } from '../../src/index.js';
import type { SimulationJob } from '../../src/simulation/index.js';

/** What users have and the examples of the README name without making it: files, clusters, jobs of their own. */
export const cluster: ClusterTopology = clusterTopology({
  tiers: ['rack'],
  types: { h100: 'dgx-h100' },
  servers: Array.from({ length: 32 }, (_, i) => ({
    id: `s${i}`,
    type: 'h100',
    domains: { rack: `r${i >> 3}` },
  })),
});

const pods = (first: number): { readonly pods: readonly PlacedPod[] } => ({
  pods: cluster.servers
    .slice(first, first + 8)
    .map(({ id }) => ({ server: id, gpus: [0, 1, 2, 3, 4, 5, 6, 7] })),
});
/** Two placements of a gang. */
export const here: ReturnType<typeof pods> = pods(0);
export const there: ReturnType<typeof pods> = pods(8);

/** A template of a cloud: what NCCL prints of a server, without its GPUs' links. */
export const template: string = toNcclXml(topology('dgx-h100')).replaceAll(/\n\s*<nvlink [^>]*>/g, '');

/** The two tables of the openb trace, one server and two pods of it. */
export const nodeCsv = 'sn,cpu_milli,memory_mib,gpu,model\nopenb-node-0000,64000,262144,2,P100\n';
export const podCsv: string = [
  'name,cpu_milli,memory_mib,num_gpu,gpu_milli,gpu_spec,qos,pod_phase,creation_time,deletion_time,scheduled_time',
  'openb-pod-0000,12000,16384,1,1000,,LS,Running,0,12537496,0',
  'openb-pod-0001,6000,12288,1,460,,LS,Running,427061,12902960,427061',
  '',
].join('\n');

/** Jobs drawn with a seed. */
export function draw(seed: number): SimulationJob[] {
  return [8, 4, 8, 2].map((gpus, i) => ({ submitSeconds: i, durationSeconds: 60 + ((seed + i) % 7), gpus }));
}
