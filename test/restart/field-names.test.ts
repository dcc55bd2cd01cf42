import { describe, expect, it } from 'vitest';
import {
  availabilityIntervalSeconds,
  burstSpares,
  checkpointBytes,
  dalyFirstOrderIntervalSeconds,
  dalyIntervalSeconds,
  dalyWallSeconds,
  degradedSeconds,
  finiteRunSeconds,
  jitterSlowdown,
  loadSeconds,
  lognormalSigma,
  longRunSpares,
  metaEttr,
  metaFiniteEttr,
  phase,
  replicaGroupEttr,
  restartModel,
  simulateRestarts,
  snapshotStallSeconds,
  spareStockOut,
  spareWaitSeconds,
  stragglerThroughput,
  youngIntervalSeconds,
} from '../../src/restart/index.js';
import { refused } from './refusals.js';

const rates = { failuresPerSecond: 1e-3, repairSeconds: 10 };
const interval = { stallSeconds: 1, mttfSeconds: 100 };
const meta = {
  failuresPerSecond: 1e-3,
  startSeconds: 1,
  computeSeconds: 9,
  stallSeconds: 1,
  queueSeconds: 1,
};
const model = restartModel({ failuresPerSecond: 1e-3, computeSeconds: 9 });

/** Functions of numbers, with every number that they read. */
const FUNCTIONS: readonly [name: string, call: (options: never) => unknown, options: object][] = [
  ['availabilityIntervalSeconds', availabilityIntervalSeconds, { ...interval, restartSeconds: 1 }],
  ['burstSpares', burstSpares, { servers: 4, failureProbability: 0.1, quantile: 0.9 }],
  ['checkpointBytes', checkpointBytes, { parameters: 1, bytesPerParameter: 2 }],
  ['dalyFirstOrderIntervalSeconds', dalyFirstOrderIntervalSeconds, { ...interval, restartSeconds: 1 }],
  ['dalyIntervalSeconds', dalyIntervalSeconds, interval],
  [
    'dalyWallSeconds',
    dalyWallSeconds,
    { ...interval, productiveSeconds: 1, computeSeconds: 1, restartSeconds: 1 },
  ],
  ['degradedSeconds', degradedSeconds, { slowdown: 2, seconds: 1 }],
  [
    'finiteRunSeconds',
    (options) => finiteRunSeconds(model, options),
    { productiveSeconds: 1, queueSeconds: 1 },
  ],
  ['jitterSlowdown', jitterSlowdown, { workers: 2, variation: 0.1 }],
  [
    'loadSeconds',
    loadSeconds,
    {
      bytes: 1,
      servers: 3,
      localGBps: 1,
      peerServers: 1,
      nicGBps: 1,
      storeServers: 1,
      storeGBps: 1,
      serverStoreGBps: 1,
    },
  ],
  ['lognormalSigma', lognormalSigma, { medianSeconds: 1, meanSeconds: 2 }],
  ['longRunSpares', longRunSpares, { ...rates, quantile: 0.9 }],
  ['metaEttr', metaEttr, meta],
  ['metaFiniteEttr', metaFiniteEttr, { ...meta, productiveSeconds: 100 }],
  [
    'replicaGroupEttr',
    replicaGroupEttr,
    { failuresPerSecond: 1e-3, groups: 2, stallSeconds: 1, absentSeconds: 1 },
  ],
  ['restartModel', restartModel, { failuresPerSecond: 1e-3, computeSeconds: 9, stallSeconds: 1 }],
  [
    'simulateRestarts',
    (options) => simulateRestarts(model, options),
    { seed: 1, commits: 2, failuresMax: 9 },
  ],
  ['snapshotStallSeconds', snapshotStallSeconds, { bytes: 1, gpus: 1, deviceToHostGBps: 1 }],
  ['spareStockOut', spareStockOut, { ...rates, spares: 1 }],
  ['spareWaitSeconds', spareWaitSeconds, { ...rates, spares: 1 }],
  [
    'stragglerThroughput',
    stragglerThroughput,
    { servers: 2, episodesPerServerSecond: 1e-3, episodeSeconds: 1, slowdown: 2 },
  ],
  ['youngIntervalSeconds', youngIntervalSeconds, interval],
];

describe('a number that is none', () => {
  it.each(FUNCTIONS)('is refused by the name of its field: %s', (_, call, options) => {
    expect(() => call(options as never)).not.toThrow();
    for (const field of Object.keys(options)) {
      // Any integer is a seed.
      for (const wrong of [Number.NaN, '1', field === 'seed' ? 1.5 : -1]) {
        expect(() => call({ ...options, [field]: wrong } as never), `${field}: ${wrong}`).toThrow(
          refused(field),
        );
      }
    }
  });

  it('is refused by its name in the phases', () => {
    expect(() => phase.gamma(-1, 1)).toThrow(refused('shape'));
    expect(() => phase.gamma(1, -1)).toThrow(refused('scaleSeconds'));
    expect(() => phase.uniform(-1, 1)).toThrow(refused('lowSeconds'));
    expect(() => phase.uniform(0, Number.NaN)).toThrow(refused('highSeconds'));
    expect(() => phase.fixed(-1)).toThrow(refused('seconds'));
    expect(() => phase.exponential(-1)).toThrow(refused('meanSeconds'));
    expect(() => phase.scaled(-1, phase.fixed(1))).toThrow(refused('factor'));
    expect(() => phase.maximum(0, phase.fixed(1))).toThrow(refused('count'));
  });
});
