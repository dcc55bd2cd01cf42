import { asCluster, type TopologyOrDocument } from '../../catalogue/as-topology.js';
import { fieldNames, readFields } from '../../checks/fields.js';
import { callForeign, readList } from '../../checks/plain-data.js';
import { integer } from '../../checks/quantity.js';
import { nonEmptyText, safeInteger, text, unexpected } from '../../checks/values.js';
import { type ClusterTables, compileClusterTables } from '../../compile/cluster-tables.js';
import { CorralError } from '../../errors.js';
import type { ServerId } from '../../ids.js';
import { PlacementEngine } from '../../placement/engine.js';
import type { Policy } from '../../placement/request/policy.js';
import { loadServerFacts, newServerFacts } from '../../placement/scores/server-facts.js';
import { type PodNeed, podNeed } from '../../placement/state/pod-need.js';
import { ordinals } from '../../placement/state/state.js';
import { type FragmentationClasses, FragmentationMeasure } from '../../policies/fragmentation.js';
import { typicalPods } from '../../policies/typical-pods.js';
import { GPU_MILLI, GPUS_PER_SERVER_MAX, QUANTITY_MAX } from '../../units.js';
import { type InflationCurves, InflationSamples } from './inflation-samples.js';
import { inflationWorkload, type ReplayPod } from './inflation-workload.js';

/** Options of {@link inflationReplay}. */
export interface InflationReplayOptions {
  /** The cluster: what `fromOpenbNodes` returns, or any cluster. Its order is the order of names. */
  readonly nodes: TopologyOrDocument;
  /** The trace: what `fromOpenbPods` returns, in order of names; at most 200,000 pods. */
  readonly pods: readonly ReplayPod[];
  /** How servers are ordered; a policy that asks for a workload or a seed and brings none gets the trace's. */
  readonly policy: Policy;
  /** Seed of the shuffles and of a random policy; default 42, the first of the published ten. */
  readonly seed?: number | undefined;
  /** Load to offer, in units of the GPU capacity, at most 100; 0 or less = the trace as it is; default 1.3. */
  readonly ratio?: number | undefined;
}

/** Pods counted by what they ask for. */
export interface PodCounts {
  all: number;
  /** Pods without GPUs. */
  cpuOnly: number;
  /** Pods with a share of one GPU. */
  share: number;
  /** Pods with whole GPUs, by their number. */
  byGpus: Record<number, number>;
}

/** Where one offered pod went. */
export interface ReplayDecision {
  /** Name in the trace; repeated pods are called `<name>-tuned-<i>`. */
  readonly pod: string;
  /** null: the pod fitted on no server, and is gone. */
  readonly server: ServerId | null;
  /** GPU ordinals, ascending. */
  readonly gpus: readonly number[];
}

/** The cluster after the last pod. */
export interface ReplayFinalState {
  readonly usedCpuMilli: number;
  readonly usedMemoryMiB: number;
  readonly usedGpuMilli: number;
  /** GPUs of the cluster, and how many of them are used at all. */
  readonly gpus: number;
  readonly gpusTouched: number;
  readonly fragmentedGpuMilli: number;
  /** All idle GPU capacity, in thousandths, by what the workload makes of it. */
  readonly idleGpuMilliByClass: Readonly<FragmentationClasses>;
}

/** What an inflation replay shows. */
export interface InflationReplay extends InflationCurves {
  /** Pods offered and pods refused. */
  readonly offeredPods: PodCounts;
  readonly failedPods: PodCounts;
  readonly finalState: ReplayFinalState;
  /** One per offered pod, in order. */
  readonly decisions: readonly ReplayDecision[];
  /** Server scores computed: the work of the run; 0 for a policy that computes none. */
  readonly serverScores: number;
}

const OPTIONS = fieldNames<InflationReplayOptions>({
  nodes: true,
  pods: true,
  policy: true,
  seed: true,
  ratio: true,
});
/** Largest ratio: a hundred times the cluster. */
const RATIO_MAX = 100;
/** Most pods of a trace: taking one out of so many moves those behind it. */
const PODS_MAX = 200_000;
/** Most GPU models of a pod, as of a request. */
const MODELS_MAX = 1024;

/**
 * Offers the pods of a trace one by one, each to stay, until they ask for `ratio` times the GPUs of the
 * cluster, and records how much is allocated and how fragmented the rest is: the experiment of the FGD paper.
 *
 * With the published traces, options and seeds 42 … 51 the curves of the deterministic policies equal the
 * published ones on every point.
 *
 * @param options - see {@link InflationReplayOptions}
 * @returns curves indexed by arrived load in percent (0 … 130 for ratio 1.3), counts, final state, decisions
 * @throws CorralError for a malformed cluster, pod or option
 * @complexity O(pods × changed servers × score); 0.1 to 0.3 s for 10,866 pods on 1,213 servers
 * Source: Weng et al., "Beware of Fragmentation", USENIX ATC 2023, section 6, and its artifact
 * (hkust-adsl/kubernetes-scheduler-simulator).
 */
export function inflationReplay(options: InflationReplayOptions): InflationReplay {
  const { nodes, pods: given, policy, seed = 42, ratio = 1.3 } = readFields(options, OPTIONS);
  safeInteger(seed, 'seed');
  if (!Number.isFinite(ratio) || ratio > RATIO_MAX) {
    throw unexpected(`a number up to ${RATIO_MAX}`, ratio, ['ratio']);
  }
  const pods = readPods(given);
  const cluster = asCluster(nodes, ['nodes']);
  const gpus = cluster.servers.reduce((sum, server) => sum + server.type.gpus.length, 0);
  if (gpus === 0) throw new CorralError('invalid-option', ['nodes'], 'the cluster has no GPU to allocate');

  const prepared = inflationWorkload(pods, {
    nodeCount: cluster.servers.length,
    gpuMilli: gpus * GPU_MILLI,
    seed,
    ratio,
  });
  // Ties go to the first server of the document; the published program shuffles the names that decide them.
  const servers = Array.from(prepared.nodeOrder, (node) => cluster.servers[node]!);
  const tables = compileClusterTables({ tiers: [], servers });
  const workload = typicalPods(pods);
  const engine = new PlacementEngine(tables, { policy, workload, sizes: undefined, seed });
  const measure = new FragmentationMeasure(workload, tables.gpuModels);

  const facts = newServerFacts();
  const fragmentationOf = (server: number): number => {
    loadServerFacts(tables, engine.state, server, facts);
    return measure.of(facts);
  };
  const fragmented = new Float64Array(tables.serverCount);
  let fragmentedMilli = 0;
  for (let s = 0; s < tables.serverCount; s++) {
    fragmented[s] = fragmentationOf(s);
    fragmentedMilli += fragmented[s]!;
  }

  const needs = new Map<ReplayPod, PodNeed>();
  const samples = new InflationSamples(gpus, prepared.offered.length);
  const decisions: ReplayDecision[] = [];
  const offeredPods = noPods();
  const failedPods = noPods();
  let arrivedMilli = 0;
  let usedMilli = 0;
  for (const { name, pod } of prepared.offered) {
    let need = needs.get(pod);
    if (need === undefined) {
      need = needOf(pod, tables);
      needs.set(pod, need);
    }
    arrivedMilli += need.totalGpuMilli;
    count(offeredPods, need);
    if (callForeign(() => engine.decide(need), ['policy'])) {
      const { server, gpuMask } = engine;
      engine.take(need, server, gpuMask);
      usedMilli += need.totalGpuMilli;
      const after = fragmentationOf(server);
      fragmentedMilli += after - fragmented[server]!;
      fragmented[server] = after;
      decisions.push({ pod: name, server: servers[server]!.id, gpus: ordinals(gpuMask) });
    } else {
      count(failedPods, need);
      decisions.push({ pod: name, server: null, gpus: [] });
    }
    samples.add(arrivedMilli, usedMilli, fragmentedMilli);
  }
  const lastPercent = ratio > 0 ? Math.round(100 * ratio) : Math.round(arrivedMilli / gpus / 10);
  return {
    ...samples.curves(lastPercent),
    offeredPods,
    failedPods,
    finalState: finalState(engine, measure),
    decisions,
    serverScores: engine.byScore?.finder.scored ?? 0,
  };
}

/** The pods, each read once. */
function readPods(given: readonly ReplayPod[]): ReplayPod[] {
  const pods = readList(given, ['pods'], 'invalid-option', PODS_MAX);
  if (pods.length === 0) throw new CorralError('invalid-option', ['pods'], 'expected pods, got none');
  return pods.map((pod, i) => {
    const path = ['pods', i];
    if (typeof pod !== 'object' || pod === null) throw unexpected('a pod', pod, path);
    return callForeign(() => readPod(pod, path), path);
  });
}

/** The fields of a pod that the replay reads; a trace may hold more. */
function readPod(pod: ReplayPod, path: readonly (string | number)[]): ReplayPod {
  const upTo = (max: number, field: 'cpuMilli' | 'memoryMiB' | 'gpus' | 'gpuMilli'): number =>
    integer(pod[field], 0, max, ...path, field);
  const { name, gpuModels } = pod;
  const cpuMilli = upTo(QUANTITY_MAX, 'cpuMilli');
  const memoryMiB = upTo(QUANTITY_MAX, 'memoryMiB');
  const gpus = upTo(GPUS_PER_SERVER_MAX, 'gpus');
  const gpuMilli = upTo(GPU_MILLI, 'gpuMilli');
  nonEmptyText(name, ...path, 'name');
  const isConsistent = gpus <= 1 ? gpus === Math.sign(gpuMilli) : gpuMilli === GPU_MILLI;
  if (!isConsistent) {
    throw new CorralError(
      'invalid-option',
      [...path, 'gpuMilli'],
      `${gpus} GPUs of ${gpuMilli} thousandths each: a share is of one GPU, several are whole`,
    );
  }
  if (gpuModels === undefined) return { name, cpuMilli, memoryMiB, gpus, gpuMilli };
  const models = readList(gpuModels, [...path, 'gpuModels'], 'invalid-option', MODELS_MAX);
  models.forEach((model, m) => void text(model, ...path, 'gpuModels', m));
  return { name, cpuMilli, memoryMiB, gpus, gpuMilli, gpuModels: models };
}

function needOf(pod: ReplayPod, tables: ClusterTables): PodNeed {
  const { cpuMilli, memoryMiB, gpuModels: models } = pod;
  const share = pod.gpus === 1 && pod.gpuMilli < GPU_MILLI;
  return podNeed(
    {
      cpuMilli,
      memoryMiB,
      gpuModels: models,
      ...(share ? { gpuMilli: pod.gpuMilli } : { gpus: pod.gpus }),
    },
    tables,
  );
}

function noPods(): PodCounts {
  return { all: 0, cpuOnly: 0, share: 0, byGpus: {} };
}

function count(counts: PodCounts, need: PodNeed): void {
  counts.all++;
  if (need.gpus === 0) counts.cpuOnly++;
  else if (need.gpuMilli < GPU_MILLI) counts.share++;
  else counts.byGpus[need.gpus] = (counts.byGpus[need.gpus] ?? 0) + 1;
}

function finalState(engine: PlacementEngine, measure: FragmentationMeasure): ReplayFinalState {
  const { tables, state } = engine;
  const idleGpuMilliByClass: FragmentationClasses = {
    lackBoth: 0,
    lackGpu: 0,
    satisfied: 0,
    lackCpu: 0,
    cpuOnlySatisfied: 0,
    cpuOnlyLackCpu: 0,
    modelNotAllowed: 0,
  };
  const facts = newServerFacts();
  let usedCpuMilli = 0;
  let usedMemoryMiB = 0;
  let fragmentedGpuMilli = 0;
  let usedGpuMilli = 0;
  let gpusTouched = 0;
  for (let s = 0; s < tables.serverCount; s++) {
    const shape = tables.shapeOf[s]!;
    // A server without a limit (Infinity) reports no use: Infinity - Infinity is not a number.
    usedCpuMilli += tables.shapeCpuMilli[shape]! - state.cpuFreeMilli[s]! || 0;
    usedMemoryMiB += tables.shapeMemoryMiB[shape]! - state.memoryFreeMiB[s]! || 0;
    loadServerFacts(tables, state, s, facts);
    fragmentedGpuMilli += measure.of(facts);
    measure.addClasses(facts, idleGpuMilliByClass);
    for (let g = 0; g < facts.gpus; g++) {
      usedGpuMilli += GPU_MILLI - facts.gpuFreeMilli[g]!;
      if (facts.gpuFreeMilli[g]! < GPU_MILLI) gpusTouched++;
    }
  }
  return {
    usedCpuMilli,
    usedMemoryMiB,
    usedGpuMilli,
    gpus: tables.gpuCount,
    gpusTouched,
    fragmentedGpuMilli,
    idleGpuMilliByClass,
  };
}
