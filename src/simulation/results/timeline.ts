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
  /** GPUs of servers that take no pods: broken ones, and spares that wait. */
  readonly unavailableGpus: readonly number[];
  /** GPUs that a headroom keeps free, shares as parts. */
  readonly keptGpus: readonly number[];
  /** Wholly free GPUs of servers that take pods, without those that a headroom keeps. */
  readonly freeGpus: readonly number[];
  /** Those of them whose server is not wholly free: lost to whoever needs whole servers. */
  readonly fragmentedGpus: readonly number[];
}

/** Most samples of one simulation. */
const SAMPLES_MAX = 1_000_000;

/** Looks at a run every so often. A sample shows what was so just before its time. */
export class TimelineSampler {
  /** When to look next, microseconds. */
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
   * Takes all samples that are due before, or at, a time up to which nothing happens. O(servers) each.
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
