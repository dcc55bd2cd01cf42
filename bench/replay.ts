import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { openbLikeNodes, openbLikePods } from '../examples/openb-like.js';
import { fromOpenbNodes, fromOpenbPods } from '../src/formats/index.js';
import { type ClusterTopology, clusterTopology } from '../src/index.js';
import {
  bestFit,
  dotProduct,
  fgd,
  gpuClustering,
  gpuPacking,
  type Policy,
  random,
} from '../src/policies/index.js';
import { inflationReplay, type ReplayPod } from '../src/simulation/index.js';
import { type Case, check } from './harness.js';

const POLICIES: readonly (() => Policy)[] = [random, dotProduct, gpuClustering, gpuPacking, bestFit, fgd];
const SEED = 42;
/** The published study: 17 traces, 6 policies, 10 seeds. */
const PUBLISHED_RUNS = 17 * 6 * 10;

/** A cluster and the pods offered to it. */
export interface ReplayInput {
  readonly nodes: ClusterTopology;
  readonly pods: readonly ReplayPod[];
}

/** The default openb trace from a folder with the original files, or a workload with its counts. */
export function replayInput(folder: string | undefined): ReplayInput {
  if (folder === undefined)
    return { nodes: clusterTopology(openbLikeNodes(SEED)), pods: openbLikePods(SEED) };
  const read = (file: string): string => readFileSync(join(folder, file), 'utf8');
  return {
    nodes: clusterTopology(fromOpenbNodes(read('openb_node_list_gpu_node.csv'))),
    pods: fromOpenbPods(read('openb_pod_list_default.csv')),
  };
}

/** One FGD replay in a fresh process: its time with nothing compiled, and the peak of memory after it. */
export function coldRun({ nodes, pods }: ReplayInput): void {
  const started = performance.now();
  const replay = inflationReplay({ nodes, pods, policy: fgd(), seed: SEED, ratio: 1.3 });
  const milliseconds = performance.now() - started;
  const mebibytes = process.resourceUsage().maxRSS / 1024;
  console.log(
    `one FGD replay, first in the process: ${replay.offeredPods.all.toLocaleString('en')} pods, ${milliseconds.toFixed(0)} ms, ` +
      `${replay.serverScores.toLocaleString('en')} server scores, peak resident memory ${mebibytes.toFixed(0)} MiB`,
  );
}

/** One replay per policy. */
export function replayCases({ nodes, pods }: ReplayInput): {
  readonly cases: Case[];
  readonly report: () => void;
} {
  const scores = new Map<string, number>();
  const seconds = new Map<string, number>();
  const cases = POLICIES.map((make): Case => {
    const { name } = make();
    return {
      name: `inflation replay, ${name}`,
      unit: 'run',
      run: () => {
        const started = performance.now();
        const replay = inflationReplay({ nodes, pods, policy: make(), seed: SEED, ratio: 1.3 });
        const took = (performance.now() - started) / 1000;
        seconds.set(name, Math.min(took, seconds.get(name) ?? took));
        scores.set(name, replay.serverScores);
        const { all } = replay.offeredPods;
        check(all > 10_500 && all < 11_200, `${name} offered ${all} pods`);
        check(
          replay.decisions.filter((d) => d.server === null).length === replay.failedPods.all,
          `${name} counts`,
        );
        const unallocated = 100 - replay.allocatedPercent[100]!;
        check(unallocated > 4 && unallocated < 16, `${name} leaves ${unallocated} % at 100 % load`);
        return 1;
      },
    };
  });
  const report = (): void => {
    const total = [...seconds.values()].reduce((sum, s) => sum + s, 0);
    for (const [name, count] of scores)
      console.log(`server scores per run, ${name}: ${count.toLocaleString('en')}`);
    console.log(
      `runs per second over the six policies: ${(POLICIES.length / total).toFixed(1)}; ` +
        `the published study of ${PUBLISHED_RUNS} runs at this rate, one core: ${((PUBLISHED_RUNS * total) / POLICIES.length / 60).toFixed(1)} minutes`,
    );
  };
  return { cases, report };
}
