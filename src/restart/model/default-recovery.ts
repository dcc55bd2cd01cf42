import { readFields } from '../../checks/fields.js';
import { integer, nonNegative, positive } from '../../checks/quantity.js';
import { exponential, fixed } from '../phases/basic-phases.js';
import { mixture } from '../phases/composite-phases.js';
import { maximum } from '../phases/maximum.js';
import type { RecoveryPath } from './recovery.js';

/** Options of {@link defaultRecovery}. */
export interface DefaultRecoveryOptions {
  /** Servers of the job. */
  readonly servers: number;
  /** GPUs of the job; default 8 per server. */
  readonly gpus?: number | undefined;
  /** Seconds to load the checkpoint, see `loadSeconds`; default 0. It depends on model and placement, so give it. */
  readonly loadSeconds?: number | undefined;
  /** Mean seconds to start one pod whose image is already on the server; default 5. */
  readonly launchMeanSeconds?: number | undefined;
}

/**
 * A whole restart of a gang, with a default for every step:
 *
 * | step | default | source and evidence |
 * |---|---|---|
 * | detect | 90 % exponential of 10 s, 10 % 600 s | 10 s for a lost GPU, about 10 min until the collective times out (ByteRobust, SOSP 2025, full text); 9.9 % of incidents are hangs (survey, digest) |
 * | drain | 30 s | default grace period of Kubernetes (kubernetes/enhancements at 64765b4, repository) |
 * | reschedule | exponential of 180 s | host selection 3 min (AIReSim at 7b139c7, repository; hypothetical there) |
 * | launch | the slowest of N exponentials of 5 s, images cached | assumed; ln N by construction |
 * | rendezvous | 5 + 25 · GPUs/10,000 s | under 5 s at 2,048 GPUs, under 30 s above 10,000 (MegaScale, NSDI 2024, digest) |
 * | load | `loadSeconds` | computed |
 * | warm-up | 30 s | assumed; 12.7 s to the next step after a restore (Google elastic demo, digest) |
 *
 * Detection, draining and rescheduling are hidden steps: no gang runs that could fail.
 *
 * @throws CorralError `invalid-option`
 */
export function defaultRecovery(options: DefaultRecoveryOptions): RecoveryPath {
  const given = readFields(options, ['servers', 'gpus', 'loadSeconds', 'launchMeanSeconds']);
  const servers = integer(given.servers, 1, 1e9, 'servers');
  const gpus = nonNegative(given.gpus ?? 8 * servers, 'gpus');
  return {
    hidden: {
      detect: mixture([
        { weight: 0.9, phase: exponential(10) },
        { weight: 0.1, phase: fixed(600) },
      ]),
      drain: fixed(30),
      reschedule: exponential(180),
    },
    exposed: {
      launch: maximum(servers, exponential(positive(given.launchMeanSeconds ?? 5, 'launchMeanSeconds'))),
      rendezvous: fixed(5 + 25 * (gpus / 10_000)),
      load: fixed(nonNegative(given.loadSeconds ?? 0, 'loadSeconds')),
      warmUp: fixed(30),
    },
  };
}

/** Number of machines at which the factors below were measured. */
const MEASURED_AT = 128;

/**
 * Seconds of a whole restart through the queue: 454.7 s · (N/128)^0.2496.
 *
 * Source: ByteRobust, SOSP 2025 (full text): 454, 545, 635, 768 s at 128, 256, 512, 1,024 machines of 16 GPUs; the
 * power law is a fit, within 1.22 %.
 *
 * @throws CorralError `invalid-option`
 */
export function requeueSeconds(servers: number): number {
  return 454.7 * (integer(servers, 1, 1e9, 'servers') / MEASURED_AT) ** 0.2496;
}

/**
 * Seconds of a whole restart onto warm standbys: 45.5 s · (N/128)^0.158.
 *
 * Source: the fit of ByteRobust's hot update, 46, 51, 54, 65 s at 128 to 1,024 machines (full text, within 5 %). For
 * standbys the paper prints only ratios: 10.87 times faster than a requeue on average.
 *
 * @throws CorralError `invalid-option`
 */
export function warmStandbySeconds(servers: number): number {
  return 45.5 * (integer(servers, 1, 1e9, 'servers') / MEASURED_AT) ** 0.158;
}

/**
 * Seconds to recreate the pods of a JobSet: max(60, N/290).
 *
 * Source: kubernetes-sigs/jobset at 08dfbdf, KEP-262 and KEP-467 (repository): about a minute at 15,000 nodes, 290
 * pods per second.
 *
 * @throws CorralError `invalid-option`
 */
export function jobSetRecreateSeconds(pods: number): number {
  return Math.max(60, integer(pods, 1, 1e9, 'pods') / 290);
}
