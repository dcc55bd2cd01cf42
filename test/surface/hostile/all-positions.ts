import { publicSurface } from '../public-surface.js';
import { HOSTILE_CALLS } from './calls.js';
import type { Position } from './plan.js';
import { positionsOf } from './positions.js';
import { publicCalls } from './public-calls.js';

/** Calls that are left out, each with the reason. */
export const LEFT_OUT: Readonly<Record<string, string>> = {
  'corral.ServerScorer.score':
    'the finder calls it for every server of every decision, with facts of its own',
  'corral.DifferenceScorer.potential': 'as score',
  'corral.DifferenceScorer.gain': 'as score',
};

/** Every place in the arguments of every public call. */
export function allPositions(): Position[] {
  const { checker } = publicSurface();
  return publicCalls().flatMap(({ key, signature }) => {
    const args = HOSTILE_CALLS[key];
    return args === undefined ? [] : positionsOf(checker, signature, args).map((path) => ({ key, path }));
  });
}
