import { openbLikeNodes, openbLikePods } from '../examples/openb-like.js';
import { clusterTopology } from '../src/index.js';
import {
  bestFit,
  dotProduct,
  fgd,
  gpuClustering,
  gpuPacking,
  type Policy,
  random,
} from '../src/policies/index.js';
import { inflationReplay } from '../src/simulation/index.js';
import { type Case, check } from './harness.js';

const POLICIES: readonly (() => Policy)[] = [random, dotProduct, gpuClustering, gpuPacking, bestFit, fgd];
const SEED = 42;
/** The published study: 17 traces, 6 policies, 10 seeds. */
const PUBLISHED_RUNS = 17 * 6 * 10;

/** One replay per policy of a cluster and workload with the counts of the openb traces. */
export function replayCases(): { readonly cases: Case[]; readonly report: () => void } {
  const nodes = clusterTopology(openbLikeNodes(SEED));
  const pods = openbLikePods(SEED);
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
