import { quote } from '../../errors.js';
import { placeName } from '../../topology/gpu-places.js';
import type { PlacementEngine } from '../engine.js';
import type { Gang, Levels } from '../gangs/gang.js';
import type { Reason } from '../request/placement.js';
import type { PlacementRequest } from '../request/request.js';
import { unknownPlace } from '../select-gpus.js';
import { count, plural } from './words.js';

/** Why a gang is not placed. */
export interface Refusal {
  readonly ok: false;
  readonly reason: Reason;
  readonly message: string;
}

const MORE = 'ask for less, or see explain(request)';
const IN_USE: Refusal = refusal(`there is not enough free now: release something, ${MORE}`);
const CORDONED: Refusal = refusal(
  `what is not cordoned would be too little even if it were empty: uncordon servers, ${MORE}`,
);
const IN_USE_AND_CORDONED: Refusal = refusal(
  `there is not enough free now, and what is not cordoned would be too little even if it were empty: uncordon servers and release something, ${MORE}`,
);

function refusal(message: string): Refusal {
  return Object.freeze({ ok: false, reason: 'no-capacity', message });
}

/**
 * Why no place was found for a gang.
 *
 * @complexity O(shapes) for a pod, O(servers) for a gang that never fits and while servers are cordoned
 */
export function refusalOf(
  engine: PlacementEngine,
  gang: Gang,
  request: PlacementRequest,
  levels: Levels,
): Refusal {
  const { uncordon, release, both } = engine.tryChanges(gang);
  if (release) return IN_USE;
  if (uncordon) return CORDONED;
  if (both) return IN_USE_AND_CORDONED;
  const { anywhere } = gang.need;
  const message =
    anywhere !== undefined && engine.fitsEmptyCluster({ ...gang, need: anywhere })
      ? onPlacesMessage(engine, gang)
      : `it would not fit even if the cluster were empty: ${whyNever(engine, gang, request, levels)}`;
  return { ok: false, reason: 'never-fits', message };
}

/** What a gang asks for and the empty cluster does not have. */
function whyNever(engine: PlacementEngine, gang: Gang, request: PlacementRequest, levels: Levels): string {
  const { tables } = engine;
  const { need } = gang;
  let shapes = tables.shapeType.map((_, shape) => shape);
  let such = 'server';
  /** Applies one condition after the other to the shapes; returns the first one that leaves no shape. */
  const keep = (isKept: (shape: number) => boolean, lack: () => string): string | undefined => {
    const kept = shapes.filter(isKept);
    if (kept.length === 0) return lack();
    if (kept.length < shapes.length) such = 'such server';
    shapes = kept;
    return undefined;
  };
  const { gpuModels = [], labels = {} } = request;
  const enough = (asked: number, unit: string, capacity: ArrayLike<number>): string | undefined =>
    keep(
      (shape) => capacity[shape]! >= asked,
      () => {
        const largest = Math.max(...shapes.map((shape) => capacity[shape]!));
        return `each pod asks for ${count(asked)} ${unit}, the largest ${such} has ${count(largest)}: ask for less`;
      },
    );
  const ofOnePod =
    (gpuModels.length > 0
      ? keep(
          (shape) => gpuModels.includes(tables.gpuModels[tables.shapeModel[shape]!]!),
          () => `no server has GPU model ${gpuModels.map(quote).join(' or ')}: ask for another`,
        )
      : undefined) ??
    Object.entries(labels)
      .map(([name, value]) =>
        keep(
          (shape) => {
            const own = tables.shapeLabels[shape]!;
            return Object.hasOwn(own, name) && own[name] === value;
          },
          () => `no ${such} bears label ${quote(name)} = ${quote(value)}: ask for another`,
        ),
      )
      .find((lack) => lack !== undefined) ??
    enough(need.gpus, need.gpus === 1 ? 'GPU' : 'GPUs', tables.shapeGpus) ??
    enough(need.cpuMilli, 'milli-cores of CPU', tables.shapeCpuMilli) ??
    enough(need.memoryMiB, 'MiB of memory', tables.shapeMemoryMiB);
  if (ofOnePod !== undefined) return ofOnePod;
  const most = engine.mostPodsIfEmpty(gang);
  const where = gang.requireLevel === levels.last ? 'the cluster' : `no ${levels.nameOf(gang.requireLevel)}`;
  const slices =
    gang.slicePods > 1 ? `, in slices of ${gang.slicePods} in one ${levels.nameOf(gang.sliceLevel)}` : '';
  const takes = gang.requireLevel === levels.last ? `takes ${count(most)}` : `takes more than ${count(most)}`;
  const wider = gang.requireLevel === levels.last ? '' : ', or a wider tier';
  return `${where} ${takes} of ${plural(gang.podsMin, 'pod')}${slices}: ask for fewer or smaller pods${wider}`;
}

/** Says why a gang does not fit that would fit if its pods needed no socket or NUMA node. */
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
