import { getHeapStatistics } from 'node:v8';
import * as fc from 'fast-check';
import { topology, topologyNames } from '../../../src/catalogue/index.js';
import {
  type ClusterTopology,
  CorralError,
  clusterTopology,
  collectiveBandwidth,
  compile,
  type Policy,
  type ServerTopology,
  type Solver,
  serverTopology,
} from '../../../src/index.js';
import { ettr, type Phase, type RestartModel } from '../../../src/restart/index.js';
import { busy, calledBy, HOSTILE_CALLS } from './calls.js';
import type { HostileCall } from './plan.js';
import { placedAt, valueAt } from './positions.js';

/** Longest processor time of one call, and most memory outside the heap; the heap has a limit of its own. */
const CPU_SECONDS_MAX = 2;
const EXTERNAL_BYTES_MAX = 256 * 2 ** 20;
/** Longest message: 2,000 characters and an ellipsis. */
const MESSAGE_LENGTH_MAX = 2001;
/** Codes a thrown error may have. */
export const CODES: ReadonlySet<string> = new Set([
  'invalid-document',
  'duplicate-id',
  'unknown-reference',
  'invalid-format',
  'invalid-option',
  'invalid-request',
  'unknown-placement',
  'unknown-snapshot',
  'unknown-topology',
  'limit-exceeded',
]);

/**
 * Makes a hostile call.
 *
 * @returns what is wrong with what came of it, or undefined
 */
export function judged(call: HostileCall): string | undefined {
  const first = attempt(call);
  // A machine with other work to do makes a call slow now and then: only what is slow twice is.
  const { fault, cpuSeconds } = first.cpuSeconds > CPU_SECONDS_MAX ? attempt(call) : first;
  if (fault !== undefined) return fault;
  return cpuSeconds > CPU_SECONDS_MAX ? `takes ${cpuSeconds.toFixed(1)} s of processor time` : undefined;
}

function attempt({ key, changes }: HostileCall): { fault: string | undefined; cpuSeconds: number } {
  let args: unknown = HOSTILE_CALLS[key] ?? [];
  for (const { path, value } of changes) args = placedAt(args, path, value.make(valueAt(args, path)));
  const bytes = getHeapStatistics().external_memory;
  const start = process.cpuUsage();
  let fault: string | undefined;
  let thrown = false;
  try {
    use(calledBy(key)(...(args as unknown[])));
  } catch (error) {
    thrown = true;
    fault = faultOf(error);
  }
  const { user, system } = process.cpuUsage(start);
  const grown = getHeapStatistics().external_memory - bytes;
  if (grown > EXTERNAL_BYTES_MAX) fault ??= `takes ${Math.round(grown / 2 ** 20)} MiB outside the heap`;
  fault ??= pollution();
  if (key.startsWith('corral.Solver.')) fault ??= solverChange(thrown || !CHANGES_SOLVER.test(key));
  return { fault, cpuSeconds: (user + system) / 1e6 };
}

/** What is wrong with something thrown: anything but a CorralError that can be read. */
export function faultOf(error: unknown): string | undefined {
  if (!isCorralError(error)) return `threw ${described(error)}`;
  const { code, message, path } = error;
  if (!CODES.has(code)) return `threw a CorralError whose code is ${described(code)}`;
  if (typeof message !== 'string') return `threw a CorralError whose message is ${described(message)}`;
  if (message.length > MESSAGE_LENGTH_MAX) return `threw a message of ${message.length} characters`;
  if (/[\p{Cc}\u2028\u2029]/u.test(message))
    return `threw a message of several lines: ${JSON.stringify(message)}`;
  if (!Array.isArray(path)) return `threw a path that is no list: ${described(path)}`;
  for (const step of path as readonly unknown[]) {
    if (typeof step !== 'string' && !Number.isSafeInteger(step))
      return `threw a path with ${described(step)} in it`;
  }
  return undefined;
}

function isCorralError(error: unknown): error is CorralError {
  try {
    return error instanceof CorralError;
  } catch {
    return false;
  }
}

/** Something thrown, with the line of the sources where it came from. */
function described(error: unknown): string {
  try {
    if (!(error instanceof Error)) return `${typeof error} ${String(error)}`;
    const at =
      /\((?:[^()]*\/)?((?:src|node_modules)\/[^()]+)\)|at (?:[^()\n]*\/)((?:src|node_modules)\/\S+)/.exec(
        error.stack ?? '',
      );
    return `${error.name}: ${error.message.slice(0, 200)} at ${at?.[1] ?? at?.[2] ?? '?'}`;
  } catch {
    return 'something that cannot be read';
  }
}

/** Uses an answer as its owner would: what was let in must not come out later as something else. */
function use(answer: unknown): void {
  if (typeof answer !== 'object' || answer === null) return;
  if (Array.isArray(answer)) {
    // Methods are called on several objects at once.
    for (const one of answer.slice(0, 10)) use(one);
    return;
  }
  // An error of the caller's own making holds what the caller gave.
  if (answer instanceof CorralError) return;
  const fields = answer as Readonly<Record<string, unknown>>;
  if (typeof fields.next === 'function') {
    const steps = answer as Iterator<unknown>;
    for (let i = 0; i < 50 && steps.next().done !== true; i++);
  } else if (typeof fields.restore === 'function') useSolver(answer as Solver);
  else if (typeof fields.laplace === 'function') usePhase(answer as Phase);
  else if (typeof fields.prepare === 'function')
    useSolver(compile(smallCluster, { policy: answer as Policy, workload: [...WORKLOAD] }));
  else if (typeof fields.generate === 'function')
    fc.sample(answer as fc.Arbitrary<unknown>, { seed: 1, numRuns: 2 });
  else if ('toLast' in answer) ettr(answer as RestartModel);
  else if ('graph' in answer)
    collectiveBandwidth(
      answer as ServerTopology,
      (answer as ServerTopology).gpus.slice(0, 2).map((_, i) => i),
    );
  else if ('devices' in answer && 'links' in answer) mustBuild(() => serverTopology(answer as never));
  else if ('types' in answer && 'servers' in answer) mustBuild(() => clusterTopology(answer as never));
  else if (Array.isArray(fields.servers) && Array.isArray(fields.tiers))
    useSolver(compile(answer as ClusterTopology));
  else JSON.stringify(answer);
}

/** What a reader or a builder made must be taken by those who read documents. */
function mustBuild(build: () => unknown): void {
  try {
    build();
  } catch (error) {
    throw new Error(`made a document that is refused: ${String(error).slice(0, 150)}`);
  }
}

const WORKLOAD = [{ cpuMilli: 1, gpus: 1, gpuMilli: 500, share: 1 }];
const smallCluster = clusterTopology({
  tiers: [],
  types: { t: 'ws-2x3090-nvlink' },
  servers: [
    { id: 's', type: 't' },
    { id: 't', type: 't', cpuMilli: 8000 },
  ],
});

function useSolver(solver: Solver): void {
  const before = JSON.stringify(solver.free());
  const answer = solver.place({ gpus: 1 });
  solver.find({ gpuMilli: 500 });
  solver.rank({});
  if (answer.ok) solver.release(answer.placement);
  if (JSON.stringify(solver.free()) !== before) throw new Error('a released pod is not free again');
}

function usePhase(phase: Phase): void {
  const chance = phase.laplace(1e-5);
  if (!(chance >= 0 && chance <= 1)) throw new Error(`a transform of ${chance}`);
  if (!(phase.sample(() => 0.5) >= 0)) throw new Error('a duration that is no number');
}

const PROTOTYPES: readonly object[] = [
  Object.prototype,
  Array.prototype,
  Function.prototype,
  Map.prototype,
  Error.prototype,
  CorralError.prototype,
];
const namesBefore = PROTOTYPES.map((one) => new Set(Reflect.ownKeys(one)));

/** What a call has left behind in objects that all programs share. */
function pollution(): string | undefined {
  if (Object.isFrozen(Object.prototype) || Object.isFrozen(Array.prototype)) return 'froze a prototype';
  let changed = false;
  PROTOTYPES.forEach((one, i) => {
    for (const name of Reflect.ownKeys(one)) {
      if (namesBefore[i]!.has(name)) continue;
      changed = true;
      // The next call is not to answer for this one.
      Reflect.deleteProperty(one, name);
    }
    if (Reflect.ownKeys(one).length !== namesBefore[i]!.size) changed = true;
  });
  return changed ? 'changed a prototype' : undefined;
}

const solverBefore = solverState();
function solverState(): string {
  const { solver } = busy;
  return JSON.stringify([
    solver.free(),
    solver.snapshot().placements,
    solver.find({ gpus: 2 }),
    solver.find({ pods: 2, gpus: 8 }),
    solver.rank({ gpus: 1 }),
  ]);
}

/** Methods that change the solver when they answer. */
const CHANGES_SOLVER = /\.(place|release|cordon|uncordon|restore)$/;

/** Whether a call that must change nothing did, or one that may cannot be undone; leaves the solver as it was. */
function solverChange(mayNotChange: boolean): string | undefined {
  if (mayNotChange && solverState() !== solverBefore) {
    busy.solver.restore(busy.snapshot);
    return 'changed the solver';
  }
  busy.solver.restore(busy.snapshot);
  return solverState() === solverBefore ? undefined : 'changed the solver for good';
}

/** What the catalogue answers: the same as long as nobody changed what all callers share. */
export function catalogueState(): string {
  return JSON.stringify(
    topologyNames.map((name) => {
      const { document, gpus, nics } = topology(name);
      return [document, gpus, nics];
    }),
  );
}

/** What every example call comes to: the same before and after, or something is kept between calls. */
export function outcomes(): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(HOSTILE_CALLS).map(([key, args]) => {
      try {
        const answer = calledBy(key)(...args);
        use(answer);
        const text = JSON.stringify(answer) ?? 'undefined';
        if (key.startsWith('corral.Solver.')) busy.solver.restore(busy.snapshot);
        return [key, text];
      } catch (error) {
        return [key, `fails: ${described(error)}`];
      }
    }),
  );
}
