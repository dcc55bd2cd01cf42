import { describe, expect, it } from 'vitest';
import { checkPhase, type Phase } from '../../../src/restart/phases/phase.js';
import { phase } from '../../../src/restart/phases/phases.js';
import { refused } from '../refusals.js';

/** A phase of the caller's own: always three seconds. */
const own: Phase = {
  kind: 'fixed',
  mean: 3,
  variance: 0,
  laplace: (z) => Math.exp(-3 * z),
  sample: () => 3,
};
const half = (): number => 0.5;

describe('checkPhase', () => {
  it('takes what phase.… made as it is', () => {
    for (const one of [phase.fixed(1), phase.scaled(2, phase.gamma(2, 1))])
      expect(checkPhase(one, 'a')).toBe(one);
  });

  it('reads a phase of the caller’s own once, and goes on with what it read', () => {
    let reads = 0;
    const changing = {
      ...own,
      get mean(): number {
        return ++reads;
      },
    };
    const checked = checkPhase(changing, 'a');
    expect([checked.kind, checked.mean, checked.laplace(1), checked.sample(half)]).toEqual([
      'custom',
      1,
      Math.exp(-3),
      3,
    ]);
    expect(reads).toBe(1);
    expect(checkPhase(checked, 'a')).toBe(checked);
  });

  it('calls the functions of a class on its instance', () => {
    class Constant {
      readonly kind = 'fixed';
      readonly variance = 0;
      readonly mean: number;
      constructor(seconds: number) {
        this.mean = seconds;
      }
      laplace(z: number): number {
        return Math.exp(-z * this.mean);
      }
      sample(): number {
        return this.mean;
      }
    }
    const p = phase.sequence(new Constant(2), phase.fixed(5));
    expect([p.mean, p.laplace(0.1), p.sample(half)]).toEqual([7, Math.exp(-0.2) * Math.exp(-0.5), 7]);
  });

  it('does not take the word of a copy for being of a family: its figures may be others', () => {
    const odd = { ...phase.fixed(1), mean: 5, sample: () => 9 };
    expect(phase.sequence(odd, phase.fixed(1)).sample(half)).toBe(10);
    expect(() => phase.maximum(2, odd)).toThrow(refused('of'));
  });

  it('refuses what is none, a copy by JSON, and what cannot be read', () => {
    const broken = Object.defineProperty({ ...own }, 'mean', {
      get: () => {
        throw new TypeError('no');
      },
    });
    const revoked = Proxy.revocable({}, {});
    revoked.revoke();
    for (const value of [
      null,
      undefined,
      3,
      3n,
      Symbol('phase'),
      {},
      new Map(),
      { ...own, mean: Number.POSITIVE_INFINITY },
      { ...own, mean: -1 },
      { ...own, mean: 1e16 },
      { ...own, variance: Number.NaN },
      { ...own, laplace: 1 },
      broken,
      revoked.proxy,
    ]) {
      expect(() => checkPhase(value, 'a', 1)).toThrow(refused('a', 1));
    }
    expect(() => checkPhase(JSON.parse(JSON.stringify(phase.fixed(3))), 'a')).toThrow(
      'build it again, as with phase.fixed(30)',
    );
  });

  it('refuses what functions of the caller return that is no duration and no chance', () => {
    for (const seconds of [-1, Number.NaN, Number.POSITIVE_INFINITY, '3', 3n, undefined]) {
      const p = checkPhase({ ...own, sample: () => seconds }, 'a', 1);
      expect(() => p.sample(half)).toThrow(refused('a', 1));
    }
    for (const chance of [-0.1, 1.1, Number.NaN, '1', null]) {
      const p = checkPhase({ ...own, laplace: () => chance }, 'a', 1);
      expect(() => p.laplace(1)).toThrow(refused('a', 1));
    }
    // Rounding is not held against anybody.
    expect(checkPhase({ ...own, laplace: () => 1 + 1e-15 }, 'a').laplace(0)).toBe(1);
  });

  it('turns what functions of the caller throw into a CorralError that has it as its cause', () => {
    const cause = new TypeError('mine');
    const fail = (): never => {
      throw cause;
    };
    const p = checkPhase({ ...own, laplace: fail, sample: fail }, 'a', 1);
    for (const call of [() => p.laplace(1), () => p.sample(half)]) {
      expect(call).toThrow(expect.objectContaining({ code: 'invalid-option', path: ['a', 1], cause }));
    }
  });
});

describe('phases', () => {
  const all: readonly Phase[] = [
    phase.fixed(3),
    phase.exponential(3),
    phase.gamma(0.5, 3),
    phase.gamma(3, 3),
    phase.uniform(1, 3),
    phase.lognormal({ medianSeconds: 1, sigma: 1 }),
    phase.mixture([{ weight: 1, phase: phase.exponential(1) }]),
    phase.sequence(phase.fixed(1), phase.exponential(1)),
    phase.maximum(30, phase.exponential(1)),
    phase.scaled(2, phase.exponential(3)),
  ];

  it('cannot be changed', () => {
    for (const p of [...all, phase]) expect(Object.isFrozen(p)).toBe(true);
  });

  it('have a chance from 0 to 1 for every rate, and refuse what is none', () => {
    for (const p of all) {
      for (const z of [0, 5e-324, 1e-310, 1e-18, 1, 1e15, 1e300, Number.MAX_VALUE]) {
        const chance = p.laplace(z);
        expect(chance >= 0 && chance <= 1 + 1e-15, `${p.kind} at ${z}: ${chance}`).toBe(true);
      }
      for (const z of [-1, Number.NaN, Number.POSITIVE_INFINITY, '1', 1n, Symbol('z'), null, {}]) {
        expect(() => p.laplace(z as never)).toThrow(refused('z'));
      }
    }
  });

  it('refuse a source that gives no uniform numbers, throws, or repeats one for ever', () => {
    for (const p of all.filter(({ kind }) => kind !== 'fixed')) {
      for (const random of [undefined, 3, () => 1, () => -1, () => Number.NaN, () => '0.5', () => 1n]) {
        expect(() => p.sample(random as never), p.kind).toThrow(refused('random'));
      }
      expect(() =>
        p.sample(() => {
          throw new TypeError('no');
        }),
      ).toThrow(refused('random'));
    }
    expect(() => phase.gamma(2, 1).sample(() => 0)).toThrow(refused('random'));
  });

  it('may be as long and wide as figures go, no more', () => {
    for (const [p, path] of [
      [() => phase.fixed(1.1e15), 'seconds'],
      [() => phase.exponential(1e16), 'meanSeconds'],
      [() => phase.gamma(1e18, 1e18), 'scaleSeconds'],
      [() => phase.uniform(0, 1e18), 'highSeconds'],
      [() => phase.lognormal({ medianSeconds: 1e15, sigma: 3 }), 'medianSeconds'],
      [() => phase.scaled(2, phase.fixed(1e15)), 'factor'],
      [() => phase.sequence(phase.fixed(1e15), phase.fixed(1e15)), 'phases'],
      [() => phase.maximum(4, phase.exponential(1e15)), 'of'],
    ] as const) {
      expect(p).toThrow(refused(path));
    }
    for (const shape of [1e-18, 1e-9, 1e9, 1e18]) {
      const p = phase.gamma(shape, 1e-18);
      let state = 1;
      const random = (): number => {
        state = (state * 16_807) % 2_147_483_647;
        return state / 2_147_483_647;
      };
      for (let i = 0; i < 100; i++) expect(Number.isFinite(p.sample(random))).toBe(true);
    }
  });

  it('are made of at most 10,000 others in 100 levels: sums of sums would take for ever', () => {
    let doubled: Phase = phase.exponential(1);
    const doubling = (): void => {
      for (let i = 0; i < 40; i++) doubled = phase.sequence(doubled, doubled);
    };
    expect(doubling).toThrow(expect.objectContaining({ code: 'limit-exceeded', path: ['phases'] }));
    let deep: Phase = phase.exponential(1);
    const nesting = (): void => {
      for (let i = 0; i < 100_000; i++) deep = phase.scaled(1, deep);
    };
    expect(nesting).toThrow(expect.objectContaining({ code: 'limit-exceeded', path: ['factor'] }));
    expect(() => phase.sequence(new Array(10_001).fill(phase.fixed(1)))).toThrow(refused('phases'));
    expect(() => phase.mixture(new Array(10_001).fill({ weight: 1, phase: own }))).toThrow(refused('parts'));
  });
});
