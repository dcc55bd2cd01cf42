import { placeName } from '../topology/gpu-places.js';
import type { PlacementEngine } from './engine.js';
import type { Gang } from './gang.js';
import type { PlacementResult } from './placement.js';
import { unknownPlace } from './select-gpus.js';

const NO_CAPACITY: PlacementResult = Object.freeze({
  ok: false,
  reason: 'no-capacity',
  message: 'there is not enough free now: release something, ask for less, or see explain(request)',
});
const NEVER_FITS: PlacementResult = Object.freeze({
  ok: false,
  reason: 'never-fits',
  message:
    'it would not fit even if the cluster were empty: ask for less, other GPU models or labels, or a wider tier',
});

/** Why a gang that has found no place has found none. O(shapes) for a pod, O(servers) once for a gang. */
export function refusalOf(engine: PlacementEngine, gang: Gang): PlacementResult {
  if (engine.fitsEmptyCluster(gang)) return NO_CAPACITY;
  const { anywhere } = gang.need;
  if (anywhere === undefined || !engine.fitsEmptyCluster({ ...gang, need: anywhere })) return NEVER_FITS;
  return { ok: false, reason: 'never-fits', message: onPlacesMessage(engine, gang) };
}

/** Says why a gang fits nowhere that would fit if its pods needed no place each. */
function onPlacesMessage({ tables }: PlacementEngine, { need }: Gang): string {
  const { places, placeKinds, anywhere, gpus } = need;
  const what = placeKinds.map(placeName).join(' and one ');
  const unknown = places!.findIndex(
    (known, shape) =>
      known.length === 0 && tables.shapeGpus[shape]! > 0 && anywhere!.allowedShapes?.[shape] !== 0,
  );
  const asked = `each pod needs its ${gpus} GPUs on one ${what}`;
  if (unknown === -1)
    return `${asked}, and no server has room for enough of them so: ask for less, or for no place`;
  return `${asked}, and ${unknownPlace(tables.shapeType[unknown]!, placeKinds)}: name them in its document, or ask for no place`;
}
