import { clusterTopology } from '../../../src/index.js';
import {
  bestFit,
  binPack,
  random as randomPolicy,
  spread,
  topologyAware,
} from '../../../src/policies/index.js';
import { randomStream } from '../../../src/random.js';
import { phase } from '../../../src/restart/index.js';
import type {
  Quota,
  SimulatedFailureLaw,
  SimulateOptions,
  SimulationJob,
} from '../../../src/simulation/index.js';
import type { ClusterTopology } from '../../../src/topology/index.js';
import { gpuBox } from '../../placement/random-cluster.js';

/** Draws for one seed. */
export interface Draw {
  /** An integer from `low` to `high`. */
  between(low: number, high: number): number;
  chance(probability: number): boolean;
  of<T>(values: readonly T[]): T;
}

export function drawsOf(seed: number): Draw {
  const stream = randomStream(seed, 'workload');
  const between = (low: number, high: number): number => low + stream.below(high - low + 1);
  return {
    between,
    chance: (probability) => stream.unit() < probability,
    of: (values) => values[between(0, values.length - 1)]!,
  };
}

/** All options of a simulation, drawn at random from one seed: small clusters, few jobs, every feature now and then. */
export function swarmOptions(seed: number): SimulateOptions {
  const draw = drawsOf(seed);
  const isPlain = draw.chance(0.4);
  const guesses = draw.chance(0.4);
  const hasFabric = !isPlain && draw.chance(0.4);
  const cluster = isPlain ? plainCluster(draw) : hasFabric ? fabricCluster(draw) : mixedCluster(draw);
  const backfill = draw.of(['none', 'none', 'easy', 'easy', 'conservative'] as const);
  const preempts = backfill === 'none' && draw.chance(0.4);
  const hasExtras = draw.chance(0.6);
  const isFair = backfill === 'none' && !preempts && draw.chance(0.4);
  const options: SimulateOptions = {
    cluster,
    jobs: Array.from({ length: draw.between(1, 30) }, () => ({
      ...job(draw, isPlain),
      ...(guesses && draw.chance(0.2) ? { estimateSeconds: draw.between(0, 150) } : {}),
      ...(hasFabric && draw.chance(0.5) ? { communicationFraction: draw.of([0.1, 0.5]) } : {}),
    })),
    policy: draw.of([topologyAware, topologyAware, bestFit, binPack, spread, () => randomPolicy({})])(),
    queue: draw.of([
      'fifo',
      'fifo',
      'priority',
      'shortest-remaining',
      'fewest-gpus',
      'remaining-gpus',
    ] as const),
    ...(preempts ? { preemption: 'order' as const } : { backfill }),
    ...(!preempts && draw.chance(0.3)
      ? {
          preemption: {
            victims: draw.of(['restart-cost', 'lowest-priority', 'youngest', 'fewest-gpus'] as const),
            ...(draw.chance(0.3) ? { runSecondsMin: draw.between(0, 50) } : {}),
          },
        }
      : {}),
    ...(backfill === 'none' && !preempts ? { admission: draw.of(['strict', 'greedy'] as const) } : {}),
    preempted: draw.of(['kept', 'checkpoint'] as const),
    passes: draw.of(['event', 'instant'] as const),
    ...(draw.chance(0.3) ? failing(draw, cluster) : {}),
    ...(draw.chance(0.3)
      ? { restart: { hidden: phase.exponential(3), exposed: { load: phase.fixed(2) } } }
      : {}),
    ...(draw.chance(0.2) ? { untilSeconds: draw.between(0, 200) } : {}),
    ...(isFair ? fairShare(draw) : {}),
    ...(backfill === 'easy' && draw.chance(0.2) ? { backfillDepth: draw.between(1, 5) } : {}),
    ...(hasExtras && backfill !== 'conservative' && draw.chance(0.3) ? headroom(draw, isPlain) : {}),
    ...(hasExtras && !preempts && draw.chance(0.35) ? defragmentation(draw) : {}),
    ...(hasExtras && !preempts && !isFair && draw.chance(0.35) ? { elastic: 'running' as const } : {}),
    seed,
    eventsMax: 100_000,
  };
  const limited = withLimits(drawsOf(seed + 9_000_000), options);
  if (options.failures === undefined || draw.chance(0.4)) return limited;
  return { ...limited, restart: { ...options.restart, holdSeconds: draw.of([0, 5, 50, 1e6]) } };
}

/** Adds jobs that nobody stops, priorities that age, and victims of one tenant alone. */
function withLimits(draw: Draw, options: SimulateOptions): SimulateOptions {
  const { queue, preemption, jobs } = options;
  return {
    ...options,
    ...(draw.chance(0.3)
      ? { jobs: jobs.map((job) => (draw.chance(0.3) ? { ...job, preemptible: false } : job)) }
      : {}),
    ...((queue === 'priority' || queue === 'fair-share') && draw.chance(0.5)
      ? { priorityPerHour: draw.of([0, 50, 400]) }
      : {}),
    ...(typeof preemption === 'object' && draw.chance(0.4)
      ? {
          preemption: {
            ...preemption,
            scope: queue === 'fair-share' ? draw.of(['tenant', 'both'] as const) : ('tenant' as const),
          },
        }
      : {}),
  };
}

function plainCluster(draw: Draw): ClusterTopology {
  return clusterTopology({
    tiers: [],
    types: { box: gpuBox(draw.of([1, 1, 4])) },
    servers: Array.from({ length: draw.between(1, 12) }, (_, i) => ({ id: `s${i}`, type: 'box' })),
  });
}

function mixedCluster(draw: Draw): ClusterTopology {
  const limited = draw.chance(0.5);
  return clusterTopology({
    tiers: ['block', 'rack'],
    types: { four: gpuBox(4), two: gpuBox(2) },
    servers: Array.from({ length: draw.between(2, 12) }, (_, i) => ({
      id: `s${i}`,
      type: draw.of(['four', 'two']),
      domains: { block: `b${Math.floor(i / 6)}`, rack: `r${Math.floor(i / 3)}` },
      ...(limited ? { cpuMilli: 8000, memoryMiB: 8000 } : {}),
    })),
  });
}

/** Servers with NVLink and NICs under thin uplinks. */
function fabricCluster(draw: Draw): ClusterTopology {
  return clusterTopology({
    tiers: ['block', 'rack'],
    types: { h100: 'dgx-h100' },
    uplinks: { block: { GBps: 100 }, rack: { GBps: 200 } },
    servers: Array.from({ length: draw.between(2, 8) }, (_, i) => ({
      id: `s${i}`,
      type: 'h100',
      domains: { block: `b${Math.floor(i / 4)}`, rack: `r${Math.floor(i / 2)}` },
    })),
  });
}

function job(draw: Draw, isPlain: boolean): SimulationJob {
  const durationSeconds = draw.of([0, draw.between(1, 100), draw.between(1, 100)]);
  const pods = draw.of([1, 1, draw.between(1, 8)]);
  return {
    submitSeconds: draw.between(0, 100),
    durationSeconds,
    pods,
    ...(isPlain ? { gpus: 1 } : needs(draw, pods)),
    priority: draw.between(0, 3),
    tenant: draw.of(['', 'a', 'b']),
    ...(draw.chance(0.5)
      ? {
          checkpoint: {
            computeSeconds: draw.between(5, 30),
            stallSeconds: draw.between(0, 2),
            persistLagSeconds: 1,
          },
        }
      : {}),
  };
}

function needs(draw: Draw, pods: number): Partial<SimulationJob> {
  return {
    ...(draw.chance(0.15) ? { gpuMilli: draw.of([200, 500]) } : { gpus: draw.of([0, 1, 1, 2, 4]) }),
    ...(draw.chance(0.3) ? { cpuMilli: draw.of([1000, 4000]) } : {}),
    ...(draw.chance(0.2) ? { require: draw.of(['rack', 'block', 'server']) } : {}),
    ...(draw.chance(0.2) ? { prefer: 'rack' } : {}),
    ...(draw.chance(0.1) ? { requirePerPod: draw.of(['socket', 'numa'] as const) } : {}),
    ...(draw.chance(0.2) ? { podsMin: draw.between(1, pods) } : {}),
  };
}

function fairShare(draw: Draw): Pick<SimulateOptions, 'queue' | 'quotas'> {
  const quotas: Quota[] = [
    { name: 'group', deservedGpus: draw.between(0, 8), overQuotaWeight: draw.of([1, 2]) },
    { name: 'a', parent: 'group', deservedGpus: draw.between(0, 4) },
    {
      name: 'b',
      ...(draw.chance(0.5) ? { parent: 'group' } : {}),
      deservedGpus: draw.between(0, 4),
      // Enough for every job: a tenant must not wait for ever.
      ...(draw.chance(0.5) ? { limitGpus: 32 } : {}),
    },
  ];
  return { queue: 'fair-share', quotas };
}

function headroom(draw: Draw, isPlain: boolean): Pick<SimulateOptions, 'headroom'> {
  const room = isPlain ? { gpus: 1 } : { gpus: draw.of([1, 2]), pods: draw.of([1, 1, 2]) };
  return {
    headroom: [
      { name: 'a', room, count: draw.between(1, 2), tenants: ['a'] },
      ...(draw.chance(0.3) ? [{ name: 'urgent', room: { gpus: 1 }, priorityMin: 3 }] : []),
      ...(draw.chance(0.2) ? [{ name: 'nobody', room: { gpus: 1 } }] : []),
    ],
  };
}

function defragmentation(draw: Draw): Pick<SimulateOptions, 'defragmentation'> {
  return {
    defragmentation: {
      everySeconds: draw.of([1, 10, 37]),
      movesMax: draw.of([1, 16]),
      gainFactor: draw.of([0, 1, 3]),
    },
  };
}

function failing(draw: Draw, cluster: ClusterTopology): Pick<SimulateOptions, 'failures'> {
  const repair = phase.uniform(1, 30);
  const laws: SimulatedFailureLaw[] = [
    { name: 'gpu', level: 'gpu', failuresPerSecond: 1 / 3000, repair },
    { name: 'server', level: 'server', failuresPerSecond: 1 / 1000, repair },
    { name: 'reboot', level: 'server', failuresPerSecond: 1 / 1000 },
    { name: 'job', level: 'job', failuresPerSecond: 1 / 300 },
  ];
  if (cluster.tiers.length > 0) {
    laws.push({ name: 'rack', level: { tier: 'rack' }, failuresPerSecond: 1 / 2000, repair });
  }
  return {
    failures: {
      laws: laws.filter(() => draw.chance(0.6)),
      // A spare may be the only server that a job fits on: then it waits for a failure, which comes.
      spareServers: draw.chance(0.3) ? draw.between(0, cluster.servers.length - 1) : 0,
    },
  };
}
