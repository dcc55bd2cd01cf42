import { callForeign } from '../checks/plain-data.js';
import { CorralError, quote } from '../errors.js';
import { readModels, readWorkload } from '../placement/read/read-workload.js';
import type { ServerFacts, Workload } from '../placement/request/policy.js';
import { isLoaded, readServerFacts } from '../placement/scores/server-facts.js';

/**
 * The idle GPU capacity of a server, in thousandths of a GPU, split by what the expected workload makes of
 * it. All but `satisfied` is fragmentation.
 */
export interface FragmentationClasses {
  /** Idle for pods that find too little GPU and too little CPU (Q1). */
  lackBoth: number;
  /** Idle for pods that find too little GPU, and the remainders too small for a pod that fits (Q2). */
  lackGpu: number;
  /** Usable (Q3). */
  satisfied: number;
  /** Idle for pods that find enough GPU but too little CPU (Q4). */
  lackCpu: number;
  /** Idle for pods without GPUs that find their CPU (XL). */
  cpuOnlySatisfied: number;
  /** Idle for pods without GPUs that lack CPU (XR). */
  cpuOnlyLackCpu: number;
  /** Idle for pods that may not use this GPU model (NA). */
  modelNotAllowed: number;
}

/** In the order in which a server's are counted. */
const CLASSES: readonly (keyof FragmentationClasses)[] = [
  'lackBoth',
  'lackGpu',
  'satisfied',
  'lackCpu',
  'cpuOnlySatisfied',
  'cpuOnlyLackCpu',
  'modelNotAllowed',
];

/**
 * The statistical fragmentation measure of FGD: the idle GPU capacity of a server that a pod drawn from the
 * workload could not use, in expectation.
 *
 * Source: Weng et al., "Beware of Fragmentation: Scheduling GPU-Sharing Workloads with Fragmentation Gradient
 * Descent", USENIX ATC 2023, section 3; the order of cases and of floating-point sums follows the authors'
 * simulator (hkust-adsl/kubernetes-scheduler-simulator), so that results agree in the last digit. Memory is
 * no part of the measure.
 */
export class FragmentationMeasure {
  // The workload by column, in its own order; n typical pods.
  readonly #count: number;
  /** GPU models of the cluster. */
  readonly #models: number;
  /** Expected share of the pod, 0 … 1. Length: n. */
  readonly #share: Float64Array;
  readonly #cpuMilli: Int32Array;
  readonly #gpus: Int32Array;
  /** Which demand (below) the pod has; -1 for a pod without GPUs. Length: n. */
  readonly #demandOf: Int32Array;
  /** Distinct thousandths asked for per GPU. Length: demands. */
  readonly #demandMilli: Int32Array;
  /** GPU model × n → 1 where the pod may use the model; empty if no pod cares. */
  readonly #allowed: Uint8Array;

  // Of the server at hand, one entry per demand:
  /** GPUs with at least so many thousandths free. */
  readonly #sufficient: Int32Array;
  /** Sum of the free thousandths of the other GPUs. */
  readonly #remainders: Int32Array;
  /** Idle thousandths by class: q1, q2, q3, q4, xl, xr, na. */
  readonly #classes: Float64Array = new Float64Array(7);

  /**
   * @param workload - typical pods with their shares
   * @param gpuModels - GPU models of the cluster; server facts give positions in this list
   * @throws CorralError `invalid-option` with the path below `workload`
   */
  constructor(workload: Workload, gpuModels: readonly string[]) {
    const pods = readWorkload(workload, ['workload']);
    const models = readModels(gpuModels, ['gpuModels']);
    const n = pods.length;
    this.#models = models.length;
    this.#count = n;
    this.#share = Float64Array.from(pods, (pod) => pod.share);
    this.#cpuMilli = Int32Array.from(pods, (pod) => pod.cpuMilli);
    this.#gpus = Int32Array.from(pods, (pod) => pod.gpus);
    const demands = [...new Set(pods.filter((pod) => pod.gpus > 0).map((pod) => pod.gpuMilli))];
    this.#demandMilli = Int32Array.from(demands);
    this.#demandOf = Int32Array.from(pods, (pod) => (pod.gpus > 0 ? demands.indexOf(pod.gpuMilli) : -1));
    this.#sufficient = new Int32Array(demands.length);
    this.#remainders = new Int32Array(demands.length);
    const restricted = pods.some((pod) => (pod.gpuModels?.length ?? 0) > 0);
    this.#allowed = new Uint8Array(restricted ? models.length * n : 0);
    for (let m = 0; restricted && m < models.length; m++) {
      pods.forEach((pod, j) => {
        const allowed = pod.gpuModels ?? [];
        if (allowed.length === 0 || allowed.includes(models[m]!)) this.#allowed[m * n + j] = 1;
      });
    }
  }

  /**
   * Fragmented thousandths of GPU on one server.
   *
   * @param server - what a policy is given of one, or the same fields
   * @throws CorralError `invalid-option` for facts that no server of the cluster has
   * @complexity O(GPUs × distinct demands + typical pods)
   */
  of(server: ServerFacts): number {
    return this.#of(this.#read(server));
  }

  #of(server: ServerFacts): number {
    if (server.idleGpuMilli === 0) return 0;
    this.#classify(server);
    const c = this.#classes;
    return c[0]! + c[1]! + c[3]! + c[4]! + c[5]! + c[6]!;
  }

  /**
   * Adds the idle capacity of one server, by class, to `into`.
   *
   * @param server - as for {@link FragmentationMeasure.of}
   * @throws CorralError `invalid-option` for anything else in place of either
   */
  addClasses(server: ServerFacts, into: FragmentationClasses): void {
    this.#classify(this.#read(server));
    callForeign(() => this.#addTo(into), ['into']);
  }

  #addTo(into: FragmentationClasses): void {
    const c = this.#classes;
    if (typeof into !== 'object' || into === null) {
      throw new CorralError('invalid-option', ['into'], `expected sums by class, got ${quote(into)}`);
    }
    const sums = CLASSES.map((name, i) => {
      const sum: unknown = into[name];
      if (typeof sum === 'number') return sum + c[i]!;
      throw new CorralError('invalid-option', ['into', name], `expected a number, got ${quote(sum)}`);
    });
    CLASSES.forEach((name, i) => {
      into[name] = sums[i]!;
    });
  }

  /** Facts that a solver loaded are as they should be; those of anybody else are read, each field once. */
  #read(given: ServerFacts): ServerFacts {
    if (isLoaded(given)) return given;
    const facts = readServerFacts(given, ['server']);
    if (facts.gpuModel < this.#models || this.#allowed.length === 0) return facts;
    throw new CorralError(
      'invalid-option',
      ['server', 'gpuModel'],
      `expected a position in the list of ${this.#models} GPU models, got ${facts.gpuModel}`,
    );
  }

  /** Fills `#classes` for one server. */
  #classify(server: ServerFacts): void {
    this.#countDemands(server);
    const idle = server.idleGpuMilli;
    const cpuFree = server.cpuFreeMilli;
    const n = this.#count;
    const share = this.#share;
    const cpuMilli = this.#cpuMilli;
    const gpus = this.#gpus;
    const demandOf = this.#demandOf;
    const sufficient = this.#sufficient;
    const remainders = this.#remainders;
    const allowed = this.#allowed;
    const row = server.gpuModel * n;
    const restricted = allowed.length > 0;
    let q1 = 0;
    let q2 = 0;
    let q3 = 0;
    let q4 = 0;
    let xl = 0;
    let xr = 0;
    let na = 0;
    for (let j = 0; j < n; j++) {
      const demand = demandOf[j]!;
      const cpuSuffices = cpuFree >= cpuMilli[j]!;
      const p = share[j]!;
      if (demand === -1) {
        if (cpuSuffices) xl += p * idle;
        else xr += p * idle;
      } else if (restricted && allowed[row + j] === 0) na += p * idle;
      else if (sufficient[demand]! >= gpus[j]!) {
        if (cpuSuffices) {
          const unusable = remainders[demand]!;
          q2 += p * unusable;
          q3 += p * (idle - unusable);
        } else q4 += p * idle;
      } else if (cpuSuffices) q2 += p * idle;
      else q1 += p * idle;
    }
    const classes = this.#classes;
    classes[0] = q1;
    classes[1] = q2;
    classes[2] = q3;
    classes[3] = q4;
    classes[4] = xl;
    classes[5] = xr;
    classes[6] = na;
  }

  /** Fills `#sufficient` and `#remainders` for one server. */
  #countDemands(server: ServerFacts): void {
    const demandMilli = this.#demandMilli;
    for (let d = 0; d < demandMilli.length; d++) {
      const milli = demandMilli[d]!;
      let sufficient = 0;
      let remainders = 0;
      for (let g = 0; g < server.gpus; g++) {
        const free = server.gpuFreeMilli[g]!;
        if (free >= milli) sufficient++;
        else remainders += free;
      }
      this.#sufficient[d] = sufficient;
      this.#remainders[d] = remainders;
    }
  }
}
