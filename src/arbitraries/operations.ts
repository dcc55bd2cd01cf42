import * as fc from 'fast-check';
import { readFields } from '../checks/fields.js';
import { integer } from '../checks/quantity.js';
import { booleanOf } from './constraints.js';
import {
  type GeneratedRequest,
  PLACEMENT_REQUEST_CONSTRAINTS,
  type PlacementRequestConstraints,
  placementRequest,
} from './placement-request.js';

/** What {@link operations} may generate; the constraints of the requests are passed on. */
export interface OperationsConstraints extends PlacementRequestConstraints {
  /** Longest history, 0 … 10000; default 60. */
  readonly lengthMax?: number | undefined;
  /** Whether servers are cordoned and uncordoned; default false. */
  readonly cordons?: boolean | undefined;
}

/** One step of a history of a solver. */
export type Operation =
  | { readonly kind: 'place' | 'find'; readonly request: GeneratedRequest }
  /** Of the n servers, that at `pick % n`: let it take no new pods, or take them again. */
  | { readonly kind: 'cordon' | 'uncordon'; readonly pick: number }
  /** Release one of the n live placements: the one at `pick % n`; nothing where n is 0. */
  | { readonly kind: 'release'; readonly pick: number }
  | { readonly kind: 'snapshot' }
  /** Go back to the last snapshot; nothing where there is none. */
  | { readonly kind: 'restore' };

/** Objects as people write them: without it some have no prototype, and no `toEqual` holds for them. */
const PLAIN = { noNullPrototype: true } as const;

/**
 * Histories of a solver in which most steps place, and enough release that a cluster is neither empty nor full.
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
  const cordonSteps: fc.WeightedArbitrary<Operation>[] = booleanOf('cordons', cordons, false)
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
    // At its default size fast-check stops at about ten.
    { maxLength, size: 'max' },
  );
}
