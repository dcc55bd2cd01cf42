import * as fc from 'fast-check';
import { readFields } from '../checks/fields.js';
import { integer } from '../checks/quantity.js';
import { trueOrFalse } from '../checks/values.js';
import {
  type GeneratedRequest,
  PLACEMENT_REQUEST_CONSTRAINTS,
  type PlacementRequestConstraints,
  placementRequest,
} from './placement-request.js';

/** Constraints of {@link operations}; those of the requests are passed on. */
export interface OperationsConstraints extends PlacementRequestConstraints {
  /** Longest history, 0 … 10000; default 60. */
  readonly lengthMax?: number | undefined;
  /** If true, servers are cordoned and uncordoned; default false. */
  readonly cordons?: boolean | undefined;
}

/** One operation of a history of a solver. */
export type Operation =
  | { readonly kind: 'place' | 'find'; readonly request: GeneratedRequest }
  /** Cordon or uncordon the server at `pick % n` of the n servers. */
  | { readonly kind: 'cordon' | 'uncordon'; readonly pick: number }
  /** Release the placement at `pick % n` of the n live ones; nothing if n is 0. */
  | { readonly kind: 'release'; readonly pick: number }
  | { readonly kind: 'snapshot' }
  /** Restore the last snapshot; nothing if there is none. */
  | { readonly kind: 'restore' };

/** Makes fast-check return objects with a prototype: `toEqual` fails for others. */
const PLAIN = { noNullPrototype: true } as const;

/**
 * Histories of a solver. Most operations place, and enough release that a cluster is neither empty nor full.
 *
 * @param constraints - see {@link OperationsConstraints}
 * @returns an arbitrary; it shrinks to the empty history
 * @throws CorralError `invalid-option` for a constraint that does not exist or is out of range
 */
export function operations(constraints: OperationsConstraints = {}): fc.Arbitrary<readonly Operation[]> {
  const { lengthMax, cordons, ...ofRequests } = readFields(constraints, [
    'lengthMax',
    'cordons',
    ...PLACEMENT_REQUEST_CONSTRAINTS,
  ]);
  const maxLength = integer(lengthMax ?? 60, 0, 10_000, 'lengthMax');
  const request = placementRequest(ofRequests);
  const cordonSteps: fc.WeightedArbitrary<Operation>[] = trueOrFalse(cordons ?? false, 'cordons')
    ? [
        {
          weight: 1,
          arbitrary: fc.record(
            { kind: fc.constantFrom('cordon' as const, 'uncordon' as const), pick: fc.nat(1000) },
            PLAIN,
          ),
        },
      ]
    : [];
  return fc.array(
    fc.oneof(
      { weight: 5, arbitrary: fc.record({ kind: fc.constant('place' as const), request }, PLAIN) },
      { weight: 1, arbitrary: fc.record({ kind: fc.constant('find' as const), request }, PLAIN) },
      {
        weight: 3,
        arbitrary: fc.record({ kind: fc.constant('release' as const), pick: fc.nat(1000) }, PLAIN),
      },
      { weight: 1, arbitrary: fc.constantFrom<Operation>({ kind: 'snapshot' }, { kind: 'restore' }) },
      ...cordonSteps,
    ),
    // With its default size fast-check stops at a length of about ten.
    { maxLength, size: 'max' },
  );
}
