import { callForeign } from '../../checks/plain-data.js';
import { readSizes } from '../../compile/gpu-set-tables.js';
import { CorralError, type ErrorPath, quote } from '../../errors.js';
import type {
  DifferenceScorer,
  Policy,
  PolicyContext,
  ServerScorer,
  TopologyOrder,
} from '../request/policy.js';

/** A policy as a solver keeps it: read once, prepared, its functions bound to their objects. */
export interface PreparedPolicy {
  readonly scorer: ServerScorer | DifferenceScorer | TopologyOrder;
  readonly ties: Policy['ties'];
  readonly seed: number | undefined;
}

/**
 * Reads a policy, each field once, and prepares it for one cluster. Later changes of the caller's object have no effect.
 *
 * @param given - what the caller handed in, anything
 * @param context - handed on to the policy
 * @throws CorralError `invalid-option` with the path of what is wrong; what the policy throws is its `cause`
 */
export function preparePolicy(given: Policy, context: PolicyContext): PreparedPolicy {
  const path = ['policy'];
  if (typeof given !== 'object' || given === null) throw noPolicy(given);
  // Not with readFields: a policy may be an instance of a class with inherited functions.
  const read = <K extends keyof Policy>(field: K): Policy[K] =>
    callForeign(() => given[field], [...path, field]);
  const [name, ties, seed, prepare] = [read('name'), read('ties'), read('seed'), read('prepare')];
  if (typeof prepare !== 'function') throw noPolicy(given);
  if (typeof name !== 'string') refuse([...path, 'name'], 'a text', name);
  if (ties !== 'document-order' && ties !== 'random') {
    refuse([...path, 'ties'], 'document-order or random', ties);
  }
  if (seed !== undefined && !Number.isSafeInteger(seed)) refuse([...path, 'seed'], 'an integer', seed);
  const inside = [...path, 'prepare'];
  const scorer = callForeign(() => prepare.call(given, context), inside);
  return { scorer: readScorer(scorer, inside), ties, seed };
}

/** Reads what a policy has prepared, each field once. */
function readScorer(
  given: ServerScorer | DifferenceScorer | TopologyOrder,
  path: ErrorPath,
): ServerScorer | DifferenceScorer | TopologyOrder {
  const kinds = 'a scorer by server or by difference, or an order that is left to the topology';
  if (typeof given !== 'object' || given === null) return refuse(path, `it to return ${kinds}`, given);
  const scorer = given as ServerScorer & DifferenceScorer & TopologyOrder;
  const read = <K extends (keyof ServerScorer | keyof DifferenceScorer | keyof TopologyOrder) & string>(
    field: K,
  ): (typeof scorer)[K] => callForeign(() => scorer[field], [...path, field]);
  const call = <K extends 'score' | 'potential' | 'gain'>(field: K): (typeof scorer)[K] => {
    const value: unknown = read(field);
    if (typeof value !== 'function') return refuse([...path, field], 'a function', value);
    return value.bind(given) as (typeof scorer)[K];
  };
  const by: unknown = read('by');
  switch (by) {
    case 'server': {
      const shareGpu = read('shareGpu');
      if (shareGpu !== 'tightest' && shareGpu !== 'random') {
        return refuse([...path, 'shareGpu'], 'tightest or random', shareGpu);
      }
      return { by, shareGpu, score: call('score') };
    }
    case 'difference':
      return { by, potential: call('potential'), gain: call('gain') };
    case 'topology': {
      const sizes = read('sizes');
      return { by, sizes: sizes === undefined ? undefined : readSizes(sizes, [...path, 'sizes']) };
    }
    default:
      return refuse([...path, 'by'], `server, difference or topology: ${kinds}`, by);
  }
}

function noPolicy(given: unknown): CorralError {
  return new CorralError(
    'invalid-option',
    ['policy'],
    `expected a policy such as topologyAware(), got ${quote(given)}`,
  );
}

function refuse(path: ErrorPath, expected: string, got: unknown): never {
  throw new CorralError('invalid-option', path, `expected ${expected}, got ${quote(got)}`);
}
