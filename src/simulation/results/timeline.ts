import { CorralError } from '../../errors.js';
import { popcount16 } from '../../placement/state/state.js';
import type { ClusterRun } from '../kernel/cluster-run.js';
import { toSeconds } from '../options/clock.js';

/** The cluster at equal distances in time; position → sample. */
export interface Timeline {
  readonly seconds: readonly number[];
  /** GPUs that jobs hold, shares as parts. */
  readonly heldGpus: readonly number[];
  readonly waitingJobs: readonly number[];
  readonly runningJobs: readonly number[];
  /** GPUs of servers that take no pods: broken ones, and spares. */
  readonly unavailableGpus: readonly number[];
  /** GPUs that are kept free as headroom, shares as parts. */
  readonly keptGpus: readonly number[];
  /** Wholly free GPUs of servers that take pods, headroom aside. */
  readonly freeGpus: readonly number[];
  /** The part of them on servers that are not wholly free: no job of whole servers can use them. */
  readonly fragmentedGpus: readonly number[];
}

/** Most samples of one simulation. */
const SAMPLES_MAX = 1_000_000;

/** Samples a run at equal distances in time. A sample shows the state just before its time. */
export class TimelineSampler {
  /** Time of the next sample, microseconds. */
  next = 0;
  readonly #every: number;
  readonly #samples: { [Column in keyof Timeline]: number[] } = {
    seconds: [],
    heldGpus: [],
    waitingJobs: [],
    runningJobs: [],
    unavailableGpus: [],
    keptGpus: [],
    freeGpus: [],
    fragmentedGpus: [],
  };

  /** @param every - microseconds between samples */
  constructor(every: number) {
    this.#every = every;
  }

  get timeline(): Timeline {
    return this.#samples;
  }

  /**
   * Takes all samples up to a time before which nothing happens. O(servers) each.
   *
   * @throws CorralError `limit-exceeded` above a million
   */
  sample(run: ClusterRun, until: number): void {
    if (this.next > until) return;
    const { tables, state } = run.engine;
    let free = 0;
    let fragmented = 0;
    for (let server = 0; server < tables.serverCount; server++) {
      if (state.cordoned[server] === 1) continue;
      const gpus = popcount16(state.freeMask[server]!);
      free += gpus;
      if (gpus < tables.gpuStart[server + 1]! - tables.gpuStart[server]!) fragmented += gpus;
    }
    const samples = this.#samples;
    for (; this.next <= until; this.next += this.#every) {
      if (samples.seconds.length === SAMPLES_MAX) {
        throw new CorralError(
          'limit-exceeded',
          ['timelineSeconds'],
          `more than ${SAMPLES_MAX} samples: take them further apart`,
        );
      }
      samples.seconds.push(toSeconds(this.next));
      samples.heldGpus.push(run.accounts.heldGpus);
      samples.waitingJobs.push(run.waiting.length);
      samples.runningJobs.push(run.runningCount);
      samples.unavailableGpus.push(tables.gpuCount - run.accounts.availableGpus);
      samples.keptGpus.push(run.allocation.headroom?.keptGpus ?? 0);
      samples.freeGpus.push(free);
      samples.fragmentedGpus.push(fragmented);
    }
  }
}
