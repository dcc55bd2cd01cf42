import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { randomStream } from '../../../src/random.js';
import { phase } from '../../../src/restart/index.js';
import type { Phase } from '../../../src/restart/phases/phase.js';
import { type SimulationJob, simulate } from '../../../src/simulation/index.js';
import { describeWithShared } from '../../shared-data.js';
import { oneGpuServers } from '../one-gpu-servers.js';
import { batchMeans, type Estimate } from './batch-means.js';

const JOBS = 124_000;
/** Seconds of one mean service: long against the microsecond to which times are rounded. */
const SERVICE = 100;
/** Widest half of an interval, in means: 32 servers at load 0.9 reach it. */
const WIDTH = 0.5;

/** Waits of a queue before `servers` servers, in services. */
function waits(servers: number, rho: number, service: Phase, seed: number): Estimate {
  const arrivals = randomStream(seed, 'workload');
  const services = randomStream(seed, 'phases');
  let submitSeconds = 0;
  const jobs: SimulationJob[] = Array.from({ length: JOBS }, () => {
    submitSeconds += (-Math.log(1 - arrivals.unit()) * SERVICE) / (rho * servers);
    return { submitSeconds, durationSeconds: SERVICE * service.sample(() => services.unit()), gpus: 1 };
  });
  const result = simulate({ cluster: oneGpuServers(servers), jobs });
  return batchMeans(result.jobs.map((job) => (job.startSeconds! - job.submitSeconds) / SERVICE));
}

/** Where waits are neither so rare nor so long that 124,000 jobs would tell too few of them apart. */
function isTested({ servers, rho }: { servers: number; rho: number }): boolean {
  return (rho === 0.7 && servers <= 8) || (rho === 0.9 && servers <= 32);
}

function expectInside(estimate: Estimate, exact: number, shareMax: number): void {
  expect(Math.abs(estimate.mean - exact)).toBeLessThan(estimate.halfWidth);
  // An interval so wide that everything lies inside says nothing.
  expect(estimate.halfWidth).toBeLessThan(shareMax * exact);
}

describeWithShared('simulation/closed-form-oracles.json', 'waiting times in closed form', (path) => {
  const { mmc, mg1 } = JSON.parse(readFileSync(path, 'utf8')) as {
    mmc: readonly { servers: number; rho: number; meanWait: number }[];
    mg1: readonly { model: string; rho: number; meanWaitFCFS: number }[];
  };
  for (const { servers, rho, meanWait } of mmc.filter(isTested)) {
    it(`waits as Erlang C says with ${servers} servers at load ${rho}`, () => {
      expectInside(waits(servers, rho, phase.exponential(1), 10 + servers), meanWait, WIDTH);
    });
  }

  /** Two exponential services with means that balance, so that their squared coefficient of variation is 4. */
  const share = (1 + Math.sqrt(3 / 5)) / 2;
  const services: Record<string, Phase> = {
    'M/D/1': phase.fixed(1),
    'M/E2/1': phase.gamma(2, 0.5),
    'M/M/1': phase.exponential(1),
    'M/H2/1 cs2=4': phase.mixture([
      { weight: share, phase: phase.exponential(1 / (2 * share)) },
      { weight: 1 - share, phase: phase.exponential(1 / (2 * (1 - share))) },
    ]),
  };
  for (const { model, rho, meanWaitFCFS } of mg1.filter(({ rho }) => rho === 0.5 || rho === 0.8)) {
    it(`waits as Pollaczek and Khinchine say in ${model} at load ${rho}`, () => {
      const service = services[model]!;
      expect(service.mean).toBeCloseTo(1, 12);
      expectInside(waits(1, rho, service, 3), meanWaitFCFS, WIDTH);
    });
  }
});

describeWithShared('restart/queueing_reference.json', 'waiting times for equal services', (path) => {
  const { mmc_mdc } = JSON.parse(readFileSync(path, 'utf8')) as {
    mmc_mdc: readonly { c: number; rho: number; wq_mdc_over_D: number }[];
  };
  for (const { c, rho, wq_mdc_over_D } of mmc_mdc.filter(({ c, rho }) => isTested({ servers: c, rho }))) {
    it(`waits as M/D/${c} does at load ${rho}`, () => {
      expectInside(waits(c, rho, phase.fixed(1), 20 + c), wq_mdc_over_D, WIDTH);
    });
  }
});
