import { describe, expect, it } from 'vitest';
import type { Quota, SimulateOptions } from '../../../src/simulation/index.js';
import { forSeeds, type Watched, watchedOptions } from '../options/watched-options.js';
import { type Moment, momentsOf, type Replay } from '../replay.js';
import { drawsOf } from '../whole/swarm.js';
import { fitsNow } from '../whole/whether-it-fits.js';
import { QuotaShares } from './quota-shares.js';

const KINDS: readonly (readonly [name: string, watched: Watched])[] = [
  ['where pods are counted', { isCounted: true, tenants: 5, estimates: ['exact'] }],
  ['on tiers, models and CPU', { isCounted: false, isElastic: false, tenants: 5, estimates: ['exact'] }],
  [
    'on servers and tiers that fail',
    { isCounted: false, isElastic: false, tenants: 5, estimates: ['exact'], fails: true },
  ],
];
const SEEDS = 80;

/** Two groups of two tenants, and one tenant that nobody lists. */
function quotasOf(seed: number, hasLimits: boolean): Quota[] {
  const draw = drawsOf(seed);
  const shares = (): Omit<Quota, 'name'> => ({
    deservedGpus: draw.between(0, 6),
    overQuotaWeight: draw.of([1, 1, 2, 0.5]),
    // Not below any job: it would wait for ever.
    ...(hasLimits && draw.chance(0.4) ? { limitGpus: draw.between(24, 30) } : {}),
    ...(hasLimits && draw.chance(0.4) ? { limitGpus: draw.between(2, 8) } : {}),
  });
  return [
    { name: 'g1', ...shares() },
    { name: 't1', parent: 'g1', ...shares() },
    { name: 't2', parent: 'g1', ...shares() },
    { name: 'g2', ...shares() },
    { name: 't3', parent: 'g2', ...shares() },
    { name: 't4', ...shares() },
  ];
}

const sharing = (seed: number, watched: Watched, hasLimits: boolean): SimulateOptions => ({
  ...watchedOptions(seed, watched),
  queue: 'fair-share',
  quotas: quotasOf(seed, hasLimits),
});

const tenantOf = (replay: Replay, job: number): string => replay.options.jobs[job]!.tenant!;
const gpusOf = (replay: Replay, job: number): number => {
  const { pods = 1, gpus = 0 } = replay.options.jobs[job]!;
  return pods * gpus;
};

/** The job that is next among some, which are in the order of the queue: the first one of the tenant that is. */
function nextOf(replay: Replay, moment: Moment, jobs: readonly number[]): number | undefined {
  const shares = new QuotaShares(replay, moment);
  let best: number | undefined;
  for (const job of jobs) {
    const tenant = tenantOf(replay, job);
    if (best === undefined) best = job;
    else if (tenant !== tenantOf(replay, best) && shares.isBefore(tenant, tenantOf(replay, best))) best = job;
  }
  return best;
}

/** The first waiting job of each tenant that stays within its limits. */
function heads(replay: Replay, moment: Moment): number[] {
  const shares = new QuotaShares(replay, moment);
  const seen = new Set<string>();
  return moment.queue.filter((job) => {
    const tenant = tenantOf(replay, job);
    if (seen.has(tenant)) return false;
    seen.add(tenant);
    return shares.staysInLimits(tenant, gpusOf(replay, job));
  });
}

describe('fair share', () => {
  it.each(KINDS)('starts the first job of the tenant that has least, or nobody, %s', (_, watched) => {
    let waited = 0;
    forSeeds(
      SEEDS,
      (seed) => sharing(seed, watched, true),
      (replay) => {
        for (const moment of momentsOf(replay)) {
          const { next, seconds } = moment;
          if (next !== undefined && next.kind !== 'start') continue;
          const job = nextOf(replay, moment, heads(replay, moment));
          if (next !== undefined) expect(next.job, `${seconds} s`).toBe(job);
          else if (job !== undefined) {
            if (fitsNow(replay, moment, job)) throw new Error(`${seconds} s: job ${job} fits`);
            waited++;
          }
        }
      },
    );
    expect(waited).toBeGreaterThan(SEEDS);
  });

  it.each(KINDS)('lets others go on where a job does not fit, if greedy, %s', (_, watched) => {
    forSeeds(
      SEEDS,
      (seed) => ({ ...sharing(seed, watched, false), admission: 'greedy' }),
      (replay) => {
        for (const moment of momentsOf(replay)) {
          const { next, seconds } = moment;
          if (next !== undefined && next.kind !== 'start') continue;
          const fitting = moment.queue.filter((job) => fitsNow(replay, moment, job));
          expect(next?.job, `${seconds} s`).toBe(nextOf(replay, moment, fitting));
        }
      },
    );
  });

  it.each(KINDS)('reclaims for who deserves it, from who has more than it deserves, %s', (_, watched) => {
    let reclaimed = 0;
    forSeeds(
      SEEDS,
      (seed) => ({ ...sharing(seed, watched, false), preemption: { victims: 'youngest' } }),
      (replay) => {
        let stopped: number[] = [];
        let starter = -1;
        const stops = new Set<string>();
        for (const moment of momentsOf(replay)) {
          const { next, seconds } = moment;
          if (starter !== -1) {
            const shares = new QuotaShares(replay, moment);
            const tenant = tenantOf(replay, starter);
            for (const victim of stopped) {
              for (const name of shares.branchOf(tenant, tenantOf(replay, victim))) {
                expect(shares.usedBy(name), `${seconds} s: ${name}`).toBeLessThanOrEqual(
                  shares.deservedBy(name),
                );
              }
              // In some order each found more than deserved; the last one may have left less.
              for (const name of shares.branchOf(tenantOf(replay, victim), tenant)) {
                const gone = stopped.filter((other) => shares.pathOf(tenantOf(replay, other)).includes(name));
                const largest = Math.max(...gone.map((other) => gpusOf(replay, other)));
                expect(shares.usedBy(name) + largest, `${seconds} s: ${name}`).toBeGreaterThan(
                  shares.deservedBy(name),
                );
              }
            }
            reclaimed += stopped.length;
            stopped = [];
            starter = -1;
          }
          if (next?.kind === 'preempt') {
            stopped.push(next.job);
            // Nobody twice at one time: this is why it comes to an end.
            const key = `${next.job} at ${seconds}`;
            expect(stops.has(key), key).toBe(false);
            stops.add(key);
          }
          if (next?.kind === 'start' && stopped.length > 0) starter = next.job;
        }
      },
    );
    expect(reclaimed).toBeGreaterThan(10);
  });
});
