import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ettr } from '../../../src/restart/model/ettr.js';
import { optimalInterval } from '../../../src/restart/model/optimal-interval.js';
import { type RestartModel, restartModel } from '../../../src/restart/model/restart-model.js';
import { twoTierCycle } from '../../../src/restart/model/two-tier-cycle.js';
import { phase } from '../../../src/restart/phases/phases.js';

interface Inputs {
  readonly l1: number;
  readonly l2: number;
  readonly tau: number;
  readonly s1: number;
  readonly s2: number;
  readonly n: number;
  readonly R1: number;
  readonly R2: number;
}

const model = (i: Inputs): ReturnType<typeof restartModel> =>
  restartModel({
    computeSeconds: i.tau,
    stallSeconds: i.s1,
    durable: { snapshots: i.n, stallSeconds: i.s2 },
    failureClasses: [
      { failuresPerSecond: i.l1, hidden: phase.fixed(i.R1) },
      { failuresPerSecond: i.l2, hidden: phase.fixed(i.R2), rollback: 'durable' },
    ],
  });

const CASES: readonly [Inputs, number][] = [
  [{ l1: 0.005, l2: 0.0005, tau: 5, s1: 0.05, s2: 1, n: 12, R1: 2, R2: 12 }, 0.9325064518566815],
  [{ l1: 0.01, l2: 0.001, tau: 3, s1: 0.02, s2: 2, n: 20, R1: 1, R2: 15 }, 0.8946044410083795],
  [{ l1: 0.001, l2: 0.0001, tau: 10, s1: 0.1, s2: 1, n: 14, R1: 2, R2: 10 }, 0.9689543532146335],
];

describe('two tiers of checkpoints', () => {
  it.each(CASES)('%j give ETTR %d by back substitution', (inputs, expected) => {
    expect(ettr(model(inputs)) / expected).toBeCloseTo(1, 11);
  });

  it('tend to the first-order form as failures become rare', () => {
    for (const [inputs] of CASES) {
      const rare = { ...inputs, l1: inputs.l1 / 1000, l2: inputs.l2 / 1000 };
      const { l1, l2, tau, s1, s2, n, R1, R2 } = rare;
      const first =
        (1 - l1 * (tau / 2 + R1) - l2 * ((n * tau) / 2 + R2)) /
        (1 + (s1 * (n - 1)) / (n * tau) + s2 / (n * tau));
      expect(ettr(model(rare))).toBeCloseTo(first, 5);
    }
  });

  const between = (min: number, max: number): fc.Arbitrary<number> => fc.double({ min, max, noNaN: true });

  it('of which only the durable one is ever used are one tier, with stalls, lag and exposed restarts', () => {
    fc.assert(
      fc.property(
        between(1e-4, 0.02),
        between(1, 100),
        between(0, 5),
        between(0, 1),
        between(1, 100),
        (rate, tau, stall, lagShare, mean) => {
          const common = {
            computeSeconds: tau,
            persistLagSeconds: tau * lagShare,
            hidden: phase.fixed(mean),
            exposed: phase.exponential(mean),
          };
          const one = restartModel({ ...common, failuresPerSecond: rate, stallSeconds: stall });
          const two = restartModel({
            ...common,
            durable: { snapshots: 1, stallSeconds: stall },
            failureClasses: [{ failuresPerSecond: rate, rollback: 'durable' }],
          });
          expect(ettr(two) / ettr(one)).toBeCloseTo(1, 11);
        },
      ),
      { seed: 2 },
    );
  });

  it('of which only the snapshots are used are one tier, if both stall alike', () => {
    for (const snapshots of [1, 2, 9]) {
      const common = {
        failuresPerSecond: 0.01,
        computeSeconds: 20,
        stallSeconds: 1,
        exposed: phase.gamma(2, 5),
      };
      const two = restartModel({ ...common, durable: { snapshots, stallSeconds: 1 } });
      expect(ettr(two)).toBeCloseTo(ettr(restartModel(common)), 13);
    }
  });

  it('cost what was not undone in vain: a cycle without failures is its own length', () => {
    const quiet = model({ ...CASES[0]![0], l1: 0, l2: 0 });
    expect(twoTierCycle(quiet, { active: 1, toLast: 9, toDurable: 9 })).toBeCloseTo(
      12 * 5 + 11 * 0.05 + 1,
      12,
    );
  });

  it('gain from snapshots: more failures that they catch, less time lost', () => {
    const [inputs] = CASES[0]!;
    const shares = [0, 0.25, 0.5, 0.75, 1].map((share) =>
      ettr(model({ ...inputs, l1: share * 0.01, l2: (1 - share) * 0.01, R2: inputs.R1 })),
    );
    expect(shares).toEqual([...shares].sort((a, b) => a - b));
    expect(shares[4]! - shares[0]!).toBeGreaterThan(0.05);
  });
});

describe('a million snapshots', () => {
  it('take no longer than two, and are what the recursion says step by step', () => {
    const of = (snapshots: number): RestartModel =>
      restartModel({
        computeSeconds: 10,
        stallSeconds: 0.1,
        durable: { snapshots, stallSeconds: 5 },
        failureClasses: [
          { failuresPerSecond: 1e-5, exposed: phase.exponential(60) },
          { failuresPerSecond: 2e-7, exposed: phase.exponential(300), rollback: 'durable' },
        ],
      });
    const costs = { active: 1, toLast: 60, toDurable: 300 };
    for (const snapshots of [3, 4, 1000, 100_000]) {
      expect(twoTierCycle(of(snapshots), costs) / stepByStep(of(snapshots), costs)).toBeCloseTo(1, 10);
    }
    // Some 160 evaluations: at a million steps each they took seconds.
    expect(optimalInterval(of(1_000_000))).toBeGreaterThan(0);
  });
});

/** The cycle without a lag, segment by segment, from the equations of `twoTierCycle`. */
function stepByStep(
  model: RestartModel,
  costs: { readonly active: number; readonly toLast: number; readonly toDurable: number },
): number {
  const { computeSeconds, stallSeconds, toLast, toDurable, durable } = model;
  const rate = toLast.failuresPerSecond + toDurable.failuresPerSecond;
  const [first, second] = [toLast.failuresPerSecond / rate, toDurable.failuresPerSecond / rate];
  const [through, durably] = [1 / (1 + rate * 60), 1 / (1 + rate * 300)];
  const fromDurable = costs.toDurable / durably;
  const left = 1 - (1 - through) * first;
  const alpha = (costs.toLast + (1 - through) * second * fromDurable) / left;
  const beta = through / left;
  let a = 0;
  let g = 1;
  for (let i = durable!.snapshots; i > 0; i--) {
    const seconds = computeSeconds + (i === durable!.snapshots ? durable!.stallSeconds : stallSeconds);
    const failed = -Math.expm1(-rate * seconds);
    const own = 1 - failed * first * beta;
    a = (failed * (costs.active / rate + first * alpha + second * fromDurable) + (1 - failed) * a) / own;
    g = ((1 - failed) * g) / own;
  }
  return a / g;
}
