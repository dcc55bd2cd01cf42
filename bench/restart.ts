import { clusterTopology } from '../src/index.js';
import {
  copyHolders,
  defaultRecovery,
  ettr,
  llama3FailureLaws,
  phase,
  placementRestart,
  type RestartModel,
  restartModel,
  simulateRestarts,
} from '../src/restart/index.js';
import { type Case, check } from './harness.js';

const CALLS = 100_000;
/** Enough checkpoints for a million failures, of which the full run counts a million. */
const COMMITS = 16_000_000;
const FAILURES = 1_000_000;

/** A gang of 16,384 launches, every step of a restart, a hang among ten failures. */
function gang(computeSeconds: number): RestartModel {
  return restartModel({
    failuresPerSecond: 1 / 10_000,
    computeSeconds,
    stallSeconds: 1,
    persistLagSeconds: 7,
    hidden: {
      detect: phase.mixture([
        { weight: 0.9, phase: phase.exponential(10) },
        { weight: 0.1, phase: phase.fixed(600) },
      ]),
      reschedule: phase.exponential(180),
    },
    exposed: {
      launch: phase.maximum(16_384, phase.exponential(5)),
      rendezvous: phase.fixed(46),
      load: phase.gamma(4, 10),
      warmUp: phase.fixed(30),
    },
  });
}

/** A gang on all of 2,048 servers, 8 to a rack, with copies of snapshots in another rack. */
function placementCase(): Case {
  const cluster = clusterTopology({
    tiers: ['rack'],
    types: { h100: 'dgx-h100' },
    uplinks: { rack: { GBps: 3200 } },
    servers: Array.from({ length: 2048 }, (_, i) => ({
      id: `s${i}`,
      type: 'h100',
      domains: { rack: `r${Math.floor(i / 8)}` },
    })),
  });
  const placement = {
    pods: cluster.servers.map(({ id }) => ({ server: id, gpus: [0, 1, 2, 3, 4, 5, 6, 7] })),
  };
  return {
    name: 'placementRestart, 16,384 GPUs',
    unit: 'placement',
    run: () => {
      const cost = placementRestart(placement, cluster, {
        laws: llama3FailureLaws({ switchTier: 'rack' }),
        recovery: defaultRecovery({ servers: 2048 }),
        computeSeconds: 60,
        durable: { snapshots: 30, stallSeconds: 1 },
        checkpoint: { bytes: 4.86e12, storeGBps: 200 },
        copies: copyHolders(placement, cluster, { apart: 'rack' }),
      });
      check(
        Math.abs(cost.failuresPerDay - 419 / 54) < 1e-9,
        'the failures of the run that the rates are from',
      );
      return 1;
    },
  };
}

/** The closed form, and a simulation of a million failures (of ten thousand, in a smoke run). */
export function restartCases(smoke: boolean): Case[] {
  // Sixteen intervals in turn, so that no call repeats the one before.
  const models = Array.from({ length: 16 }, (_, i) => gang(300 + 30 * i));
  const expected = models.reduce((sum, model) => sum + ettr(model), 0);
  const simulated = gang(600);
  const commits = smoke ? COMMITS / 100 : COMMITS;
  return [
    {
      name: 'ettr, every step, 16,384 launches',
      unit: 'model',
      run: () => {
        let sum = 0;
        for (let i = 0; i < CALLS; i++) sum += ettr(models[i & 15]!);
        check(Math.abs(sum / (CALLS / 16) / expected - 1) < 1e-9, 'the sum of all calls');
        return CALLS;
      },
    },
    {
      name: 'simulateRestarts, the same',
      unit: 'failure',
      run: () => {
        const run = simulateRestarts(simulated, { seed: 1, commits });
        check(Math.abs(run.ettr - ettr(simulated)) < 4 * run.standardError, 'agrees with the closed form');
        check(smoke || run.failures > FAILURES, 'a million failures');
        return run.failures;
      },
    },
    placementCase(),
  ];
}
