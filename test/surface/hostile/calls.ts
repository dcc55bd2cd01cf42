import { topology } from '../../../src/catalogue/index.js';
import * as formats from '../../../src/formats/index.js';
import type { PlacementResult, Snapshot, Solver } from '../../../src/index.js';
import { CorralError, clusterTopology, compile } from '../../../src/index.js';
import * as policies from '../../../src/policies/index.js';
import * as restart from '../../../src/restart/index.js';
import { EXAMPLE_CALLS, MODULES } from '../example-calls.js';

/** The arguments of a call that works. */
export type Arguments = readonly unknown[];

const { phase } = restart;
const server = topology('cert-2s-4gpu-switch');
const document = {
  tiers: ['block', 'rack'],
  types: { h100: 'dgx-h100' },
  servers: ['a1', 'a2', 'a3', 'b1', 'b2'].map((id) => ({
    id,
    type: 'h100',
    domains: { block: 'x', rack: id.slice(0, 1) },
    cpuMilli: 64_000,
    labels: { pool: 'p' },
  })),
};
const cluster = clusterTopology(document);
const request = {
  pods: 2,
  podsMin: 1,
  gpus: 2,
  cpuMilli: 100,
  memoryMiB: 10,
  gpuModels: ['NVIDIA H100 80GB'],
  labels: { pool: 'p' },
  require: 'rack',
  prefer: 'server',
  communicates: true,
  requirePerPod: 'socket',
  slice: { pods: 1, tier: 'rack' },
};
const model = restart.restartModel({ failuresPerSecond: 1e-5, computeSeconds: 1000, stallSeconds: 1 });
const path = restart.defaultRecovery({ servers: 4 });
const workload = [{ cpuMilli: 1, gpus: 1, gpuMilli: 500, gpuModels: ['A'], share: 1 }];
const facts = {
  cpuFreeMilli: 1000,
  memoryFreeMiB: 1000,
  gpus: 2,
  gpuModel: 0,
  gpuFreeMilli: Int32Array.of(1000, 400),
  idleGpuMilli: 1400,
  residents: new Int32Array(17),
};
const classes = {
  lackBoth: 0,
  lackGpu: 0,
  satisfied: 0,
  lackCpu: 0,
  cpuOnlySatisfied: 0,
  cpuOnlyLackCpu: 0,
  modelNotAllowed: 0,
};
const INSTANCES = [
  'instance_sn,role,app_name,cpu_request,cpu_limit,gpu_request,gpu_limit,rdma_request,rdma_limit,memory_request,memory_limit,disk_request,disk_limit,max_instance_per_node,creation_time,scheduled_time,deletion_time',
  'i-0,HN,app-a,10,11,1,2,25,30,100,100.5,600,700.5,1,10,20,30',
  '',
].join('\n');
const instances = formats.fromAlibabaInstances2025(INSTANCES);
const SWF = '; MaxProcs: 8\n1 0 5 60 4 -1 -1 4 90 -1 1 1 1 -1 -1 -1 -1 -1\n';

/** What lstopo writes of a box with one GPU. */
const HWLOC = `<topology version="3.0"><object type="Machine" os_index="0" gp_index="1">
<object type="Package" os_index="0" gp_index="100"><object type="NUMANode" os_index="0" gp_index="2"/>
<object type="Bridge" gp_index="3" bridge_type="0-1" bridge_pci="0000:[00-ff]">
<object type="PCIDev" gp_index="4" pci_busid="0000:01:00.0" pci_type="0302 [10de:20b2] [0000:0000] a1 00" pci_link_speed="31.507692">
<object type="OSDev" gp_index="5" name="cuda0" subtype="CUDA" osdev_type="12"><info name="GPUModel" value="NVIDIA A100"/></object>
</object></object></object></object></topology>`;

/** A solver in the middle of its life: a gang and a share run, one server is cordoned. */
function busySolver(): Busy {
  const solver = compile(cluster, { policy: policies.topologyAware() });
  const gang = solver.place({ pods: 2, gpus: 4 });
  solver.place({ gpuMilli: 300 });
  solver.cordon('b2');
  return { solver, gang, snapshot: solver.snapshot() };
}

/** A solver and what is handed to its methods. */
export interface Busy {
  readonly solver: Solver;
  readonly gang: PlacementResult;
  readonly snapshot: Snapshot;
}
export const busy: Busy = busySolver();
const gang = busy.gang.ok ? busy.gang.placement : undefined;

/** One call that works for everything that can be called and takes arguments. */
export const HOSTILE_CALLS: Readonly<Record<string, Arguments>> = {
  ...EXAMPLE_CALLS,
  'corral.fairShares': [[10, 20], [{ links: [0, 1], cap: 5 }]],
  'corral.nicBandwidth': [topology('dgx-h100'), [0, 1]],
  'corral.CorralError': ['invalid-option', ['links', 3], 'expected a number', { cause: 1 }],
  'corral.CorralError.toJSON': [],
  'corral.CorralError.inside': [['servers', 0]],
  'corral.explanationText': [compile(document).explain({ gpus: 9 })],
  'corral.relation': [server, 'gpu0', 'gpu3'],
  'corral.relationMatrix': [server],
  'corral.Solver.place': [request],
  'corral.Solver.find': [request],
  'corral.Solver.explain': [request],
  'corral.Solver.rank': [{ gpus: 2 }, ['a1', 'b1']],
  'corral.Solver.release': [gang],
  'corral.Solver.cordon': ['a1'],
  'corral.Solver.uncordon': ['b2'],
  'corral.Solver.free': [],
  'corral.Solver.snapshot': [],
  'corral.Solver.restore': [busy.snapshot],
  'corral.Policy.prepare': [{ gpuModels: ['A', 'B'], cpuMilliMax: 1000, gpuMilliMax: 8000, workload }],
  'corral/topologies.topology': ['dgx-h100'],
  'corral/policies.FragmentationMeasure': [workload, ['A', 'B']],
  'corral/policies.FragmentationMeasure.of': [facts],
  'corral/policies.FragmentationMeasure.addClasses': [facts, classes],
  'corral/restart.jobSetRecreateSeconds': [100],
  'corral/restart.requeueSeconds': [100],
  'corral/restart.warmStandbySeconds': [100],
  'corral/restart.ettr': [model],
  'corral/restart.perServerSecond': [6.5],
  'corral/restart.wallShares': [model],
  'corral/restart.optimalInterval': [model, 'daly'],
  'corral/restart.phase.fixed': [10],
  'corral/restart.phase.exponential': [10],
  'corral/restart.phase.gamma': [2, 10],
  'corral/restart.phase.uniform': [1, 10],
  'corral/restart.phase.sequence': [phase.fixed(1), [phase.exponential(1)]],
  'corral/restart.phase.maximum': [4, phase.exponential(1)],
  'corral/restart.phase.scaled': [2, phase.gamma(2, 3)],
  ...Object.fromEntries(
    Object.keys(restart.restartStrategy).map((name) => [`corral/restart.restartStrategy.${name}`, [path, 4]]),
  ),
  'corral/restart.Phase.laplace': [1e-5],
  'corral/restart.Phase.sample': [() => 0.5],
  'corral/formats.alibabaInstanceJobs': [instances, { endSeconds: 100 }],
  'corral/formats.fromHwlocXml': [HWLOC, {}],
  'corral/formats.fromAlibabaInstances2025': [INSTANCES],
  'corral/formats.fromAlibabaJobs2026': [
    'job_name,organization,gpu_model,cpu_request,gpu_request,worker_num,submit_time,duration,job_type\nj-1,org-a,A10,12,1,1,0,500,HP\n',
  ],
  'corral/formats.fromAlibabaNodes2026': ['node_name,gpu_model,gpu_capacity_num,cpu_num\n0,H800,8,190\n'],
  'corral/formats.toNcclXml': [server],
  'corral/formats.toNvidiaSmiTopo': [server],
  'corral/formats.toRocmSmiTopo': [topology('mi300x-8')],
  'corral/formats.fromOpenbNodes': [
    'sn,cpu_milli,memory_mib,gpu,model\nopenb-node-0000,64000,262144,2,P100\n',
  ],
  'corral/formats.fromOpenbPods': [
    'name,cpu_milli,memory_mib,num_gpu,gpu_milli,gpu_spec,qos,pod_phase,creation_time,deletion_time,scheduled_time\nopenb-pod-0000,12000,16384,1,1000,,LS,Running,0,12537496,0\n',
  ],
  'corral/formats.toSwf': [formats.fromSwf(SWF)],
  'corral/check.referenceBandwidth': [server, [0, 1]],
  'corral/check.referenceRoute': [server, 'gpu0', 'gpu3'],
  'corral/check.referenceSharedLoad': [server, [0, 1], 20],
  'corral/check.checkFreeCapacity': [
    cluster,
    [{ request: { gpus: 1 }, pods: [{ server: 'a1', gpus: [0] }] }],
    compile(cluster).free(),
  ],
  'corral/check.checkPlacements': [cluster, [{ request: { gpus: 1 }, pods: [{ server: 'a1', gpus: [0] }] }]],
};

/** Objects whose methods are called, by the name of their type. */
const RECEIVERS: Readonly<Record<string, readonly object[]>> = {
  Solver: [busy.solver],
  CorralError: [new CorralError('invalid-option', ['gpus'], 'expected a number')],
  Policy: [
    policies.bestFit(),
    policies.binPack(),
    policies.dotProduct(),
    policies.fgd(),
    policies.gpuClustering(),
    policies.gpuPacking(),
    policies.random(),
    policies.spread(),
    policies.topologyAware(),
  ],
  FragmentationMeasure: [new policies.FragmentationMeasure(workload, ['A', 'B'])],
  Phase: [
    phase.fixed(10),
    phase.exponential(10),
    phase.gamma(2, 10),
    phase.uniform(1, 10),
    phase.lognormal({ medianSeconds: 10, sigma: 0.5 }),
    phase.mixture([{ weight: 1, phase: phase.fixed(1) }]),
    phase.sequence(phase.fixed(1), phase.exponential(2)),
    phase.maximum(4, phase.exponential(1)),
    phase.scaled(2, phase.gamma(2, 3)),
  ],
};

/** Functions that do what no public one may: the harness has to see it. */
export const MISBEHAVING: Readonly<Record<string, Callable>> = {
  'harness.hangs': () => {
    for (;;);
  },
  'harness.fills': () => {
    for (const kept: unknown[] = []; ; ) kept.push({ kept: [...kept.slice(-1000)] });
  },
  'harness.throws': () => {
    throw new TypeError('not of corral');
  },
  'harness.works': () => {
    const start = process.cpuUsage();
    for (;;) {
      const { user, system } = process.cpuUsage(start);
      if (user + system > 2.2e6) return;
    }
  },
  'harness.pollutes': () => {
    Object.defineProperty(Object.prototype, 'polluted', { value: 1, configurable: true });
  },
  'harness.answers': () => 1,
};

type Callable = (...args: Arguments) => unknown;

/** What a key of {@link HOSTILE_CALLS} calls; methods are called on every receiver there is. */
export function calledBy(key: string): Callable {
  const misbehaving = MISBEHAVING[key];
  if (misbehaving !== undefined) return misbehaving;
  const [, entry, path] = /^([^.]+)\.(.+)$/.exec(key)!;
  const [name, member] = path!.split('.') as [string, string | undefined];
  const receivers = RECEIVERS[name];
  if (member !== undefined && receivers !== undefined) {
    return (...args) =>
      receivers.map((one) => (one as Readonly<Record<string, Callable>>)[member]!.apply(one, [...args]));
  }
  const value = MODULES[entry!]![name];
  if (member !== undefined) return (value as Readonly<Record<string, Callable>>)[member]!;
  if (/^[A-Z]/.test(name)) {
    const Class = value as new (...args: unknown[]) => unknown;
    return (...args) => new Class(...args);
  }
  return value as Callable;
}
