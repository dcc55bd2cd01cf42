import type { ClusterTables } from '../compile/cluster-tables.js';
import { CorralError, quote } from '../errors.js';
import { type RandomStream, randomStream } from '../random.js';
import { GPU_MILLI } from '../units.js';
import type { PodNeed } from './pod-need.js';
import type { Policy, Workload } from './policy.js';
import { ScoreFinder } from './score-finder.js';
import { emptyState, give, overwriteState, type PlacementState, take } from './state.js';

/** Where the random streams of an engine stand. */
export type EngineRandom = readonly [ties: readonly number[], gpu: readonly number[]];

/** What an engine is built with, besides the cluster. */
export interface EngineOptions {
  readonly policy: Policy;
  /** The expected pods, for policies that ask and bring none. */
  readonly workload: Workload | undefined;
  /** Seed of random choices, for policies that bring none. */
  readonly seed: number;
}

/**
 * Placement in integers: the state, the one feasibility test, and the finder of the policy. What users see
 * (ids, results, errors) is the solver's, and the replay's, around it.
 */
export class PlacementEngine {
  readonly tables: ClusterTables;
  readonly state: PlacementState;
  readonly finder: ScoreFinder;
  /** Server of the last {@link decide} that found one. */
  server = -1;
  /** Bit mask of the GPU ordinals of the last {@link decide} that found a server. */
  gpuMask = 0;
  readonly #ties: RandomStream;
  readonly #gpu: RandomStream;
  readonly #drawsNumbers: boolean;

  /** @throws CorralError `invalid-option` if the policy or the seed is no good */
  constructor(tables: ClusterTables, options: EngineOptions) {
    this.tables = tables;
    const { policy } = options;
    if (typeof policy?.prepare !== 'function') {
      throw new CorralError(
        'invalid-option',
        ['policy'],
        `expected a policy such as bestFit(), got ${quote(policy)}`,
      );
    }
    this.state = emptyState(tables);
    const scorer = policy.prepare({
      gpuModels: tables.gpuModels,
      cpuMilliMax: tables.shapeCpuMilli.reduce(
        (max, cpu) => (Number.isFinite(cpu) ? Math.max(max, cpu) : max),
        0,
      ),
      gpuMilliMax: tables.shapeGpus.reduce((max, gpus) => Math.max(max, gpus), 0) * GPU_MILLI,
      workload: options.workload,
    });
    if (scorer?.by !== 'server' && scorer?.by !== 'difference') {
      throw new CorralError(
        'invalid-option',
        ['policy', 'prepare'],
        'expected it to return a scorer by server or by difference',
      );
    }
    if (policy.ties !== 'document-order' && policy.ties !== 'random') {
      throw new CorralError(
        'invalid-option',
        ['policy', 'ties'],
        `expected document-order or random, got ${quote(policy.ties)}`,
      );
    }
    const seed = policy.seed ?? options.seed;
    this.#ties = randomStream(seed, 'ties');
    this.#gpu = randomStream(seed, 'gpu');
    this.#drawsNumbers = policy.ties === 'random' || (scorer.by === 'server' && scorer.shareGpu === 'random');
    this.finder = new ScoreFinder(tables, this.state, scorer, { countTies: policy.ties === 'random' });
  }

  /**
   * Decides where a pod goes, leaving the answer in `server` and `gpuMask`; the state stays as it is, random
   * streams advance.
   *
   * @returns whether any server fits
   */
  decide(need: PodNeed): boolean {
    const server = this.finder.find(need, this.#ties);
    if (server === -1) return false;
    this.server = server;
    this.gpuMask = this.finder.chooseGpus(need, server, this.#gpu);
    return true;
  }

  /** As {@link decide}, and random streams stay where they are. */
  peek(need: PodNeed): boolean {
    if (!this.#drawsNumbers) return this.decide(need);
    const before = this.random();
    const found = this.decide(need);
    this.resetRandom(before);
    return found;
  }

  /** Gives the GPUs of `mask` on `server` to the pod. */
  take(need: PodNeed, server: number, mask: number): void {
    take(this.tables, this.state, need, server, mask);
    this.finder.changed(server);
  }

  /** Undoes {@link take} with the same arguments. */
  give(need: PodNeed, server: number, mask: number): void {
    give(this.tables, this.state, need, server, mask);
    this.finder.changed(server);
  }

  /** Overwrites the state with a copy made of it earlier. */
  overwrite(copy: PlacementState, random: EngineRandom): void {
    overwriteState(this.state, copy);
    this.finder.allChanged();
    this.resetRandom(random);
  }

  /** Where the random streams stand. */
  random(): EngineRandom {
    return [this.#ties.state(), this.#gpu.state()];
  }

  /** Puts the random streams back to where {@link random} found them. */
  resetRandom(random: EngineRandom): void {
    this.#ties.reset(random[0]);
    this.#gpu.reset(random[1]);
  }
}
