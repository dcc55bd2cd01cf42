import { CorralError } from '../../errors.js';
import type { SamplePod } from '../../policies/typical-pods.js';
import { GoRandom } from './go-random.js';

/** A pod of a trace, as `fromOpenbPods` returns them. */
export interface ReplayPod extends SamplePod {
  readonly name: string;
  /** Memory, MiB. */
  readonly memoryMiB: number;
}

/** A pod as it is offered: one of the trace, or a copy appended to reach the load. */
export interface OfferedPod {
  readonly name: string;
  readonly pod: ReplayPod;
}

/** One prepared run: what is offered in which order, and which server wins a tie. */
export interface InflationWorkload {
  readonly offered: readonly OfferedPod[];
  /** Positions of the nodes, first winner of ties first. */
  readonly nodeOrder: Int32Array;
}

/** Draws that the published program's scheduler takes from the same source between the two shuffles. */
const HIDDEN_DRAWS = 10;
/** Most pods appended to reach the load. */
const APPENDED_MAX = 1_000_000;

/**
 * Shuffles the pods, removes or repeats some until they ask for `ratio` times the GPUs of the cluster, and
 * shuffles the nodes: the random draws of the published experiments, one by one.
 *
 * @param pods - the trace in its order
 * @param options.nodeCount - servers of the cluster
 * @param options.gpuMilli - GPU capacity of the cluster, thousandths
 * @param options.seed - seed of Go's generator
 * @param options.ratio - load to offer, in units of the capacity; 0 or less = the trace as it is
 * @throws CorralError `invalid-option` if no repetition can reach the load
 * Source: hkust-adsl/kubernetes-scheduler-simulator at 8f3d6417.
 */
export function inflationWorkload(
  pods: readonly ReplayPod[],
  options: {
    readonly nodeCount: number;
    readonly gpuMilli: number;
    readonly seed: number;
    readonly ratio: number;
  },
): InflationWorkload {
  const random = new GoRandom(options.seed);
  // The program draws one number for a log line before it begins.
  random.int63();
  const offered = pods.map((pod): OfferedPod => ({ name: pod.name, pod }));
  random.shuffle(offered);
  if (options.ratio > 0) tune(offered, pods, options.ratio * options.gpuMilli, random);
  // Ten watchers of the scheduler each draw a time-out from the same source here.
  for (let i = 0; i < HIDDEN_DRAWS; i++) random.int63();
  const rankOf = random.perm(options.nodeCount);
  const nodeOrder = new Int32Array(options.nodeCount);
  rankOf.forEach((rank, node) => {
    nodeOrder[rank] = node;
  });
  return { offered, nodeOrder };
}

function tune(
  offered: OfferedPod[],
  pods: readonly ReplayPod[],
  targetMilli: number,
  random: GoRandom,
): void {
  let requested = pods.reduce((sum, pod) => sum + pod.gpus * pod.gpuMilli, 0);
  if (requested === 0) {
    throw new CorralError(
      'invalid-option',
      ['pods'],
      'no pod asks for a GPU, so repeating them never reaches the load: give ratio 0',
    );
  }
  if (requested >= targetMilli) {
    // With all pods removed none is requested.
    while (requested > targetMilli) {
      const removed = offered.splice(random.intn(offered.length), 1)[0]!;
      requested -= removed.pod.gpus * removed.pod.gpuMilli;
    }
    return;
  }
  // Said before memory is filled: what is missing, in units of an average pod.
  const missing = ((targetMilli - requested) / requested) * pods.length;
  if (missing > APPENDED_MAX) throw tooManyPods();
  for (let i = 0; i <= APPENDED_MAX; i++) {
    const pod = pods[random.intn(pods.length)]!;
    // The published test looks at one GPU of the pod, so a pod of several may overshoot.
    if (requested + pod.gpuMilli > targetMilli) return;
    offered.push({ name: `${pod.name}-tuned-${i}`, pod });
    requested += pod.gpus * pod.gpuMilli;
  }
  throw tooManyPods();
}

function tooManyPods(): CorralError {
  return new CorralError(
    'limit-exceeded',
    ['ratio'],
    `more than ${APPENDED_MAX} repeated pods would be needed to reach the load: ask for less`,
  );
}
