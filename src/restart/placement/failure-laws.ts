import { readFields } from '../../checks/fields.js';
import { nonNegative } from '../../checks/quantity.js';
import { nonEmptyText } from '../../checks/values.js';
import type { TierName } from '../../ids.js';
import { exponential, fixed } from '../phases/basic-phases.js';
import { mixture } from '../phases/composite-phases.js';
import type { Phase } from '../phases/phase.js';

/**
 * What fails together: one GPU; one server; all GPUs of an NVLink domain (of the server, if it is in no accelerator
 * fabric of the cluster); everything in a domain of a tier (rack, leaf switch); or only the job.
 */
export type FailureLevel = 'gpu' | 'server' | 'nvlink-domain' | 'job' | { readonly tier: TierName };

/** The rate and the effect of one kind of failure. */
export interface FailureLaw {
  readonly name: string;
  readonly level: FailureLevel;
  /** Failures per second of one unit, see `per`. */
  readonly failuresPerSecond: number;
  /**
   * The unit of the rate: `domain` (default) is one domain of the level; with `server` or `gpu` the rate of a domain
   * is that of each server or GPU inside it, so that larger domains fail more often (for a job: each of its own).
   */
  readonly per?: 'domain' | 'server' | 'gpu' | undefined;
  /**
   * True if checkpoints in the host memory of the servers involved are lost. Default: true for `server`,
   * `nvlink-domain` and tiers, whose servers are off or cannot be reached; false for `gpu` and `job`, whose hosts
   * continue to run.
   */
  readonly memoryLost?: boolean | undefined;
  /** Duration until the failure is detected; default: the `detect` step of the recovery path. */
  readonly detect?: Phase | undefined;
}

const DAY_SECONDS = 86_400;

/** Converts failures per 1,000 server-days to failures per second of one server. */
export function perServerSecond(failuresPer1000ServerDays: number): number {
  return nonNegative(failuresPer1000ServerDays, 'failuresPer1000ServerDays') / 1000 / DAY_SECONDS;
}

/**
 * Failures that stop a job, per 1,000 server-days, measured on whole clusters.
 *
 * Source: Meta RSC-1 and RSC-2 (A100), Kokolis et al., HPCA 2025, from jobs above 128 GPUs (digests); Llama 3 (H100),
 * 419 unexpected interruptions of 2,048 servers in 54 days, Dubey et al., arXiv 2407.21783 (digest; computed from its
 * counts). The last figure counts wall clock days with outages, so its clock is `observed`. On the clock `wall` it is
 * too low by the share of time spent in hidden steps, some 2 % in that run.
 */
export const FAILURES_PER_1000_SERVER_DAYS: Readonly<Record<'rsc-1' | 'rsc-2' | 'llama-3', number>> =
  Object.freeze({
    'rsc-1': 6.5,
    'rsc-2': 2.34,
    'llama-3': (419 / (2048 * 54)) * 1000,
  });

/** The Llama 3 run: 16,384 H100 in servers of 8, for 54 days. */
const LLAMA3 = { gpus: 16_384, servers: 2048, seconds: 54 * DAY_SECONDS };
/**
 * Its 419 unexpected interruptions by level. GPU: faulty GPU 148, HBM3 72, SRAM 19, system processor 17, silent data
 * corruption 6, thermal interface and sensor 6. Host: maintenance 32, NIC 7, SSD 3, power supply 3, chassis 2, I/O
 * board 2, CPU 2, memory 2. Job: software 54, NCCL watchdog 7, dependency 2.
 */
const LLAMA3_COUNTS = {
  gpu: 148 + 72 + 19 + 17 + 6 + 6,
  host: 32 + 7 + 3 + 3 + 2 + 2 + 2 + 2,
  network: 35,
  job: 54 + 7 + 2,
};

/**
 * Failure laws at the rates of the Llama 3 run, for other sizes and placements: GPU faults per GPU, host faults
 * per server, network faults per server, software per GPU of the job. On its 2,048 servers they sum to the 419
 * interruptions in 54 days.
 *
 * Failures are detected after 10 s (GPU), 2 s (host) or 60 s (switch). One software fault in ten is a hang, which the
 * timeout of the collective detects after 600 s; the others are crashes.
 *
 * @param options.switchTier - the tier whose domains share a switch: a network fault then stops the whole domain, at
 * a rate that grows with its servers. The table says "switch or cable" without separate numbers, so this is the
 * pessimistic assumption; default: a network fault stops only one server
 * @throws CorralError `invalid-option`
 * Source: rates, The Llama 3 Herd of Models, arXiv 2407.21783, table 5 (digest); detection, ByteRobust, SOSP 2025 (full text).
 */
export function llama3FailureLaws(
  options: { readonly switchTier?: TierName | undefined } = {},
): FailureLaw[] {
  const { gpus, servers, seconds } = LLAMA3;
  const { switchTier } = readFields(options, ['switchTier']);
  if (switchTier !== undefined) nonEmptyText(switchTier, 'switchTier');
  return [
    { name: 'GPU', level: 'gpu', failuresPerSecond: LLAMA3_COUNTS.gpu / gpus / seconds, detect: fixed(10) },
    {
      name: 'host',
      level: 'server',
      failuresPerSecond: LLAMA3_COUNTS.host / servers / seconds,
      detect: fixed(2),
    },
    {
      name: 'network',
      level: switchTier === undefined ? 'server' : { tier: switchTier },
      failuresPerSecond: LLAMA3_COUNTS.network / servers / seconds,
      per: 'server',
      detect: fixed(60),
    },
    {
      name: 'software',
      level: 'job',
      failuresPerSecond: LLAMA3_COUNTS.job / gpus / seconds,
      per: 'gpu',
      detect: mixture([
        { weight: 0.9, phase: exponential(10) },
        { weight: 0.1, phase: fixed(600) },
      ]),
    },
  ];
}
