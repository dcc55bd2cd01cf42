import { packRings } from '../../src/bandwidth/rings/ring.js';
import { type TopologyName, topology, topologyNames } from '../../src/catalogue/index.js';
import { collectiveBandwidth, route, type ServerTopology } from '../../src/index.js';
import { networkOf } from '../../src/topology/network.js';
import type { ServerDocument } from '../../src/topology/server-document.js';
import nccl from '../data/nccl.json' with { type: 'json' };
import { gbps } from './markdown.js';
import { withFewerNvlinks, withNcclConstants, withNumaNodesApart } from './nccl-constants.js';
import {
  type Channels,
  channelsOnLadder,
  type Generation,
  NO_PATH_GBPS,
  nvlsBusGBps,
  totalGBps,
  treeBusGBps,
} from './nccl-search.js';

/** A single-node case of NCCL's own answers beside ours. */
export interface NcclRow {
  readonly name: string;
  /** What we computed on. */
  readonly input: string;
  readonly ringGBps: number;
  readonly optimalGBps: number;
  /** NCCL's ring graph, GB/s. */
  readonly ncclRingGBps: number;
  readonly ncclRing: string;
  /** NCCL's best algorithm by its cost model, GB/s. */
  readonly ncclBestGBps: number;
  readonly ncclBest: string;
  readonly why: string;
}

type NcclCase = (typeof nccl.cases)[number];

/** Single-node cases that nothing in the repository describes. */
export const CASES_WITHOUT_INPUT: Readonly<Record<string, string>> = {
  'fault-rtp-llm-8gpu-cx8.inter0':
    'a topology from the field (8 GPUs behind ConnectX-8 switches) of which only the answer is known, 2 × 20 = 40 GB/s',
};

/** Faults are a document of the catalogue with links taken away. */
const FAULTS: Readonly<Record<string, { document: () => ServerDocument; input: string }>> = {
  'fault-dgx-a100-one-gpu-without-nvlink.inter0': {
    document: () => withFewerNvlinks(topology('dgx-a100').document, 'gpu0', 0),
    input: '`dgx-a100` without the NVLinks of gpu0',
  },
  'fault-dgx-h100-one-gpu-8-of-18-links.inter0': {
    document: () => withFewerNvlinks(topology('dgx-h100').document, 'gpu0', 8 / 18),
    input: '`dgx-h100`, gpu0 with 8 of 18 NVLinks',
  },
};

/** Whether NCCL ran the case with peer-to-peer transfers switched off: bytes go through host memory. */
export function isHostMemoryCase(name: string): boolean {
  return name.includes('.p2poff.');
}

export function generationOf(gpuModel: string): Generation {
  // A topology file says the compute capability and no more.
  const capability = /^sm(\d+)$/.exec(gpuModel)?.[1];
  if (capability !== undefined) {
    return Number(capability) >= 100 ? 'SM100' : Number(capability) >= 90 ? 'SM90' : 'up to SM89';
  }
  // The certified two-socket servers name several models; NCCL was run with the first, an H100.
  if (/H100|H200/.test(gpuModel)) return 'SM90';
  return /B200|GB300|5090|RTX PRO 6000/.test(gpuModel) ? 'SM100' : 'up to SM89';
}

/** Every case of the data that has an input, in its order. */
export function ncclRows(): NcclRow[] {
  return nccl.cases.flatMap((c) => {
    const fault = FAULTS[c.case];
    if (fault !== undefined) return [ncclRow(c, fault.document(), fault.input)];
    const name = topologyNames.find((candidate) => c.case.startsWith(`${candidate}.`));
    return name === undefined ? [] : [ncclRow(c, ...inputOf(name, c.case))];
  });
}

/** The document of a case, through host memory where NCCL ran without peer-to-peer transfers. */
function inputOf(name: TopologyName, caseName: string): [document: ServerDocument, input: string] {
  const { document } = topology(name);
  return isHostMemoryCase(caseName)
    ? [{ ...document, peerToPeer: false }, `\`${name}\`, \`peerToPeer: false\``]
    : [document, `\`${name}\``];
}

/** All GPUs of a server. */
export function allGpus(server: ServerTopology): number[] {
  return server.gpus.map((_, ordinal) => ordinal);
}

/** One case beside the figures of one document. */
export function ncclRow(c: NcclCase, document: ServerDocument, input: string): NcclRow {
  const server = withNcclConstants(document);
  const gpus = allGpus(server);
  if (gpus.length !== c.gpus) throw new Error(`${c.case} has ${c.gpus} GPUs, ${input} has ${gpus.length}`);
  const ring: Channels = { count: c.ring.channels, GBpsPerChannel: c.ring.GBpsPerChannel };
  return {
    name: c.case,
    input,
    ringGBps: collectiveBandwidth(server, gpus, { algorithm: 'ring' }),
    optimalGBps: collectiveBandwidth(server, gpus),
    ncclRingGBps: totalGBps(ring),
    ncclRing: `${c.ring.channels} × ${c.ring.GBpsPerChannel} ${c.ring.path}`,
    ncclBestGBps: c.best.busGBps,
    ncclBest: c.best.algorithm.replace('/Simple', ''),
    why: [whyRing(c, document, ring), whyBest(c, ring), whyOptimal(server)]
      .filter((text) => text !== '')
      .join('; '),
  };
}

/** The rings of ours on NCCL's ladder of speeds, if that gives NCCL's figure; else what is special about the case. */
function whyRing(c: NcclCase, document: ServerDocument, ring: Channels): string {
  const all = 2 ** c.gpus - 1;
  const rings = packRings(networkOf(withNcclConstants(document)), all).rings.map((r) => r.bandwidthGBps);
  const generation = generationOf(document.gpuModel);
  const found = channelsOnLadder(rings, generation);
  const ours = rings.map(gbps).join(' + ');
  if (found === undefined) {
    if (totalGBps(ring) !== NO_PATH_GBPS)
      throw new Error(`${c.case}: NCCL found a path, its ladder has none`);
    return `NCCL's ladder of speeds for ${generation} ends at 18 and the path across the sockets has ${ours}: its search finds nothing and falls back to one channel of ${NO_PATH_GBPS}`;
  }
  if (totalGBps(found) === totalGBps(ring)) {
    return `ladder: ${found.count} × ${found.GBpsPerChannel} = ${gbps(totalGBps(found))} of ${ours}`;
  }
  const apart = oneRingAtMostGBps(withNcclConstants(withNumaNodesApart(document)));
  const step = channelsOnLadder([apart], generation);
  if (step === undefined || totalGBps(step) !== totalGBps(ring)) {
    throw new Error(
      `${c.case}: NCCL's ring is ${totalGBps(ring)}, the ladder on ${ours} gives ${totalGBps(found)}`,
    );
  }
  return `NCCL joins any two NUMA nodes of a machine by the inter-CPU link, those of one socket too; in the document they are on one package and do not limit. With its rule one ring is ${gbps(apart)}, on the ladder ${step.count} × ${step.GBpsPerChannel} = ${gbps(totalGBps(step))}. Two rings that cross that link in opposite directions would be ${ours}; NCCL does not find them`;
}

/** No ring alone is wider: it joins every GPU to two others. */
function oneRingAtMostGBps(server: ServerTopology): number {
  const second = (gpu: string): number =>
    server.gpus
      .filter((other) => other !== gpu)
      .map((other) => route(server, gpu, other).bandwidthGBps)
      .sort((a, b) => b - a)[1]!;
  return Math.min(...server.gpus.map(second));
}

/** Why the best schedule beats every ring: a ring carries all data over every link, a cut need not. */
function whyOptimal(server: ServerTopology): string {
  const gpus = allGpus(server);
  const optimal = collectiveBandwidth(server, gpus);
  if (optimal <= 1.1 * collectiveBandwidth(server, gpus, { algorithm: 'ring' })) return '';
  if (server.document.peerToPeer === false) {
    return 'a ring sends everything across the socket link; the best schedule sends what a socket has once, and is bound by what host memory takes in and gives out';
  }
  const between = server.document.links.find((link) => link.medium === 'socket');
  if (between === undefined)
    throw new Error(`${server.name}: optimal is above ring, and no socket link is the reason`);
  const half = gpus.length / 2;
  const cut = ((gpus.length - 1) * between.bandwidthGBps) / half;
  const narrowest = Math.min(
    cut,
    ...server.document.links.map((link) => (link.medium === 'pcie' ? link.bandwidthGBps : cut)),
  );
  if (Math.abs(narrowest - optimal) > 1e-6)
    throw new Error(`${server.name}: optimal is ${optimal}, not ${narrowest}`);
  return `optimal sends the ${half} shares of each socket once across the socket link, which bounds it by ${gpus.length - 1} × ${gbps(between.bandwidthGBps)} / ${half} = ${gbps(cut)}${narrowest < cut ? `, and PCIe by ${gbps(narrowest)}` : ''}; a ring sends all of them`;
}

/** Why the best algorithm is not the ring, checked against NCCL's cost model. */
function whyBest(c: NcclCase, ring: Channels): string {
  if (Math.abs(c.best.busGBps - totalGBps(ring)) < 0.05) return '';
  const graph = c.best.algorithm.startsWith('NVLS')
    ? c.nvls
    : c.best.algorithm.startsWith('Tree')
      ? c.tree
      : undefined;
  if (graph === undefined) throw new Error(`${c.case}: no graph for ${c.best.algorithm}`);
  const channels = { count: graph.channels, GBpsPerChannel: graph.GBpsPerChannel };
  const isTree = c.best.algorithm.startsWith('Tree');
  const expected = isTree ? treeBusGBps(channels, c.gpus) : nvlsBusGBps(channels);
  if (Math.abs(expected - c.best.busGBps) > 0.06) {
    throw new Error(`${c.case}: the cost model gives ${expected}, NCCL ${c.best.busGBps}`);
  }
  return isTree
    ? `best is a tree, 0.92 × ${gbps(totalGBps(channels))} × ${c.gpus - 1}/${c.gpus} = ${gbps(expected)}: a leaf needs one way in and out, a ring two`
    : `best is NVLS, ${graph.channels} × ${graph.GBpsPerChannel} × 0.85 × 2 × ${graph.channels - 1}/${graph.channels} = ${gbps(expected)}: the switches add, which neither of our figures models`;
}
