import { describe, expect, it } from 'vitest';
import { ettr } from '../../../src/restart/model/ettr.js';
import { wallShares } from '../../../src/restart/model/lost-gpu-seconds.js';
import { restartModel } from '../../../src/restart/model/restart-model.js';
import { simulateRestarts } from '../../../src/restart/model/simulate-restarts.js';
import { phase } from '../../../src/restart/phases/phases.js';
import { randomModel } from '../random-model.js';
import { refusedAs } from '../refusals.js';

/** The seeds of the random models: these and no others, printed with every failure. */
const SEEDS = Array.from({ length: 300 }, (_, i) => i + 1);
/** What the closed form must stay within, in standard errors of the simulation. */
const ERRORS_MAX = 4;

describe('simulateRestarts', () => {
  const model = restartModel({
    failuresPerSecond: 1 / 5000,
    computeSeconds: 900,
    stallSeconds: 20,
    persistLagSeconds: 100,
    hidden: { detect: phase.exponential(30) },
    exposed: { launch: phase.maximum(512, phase.exponential(5)), load: phase.gamma(2, 40) },
  });

  it(`agrees with the closed form in ${SEEDS.length} random models, seeds ${SEEDS[0]} to ${SEEDS.at(-1)}`, () => {
    const apart: number[] = [];
    let harsh = 0;
    for (const seed of SEEDS) {
      const random = restartModel(randomModel(seed));
      const run = simulateRestarts(random, { seed, commits: 20_000 });
      if (!run.reliable) continue;
      const errors = (run.ettr - ettr(random)) / run.standardError;
      expect(Math.abs(errors), `model of seed ${seed}: ${run.ettr} ± ${run.standardError}`).toBeLessThan(
        ERRORS_MAX,
      );
      apart.push(errors);
      const outage = random.failureClasses[0]!;
      const restart = [...outage.hidden, ...outage.exposed].reduce((sum, s) => sum + s.phase.mean, 0);
      if (restart * random.failuresPerActiveSecond > 0.5) harsh++;
    }
    // Nearly all have failures enough.
    expect(apart.length).toBeGreaterThan(0.95 * SEEDS.length);
    // Differences must also look like chance: mean 0 and variance 1 within four of their own errors.
    const n = apart.length;
    const mean = apart.reduce((sum, e) => sum + e, 0) / n;
    const variance = apart.reduce((sum, e) => sum + (e - mean) ** 2, 0) / (n - 1);
    expect(Math.abs(mean)).toBeLessThan(4 / Math.sqrt(n));
    expect(Math.abs(variance - 1)).toBeLessThan(4 * Math.sqrt(2 / n));
    // Restarts about as long as the time between failures are among them.
    expect(harsh).toBeGreaterThan(15);
  });

  it('spends its time on what the closed form says', () => {
    for (const seed of [3, 8, 21, 34, 55, 89]) {
      const random = restartModel(randomModel(seed));
      const { productive, lost } = wallShares(random);
      const run = simulateRestarts(random, { seed, commits: 100_000 });
      expect(run.ettr).toBeCloseTo(productive, 2);
      for (const [name, share] of Object.entries(lost)) {
        const simulated = run.lostSeconds[name as keyof typeof lost] / run.wallSeconds;
        expect(Math.abs(simulated - share), `seed ${seed}: ${name}`).toBeLessThan(0.003 + 0.02 * share);
      }
    }
  });

  it('accounts for all wall time', () => {
    const run = simulateRestarts(model, { seed: 1, commits: 10_000 });
    const lost = Object.values(run.lostSeconds).reduce((sum, s) => sum + s, 0);
    expect((lost + 10_000 * 900) / run.wallSeconds).toBeCloseTo(1, 12);
    expect(run.ettr).toBeCloseTo((10_000 * 900) / run.wallSeconds, 12);
  });

  it('gives the same for the same seed, other numbers for another, in this version and the next', () => {
    const run = (seed: number): number => simulateRestarts(model, { seed, commits: 1000 }).ettr;
    expect(run(1)).toBe(run(1));
    expect(run(1)).not.toBe(run(2));
    expect([run(1), run(2)]).toMatchInlineSnapshot(`
      [
        0.8376058878736679,
        0.8534180817377486,
      ]
    `);
  });

  it('has errors that shrink with the root of the commits', () => {
    const few = simulateRestarts(model, { seed: 5, commits: 2000 }).standardError;
    const many = simulateRestarts(model, { seed: 5, commits: 200_000 }).standardError;
    expect(few / many).toBeGreaterThan(8);
    expect(few / many).toBeLessThan(12);
  });

  it('never fails at a rate of 0', () => {
    const run = simulateRestarts(
      restartModel({ failuresPerSecond: 0, computeSeconds: 90, stallSeconds: 10 }),
      { seed: 1, commits: 10 },
    );
    expect(run).toMatchObject({
      ettr: 0.9,
      standardError: 0,
      reliable: true,
      failures: 0,
      wallSeconds: 1000,
    });
  });

  it('says that it knows no error after too few failures', () => {
    const run = (commits: number) => simulateRestarts(model, { seed: 1, commits });
    // About one failure in five cycles.
    expect(run(10)).toMatchObject({ reliable: false, standardError: Number.POSITIVE_INFINITY });
    expect(run(10_000).reliable).toBe(true);
    expect(run(10_000).standardError).toBeLessThan(0.01);
    const quiet = restartModel({ failuresPerSecond: 1e-9, computeSeconds: 100 });
    expect(simulateRestarts(quiet, { seed: 1, commits: 100 })).toMatchObject({
      failures: 0,
      reliable: false,
      standardError: Number.POSITIVE_INFINITY,
    });
  });

  it('says so where failures are many, but not those that cost most', () => {
    const withRare = (rareSeconds: number) =>
      restartModel({
        computeSeconds: 100,
        failureClasses: [
          { failuresPerSecond: 1 / 1000, exposed: phase.fixed(10) },
          { failuresPerSecond: 1e-8, exposed: phase.fixed(rareSeconds) },
        ],
      });
    const options = { seed: 1, commits: 100_000 };
    // A day's outage every three years, of which 116 days show none; a minute's outage does not matter.
    expect(simulateRestarts(withRare(86_400), options).reliable).toBe(false);
    expect(simulateRestarts(withRare(60), options)).toMatchObject({ reliable: true });
    expect(simulateRestarts(withRare(60), options).failures).toBeGreaterThan(5000);
    // One long restart among a thousand short ones, in one phase: it was drawn too seldom to know what it does.
    const heavy = restartModel({
      failuresPerSecond: 1 / 1000,
      computeSeconds: 100,
      hidden: phase.mixture([
        { weight: 0.999, phase: phase.fixed(10) },
        { weight: 0.001, phase: phase.fixed(86_400) },
      ]),
    });
    const few = simulateRestarts(heavy, { seed: 1, commits: 60_000 });
    expect(few.failures).toBeGreaterThan(1000);
    expect(few.reliable).toBe(false);
  });

  it('is believed where 95 % of its intervals hold the truth', () => {
    const truth = ettr(model);
    let reliable = 0;
    let within = 0;
    for (let seed = 1; seed <= 1000; seed++) {
      const run = simulateRestarts(model, { seed, commits: 2000 });
      if (!run.reliable) continue;
      reliable++;
      if (Math.abs(run.ettr - truth) < 1.96 * run.standardError) within++;
    }
    expect(reliable).toBeGreaterThan(950);
    // Three standard errors of a share of 0.95 among so many.
    expect(Math.abs(within / reliable - 0.95)).toBeLessThan(3 * Math.sqrt((0.95 * 0.05) / reliable));
  });

  it('gives up on a job that does not progress', () => {
    const hopeless = restartModel({ failuresPerSecond: 1, computeSeconds: 100 });
    expect(() => simulateRestarts(hopeless, { seed: 1, commits: 2, failuresMax: 10_000 })).toThrow(
      refusedAs('limit-exceeded', ['failuresMax']),
    );
  });

  it.each([
    [['seed'], { seed: 0.5, commits: 10 }],
    [['commits'], { seed: 1, commits: 1 }],
    [['commits'], { seed: 1 }],
    [['failuresMax'], { seed: 1, commits: 10, failuresMax: 0 }],
    [['runs'], { seed: 1, commits: 10, runs: 3 }],
  ])('refuses nonsense at %j', (path, options) => {
    expect(() => simulateRestarts(model, options as never)).toThrow(refusedAs('invalid-option', path));
  });
});
