import { nicBandwidth } from '../../src/bandwidth/index.js';
import { type TopologyName, topology, topologyNames } from '../../src/catalogue/index.js';
import { clusterTopology, collectiveBandwidth } from '../../src/index.js';
import type { ServerDocument } from '../../src/topology/server-document.js';
import nccl from '../data/nccl.json' with { type: 'json' };
import { gangGBps } from './all-reduce-rows.js';
import { gbps, isWithinTenPercent } from './markdown.js';
import { withNcclConstants } from './nccl-constants.js';
import { allGpus, isHostMemoryCase } from './nccl-rows.js';

/** NCCL's best algorithm on a number of equal servers beside the bandwidth of that placement. */
export interface OverNodesRow {
  readonly name: string;
  readonly nodes: number;
  readonly modelGBps: number;
  readonly ncclBestGBps: number;
  readonly ncclBest: string;
  readonly why: string;
}

type OverNodesCase = (typeof nccl.severalNodes.cases)[number];

/** The numbers of servers that are shown. */
const NODES: readonly number[] = [2, 4, 64];

/** Cases over several nodes that nothing in the repository describes. */
export const NODES_WITHOUT_INPUT: Readonly<Record<string, string>> = {
  'fault-rtp-llm-8gpu-cx8.inter1':
    'the topology from the field again; 2 × 20 = 40 GB/s on any number of nodes',
};

/** Every case of the data that has an input, on each number of servers. */
export function overNodesRows(): OverNodesRow[] {
  return nccl.severalNodes.cases
    .filter((c) => !isHostMemoryCase(c.case) && NODES_WITHOUT_INPUT[c.case] === undefined)
    .flatMap(rowsOf);
}

function rowsOf(c: OverNodesCase): OverNodesRow[] {
  const server = withNcclConstants(documentOf(c.case));
  const gpus = allGpus(server);
  if (gpus.length !== c.gpus)
    throw new Error(`${c.case} has ${c.gpus} GPUs, ${server.name} has ${gpus.length}`);
  const insideGBps = collectiveBandwidth(server, gpus, { algorithm: 'ring' });
  const ports = nicBandwidth(server, gpus);
  return NODES.map((nodes) => {
    const best = c.best.find((each) => each.nodes === nodes)!;
    const cluster = clusterTopology({
      tiers: [],
      types: { server: server.document },
      servers: Array.from({ length: nodes }, (_, i) => ({ id: `server${i}`, type: 'server' })),
    });
    const modelGBps = gangGBps(cluster, nodes, gpus.length);
    const algorithm = best.algorithm.replace('/Simple', '');
    const isNear = isWithinTenPercent(modelGBps / best.busGBps);
    return {
      name: c.case,
      nodes,
      modelGBps,
      ncclBestGBps: best.busGBps,
      ncclBest: algorithm,
      why: isNear ? '' : why(c, algorithm, insideGBps, ports, modelGBps, best.busGBps),
    };
  });
}

function documentOf(name: string): ServerDocument {
  if (name.startsWith('fault-dgx-h100-one-nic-gen3x4.')) return oneNicOnGen3x4(topology('dgx-h100').document);
  const known = topologyNames.find((candidate) => name.startsWith(`${candidate}.`));
  if (known === undefined) throw new Error(`no server of the catalogue for ${name}`);
  return topology(known satisfies TopologyName).document;
}

/** What NCCL gives four lanes of PCIe Gen3, GB/s. */
const GEN3_X4_GBPS = 3;

function oneNicOnGen3x4(document: ServerDocument): ServerDocument {
  const hit = document.devices.find(({ role }) => role === 'compute')!.id;
  return {
    ...document,
    links: document.links.map((link) =>
      link.between.includes(hit) ? { ...link, bandwidthGBps: GEN3_X4_GBPS, ncclGBps: GEN3_X4_GBPS } : link,
    ),
  };
}

/** Why the best placement figure and NCCL's best algorithm differ: what bounds each of NCCL's algorithms. */
function why(
  c: OverNodesCase,
  algorithm: string,
  insideGBps: number,
  portGBps: number,
  modelGBps: number,
  ncclGBps: number,
): string {
  if (algorithm === 'NVLSTree') {
    return modelGBps < ncclGBps
      ? 'NVLS inside the servers and a tree between them: the switches add, which the model does not know'
      : 'NVLS inside the servers and a tree between them, which uses the ports for half of what the best schedule sends';
  }
  if (algorithm === 'Tree') return 'a tree, which NCCL rates at 0.92 of its graph and less';
  const bound = Math.min(insideGBps, portGBps);
  const found = c.ring.channels * c.ring.GBpsPerChannelBetween;
  if (!isWithinTenPercent(bound / ncclGBps) || found !== ncclGBps) {
    throw new Error(`${c.case}: a ring is bound by ${bound}, NCCL's is ${ncclGBps}`);
  }
  const limit = bound === portGBps ? 'through the ports of every server' : 'through every server';
  return `a ring carries everything ${limit}, ${gbps(bound)}, ${c.ring.channels} × ${c.ring.GBpsPerChannelBetween} on the ladder; the best schedule sends what leaves a part once`;
}

/** A ring with peer-to-peer transfers switched off, beside ours through host memory. */
export interface HostMemoryRow {
  readonly name: string;
  readonly ringGBps: number;
  readonly ncclRing: string;
  readonly ncclRingGBps: number;
}

/** Rings of one server whose bytes go through host memory, against channels × speed inside a node. */
export function hostMemoryRows(): HostMemoryRow[] {
  return [...nccl.cases, ...nccl.severalNodes.cases]
    .filter((c) => isHostMemoryCase(c.case))
    .map((c) => {
      const server = withNcclConstants({ ...documentOf(c.case), peerToPeer: false });
      return {
        name: c.case,
        ringGBps: collectiveBandwidth(server, allGpus(server), { algorithm: 'ring' }),
        ncclRing: `${c.ring.channels} × ${c.ring.GBpsPerChannel}`,
        ncclRingGBps: c.ring.channels * c.ring.GBpsPerChannel,
      };
    });
}
