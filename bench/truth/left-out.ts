import { railOptimized, topology } from '../../src/catalogue/index.js';
import { clusterTopology, collectiveBandwidth, compile, serverTopology } from '../../src/index.js';
import type { Link } from '../../src/topology/server-document.js';
import { gbps } from './markdown.js';

/** What the model leaves out, each with one worked example: what, example, our figure, and what it should be. */
export function leftOutRows(): string[][] {
  return [rails(), nvswitchesApart(), flowsAcrossSockets()];
}

/** Units of a rail-optimised fabric whose spine carries half of what their servers bring. */
function rails(): string[] {
  const used = 2;
  const cluster = clusterTopology(
    // CPU for one pod a server.
    railOptimized({
      units: 2,
      serversPerUnit: 2,
      railsPerServer: 8,
      railGbps: 400,
      oversubscription: 4,
      cpuMilli: 1000,
    }),
  );
  const result = compile(cluster).find({ pods: 4, gpus: used, cpuMilli: 1000 });
  if (!result.ok) throw new Error(`the gang on ${used} rails does not fit: ${result.reason}`);
  const ours = result.placement.bandwidthGBps!;
  const gpus = 4 * used;
  // Only the spine of the rails in use carries the gang: two servers of 50 GB/s per rail, a quarter of it.
  const rail = (2 * 50) / 4;
  const right = Math.min(ours, ((gpus - 1) * used * rail) / (gpus / 2));
  return [
    `rails: the uplink of a unit is the sum over all R rails, though a gang that uses k of them reaches k/R of it. Up to R/k too much where the spine is oversubscribed; a gang of whole servers uses all rails alike`,
    `\`railOptimized\`, 2 units of 2 servers, 8 rails of 400 Gb/s, oversubscribed 4 times; 4 pods of ${used} GPUs, each on a server of its own and the same ${used} rails`,
    gbps(ours),
    gbps(right),
  ];
}

/** gpu0 on switch A, gpu2 on switch B, gpu1 on both: one vertex in the model. */
function nvswitchesApart(): string[] {
  const link = (gpu: string, nvswitch: string): Link => ({
    between: [gpu, nvswitch],
    medium: 'nvlink',
    bandwidthGBps: 185.4,
    basis: 'nccl',
    source: 'nine NVLinks of 20.6',
    verified: false,
  });
  const server = serverTopology({
    name: 'switches-apart',
    title: 'Three GPUs on two NVSwitches',
    gpuModel: 'sm90',
    devices: [
      ...['gpu0', 'gpu1', 'gpu2'].map((id) => ({ id, kind: 'gpu' as const })),
      ...['A', 'B'].map((id) => ({ id, kind: 'nvswitch' as const })),
    ],
    links: [link('gpu0', 'A'), link('gpu1', 'A'), link('gpu1', 'B'), link('gpu2', 'B')],
  });
  return [
    'the NVSwitches of one fabric are one vertex, as in NCCL: two GPUs without a common switch seem joined',
    'gpu0 with nine links to switch A, gpu2 with nine to switch B, gpu1 with both; {0, 2}',
    `${gbps(collectiveBandwidth(server, [0, 2]))}, as NCCL says`,
    'nothing joins them but gpu1',
  ];
}

/** Both directions of a socket link at once. */
function flowsAcrossSockets(): string[] {
  const server = topology('rtxpro6000-8-pairs');
  return [
    'sockets: between two sockets the model has one fixed route and full-duplex links. Both directions at once, or many flows, reach half on some boards (table above); no detours through third sockets, as no library takes them',
    '`rtxpro6000-8-pairs`, a pair across the sockets, `ring`',
    gbps(collectiveBandwidth(server, [0, 4], { algorithm: 'ring' })),
    'less where both directions share one path',
  ];
}
