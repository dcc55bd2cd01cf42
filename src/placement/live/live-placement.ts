import { callForeign, readList } from '../../checks/plain-data.js';
import { CorralError, quote } from '../../errors.js';
import type { ServerId } from '../../ids.js';
import { GPUS_PER_SERVER_MAX } from '../../units.js';
import type { PlacementEngine } from '../engine.js';
import type { PlacedPod, Placement } from '../request/placement.js';
import { ordinals } from '../state/state.js';
import { IssuedPlacement } from './issued-placement.js';
import type { LivePlacements } from './live-placements.js';

/**
 * The live placement that a caller means: by the object itself, or by the id, servers and GPUs of a copy.
 *
 * @param placement - what the caller handed in, of any type
 * @param ids - server → id
 * @throws CorralError `unknown-placement` if no live placement is meant
 * @complexity O(1) for the object itself; O(pods) for a copy, and O(live placements) for the first copy
 */
export function livePlacement(
  placement: Placement,
  live: LivePlacements<IssuedPlacement>,
  engine: PlacementEngine,
  ids: readonly ServerId[],
): IssuedPlacement {
  const found = find(placement, live, engine, ids);
  if (found !== undefined) return found;
  throw new CorralError(
    'unknown-placement',
    ['placement', 'id'],
    `${quotedId(placement)} is not placed here as given: it was released or forgotten, only found, changed, or comes from another solver`,
  );
}

function find(
  placement: Placement,
  live: LivePlacements<IssuedPlacement>,
  engine: PlacementEngine,
  ids: readonly ServerId[],
): IssuedPlacement | undefined {
  if (typeof placement !== 'object' || placement === null) return undefined;
  if (IssuedPlacement.isIssued(placement)) {
    engine.refuseReentry();
    return live.has(placement) ? placement : undefined;
  }
  const copy = callForeign(() => readCopy(placement, live), ['placement'], 'unknown-placement');
  engine.refuseReentry();
  // Looked up only now: a getter of the copy may have released the placement that it names.
  const named = copy && live.find(copy.id);
  return named !== undefined && holds(named, copy!.pods, ids) ? named : undefined;
}

/** Reads the copy of a placement, each field once; undefined if it cannot be one of a live placement. */
function readCopy(
  { id, pods }: Placement,
  live: LivePlacements<IssuedPlacement>,
): Pick<Placement, 'id' | 'pods'> | undefined {
  const named = live.find(id);
  if (named === undefined || !Array.isArray(pods)) return undefined;
  const read = readList(pods, ['placement', 'pods'], 'unknown-placement', IssuedPlacement.podCount(named));
  return {
    id,
    pods: read.map(({ server, gpus }, i) => ({
      server,
      gpus: readList(gpus, ['placement', 'pods', i, 'gpus'], 'unknown-placement', GPUS_PER_SERVER_MAX),
    })),
  };
}

/** True if a live placement holds exactly these pods. */
function holds(live: IssuedPlacement, pods: readonly PlacedPod[], ids: readonly ServerId[]): boolean {
  if (pods.length !== IssuedPlacement.podCount(live)) return false;
  return pods.every(({ server, gpus }, i) => {
    const [heldServer, mask] = IssuedPlacement.podAt(live, i);
    const held = ordinals(mask);
    return (
      server === ids[heldServer] && gpus.length === held.length && held.every((gpu, g) => gpus[g] === gpu)
    );
  });
}

/** The id of what was handed in as a placement, for a message. */
function quotedId(placement: unknown): string {
  try {
    return quote((placement as Partial<Placement> | undefined)?.id);
  } catch {
    return 'what cannot be read';
  }
}
