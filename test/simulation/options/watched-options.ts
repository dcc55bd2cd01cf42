import { clusterTopology } from '../../../src/index.js';
import { phase } from '../../../src/restart/index.js';
import type { SimulatedFailures, SimulateOptions, SimulationJob } from '../../../src/simulation/index.js';
import type { ClusterTopology } from '../../../src/topology/index.js';
import { gpuBox } from '../../placement/random-cluster.js';
import { oneGpuServers } from '../one-gpu-servers.js';
import { type Replay, replayOf } from '../replay.js';
import { type Draw, drawsOf } from '../whole/swarm.js';

/** How jobs and their estimates relate. */
export type Estimates = 'exact' | 'long' | 'any';

/** What the drawn simulations may have. */
export interface Watched {
  readonly estimates: readonly Estimates[];
  /** Servers of one GPU and jobs of one GPU a pod: counting is enough. Otherwise tiers, models, CPU, elastic gangs. */
  readonly isCounted: boolean;
  readonly fails?: boolean;
  /** Distinct tenants; default one. */
  readonly tenants?: number;
  /** Whether gangs may be elastic; default true where pods are not just counted. */
  readonly isElastic?: boolean;
}

/** Small clusters and a queue that is often full, drawn from one seed; what is tested is the caller's to add. */
export function watchedOptions(
  seed: number,
  watched: Watched,
): SimulateOptions & { readonly cluster: ClusterTopology } {
  const draw = drawsOf(seed);
  const { isCounted, fails = false } = watched;
  const cluster = isCounted ? oneGpuServers(draw.between(2, 10)) : tieredCluster(draw);
  const estimates = draw.of(watched.estimates);
  const jobs = Array.from({ length: draw.between(5, 25) }, (): SimulationJob => {
    const pods = draw.of([1, 1, 2, draw.between(1, 6)]);
    const durationSeconds = draw.between(1, 40);
    return {
      submitSeconds: draw.of([0, draw.between(0, 60), draw.between(0, 60)]),
      durationSeconds,
      pods,
      ...(isCounted ? { gpus: 1 } : needs(draw, pods, watched.isElastic ?? true)),
      ...estimateOf(draw, estimates, durationSeconds),
      priority: draw.between(0, 3),
      ...(watched.tenants === undefined ? {} : { tenant: `t${draw.between(1, watched.tenants)}` }),
    };
  });
  return {
    cluster,
    jobs,
    passes: 'instant',
    seed,
    eventsMax: 100_000,
    ...(fails ? { failures: failing(draw, cluster), untilSeconds: 400 } : {}),
  };
}

function tieredCluster(draw: Draw): ClusterTopology {
  const hasCpu = draw.chance(0.3);
  return clusterTopology({
    tiers: ['block', 'rack'],
    types: { four: gpuBox(4), two: gpuBox(2) },
    servers: Array.from({ length: draw.between(2, 6) }, (_, i) => ({
      id: `s${i}`,
      type: draw.of(['four', 'two']),
      gpuModel: draw.of(['A', 'A', 'B']),
      domains: { block: `b${Math.floor(i / 4)}`, rack: `r${Math.floor(i / 2)}` },
      ...(hasCpu ? { cpuMilli: 4000 } : {}),
    })),
  });
}

function needs(draw: Draw, pods: number, mayBeElastic: boolean): Partial<SimulationJob> {
  return {
    gpus: draw.of([1, 1, 2, 4]),
    ...(draw.chance(0.3) ? { require: draw.of(['rack', 'block', 'server']) } : {}),
    ...(draw.chance(0.2) ? { gpuModels: ['A'] } : {}),
    ...(draw.chance(0.2) ? { cpuMilli: 1000 } : {}),
    ...(mayBeElastic && draw.chance(0.2) ? { podsMin: draw.between(1, pods) } : {}),
  };
}

function estimateOf(
  draw: Draw,
  estimates: Estimates,
  durationSeconds: number,
): Pick<SimulationJob, 'estimateSeconds'> {
  if (estimates === 'exact') return {};
  const low = estimates === 'long' ? durationSeconds : 1;
  return { estimateSeconds: draw.between(low, 2 * durationSeconds) };
}

function failing(draw: Draw, cluster: ClusterTopology): SimulatedFailures {
  const repair = phase.fixed(draw.between(5, 40));
  const laws: SimulatedFailures['laws'] = [
    { name: 'server', level: 'server', failuresPerSecond: 1 / 200, repair },
    { name: 'gpu', level: 'gpu', failuresPerSecond: 1 / 600, repair },
    { name: 'job', level: 'job', failuresPerSecond: 1 / 300 },
  ];
  if (cluster.tiers.length === 0) return { laws };
  return { laws: [...laws, { name: 'rack', level: { tier: 'rack' }, failuresPerSecond: 1 / 500, repair }] };
}

/** Plays so many seeds, from 0, and checks each; what fails says which, and with what options. */
export function forSeeds(
  seeds: number,
  optionsOf: (seed: number) => SimulateOptions,
  check: (replay: Replay) => void,
): void {
  for (let seed = 0; seed < seeds; seed++) {
    const options = optionsOf(seed);
    try {
      check(replayOf(options));
    } catch (error) {
      const { cluster, ...rest } = options;
      throw new Error(`seed ${seed}: ${(error as Error).message}\n${JSON.stringify(rest)}`, { cause: error });
    }
  }
}
