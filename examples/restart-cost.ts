/**
 * `npx tsx examples/restart-cost.ts`: what do restarts cost a job of 16,384 H100, how often should it write
 * checkpoints, and what would faster restarts, spares or another placement buy?
 *
 * Failure rates are those of the Llama 3 run; the steps of a restart have the defaults of `defaultRecovery`.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { clusterTopology, type Placement } from '../src/index.js';
import {
  checkpointBytes,
  copyHolders,
  defaultRecovery,
  ettr,
  FAILURES_PER_1000_SERVER_DAYS,
  llama3FailureLaws,
  loadSeconds,
  longRunSpares,
  lostGpuSeconds,
  metaEttr,
  optimalInterval,
  type Phase,
  perServerSecond,
  phase,
  placementRestart,
  type RecoveryPath,
  type RecoverySteps,
  type RestartModelOptions,
  restartModel,
  restartStrategy,
  simulateRestarts,
  spareStockOut,
  withSpareWait,
} from '../src/restart/index.js';
import { type EttrCurve, ettrChart } from './restart-chart.js';

const SERVERS = 2048;
const GPUS = 8 * SERVERS;
const HOUR = 3600;
const DAY = 24 * HOUR;
/** 405 billion parameters, 12 bytes each. */
const BYTES = checkpointBytes({ parameters: 405e9 });
/** Within the 50 to 200 GB/s that production clusters reach. */
const STORE_GBPS = 200;
/** A checkpoint written while the job waits, and one that only stops it for the copy to the hosts. */
const WRITE_SECONDS = BYTES / 1e9 / STORE_GBPS;
const COPY_SECONDS = 0.5;

const failuresPerSecond = SERVERS * perServerSecond(FAILURES_PER_1000_SERVER_DAYS['llama-3']);
const load = loadSeconds({ bytes: BYTES, servers: SERVERS, storeServers: SERVERS, storeGBps: STORE_GBPS });
const recovery = defaultRecovery({ servers: SERVERS, loadSeconds: load });

const percent = (share: number, digits = 2): string => `${(100 * share).toFixed(digits)} %`;
const whole = (value: number): string => Math.round(value).toLocaleString('en');
const span = (seconds: number): string =>
  seconds < 120 ? `${seconds.toFixed(0)} s` : `${(seconds / 60).toFixed(1)} min`;
const lostHoursPerDay = (options: RestartModelOptions): number =>
  lostGpuSeconds(restartModel(options), { gpus: GPUS }).total / HOUR;

const meanSeconds = (steps: RecoverySteps): number =>
  Object.values(steps).reduce((sum, step) => sum + (step?.mean ?? 0), 0);

/** Every step of a path, all stretched alike. */
function stretched(path: RecoveryPath, factor: number): RecoveryPath {
  const all = (steps: RecoverySteps): RecoverySteps =>
    Object.fromEntries(Object.entries(steps).map(([step, p]) => [step, phase.scaled(factor, p as Phase)]));
  return { hidden: all(path.hidden), exposed: all(path.exposed) };
}

/** A job that writes asynchronous checkpoints, at its best interval unless told otherwise. */
function asynchronous(path: RecoveryPath, more: Partial<RestartModelOptions> = {}): RestartModelOptions {
  const base = {
    failuresPerSecond,
    stallSeconds: COPY_SECONDS,
    persistLagSeconds: WRITE_SECONDS,
    ...path,
    ...more,
  };
  return { ...base, computeSeconds: optimalInterval(restartModel({ computeSeconds: HOUR, ...base })) };
}

console.log(
  `${whole(GPUS)} H100 on ${whole(SERVERS)} servers, ${(failuresPerSecond * DAY).toFixed(2)} failures a day ` +
    `(one in ${(1 / failuresPerSecond / HOUR).toFixed(2)} h), checkpoints of ${(BYTES / 1e12).toFixed(2)} TB, store ${STORE_GBPS} GB/s`,
);
console.log('Failure rates: Llama 3, arXiv 2407.21783. Steps of a restart: defaults of defaultRecovery().\n');

// How often? ------------------------------------------------------------------
const blocking: RestartModelOptions = {
  failuresPerSecond,
  computeSeconds: HOUR,
  stallSeconds: WRITE_SECONDS,
  ...recovery,
};
console.log('Best interval          exact      Daly     Young   productive   Meta, first order');
for (const [name, options] of [
  ['blocking write', blocking],
  ['asynchronous', { ...blocking, stallSeconds: COPY_SECONDS, persistLagSeconds: WRITE_SECONDS }],
] as const) {
  const model = restartModel(options);
  const [exact, daly, young] = (['exact', 'daly', 'young'] as const).map((method) =>
    optimalInterval(model, method),
  );
  const meta = metaEttr({
    failuresPerSecond,
    computeSeconds: exact!,
    stallSeconds: model.stallSeconds,
    // A lag costs as much as a restart that is longer by it.
    startSeconds: meanSeconds(recovery.exposed) + model.persistLagSeconds,
    queueSeconds: meanSeconds(recovery.hidden),
  });
  const productive = ettr(restartModel({ ...options, computeSeconds: exact! }));
  console.log(
    `  ${name.padEnd(16)}${[exact!, daly!, young!].map((s) => span(s).padStart(10)).join('')}` +
      `${percent(productive).padStart(13)}${percent(meta).padStart(20)}`,
  );
}

// Where does the time go? -------------------------------------------------------
const today = asynchronous(recovery);
const model = restartModel(today);
const run = simulateRestarts(model, { seed: 1, commits: 2_000_000 });
console.log(
  `\nAsynchronous, every ${span(model.computeSeconds)}: ${percent(ettr(model), 3)} productive; ` +
    `${whole(run.failures)} simulated failures: ${percent(run.ettr, 3)} ± ${percent(run.standardError, 3)}`,
);
const lost = lostGpuSeconds(model, { gpus: GPUS });
console.log(`GPU-hours lost a day: ${whole(lost.total / HOUR)} of ${whole(GPUS * 24)}`);
for (const [name, seconds] of Object.entries(lost.byPhase).sort((a, b) => b[1] - a[1])) {
  if (seconds > 0) console.log(`  ${name.padEnd(12)}${whole(seconds / HOUR).padStart(8)}`);
}
console.log('The same in the names of goodput accounting:');
for (const [name, seconds] of Object.entries(lost.byBadput).sort((a, b) => b[1] - a[1])) {
  if (seconds > 0) console.log(`  ${name.padEnd(42)}${whole(seconds / HOUR).padStart(6)}`);
}

// What would help? ------------------------------------------------------------
console.log('\nWhat if                                     productive   GPU-hours a day');
const before = lostHoursPerDay(today);
const answer = (what: string, options: RestartModelOptions): void => {
  const saved = before - lostHoursPerDay(options);
  const signed = `${saved < 0 ? '−' : '+'}${whole(Math.abs(saved))}`;
  console.log(
    `  ${what.padEnd(42)}${percent(ettr(restartModel(options))).padStart(10)}${signed.padStart(18)}`,
  );
};
answer('restarts took half as long', asynchronous(stretched(recovery, 0.5)));
answer(
  'failures were half as frequent',
  asynchronous(recovery, { failuresPerSecond: failuresPerSecond / 2 }),
);
answer('the store were twice as fast', asynchronous(recovery, { persistLagSeconds: WRITE_SECONDS / 2 }));
answer('warm standbys were ready', asynchronous(restartStrategy.warmStandby(recovery, SERVERS)));
answer('processes restarted in the job', asynchronous(restartStrategy.inJob(recovery, SERVERS)));
answer('every failure went through the queue', asynchronous(restartStrategy.requeue(recovery, SERVERS)));

// Spares ------------------------------------------------------------------------
const repairSeconds = 2 * DAY;
const laws = llama3FailureLaws();
const brokenPerSecond = laws
  .filter((law) => law.level !== 'job')
  .reduce((sum, law) => sum + law.failuresPerSecond * (law.level === 'gpu' ? GPUS : SERVERS), 0);
const enough = longRunSpares({ failuresPerSecond: brokenPerSecond, repairSeconds });
console.log(
  `\nServers broken a day: ${(brokenPerSecond * DAY).toFixed(1)}; repair takes two days; ${enough} spares cover 99 % of the time`,
);
console.log('Spares   none left when one is needed   productive   lost GPU-hours a day');
for (const spares of [8, 12, 16, 20, enough, 32]) {
  const stockOut = spareStockOut({ failuresPerSecond: brokenPerSecond, repairSeconds, spares });
  // The first of those in repair comes back.
  const wait = phase.exponential(repairSeconds / (spares + 1));
  const options = asynchronous(
    withSpareWait(recovery, { stockOut: (stockOut * brokenPerSecond) / failuresPerSecond, wait }),
  );
  console.log(
    `${String(spares).padStart(6)}${percent(stockOut).padStart(31)}${percent(ettr(restartModel(options))).padStart(13)}${whole(lostHoursPerDay(options)).padStart(23)}`,
  );
}

// Placement: two calls ----------------------------------------------------------
const RACKS = 288;
const PER_RACK = 8;
const cluster = clusterTopology({
  tiers: ['block', 'rack'],
  types: { h100: 'dgx-h100' },
  uplinks: { rack: { GBps: PER_RACK * 400 }, block: { GBps: (32 * PER_RACK * 400) / 7 } },
  servers: Array.from({ length: RACKS * PER_RACK }, (_, i) => ({
    id: `server-${i}`,
    type: 'h100',
    domains: { block: `block-${Math.floor(i / PER_RACK / 32)}`, rack: `rack-${Math.floor(i / PER_RACK)}` },
  })),
});
/** A gang of whole servers, plain data as a solver would return it. */
function gang(servers: readonly number[]): Placement {
  return {
    id: 1,
    pods: servers.map((i) => ({ server: cluster.servers[i]!.id, gpus: [0, 1, 2, 3, 4, 5, 6, 7] })),
    tier: 'block',
    bandwidthGBps: null,
  };
}
const scenario = {
  laws: llama3FailureLaws({ switchTier: 'rack' }),
  recovery: defaultRecovery({ servers: 256 }),
  computeSeconds: 60,
  stallSeconds: COPY_SECONDS,
  durable: { snapshots: 30, stallSeconds: COPY_SECONDS },
  persistLagSeconds: 20,
  checkpoint: { bytes: BYTES / 4, storeGBps: STORE_GBPS, nicGBps: 400, localGBps: 50 },
};
const count = (n: number): number[] => Array.from({ length: n }, (_, i) => i);
const packed = gang(count(256));
const spread = gang(count(256).map((i) => i * 9));
const neighbour = packed.pods.map((_, i) => [i, i % 8 === 7 ? i - 7 : i + 1]);
console.log(
  '\nThe same gang of 2,048 GPUs, snapshots in memory every minute and in the store every half hour; a network fault stops a rack:',
);
console.log(
  'Placement, second copy of a snapshot      racks   failures a day   back to the store   lost GPU-hours a day',
);
for (const [name, placement, copies] of [
  ['packed, copy in the same rack', packed, neighbour],
  ['packed, copy in another rack', packed, copyHolders(packed, cluster, { apart: 'rack' })],
  ['spread, copy in another rack', spread, copyHolders(spread, cluster, { apart: 'rack' })],
] as const) {
  const cost = placementRestart(placement, cluster, { ...scenario, copies });
  const racks = cost.domains.filter((domain) => domain.level === 'tier').length;
  const durable = cost.domains
    .filter((domain) => domain.rollback === 'durable')
    .reduce((sum, domain) => sum + domain.failuresPerSecond, 0);
  console.log(
    `  ${name.padEnd(38)}${String(racks).padStart(7)}${cost.failuresPerDay.toFixed(2).padStart(17)}` +
      `${percent(durable / cost.model.failuresPerSecond, 1).padStart(20)}${whole(cost.lostGpuHoursPerDay).padStart(23)}`,
  );
}

// Chart -------------------------------------------------------------------------
const curve = (name: string, options: RestartModelOptions): EttrCurve => {
  const from = Math.max(10, options.persistLagSeconds ?? 0);
  const points = Array.from({ length: 121 }, (_, i) => {
    const seconds = from * (7200 / from) ** (i / 120);
    return { seconds, percent: 100 * ettr(restartModel({ ...options, computeSeconds: seconds })) };
  });
  const seconds = optimalInterval(restartModel(options));
  const best = { seconds, percent: 100 * ettr(restartModel({ ...options, computeSeconds: seconds })) };
  return { name, points, best };
};
const curves = [
  curve('blocking write', blocking),
  curve('asynchronous', asynchronous(recovery)),
  curve('asynchronous, restarts halved', asynchronous(stretched(recovery, 0.5))),
  curve('asynchronous, warm standbys', asynchronous(restartStrategy.warmStandby(recovery, SERVERS))),
];
mkdirSync('out', { recursive: true });
const file = 'out/restart-cost.svg';
writeFileSync(
  file,
  await ettrChart(curves, {
    title: 'What restarts leave of a job on 16,384 H100',
    subtitle: `a failure every ${(1 / failuresPerSecond / HOUR).toFixed(1)} h, checkpoints of ${(BYTES / 1e12).toFixed(1)} TB, store ${STORE_GBPS} GB/s: ${span(WRITE_SECONDS)} to write one, the least interval`,
  }),
);
console.log(`\nChart: ${file}`);
