import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as arbitraries from '../../src/arbitraries/index.js';
import * as catalogue from '../../src/catalogue/index.js';
import * as check from '../../src/check/index.js';
import * as formats from '../../src/formats/index.js';
import * as corral from '../../src/index.js';
import * as policies from '../../src/policies/index.js';
import * as render from '../../src/render/index.js';
import * as restart from '../../src/restart/index.js';
import * as simulation from '../../src/simulation/index.js';

/** What each entry point gives out at run time. */
export const MODULES: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  corral,
  'corral/topologies': catalogue,
  'corral/policies': policies,
  'corral/restart': restart,
  'corral/simulation': simulation,
  'corral/formats': formats,
  'corral/render': render,
  'corral/arbitraries': arbitraries,
  'corral/check': check,
};

const text = (file: string): string =>
  readFileSync(join(import.meta.dirname, '..', 'formats', 'nccl-xml', 'files', file), 'utf8');
const { phase } = restart;
const server = catalogue.topology('cert-2s-4gpu-switch');
const serverDocument = {
  ...server.document,
  name: 'box',
  devices: server.document.devices.slice(0, 8),
  links: server.document.links.slice(0, 3),
};
const clusterDocument: corral.ClusterDocument = {
  tiers: ['block', 'rack'],
  types: { h100: 'dgx-h100', own: serverDocument },
  servers: [
    { id: 'a1', type: 'h100', domains: { block: 'x', rack: 'a' }, cpuMilli: 64_000, labels: { pool: 'p' } },
    { id: 'a2', type: 'h100', domains: { block: 'x', rack: 'a' }, memoryMiB: 65_536, gpuModel: 'H100' },
    { id: 'b1', type: 'h100', domains: { block: 'x', rack: 'b' } },
  ],
  uplinks: { rack: { GBps: 200, domains: { b: 100 } } },
  accelerator: { tier: 'rack', domains: { b: 400 } },
};
const cluster = corral.clusterTopology(clusterDocument);
const solver = (): corral.Solver => corral.compile(cluster);
const small = corral.clusterTopology({
  tiers: [],
  types: { t: 'ws-2x3090-nvlink' },
  servers: [{ id: 's', type: 't' }],
});
const request: corral.PlacementRequest = {
  pods: 4,
  podsMin: 2,
  gpus: 2,
  labels: {},
  slice: { pods: 2, tier: 'rack' },
};
const placement = { pods: [{ server: 'a1', gpus: [0, 1, 2, 3, 4, 5, 6, 7] }] };
const model = restart.restartModel({ failuresPerSecond: 1e-5, computeSeconds: 1000, stallSeconds: 1 });
const steps = { hidden: { detect: phase.fixed(10) }, exposed: { load: phase.fixed(20) } };
const job: simulation.SimulationJob = {
  id: 'j',
  submitSeconds: 0,
  durationSeconds: 500,
  pods: 2,
  gpus: 4,
  slice: { pods: 1, tier: 'rack' },
  checkpoint: { computeSeconds: 100, stallSeconds: 1 },
};
const simulated: simulation.SimulateOptions = {
  cluster: clusterDocument,
  jobs: [job, { submitSeconds: 5, durationSeconds: 50, gpus: 8, tenant: 't', priority: 3 }],
  preemption: { victims: 'restart-cost', runSecondsMin: 1 },
  headroom: [{ name: 'room', room: { gpus: 1 }, count: 1 }],
  defragmentation: { everySeconds: 100 },
  failures: { laws: [{ name: 'rack', level: { tier: 'rack' }, failuresPerSecond: 1e-4 }], spareServers: 1 },
  restart: steps,
  eventsMax: 20_000,
};
const interval = { stallSeconds: 10, mttfSeconds: 10_000 };
const meta = { failuresPerSecond: 1e-5, startSeconds: 60, computeSeconds: 600 };
const SWF = '; MaxProcs: 8\n1 0 5 60 4 -1 -1 4 90 -1 1 1 1 -1 -1 -1 -1 -1\n';

/** One call that works for every exported function that takes options, documents or other records. */
export const EXAMPLE_CALLS: Readonly<Record<string, readonly unknown[]>> = {
  'corral.collectiveBandwidth': [server, [0, 1, 2], {}],
  'corral.sharedBandwidth': [
    server,
    [
      [0, 1],
      [2, 3],
    ],
    {},
  ],
  'corral.selectGpus': [server, 2, { free: [0, 2, 3] }],
  'corral.route': [server, 'gpu0', 'gpu3', {}],
  'corral.serverTopology': [serverDocument],
  'corral.clusterTopology': [clusterDocument],
  'corral.compile': [clusterDocument, { seed: 1 }],
  'corral.Solver.place': [request],
  'corral.Solver.find': [request],
  'corral.Solver.explain': [request],
  'corral.Solver.rank': [{ gpus: 2 }],
  'corral/topologies.fatTree': [{ serversPerLeaf: 2, leavesPerPod: 2, pods: 2 }],
  'corral/topologies.railOptimized': [{ serversPerUnit: 2, units: 2 }],
  'corral/topologies.superPod': [{ units: 1 }],
  'corral/topologies.nvl72': [{ racks: 2, traysPerRack: 2 }],
  'corral/topologies.dragonfly': [{ groups: 3, serversPerGroup: 2 }],
  'corral/topologies.synthetic': ['cpu:2 switch:1 gpu:2', {}],
  'corral/policies.bestFit': [{}],
  'corral/policies.binPack': [{}],
  'corral/policies.dotProduct': [{}],
  'corral/policies.fgd': [{}],
  'corral/policies.gpuClustering': [{}],
  'corral/policies.gpuPacking': [{}],
  'corral/policies.random': [{}],
  'corral/policies.spread': [{}],
  'corral/policies.topologyAware': [{}],
  'corral/policies.typicalPods': [[{ cpuMilli: 1, gpus: 1, gpuMilli: 500 }], {}],
  'corral/restart.checkpointBytes': [{ parameters: 1e9 }],
  'corral/restart.snapshotStallSeconds': [{ bytes: 1e9, gpus: 8, deviceToHostGBps: 20 }],
  'corral/restart.copyHolders': [placement, cluster, {}],
  'corral/restart.groupCopySurvival': [{ machines: 8, copies: 2, lost: 2 }],
  'corral/restart.ringCopySurvival': [{ machines: 8, lost: 2 }],
  'corral/restart.defaultRecovery': [{ servers: 4 }],
  'corral/restart.failureDomains': [
    placement,
    cluster,
    [{ name: 'rack', level: { tier: 'rack' }, failuresPerSecond: 1e-6 }],
  ],
  'corral/restart.llama3FailureLaws': [{}],
  'corral/restart.finiteRunSeconds': [model, { productiveSeconds: 10_000 }],
  'corral/restart.loadSeconds': [{ bytes: 1e9, servers: 2, localGBps: 5 }],
  'corral/restart.lognormalSigma': [{ medianSeconds: 10, meanSeconds: 12 }],
  'corral/restart.lostGpuSeconds': [model, { gpus: 8 }],
  'corral/restart.phase.lognormal': [{ medianSeconds: 10, sigma: 0.5 }],
  'corral/restart.phase.mixture': [[{ weight: 1, phase: phase.fixed(1) }]],
  'corral/restart.placementRestart': [
    placement,
    cluster,
    {
      laws: [{ name: 'host', level: 'server', failuresPerSecond: 1e-6 }],
      recovery: steps,
      computeSeconds: 600,
      durable: { snapshots: 3, stallSeconds: 1 },
      checkpoint: { bytes: 1e9, storeGBps: 10 },
    },
  ],
  'corral/restart.dalyWallSeconds': [
    { productiveSeconds: 1e5, computeSeconds: 600, stallSeconds: 10, restartSeconds: 60, mttfSeconds: 1e5 },
  ],
  'corral/restart.metaEttr': [meta],
  'corral/restart.metaFiniteEttr': [{ ...meta, productiveSeconds: 1e5 }],
  'corral/restart.multiLevelOverhead': [[{ failuresPerSecond: 1e-6, checkpointSeconds: 10 }]],
  'corral/restart.availabilityIntervalSeconds': [{ ...interval, restartSeconds: 60 }],
  'corral/restart.dalyFirstOrderIntervalSeconds': [{ ...interval, restartSeconds: 60 }],
  'corral/restart.dalyIntervalSeconds': [interval],
  'corral/restart.youngIntervalSeconds': [interval],
  'corral/restart.replicaGroupEttr': [
    { failuresPerSecond: 1e-5, groups: 4, stallSeconds: 10, absentSeconds: 600 },
  ],
  'corral/restart.restartModel': [
    {
      failureClasses: [{ name: 'host', failuresPerSecond: 1e-5, ...steps, rollback: 'memory' }],
      computeSeconds: 600,
      durable: { snapshots: 3, stallSeconds: 1 },
    },
  ],
  'corral/restart.simulateRestarts': [model, { seed: 1, commits: 100 }],
  'corral/restart.burstSpares': [{ servers: 10, failureProbability: 0.1 }],
  'corral/restart.longRunSpares': [{ failuresPerSecond: 1e-5, repairSeconds: 1e4 }],
  'corral/restart.spareStockOut': [{ failuresPerSecond: 1e-5, repairSeconds: 1e4, spares: 1 }],
  'corral/restart.spareWaitSeconds': [{ failuresPerSecond: 1e-5, repairSeconds: 1e4, spares: 1 }],
  'corral/restart.withSpareWait': [steps, { stockOut: 0.1, wait: phase.fixed(60) }],
  'corral/restart.degradedSeconds': [{ slowdown: 2, seconds: 10 }],
  'corral/restart.jitterSlowdown': [{ workers: 8, variation: 0.1 }],
  'corral/restart.stragglerThroughput': [
    { servers: 8, episodesPerServerSecond: 1e-6, episodeSeconds: 60, slowdown: 2 },
  ],
  'corral/simulation.simulate': [simulated],
  'corral/simulation.simulationEvents': [simulated],
  'corral/simulation.compare': [
    {
      cluster: clusterDocument,
      jobs: [job],
      queue: 'fifo',
      policies: { one: {}, two: { preemption: { victims: 'youngest' } } },
      replications: 2,
    },
  ],
  'corral/simulation.inflationReplay': [
    {
      nodes: clusterDocument,
      pods: [{ name: 'p', cpuMilli: 1, memoryMiB: 1, gpus: 1, gpuMilli: 1000 }],
      policy: policies.bestFit(),
      ratio: 0.5,
    },
  ],
  'corral/formats.alibabaInstanceJobs': [[], { endSeconds: 10 }],
  'corral/formats.fromAmdSmiTopology': [
    formats.toRocmSmiTopo(catalogue.topology('mi300x-8')),
    { gpuModel: 'MI300X' },
  ],
  'corral/formats.fromHwlocXml': ['<topology version="2.0"></topology>', {}],
  'corral/formats.fromNcclXml': [
    text('azure-ncads-a100-v4.xml'),
    {
      gpuModel: 'A100',
      nvlink: {
        via: 'pairs',
        pairs: [
          { gpus: [0, 1], links: 12 },
          { gpus: [2, 3], links: 12 },
        ],
      },
      nvlinkGBpsPerLink: 20,
      devices: [],
    },
  ],
  'corral/formats.fromNvidiaSmiTopo': [formats.toNvidiaSmiTopo(server), { gpuModel: 'H100' }],
  'corral/formats.fromRocmSmiTopo': [
    formats.toRocmSmiTopo(catalogue.topology('mi300x-8')),
    { gpuModel: 'MI300X' },
  ],
  'corral/formats.fromSwf': [SWF, {}],
  'corral/formats.swfJobs': [formats.fromSwf(SWF), {}],
  'corral/render.clusterToSvg': [clusterDocument, { groups: [{ name: 'g', placement }] }],
  'corral/render.serverToSvg': [serverDocument, { groups: [{ gpus: [0] }] }],
  'corral/render.serverToDot': [serverDocument, { placement: [0] }],
  'corral/arbitraries.clusterDocument': [{ serversMax: 2 }],
  'corral/arbitraries.operations': [{ lengthMax: 3 }],
  'corral/arbitraries.placementRequest': [{ gpusMax: 2 }],
  'corral/arbitraries.serverDocument': [{ gpusMax: 2 }],
  'corral/check.judgePlacement': [
    small,
    { free: corral.compile(small).free(), cordoned: [] },
    { gpus: 1 },
    { pods: [{ server: 's', gpus: [0] }], tier: 'server', bandwidthGBps: null },
    {},
  ],
  'corral/check.referencePlace': [
    small,
    { free: corral.compile(small).free() },
    { gpus: 1, slice: { pods: 1, tier: 'server' } },
    {},
  ],
  'corral/check.referenceSelectGpus': [catalogue.topology('ws-2x3090-nvlink'), 1, {}],
};

/** The function of an example call. */
export function functionOf(key: string): (...args: unknown[]) => unknown {
  const [, entry, path] = /^([^.]+)\.(.+)$/.exec(key)!;
  const [name, member] = path!.split('.') as [string, string | undefined];
  if (name === 'Solver') {
    return (...args) =>
      (solver() as unknown as Record<string, (...a: unknown[]) => unknown>)[member!]!(...args);
  }
  const value = MODULES[entry!]![name];
  const found = member === undefined ? value : (value as Readonly<Record<string, unknown>>)[member];
  return found as (...args: unknown[]) => unknown;
}
