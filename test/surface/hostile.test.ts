import { availableParallelism } from 'node:os';
import { describe, expect, it } from 'vitest';
import { CorralError } from '../../src/index.js';
import { allPositions, LEFT_OUT } from './hostile/all-positions.js';
import { HOSTILE_CALLS, MISBEHAVING } from './hostile/calls.js';
import { faultOf, outcomes } from './hostile/judge.js';
import { callAt, callName, callsIn, type Plan } from './hostile/plan.js';
import { publicCalls } from './hostile/public-calls.js';
import { runHostileCalls } from './hostile/run.js';
import { HOSTILE_VALUES } from './hostile/values.js';

const positions = allPositions();
const processes = availableParallelism();

describe('everything public that can be called', () => {
  it('has an example call, or is left out with a reason', () => {
    const called = [...Object.keys(HOSTILE_CALLS), ...Object.keys(LEFT_OUT)];
    expect(called.sort()).toEqual(
      publicCalls()
        .map(({ key }) => key)
        .sort(),
    );
  });

  it('is found in functions, tables of functions, classes and the methods of what they return', () => {
    const keys = publicCalls().map(({ key }) => key);
    expect(keys).toEqual(
      expect.arrayContaining([
        'corral.compile',
        'corral/restart.phase.fixed',
        'corral/policies.FragmentationMeasure',
        'corral.Solver.place',
        'corral.Policy.prepare',
        'corral/restart.Phase.sample',
        'corral.CorralError.inside',
      ]),
    );
  });

  it('works as the examples call it', () => {
    const failed = Object.entries(outcomes()).filter(([, outcome]) => outcome.startsWith('fails'));
    expect(failed).toEqual([]);
  });

  it('is changed at every argument, every field of its example and every field that its types have', () => {
    const places = new Set(positions.map(({ key, path }) => `${key} ${path.join('.')}`));
    expect(places.size).toBe(positions.length);
    expect(places).toContain('corral.compile 1.sizes');
    expect(places).toContain('corral/simulation.simulate 0.cluster.types.own.links.0.between.0');
    expect(places).toContain('corral/simulation.simulate 0.restart.exposed.load.laplace');
    // The example leaves it out.
    expect(places).toContain('corral/simulation.simulate 0.metrics.window.fromSeconds');
    expect(positions.length).toBeGreaterThan(3000);
    expect(HOSTILE_VALUES.length).toBeGreaterThan(200);
  });

  it('answers any value at any place, or throws a CorralError: soon, in little memory, and nothing else changes', async () => {
    const plan: Plan = { of: 'kinds', seed: 1 };
    const { calls, faults } = await runHostileCalls({ plan, positions }, { processes });
    expect(
      faults.map(({ n, problem }) =>
        n < 0 ? problem : `${callName(callAt(plan, positions, n))}: ${problem}`,
      ),
    ).toEqual([]);
    expect(calls).toBe(callsIn(plan, positions));
  }, 600_000);
});

describe('the harness', () => {
  it('names calls that hang, fill the memory, take long, throw errors of others or change prototypes', async () => {
    const places = Object.keys(MISBEHAVING).map((key) => ({ key, path: [0] }));
    const { faults } = await runHostileCalls(
      { plan: { of: 'one', value: 'null' }, positions: places },
      { processes: 1, hangSeconds: 6 },
    );
    const problems = Object.fromEntries(faults.map(({ n, problem }) => [places[n]!.key, problem]));
    expect(problems).toEqual({
      'harness.hangs': 'does not return within 6 s',
      'harness.fills': expect.stringContaining('of heap'),
      'harness.works': expect.stringMatching(/^takes 2\.\d s of processor time$/),
      'harness.throws': expect.stringContaining('TypeError: not of corral'),
      'harness.pollutes': 'changed a prototype',
    });
  }, 600_000);

  it('makes every call of a plan, and of each kind of value one at each place', () => {
    const two = positions.slice(0, 2);
    const all: Plan = { of: 'all' };
    expect(callsIn(all, two)).toBe(2 * HOSTILE_VALUES.length);
    const names = Array.from({ length: callsIn(all, two) }, (_, n) => callName(callAt(all, two, n)));
    expect(new Set(names).size).toBe(names.length);
    const kinds: Plan = { of: 'kinds', seed: 3 };
    const made = Array.from({ length: callsIn(kinds, two) }, (_, n) => callAt(kinds, two, n).changes[0]!);
    const pairs = new Set(made.map(({ path, value }) => `${path.join('.')} ${value.kind}`));
    expect(pairs.size).toBe(2 * new Set(HOSTILE_VALUES.map((value) => value.kind)).size);
  });

  it.each<[string, unknown, string | undefined]>([
    ['a CorralError', new CorralError('invalid-option', ['gpus', 3], 'expected a number'), undefined],
    ['another error', new TypeError('x'), 'TypeError: x'],
    ['no error', undefined, 'undefined'],
    ['another code', new CorralError('own' as never, [], 'x'), 'code'],
    [
      'a message that goes on',
      Object.assign(new CorralError('invalid-option', [], 'x'), { message: 'a'.repeat(9999) }),
      '9999',
    ],
    ['a message of two lines', new CorralError('invalid-option', [], 'a\nb'), 'lines'],
    [
      'a path with a symbol',
      Object.assign(new CorralError('invalid-option', [], 'x'), { path: [Symbol('x')] }),
      'path',
    ],
  ])('judges what is thrown: %s', (_, thrown, fault) => {
    if (fault === undefined) expect(faultOf(thrown)).toBeUndefined();
    else expect(faultOf(thrown)).toContain(fault);
  });
});
