import { describe, expect, it } from 'vitest';
import {
  type CopyHolders,
  defaultRecovery,
  degradedSeconds,
  failureDomains,
  llama3FailureLaws,
  multiLevelOverhead,
  type PlacementRestartOptions,
  phase,
  placementRestart,
  type RestartModelOptions,
  restartModel,
  restartStrategy,
  withSpareWait,
} from '../../src/restart/index.js';
import { oneGpuServers } from '../simulation/one-gpu-servers.js';
import { refusedAs } from './refusals.js';

/** What callers without types may hand in. */
const untyped = <T>(value: unknown): T => value as T;
/** A list whose first entry is a hole. */
const sparse = <T>(value: T): T[] => {
  const list: T[] = [];
  list[1] = value;
  return list;
};

const cluster = oneGpuServers(4);
const placement = {
  pods: [
    { server: 's0', gpus: [0] },
    { server: 's1', gpus: [0] },
  ],
};
const laws = llama3FailureLaws();
const scenario: PlacementRestartOptions = {
  laws,
  recovery: defaultRecovery({ servers: 2 }),
  computeSeconds: 60,
  durable: { snapshots: 10, stallSeconds: 1 },
  checkpoint: { bytes: 1e9, storeGBps: 10 },
};
const model = (options: Partial<RestartModelOptions>): unknown =>
  restartModel({ computeSeconds: 60, ...options });
const placed = (options: Partial<Record<keyof PlacementRestartOptions, unknown>>): unknown =>
  placementRestart(placement, cluster, untyped({ ...scenario, ...options }));

describe('lists with holes', () => {
  it.each<[string, () => unknown, string, (string | number)[]]>([
    [
      'failure classes',
      () => model({ failureClasses: sparse({ failuresPerSecond: 1 }) }),
      'invalid-option',
      ['failureClasses', 0],
    ],
    [
      'phases of a restart',
      () => model({ failuresPerSecond: 1, hidden: sparse(phase.fixed(1)) }),
      'invalid-option',
      ['hidden', 0],
    ],
    [
      'parts of a mixture',
      () => phase.mixture(sparse({ weight: 1, phase: phase.fixed(1) })),
      'invalid-option',
      ['parts', 0],
    ],
    ['laws', () => failureDomains(placement, cluster, sparse(laws[0]!)), 'invalid-option', ['laws', 0]],
    [
      'pods',
      () => failureDomains({ pods: sparse(placement.pods[0]!) }, cluster, laws),
      'invalid-option',
      ['placement', 'pods', 0],
    ],
    ['spares', () => placed({ spares: sparse('s2') }), 'invalid-option', ['spares', 0]],
    ['copies', () => placed({ copies: sparse([0]) satisfies CopyHolders }), 'invalid-option', ['copies', 0]],
    [
      'levels',
      () => multiLevelOverhead(sparse({ failuresPerSecond: 1, checkpointSeconds: 1 })),
      'invalid-option',
      ['levels', 0],
    ],
  ])('are refused: %s', (_, call, code, path) => {
    expect(call).toThrow(refusedAs(code, path));
  });
});

describe('values of the wrong shape', () => {
  const wait = { stockOut: 0.5, wait: phase.fixed(1) };
  it.each<[string, () => unknown, (string | number)[]]>([
    [
      'a pod without GPUs',
      () => failureDomains(untyped({ pods: [{ server: 's0' }] }), cluster, laws),
      ['placement', 'pods', 0, 'gpus'],
    ],
    ['a placement without pods', () => failureDomains({ pods: [] }, cluster, laws), ['placement', 'pods']],
    [
      'a placement that is none',
      () => failureDomains(untyped(undefined), cluster, laws),
      ['placement', 'pods'],
    ],
    ['laws that are no list', () => failureDomains(placement, cluster, untyped(laws[0])), ['laws']],
    [
      'memory that is lost in words',
      () => failureDomains(placement, cluster, [{ ...laws[0]!, memoryLost: untyped('no') }]),
      ['laws', 0, 'memoryLost'],
    ],
    ['spares that are no list', () => placed({ spares: 's2' }), ['spares']],
    ['a recovery without steps', () => placed({ recovery: {} }), ['recovery', 'hidden']],
    [
      'a phase in place of steps',
      () => placed({ recovery: { hidden: phase.fixed(9), exposed: {} } }),
      ['recovery', 'hidden', 'kind'],
    ],
    [
      'a step that is no phase',
      () => placed({ recovery: { hidden: {}, exposed: { load: 9 } } }),
      ['recovery', 'exposed', 'load'],
    ],
    ['holders that are none', () => placed({ copies: [[], [1]] }), ['copies', 0]],
    ['no path to wait in', () => withSpareWait(untyped(undefined), wait), ['path']],
    [
      'no path to turn into another',
      () => restartStrategy.inJob(untyped({ hidden: {} }), 2),
      ['path', 'exposed'],
    ],
    ['levels that are no list', () => multiLevelOverhead(untyped({})), ['levels']],
    [
      'a class with a number for a name',
      () => model({ failureClasses: [{ failuresPerSecond: 1, name: untyped(7) }] }),
      ['failureClasses', 0, 'name'],
    ],
  ])('are refused: %s', (_, call, path) => {
    expect(call).toThrow(refusedAs('invalid-option', path));
  });

  it.each(Object.entries(restartStrategy))('the strategy %s refuses what is no path', (_, strategy) => {
    expect(() => strategy(untyped(null), 2)).toThrow(refusedAs('invalid-option', ['path']));
  });

  it('a slowdown below 1 is named as it was given', () => {
    expect(() => degradedSeconds({ slowdown: 0.5, seconds: 1 })).toThrow(
      'slowdown: expected 1 or more, got 0.5',
    );
  });
});
