import { describe, expect, it } from 'vitest';
import { phase } from '../../../src/restart/index.js';
import {
  compare,
  type SimulateOptions,
  type SimulationJob,
  simulate,
  simulationEvents,
} from '../../../src/simulation/index.js';
import { oneGpuServers } from '../one-gpu-servers.js';

const cluster = oneGpuServers(4);
const job = (submitSeconds: number, pods: number): SimulationJob => ({
  submitSeconds,
  durationSeconds: 100,
  pods,
  gpus: 1,
});
/** Options that have something of every kind, all of which a caller may change. */
const scene = (seed: number) => ({
  cluster,
  jobs: [job(0, 2), job(1, 4), job(2, 1), job(3, 3)],
  seed,
  queue: 'priority' as const,
  eventOrder: ['finish', 'repair', 'ready', 'failure', 'submit'] as const,
  failures: {
    laws: [
      {
        name: 'server',
        level: 'server' as const,
        failuresPerSecond: 1e-3,
        detect: phase.fixed(2),
        repair: phase.exponential(50),
      },
    ],
    spareServers: 0,
  },
  restart: { hidden: { drain: phase.fixed(1) }, exposed: [phase.fixed(5)], holdSeconds: 20 },
  headroom: [{ name: 'room', room: { gpus: 1 }, tenants: [''] }],
  metrics: { window: { fromSeconds: 10 } },
});
/** Changes all that it can reach. */
function spoil(value: unknown): void {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return;
  for (const inner of Object.values(value)) spoil(inner);
  if (Array.isArray(value)) value.length = 0;
  else for (const field of Object.keys(value)) Reflect.deleteProperty(value, field);
}
const played = (options: SimulateOptions): unknown[] => {
  const { digest, events, metrics } = simulate(options);
  return [digest, events, metrics];
};
/** An object all of whose fields, inner ones too, answer rightly once and throw from then on. */
function once<T>(value: T): T {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value;
  if (Array.isArray(value)) return value.map(once) as T;
  const copy = {};
  for (const [field, inner] of Object.entries(value)) {
    const answer = once(inner);
    let reads = 0;
    Object.defineProperty(copy, field, {
      enumerable: true,
      get: () => {
        if (++reads > 1) throw new Error(`${field} was read twice`);
        return answer;
      },
    });
  }
  return copy as T;
}

describe('simulationEvents', () => {
  it('is not changed by what happens to its options after the call, or between events', () => {
    const happened = [...simulationEvents(scene(1))];
    for (const spoilAt of [0, 1, 5]) {
      const options = scene(1);
      const events = simulationEvents(options);
      const seen = [];
      for (let i = 0; ; i++) {
        if (i === spoilAt) spoil({ ...options, cluster: undefined });
        const next = events.next();
        if (next.done === true) {
          expect([next.value.digest, next.value.events, next.value.metrics]).toEqual(played(scene(1)));
          break;
        }
        seen.push(next.value);
      }
      expect(seen).toEqual(happened);
    }
  });

  it('of two runs does not mix them, and may be closed early', () => {
    const alone = [1, 2].map((seed) => [...simulationEvents(scene(seed))]);
    const mixed = [1, 2].map((seed) => ({ events: simulationEvents(scene(seed)), seen: [] as unknown[] }));
    const closed = simulationEvents(scene(3));
    closed.next();
    expect(closed.return(undefined as never).done).toBe(true);
    for (let open = mixed; open.length > 0; ) {
      open = open.filter(({ events, seen }) => {
        const next = events.next();
        if (next.done !== true) seen.push(next.value);
        return next.done !== true;
      });
    }
    expect(mixed.map(({ seen }) => seen)).toEqual(alone);
  });

  it('refuses wrong options at the call', () => {
    expect(() => simulationEvents({ cluster, jobs: [{}] } as never)).toThrow(
      expect.objectContaining({ name: 'CorralError', path: ['jobs', 0, 'submitSeconds'] }),
    );
  });
});

describe('options', () => {
  it('are read once', () => {
    expect(played(once(scene(4)))).toEqual(played(scene(4)));
  });

  it('of a comparison are read once for all its runs', () => {
    const comparison = () => {
      const { seed: _, metrics, ...common } = scene(0);
      const policies = { fifo: { queue: 'fifo' as const }, easy: { backfill: 'easy' as const } };
      return { ...common, metrics, policies, replications: 3 };
    };
    expect(compare(once(comparison()))).toEqual(compare(comparison()));
  });
});

describe('code of the caller', () => {
  const cause = new TypeError('mine');
  const fail = (): never => {
    throw cause;
  };
  const jobs = [job(0, 1)];
  const own = { kind: 'custom' as const, mean: 1, variance: 0, laplace: () => 1, sample: fail };
  it.each<[string, SimulateOptions, (string | number)[]]>([
    ['onProgress', { cluster, jobs, onProgress: fail }, ['onProgress']],
    [
      'a policy that prepares',
      { cluster, jobs, policy: { name: 'mine', ties: 'document-order', prepare: fail } },
      ['policy', 'prepare'],
    ],
    [
      'a policy that scores',
      {
        cluster,
        jobs,
        policy: {
          name: 'mine',
          ties: 'document-order',
          prepare: () => ({ by: 'server', shareGpu: 'tightest', score: fail }),
        },
      },
      ['policy'],
    ],
    [
      'a phase',
      {
        cluster,
        jobs,
        failures: { laws: [{ name: 'x', level: 'job', failuresPerSecond: 1, detect: own }] },
      },
      ['failures', 'laws', 0, 'detect'],
    ],
  ])('that throws is the cause of a CorralError: %s', (_, options, path) => {
    expect(() => simulate(options)).toThrow(
      expect.objectContaining({ name: 'CorralError', code: 'invalid-option', path, cause }),
    );
    expect(() => {
      for (const _event of simulationEvents(options));
      if (path[0] === 'onProgress') fail();
    }).toThrow(path[0] === 'onProgress' ? cause : expect.objectContaining({ cause }));
  });

  it('that draws jobs and throws is too', () => {
    expect(() => compare({ cluster, jobs: fail, policies: { a: {}, b: {} } })).toThrow(
      expect.objectContaining({ name: 'CorralError', path: ['jobs'], cause }),
    );
  });
});

describe('what multiplies work', () => {
  const long = [{ submitSeconds: 0, durationSeconds: 1e9, gpus: 1 }];
  it.each<[string, object, string, (string | number)[]]>([
    [
      'failures in every microsecond',
      { failures: { laws: [{ name: 'x', level: 'server', failuresPerSecond: 1e18 }] } },
      'limit-exceeded',
      ['eventsMax'],
    ],
    [
      'a job that fails in every microsecond',
      { failures: { laws: [{ name: 'x', level: 'job', failuresPerSecond: 1e18 }] } },
      'limit-exceeded',
      ['eventsMax'],
    ],
    [
      'more failures than there are numbers',
      { failures: { laws: [{ name: 'x', level: 'job', failuresPerSecond: 1e300 }] } },
      'invalid-option',
      ['failures', 'laws', 0, 'failuresPerSecond'],
    ],
    [
      'looks for jobs to move without a pause',
      { defragmentation: { everySeconds: 1e-9 } },
      'invalid-option',
      ['defragmentation', 'everySeconds'],
    ],
    ['samples in every microsecond', { timelineSeconds: 1e-9 }, 'limit-exceeded', ['timelineSeconds']],
    [
      'a hundred million pieces of room',
      {
        headroom: ['a', 'b'].map((name) => ({ name, room: { gpus: 1 }, count: 60_000 })),
      },
      'limit-exceeded',
      ['headroom', 1, 'count'],
    ],
    [
      'quotas in quotas',
      {
        queue: 'fair-share',
        quotas: Array.from({ length: 65 }, (_, i) => ({
          name: `${i}`,
          deservedGpus: 1,
          ...(i > 0 && { parent: `${i - 1}` }),
        })),
      },
      'limit-exceeded',
      ['quotas', 64, 'parent'],
    ],
  ])('is refused or bounded: %s', (_, options, code, path) => {
    expect(() => simulate({ cluster, jobs: long, ...options })).toThrow(
      expect.objectContaining({ name: 'CorralError', code, path }),
    );
  });

  it.each(['none', 'easy', 'conservative'] as const)(
    'refuses to go beyond exact times, with backfill %s',
    (backfill) => {
      const jobs = Array.from({ length: 30 }, (_, i) => ({
        submitSeconds: 9e9,
        durationSeconds: 9e9 - i,
        pods: 1 + (i % 3),
        podsMin: 1,
        gpus: 1,
      }));
      expect(() => simulate({ cluster, jobs, backfill })).toThrow(
        expect.objectContaining({ code: 'limit-exceeded', path: ['untilSeconds'] }),
      );
    },
  );
});
